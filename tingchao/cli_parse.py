"""`tingchao parse`: what one parser makes of one saved response."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tingchao import chosen, shell
from tingchao.errors import BadInput


def parse(
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="A parser such as weibo.search; --list names them.")
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A saved response; - reads standard input.")
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            metavar="URL", help="The address it was fetched from; the parser's usual one when left out."
        ),
    ] = "",
    status: Annotated[
        int,
        typer.Option(parser=shell.whole(100, 599), metavar="N", help="The status it came with, 100 to 599."),
    ] = 200,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="'NAME: VALUE'", help="A header of the response; repeat for more."),
    ] = None,
    captured_at: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="When it was fetched, such as 2026-11-24T02:00:00Z; now when left out."
        ),
    ] = "",
    context: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What was known when it was asked for; repeat for more."),
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="Name the parsers, and do nothing else.")] = False,
) -> None:
    """Run one parser over one saved response.

    Prints one JSON object, so that a page that fails can be reported with one file. outcome is items, empty, end,
    blocked, login, changed or error; next is what to ask for next, or null; missing names fields that records lacked.
    Nothing is published, and no author can be read from it.

    \b
    Out: {"outcome", "mentions": [{"native_id", "text", ...}], "next", "missing"}

    Example: tingchao parse weibo.search page.json --captured-at 2026-11-24T02:00:00Z
    """
    parsing = chosen.room("crawlers.commands_parse")
    if names:
        typer.echo("\n".join(parsing.names()))
        return
    if source is None or file is None:
        raise BadInput(
            "parse: give SOURCE and FILE, such as weibo.search page.json; --list names the parsers"
        )
    found = parsing.parse_file(
        source,
        file,
        chosen.folder(),
        url=url,
        status=status,
        headers=header or [],
        captured_at=captured_at,
        context=context or [],
    )
    typer.echo(json.dumps(found, ensure_ascii=False))
