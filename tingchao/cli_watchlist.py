"""`tingchao watchlist`: the topics that are watched, from file to store and back."""

from pathlib import Path
from typing import Annotated

import typer

from tingchao import chosen

watchlist_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Check, load and show the topics that are watched.

    The store holds the topics; workers follow a change within five seconds. The file is the form that people write.

    Example: tingchao watchlist check watchlist.yaml""",
)

Topics = Annotated[Path, typer.Argument(metavar="FILE", help="Watchlist in YAML.")]


@watchlist_app.command("check")
def watchlist_check(file: Topics) -> None:
    """Read a file and say what is wrong with it, line by line.

    Example: tingchao watchlist check watchlist.yaml
    """
    from tingchao.watchlist import load

    topics = len(load(file).topics)
    typer.echo(
        f"{file}: {topics} topics, no problems" if topics else f"{file}: no problems, but it has no topics"
    )


@watchlist_app.command("load")
def watchlist_load(file: Topics) -> None:
    """Put a file's topics into the store.

    They replace what is watched; running workers follow within five seconds. A file with a mistake changes nothing.

    Example: tingchao watchlist load watchlist.yaml
    """
    from tingchao.running import put_watchlist

    topics, version = put_watchlist(chosen.settings(), file)
    typer.echo(
        f"{topics} topics are watched now (version {version})"
        if topics
        else f"no topic is watched now (version {version}): every mention will be dropped"
    )


@watchlist_app.command("show")
def watchlist_show() -> None:
    """Print what is watched now, as YAML.

    Example: tingchao watchlist show > watchlist.yaml
    """
    from tingchao.running import watchlist_text

    typer.echo(watchlist_text(chosen.settings()), nl=False)
