"""The one command: `tingchao`. Each sub-command reads its settings, calls a room, prints, and ends.

Rooms above this one are started by name (`_room`), so that `tingchao --help` loads nothing heavy and nothing
here imports upwards. Exit codes: 0 done, 1 it did not work out, 2 bad input, 3 something does not answer,
4 already running, 130 interrupted.
"""

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from tingchao import __version__
from tingchao.errors import BadInput, TingchaoError

app = typer.Typer(
    name="tingchao",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""听潮 Tingchao listens to what the public says about a brand, and helps a crisis team act within 24 hours.

    \b
    Start here:
      tingchao demo                        a made-up brand, a crisis, and the dashboard, on this machine
      tingchao init --brand 小米           settings for your own brand, from open sources
      tingchao up                          run everything; the dashboard's address is printed
    \b
    Exit codes: 0 done, 1 failed, 2 bad input, 3 a server does not answer, 4 already running, 130 interrupted.
    Settings: TINGCHAO_... in the environment or in tingchao.env in the home folder; see docs/settings.md.""",
)
services_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Real Kafka and Elasticsearch on this machine, from pip alone.",
)
app.add_typer(services_app, name="services")
watchlist_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The topics that are watched.")
app.add_typer(watchlist_app, name="watchlist")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]


class Home:
    """The home folder chosen on the command line; the environment's or the default one otherwise."""

    folder: Path | None = None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tingchao {__version__}")
        raise typer.Exit


@app.callback()
def common(
    home: Annotated[
        Path | None,
        typer.Option(envvar="TINGCHAO_HOME", help="Folder for settings, data, secret, lock and logs."),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    Home.folder = home


@app.command()
def demo(
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="Crisis minutes a minute.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Another seed, another course of events.")] = 1,
    fresh: Annotated[bool, typer.Option(help="Throw the last demo's data away first.")] = True,
) -> None:
    """Play a crisis of a made-up brand from first post to open playbook.

    Example: tingchao demo --speed 120
    """
    from tingchao.demo import run_demo

    run_demo(Home.folder or Path(".tingchao") / "demo", speed=speed, seed=seed, fresh=fresh)


@app.command()
def init(
    brand: Annotated[str | None, typer.Option(help="The brand to watch; asked for when left out.")] = None,
    rival: Annotated[list[str] | None, typer.Option(help="A competitor; repeat for more.")] = None,
    industry: Annotated[
        list[str] | None, typer.Option(help="A word of the industry; repeat for more.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite settings that are there.")] = False,
) -> None:
    """Write watchlist, sources and settings for your brand, and check them.

    Example: tingchao init --brand 小米 --rival 华为 --rival OPPO --industry 手机 --industry 新能源车
    """
    from tingchao.starting import write_first_settings

    asked = brand is None
    brand = brand or typer.prompt("Brand / 品牌")
    rivals = rival or (_list(typer.prompt("Competitors, with commas / 竞品", default="")) if asked else [])
    words = industry or (
        _list(typer.prompt("Industry words, with commas / 行业词", default="")) if asked else []
    )
    folder = Home.folder or Path(".tingchao")
    for path in write_first_settings(folder, brand, rivals, words, force=force):
        typer.echo(f"wrote {path}")
    typer.echo(f"Next: tingchao --home {folder} up" if Home.folder else "Next: tingchao up")


@app.command()
def up(
    open_address: Annotated[
        bool, typer.Option("--address/--no-address", help="Print the dashboard's address.")
    ] = True,
) -> None:
    """Run crawler, workers and dashboard, supervised, until Ctrl-C.

    Example: tingchao --home /srv/tingchao up
    """
    from tingchao.running import run_up

    run_up(_settings(), announce=open_address)


@app.command()
def crawl(
    once: Annotated[bool, typer.Option(help="Visit every source once, then end.")] = False,
    source: Annotated[list[str] | None, typer.Option(help="Only this source; repeat for more.")] = None,
) -> None:
    """Fetch public posts from the sources in the settings into the bus.

    Example: tingchao crawl --once --source ithome
    """
    settings = _settings(log="crawl")
    report = _room("crawlers.commands").crawl(settings, once=once, only=source or [])
    if once:
        _report(report, as_json=False)


@app.command()
def work(
    names: Annotated[
        list[str], typer.Argument(help="enrich, index, alert, notify; several share this process.")
    ],
) -> None:
    """Run workers until Ctrl-C or SIGTERM.

    Example: tingchao work index alert notify
    """
    from tingchao.up import stop_on_signals

    stop = stop_on_signals()
    _room("stream.commands").work(names, _settings(log="work-" + "-".join(names)), stop)


@app.command()
def dashboard() -> None:
    """Serve the dashboard on loopback.

    Example: TINGCHAO_DASHBOARD_PORT=9000 tingchao dashboard
    """
    command, env = _room("dashboard.run").command(_settings())
    os.execve(command[0], command, {**os.environ, **env})


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON lines, also gzipped; - reads standard input.")],
    source: Annotated[str, typer.Option(help="Source name for lines that have none.")] = "import",
    dry_run: Annotated[bool, typer.Option(help="Read and report, publish nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Bring mentions in from a file, through the same door as the crawler.

    Example: tingchao import export.jsonl.gz --source heimao --dry-run
    """
    report = _room("crawlers.commands").import_file(_settings(), file, source=source, dry_run=dry_run)
    _report(report, as_json)
    if report["refused"]:
        raise typer.Exit(1)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Recorded posts with times, JSON lines, also gzipped.")],
    speed: Annotated[str, typer.Option(help="A factor such as 60, or max.")] = "max",
    shift: Annotated[bool, typer.Option(help="Move the first post to now.")] = False,
    as_json: Json = False,
) -> None:
    """Play recorded posts into the bus in the order of their times.

    Example: TINGCHAO_CLOCK=events tingchao replay weibo_2022_09_events.jsonl.gz --speed max
    """
    factor = None if speed == "max" else _number("--speed", speed)
    _report(_room("crawlers.commands").replay(_settings(), file, speed=factor, shift=shift), as_json)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A boolean query; see docs/queries.md.")],
    last: Annotated[str, typer.Option(help="Window such as 1h, 24h, 7d; empty: everything.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Hits to print.")] = 20,
    as_json: Json = False,
) -> None:
    """Search what was collected, newest first.

    Example: tingchao search '小米 AND (冒烟 OR 起火) NOT 小米粥' --last 7d
    """
    from tingchao.asking import search_text

    search_text(_settings(), query, last=last, limit=limit, as_json=as_json, out=sys.stdout)


@app.command()
def match(
    watchlist: Annotated[Path, typer.Option(help="Watchlist YAML file.")],
) -> None:
    """Match JSON lines from standard input against a watchlist, and say why.

    \b
    In:  {"id", "text", "title"?, "source"?, ...}
    Out: {"id", "matches": [{"topic", "role", "terms": [{"term", "start", "end"}]}]}

    Example: tingchao match --watchlist watchlist.yaml < posts.jsonl
    """
    from tingchao.asking import match_lines

    _end(match_lines(watchlist, sys.stdin, sys.stdout))


@app.command()
def when() -> None:
    """Read times as sites write them: JSON lines in, UTC out.

    \b
    In:  {"text": "昨天 23:50", "captured_at": "2026-11-24T02:00:00Z"}
    Out: {"time": "2026-11-23T15:50:00Z", "precision": "minute"}

    Example: tingchao when < times.jsonl
    """
    _end(_room("crawlers.commands").when_lines(sys.stdin, sys.stdout))


@app.command()
def score(
    model: Annotated[
        str, typer.Option(envvar="TINGCHAO_MODEL", help="bundled, onnx:FOLDER or torch:FOLDER.")
    ] = "",
    threads: Annotated[int, typer.Option(envvar="TINGCHAO_THREADS", min=1, max=64, help="Cores to use.")] = 2,
) -> None:
    """Score JSON lines from standard input, in order.

    \b
    In:  {"text", "target"?}
    Out: {"label", "p": {"negative", "neutral", "positive"}}

    Example: echo '{"text": "用了三天就冒烟，客服还推卸责任"}' | tingchao score
    """
    scorer = _room("models").open_scorer(model or "bundled", threads=threads)
    _end(_room("models.commands").score_lines(sys.stdin, sys.stdout, scorer))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check settings, bus, store, model, disk and versions, and say what to change.

    Example: tingchao doctor
    """
    from tingchao.asking import print_checks
    from tingchao.doctor import examine

    raise typer.Exit(print_checks(examine(_settings()), as_json=as_json, out=sys.stdout))


@app.command()
def status(as_json: Json = False) -> None:
    """Workers, lag, sources and open alerts at a glance.

    Example: tingchao status --json
    """
    from tingchao.asking import print_status

    print_status(_settings(), as_json=as_json, out=sys.stdout)


@watchlist_app.command("check")
def watchlist_check(file: Annotated[Path, typer.Argument(help="Watchlist YAML file.")]) -> None:
    """Read a file and say what is wrong with it, all at once.

    Example: tingchao watchlist check watchlist.yaml
    """
    from tingchao.watchlist import load

    typer.echo(f"{file}: {len(load(file).topics)} topics, no problems")


@watchlist_app.command("load")
def watchlist_load(file: Annotated[Path, typer.Argument(help="Watchlist YAML file.")]) -> None:
    """Put a file's topics into the store; workers follow within five seconds.

    Example: tingchao watchlist load watchlist.yaml
    """
    from tingchao.running import put_watchlist

    topics, version = put_watchlist(_settings(), file)
    typer.echo(f"{topics} topics are watched now (version {version})")


@watchlist_app.command("show")
def watchlist_show() -> None:
    """Print what is watched now, as YAML.

    Example: tingchao watchlist show > watchlist.yaml
    """
    from tingchao.running import watchlist_text

    typer.echo(watchlist_text(_settings()), nl=False)


@services_app.command("up")
def services_up(
    kafka: Annotated[bool, typer.Option(help="Start Kafka.")] = True,
    elasticsearch: Annotated[bool, typer.Option(help="Start Elasticsearch.")] = True,
    as_json: Json = False,
) -> None:
    """Download (once) and start the servers on free loopback ports.

    Example: tingchao services up
    """
    addresses = _room("deploy.local").up(_folder() / "services", kafka=kafka, elasticsearch=elasticsearch)
    _report({"TINGCHAO_BUS": addresses.bus, "TINGCHAO_STORE": addresses.store}, as_json)


@services_app.command("status")
def services_status(as_json: Json = False) -> None:
    """Say what runs and where.

    Example: tingchao services status --json
    """
    _report({each.name: asdict(each) for each in _room("deploy.local").status(_folder() / "services")}, as_json)


@services_app.command("down")
def services_down(
    purge: Annotated[bool, typer.Option(help="Remove their data too.")] = False,
) -> None:
    """Stop the servers.

    Example: tingchao services down --purge
    """
    _room("deploy.local").down(_folder() / "services", purge=purge)
    typer.echo("stopped")


def _settings(log: str = "") -> Any:
    from tingchao.logs import configure
    from tingchao.settings import read_settings

    settings = read_settings(Home.folder)
    if log:
        supervised = os.environ.get("TINGCHAO_SUPERVISED")
        configure(settings.home / "logs" / f"{log}.log" if supervised else None, name=log)
    return settings


def _folder() -> Path:
    return Home.folder or Path(os.environ.get("TINGCHAO_HOME", ".tingchao"))


def _room(name: str) -> Any:
    return import_module(name)


def _list(text: str) -> list[str]:
    return [word.strip() for word in text.replace("，", ",").replace("、", ",").split(",") if word.strip()]


def _number(option: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise BadInput(f"{option} {text!r}: give a factor above 0 such as 60, or max")
    return number


def _report(report: dict[str, Any], as_json: bool) -> None:
    """Print numbers by name, as JSON or one a line."""
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, default=str))
        return
    for name, value in report.items():
        if isinstance(value, list):
            typer.echo(f"{name.replace('_', ' ')}:" if value else f"{name.replace('_', ' ')}: none")
            for row in value:
                typer.echo(f"  {row}")
        else:
            typer.echo(f"{name.replace('_', ' ')}: {value}")


def _end(bad_lines: int) -> None:
    """Exit code 2 when some lines could not be read; each has its error at its place in the output."""
    if bad_lines:
        raise typer.Exit(2)


def main() -> None:
    """Run the command; print one sentence for what a person can put right."""
    try:
        code = app(prog_name="tingchao", standalone_mode=False)
    except TingchaoError as error:
        print(f"tingchao: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # noqa: BLE001  the door to the shell: usage errors are typer's own kind
        code = _usage(error)
    raise SystemExit(code)


def _usage(error: Exception) -> int:
    """Print a usage error as typer does; anything else is a bug and keeps its traceback."""
    show = getattr(error, "show", None)
    if show is None or not hasattr(error, "exit_code"):
        raise error
    show()
    return int(error.exit_code)


if __name__ == "__main__":
    main()
