"""Imports: mentions from files that people have, folders that fill, and feeds that push, through the crawler's seal.

Read in this order: `sealing` (the simple form of a row), `opening` (bytes, formats, encodings), `rows`, `tables` and
`workbook` (rows out of JSON, CSV, XLSX), `mapping` and `layouts` (what columns mean), `captures` (platforms' own
JSON), `translating` (row to mentions), `intake` (mentions to the bus), then the three ways in: `files`, `watching`,
`pushing`. Ids come from the native ids, so that importing twice changes nothing.
"""

from crawlers.imports.files import Progress, import_file
from crawlers.imports.intake import FLUSH_EVERY
from crawlers.imports.opening import lines, opened
from crawlers.imports.report import Report

__all__ = ["FLUSH_EVERY", "Progress", "Report", "import_file", "lines", "opened"]
