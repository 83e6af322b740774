"""What every room of Tingchao speaks: the words of the domain, and the doors to the outside.

Read in this order: `mention` (the record that flows), `text` (folding and tokens), `query` (the boolean
language), `watchlist` (topics), `bus` and `store` (the two doors), `alerts` and `playbook` (what the
product exists for), `settings`, `cli`. Nothing here imports `crawlers`, `stream`, `models`, `dashboard`
or `deploy`; `cli` starts them by name.
"""

__version__ = "0.1.0"
