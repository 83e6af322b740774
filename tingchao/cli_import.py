"""`tingchao import` and `tingchao push-server`: posts that others fetched."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tingchao import chosen, shell
from tingchao.errors import BadInput


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON lines, a JSON array, CSV or XLSX, also gzipped; - reads standard input. With --watch a folder.",
        ),
    ],
    source: Annotated[
        str, typer.Option(metavar="NAME", help="Source name for rows that have none; import when left out.")
    ] = "",
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="YAML", help="What the columns mean; known or guessed when left out."),
    ] = None,
    write_mapping: Annotated[
        Path | None,
        typer.Option(metavar="YAML", help="Write the mapping that was known or guessed, to be edited."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read, report and show a preview, publish nothing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on reading what is written to a folder, until Ctrl-C.")
    ] = False,
    as_json: chosen.Json = False,
) -> None:
    """Bring mentions in from a file or a watched folder.

    Through the same door as the crawler: texts are cleaned, authors hashed, doubles dropped by id, so importing
    a file twice changes nothing. A row that cannot be read is refused, reported and shelved; the others come in.
    Exit code 1 if any was refused. Tables are read by their columns' names, and so are the files of MediaCrawler,
    weibo-crawler, weibo-search, Zeeschuimer and 4CAT: see docs/importing.md.

    \b
    A line: {"id", "source", "text", "title"?, "url"?, "published_at"?, "author"?}

    Example: tingchao import export.xlsx --source heimao --dry-run
    """
    if watch:
        if dry_run or write_mapping:
            raise BadInput(
                "--watch takes no --dry-run and no --write-mapping; try one file of the folder first"
            )
        _watch(file, source, mapping)
        return
    report = chosen.room("crawlers.commands").import_file(
        chosen.settings(),
        file,
        source=source,
        dry_run=dry_run,
        mapping=mapping,
        write_mapping=write_mapping,
    )
    _tell(report, as_json=as_json)
    if report["refused"]:
        raise typer.Exit(1)


def push_server(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; loopback when left out.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(parser=shell.whole(0, 65535), metavar="N", help="Port to listen on; 0: a free one.")
    ] = 8600,
    source: Annotated[
        str, typer.Option(metavar="NAME", help="Source name for mentions that name none.")
    ] = "push",
) -> None:
    """Take mentions that a licensed feed pushes.

    POST /v1/mentions takes a JSON array or JSON lines with Authorization: Bearer TOKEN, and answers 202 with a receipt
    once they are durable. The token is TINGCHAO_PUSH_TOKEN, or one that is made and shown at the first start. Runs
    until Ctrl-C.

    Example: tingchao push-server --port 8600 --source feed
    """
    settings = chosen.settings(log="push")
    chosen.room("crawlers.imports.commands").push_server(
        settings, host=host, port=port, source=source, say=_say
    )


def _watch(folder: Path, source: str, mapping: Path | None) -> None:
    from tingchao.up import stop_on_signals

    settings = chosen.settings(log="import")
    found = chosen.room("crawlers.imports.mapping").read_mapping(mapping) if mapping else None
    stop = stop_on_signals()
    chosen.room("crawlers.imports.commands").watch_folder(
        settings, folder, source=source, mapping=found, wait=stop.wait, say=_say
    )
    stop.raise_interrupt()


def _say(sentence: str) -> None:
    print(sentence, flush=True, file=sys.stdout)


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    refused, problems = report["refused"], report["problems"]
    if refused > len(problems) and not as_json:
        problems.append(f"... and {refused - len(problems):,} rows more")
    shell.tell(report, as_json=as_json)
