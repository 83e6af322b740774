"""`tingchao requests` and `tingchao hosts`: what was asked of whom, and who is asked no more."""

import sys
from typing import Annotated

import typer

from tingchao import chosen

hosts_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Show the hosts that are asked, and stop or allow one.

    A host that is stopped is asked nothing within five seconds, until it is allowed again: docs/manners.md.

    Example: tingchao hosts stop www.example.com""",
)


@hosts_app.command("list")
def hosts_list(as_json: chosen.Json = False) -> None:
    """Show each host, and whether it may be asked.

    With why not and until when, and what is spent of its budget today; JSON has its last twenty requests too.

    Example: tingchao hosts list
    """
    chosen.room("crawlers.commands_manners").print_hosts(chosen.settings(), as_json=as_json, out=sys.stdout)


@hosts_app.command("stop")
def hosts_stop(
    host: Annotated[
        str, typer.Argument(metavar="HOST", help="A host, with its ports and subdomains, or an address.")
    ],
    why: Annotated[str, typer.Option(metavar="TEXT", help="What to show as the reason.")] = "",
) -> None:
    """Stop all requests to a host.

    Crawlers that run heed it too: requests that wait for their turn are not sent; what is on the wire comes to its end.

    Example: tingchao hosts stop weibo.com --why 'They wrote to us'
    """
    name = chosen.room("crawlers.commands_manners").switch_off(chosen.settings(), host, why)
    typer.echo(f"{name} is asked no more. Allow it again: tingchao hosts allow {name}")


@hosts_app.command("allow")
def hosts_allow(
    host: Annotated[str, typer.Argument(metavar="HOST", help="A host that was stopped.")],
) -> None:
    """Let a stopped host be asked again.

    Rests and budgets hold as before: this only undoes a stop.

    Example: tingchao hosts allow weibo.com
    """
    typer.echo(
        f"{chosen.room('crawlers.commands_manners').switch_on(chosen.settings(), host)} may be asked again"
    )


def requests(
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Only this host, with its ports and subdomains.")
    ] = "",
    source: Annotated[str, typer.Option(metavar="ID", help="Only this source.")] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Window such as 90m, 24h, 7d, 2w; at most 180 days.")
    ] = "24h",
    outcome: Annotated[
        str, typer.Option(metavar="NAME", help="Only this outcome, such as answered, refused or forbidden.")
    ] = "",
    as_json: chosen.Json = False,
) -> None:
    """Show what was asked of whom, and what came of it.

    The ledger: one line for requests that are alike, with host and shape of the path, source, what robots.txt said,
    how many, how much, and the shortest pause before any of them. Those that were not sent are in it too, with why.

    Example: tingchao requests --host weibo.com --since 7d --outcome refused
    """
    chosen.room("crawlers.commands_manners").print_requests(
        chosen.settings(),
        host=host,
        source=source,
        fate=outcome,
        since=since,
        as_json=as_json,
        out=sys.stdout,
    )
