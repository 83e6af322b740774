"""The one command: `tingchao`. Each sub-command reads its settings, calls a room, prints, and ends.

Rooms above this one are started by name (`chosen.room`), so that `tingchao --help` loads nothing heavy and nothing
here imports upwards. Exit codes: 0 done, 1 it did not work out, 2 bad input, 3 something does not answer,
4 already running, 5 needs a person, 130 interrupted.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tingchao import __version__, chosen, shell
from tingchao.cli_corrections import corrections_app
from tingchao.cli_import import import_, push_server
from tingchao.cli_manners import hosts_app, requests
from tingchao.cli_model import model_app, rescore
from tingchao.cli_parse import parse
from tingchao.cli_services import services_app
from tingchao.cli_watchlist import watchlist_app

app = typer.Typer(
    name="tingchao",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""听潮 Tingchao listens to what the public says about a brand, and helps a crisis team act within 24 hours.

    \b
    Start here:
      tingchao demo                  a made-up brand, a crisis and the dashboard
      tingchao init --brand 小米     settings for your own brand, from open sources
      tingchao up                    run everything; prints the dashboard's address
      tingchao doctor                what is set, what answers, what to change

    \b
    Exit codes:
      0 done    1 failed    2 bad input or setting    3 a server or file does not answer
      4 already running     5 needs a person     130 interrupted with Ctrl-C

    \b
    Settings are TINGCHAO_... in the environment or in tingchao.env in the home
    folder: see docs/settings.md. Every command with its options: docs/cli.md.""",
)
app.add_typer(corrections_app, name="corrections")
app.add_typer(services_app, name="services")
app.add_typer(watchlist_app, name="watchlist")
app.add_typer(model_app, name="model")
app.add_typer(hosts_app, name="hosts")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tingchao {__version__}")
        raise typer.Exit


@app.callback()
def common(
    home: Annotated[
        Path | None,
        typer.Option(
            envvar="TINGCHAO_HOME",
            metavar="FOLDER",
            help="Folder for settings, data, secret, lock and logs; .tingchao when left out.",
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    from tingchao.logs import configure

    configure(level="WARNING")
    chosen.Home.folder = home


@app.command()
def demo(
    speed: Annotated[
        float,
        typer.Option(
            parser=shell.number(0.1, 1000),
            metavar="N",
            help="Minutes of the crisis in one minute of yours, 0.1 to 1000.",
        ),
    ] = 60.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, another course of events.")] = 7,
    fresh: Annotated[bool, typer.Option(help="Throw the last demo's data away first.")] = True,
) -> None:
    """Play a made-up brand's crisis, from first post to playbook.

    Starts six made-up sites on loopback, crawls and scores them, raises the alert and serves the dashboard, whose
    address is printed with what to look at. Its data lie in .tingchao/demo. Ctrl-C stops all of it.

    Example: tingchao demo --speed 120
    """
    from tingchao.demo import run_demo

    run_demo(chosen.Home.folder or Path(".tingchao") / "demo", speed=speed, seed=seed, fresh=fresh)


@app.command()
def init(
    brand: Annotated[
        str | None, typer.Option(metavar="NAME", help="The brand to watch; asked for when left out.")
    ] = None,
    rival: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A competitor; repeat for more.")
    ] = None,
    industry: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="A word of the industry; repeat for more.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite settings that are there.")] = False,
) -> None:
    """Write a first watchlist, sources and settings, checked.

    Three commented files in the home folder, from open sources that need no key: watchlist.yaml, sources.yaml and
    tingchao.env. Nothing is overwritten without --force.

    Example: tingchao init --brand 小米 --rival 华为 --rival OPPO --industry 手机
    """

    from tingchao.starting import write_first_settings

    asked = brand is None
    brand = brand or typer.prompt("Brand / 品牌")
    rivals, words = rival or [], industry or []
    if asked and not rivals:
        rivals = shell.names(typer.prompt("Competitors, with commas / 竞品", default=""))
    if asked and not words:
        words = shell.names(typer.prompt("Industry words, with commas / 行业词", default=""))
    for path in write_first_settings(chosen.folder(), brand, rivals, words, force=force):
        typer.echo(f"wrote {path}")
    typer.echo(
        f"Next: tingchao --home {chosen.Home.folder} up" if chosen.Home.folder else "Next: tingchao up"
    )


@app.command()
def up(
    address: Annotated[
        bool, typer.Option("--address/--no-address", help="Print the dashboard's address.")
    ] = True,
) -> None:
    """Run crawler, workers and dashboard until Ctrl-C.

    Checks the settings, loads the watchlist file, starts each part as a process of its own and starts again what
    ends. A watchlist file that is edited meanwhile is loaded; a bad one is reported and the topics before it stay.
    One `up` runs in a home folder; logs lie in HOME/logs.

    Example: tingchao --home /srv/tingchao up
    """
    from tingchao.running import run_up

    run_up(chosen.settings(), announce=address)


@app.command()
def crawl(
    once: Annotated[bool, typer.Option("--once", help="Visit every source once, then end.")] = False,
    source: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this source; repeat for more.")
    ] = None,
    as_json: chosen.Json = False,
) -> None:
    """Fetch public posts from the sources into the bus.

    Sources are those of TINGCHAO_SOURCES, or the open ones that ship. robots.txt is obeyed. Runs until Ctrl-C;
    with --once prints how each source did, and fails if none could be read.

    Example: tingchao crawl --once --source ithome
    """
    report = chosen.room("crawlers.commands").crawl(
        chosen.settings(log="crawl"), once=once, only=source or []
    )
    if once:
        shell.tell(report, as_json=as_json)


@app.command()
def work(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="enrich, index, alert, notify, drift, shadow; several share one process."
        ),
    ],
) -> None:
    """Run workers until Ctrl-C or SIGTERM.

    A second worker of a kind takes its share under a name with a number: enrich-2. A bus or store that does not
    answer is waited for.

    Example: tingchao work index alert notify
    """
    from tingchao.up import stop_on_signals

    settings = chosen.settings(log="work-" + "-".join(names)[:60].replace("/", "-"))
    stop = stop_on_signals()
    chosen.room("stream.commands").work(names, settings, stop)
    stop.raise_interrupt()


@app.command()
def dashboard() -> None:
    """Serve the dashboard on loopback.

    At TINGCHAO_DASHBOARD_PORT, 8501 if that is not set; put a proxy that ends TLS in front to share it.

    Example: TINGCHAO_DASHBOARD_PORT=9000 tingchao dashboard
    """
    from tingchao.running import port_is_free

    settings = chosen.settings()
    port_is_free(settings.dashboard_port)
    command, env = chosen.room("dashboard.run").command(settings)
    os.execve(command[0], command, {**os.environ, **env})


app.command(name="import")(import_)
app.command(name="push-server")(push_server)


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Recorded posts with times, JSON lines, also gzipped.")
    ],
    speed: Annotated[str, typer.Option(metavar="N", help="A factor such as 60, or max.")] = "max",
    shift: Annotated[
        bool, typer.Option("--shift", help="Move the first post to now; needs --speed N.")
    ] = False,
    as_json: chosen.Json = False,
) -> None:
    """Play recorded posts into the bus, in order of time.

    With TINGCHAO_CLOCK=events alerts live in the time of the posts. Playing a file twice changes nothing, unless
    it is shifted.

    \b
    A line: {"id", "platform", "time", "user", "text", "kind"?, "likes"?, ...}

    Example: TINGCHAO_CLOCK=events tingchao replay posts.jsonl.gz --speed 60
    """
    factor = shell.factor(speed)
    report = chosen.room("crawlers.commands").replay(chosen.settings(), file, speed=factor, shift=shift)
    shell.tell(report, as_json=as_json)


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A boolean query; see docs/queries.md.")],
    last: Annotated[
        str, typer.Option(metavar="TIME", help="Window such as 90m, 24h, 7d, 2w; empty: everything.")
    ] = "",
    limit: Annotated[
        int, typer.Option(parser=shell.whole(1, 1000), metavar="N", help="Hits to print, 1 to 1000.")
    ] = 20,
    as_json: chosen.Json = False,
) -> None:
    """Search what was collected, newest first.

    Words, "phrases", AND, OR, NOT, brackets, NEAR/n and fields such as source: or sentiment:. A query that cannot
    be read is shown with a caret at the place.

    Example: tingchao search '小米 AND (冒烟 OR 起火) NOT 小米粥' --last 7d
    """
    from tingchao.asking import search_text

    search_text(chosen.settings(), query, last=last, limit=limit, as_json=as_json, out=sys.stdout)


@app.command()
def match(
    watchlist: Annotated[Path, typer.Option(metavar="FILE", help="Watchlist in YAML.")],
) -> None:
    """Match JSON lines with a watchlist, and say why.

    Reads standard input; a line that cannot be read gives its error at its place, and exit code 2 in the end.

    \b
    In:  {"id", "text", "title"?, "source"?, ...}
    Out: {"id", "matches": [{"topic", "role", "terms": [{"term", "start", "end"}]}]}

    Example: tingchao match --watchlist watchlist.yaml < posts.jsonl
    """
    from tingchao.asking import match_lines

    _end(match_lines(watchlist, sys.stdin, sys.stdout))


@app.command()
def when() -> None:
    """Read times as sites write them, and print them in UTC.

    Reads standard input; precision is second, minute, hour, day or none, and none has no time.

    \b
    In:  {"text": "昨天 23:50", "captured_at": "2026-11-24T02:00:00Z"}
    Out: {"time": "2026-11-23T15:50:00Z", "precision": "minute"}

    Example: tingchao when < times.jsonl
    """
    _end(chosen.room("crawlers.commands").when_lines(sys.stdin, sys.stdout))


@app.command()
def score(
    task: Annotated[
        str,
        typer.Option(
            metavar="TASK",
            help="sentiment, target, emotion, irony, offensive, complaint or crisis; left out: sentiment, "
            "towards the target where there is one.",
        ),
    ] = "",
    target: Annotated[
        str, typer.Option(metavar="NAME", help="Whom the sentiment is meant for, in lines that name nobody.")
    ] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which spans of each text moved its score.")
    ] = False,
    model: Annotated[
        str,
        typer.Option(envvar="TINGCHAO_MODEL", metavar="MODEL", help="bundled, onnx:FOLDER or torch:FOLDER."),
    ] = "",
    threads: Annotated[
        int,
        typer.Option(
            envvar="TINGCHAO_THREADS",
            parser=shell.whole(1, 64),
            metavar="N",
            help="Cores to use, 1 to 64.",
        ),
    ] = 2,
) -> None:
    """Score the sentiment of JSON lines, in order.

    Reads standard input and answers what has arrived at once. A line with a target is answered towards it; context
    (or topic) is the post or comment above. Other tasks are about the whole text. abstain is empty, or why the answer is
    not to be leaned on: unsure, empty, links, filler, unknown or language.

    \b
    In:  {"text", "target"?, "context"?}
    Out: {"label", "p": {"negative", "neutral", "positive"}, "confidence", "abstain"}
         complaint: {"score", "abstain"}    crisis: {"categories", "p", "abstain"}
         --explain adds "explain": [{"start", "end", "text", "effect"}]

    Example: echo '{"text": "用了三天就冒烟，客服还推卸责任"}' | tingchao score
    """
    commands = chosen.room("models.commands")
    question = commands.Question(task, target or None, explain)
    scorer = chosen.room("models").open_scorer(model or "bundled", threads=threads)
    _end(commands.score_lines(sys.stdin.buffer, sys.stdout, scorer, question))


@app.command()
def doctor(as_json: chosen.Json = False) -> None:
    """Check everything a start needs, and say what to change.

    One line a check. Exit code 1 if any failed.

    Example: tingchao doctor
    """
    from tingchao.asking import print_checks
    from tingchao.doctor import examine

    raise typer.Exit(print_checks(examine(chosen.folder()), as_json=as_json, out=sys.stdout))


@app.command()
def status(as_json: chosen.Json = False) -> None:
    """Show workers, lag, sources and open alerts at a glance.

    A worker that ended or waits is shown with its reason, and notices for operators, such as a model that drifts.

    Example: tingchao status --json
    """
    from tingchao.notices import print_status_and_notices

    print_status_and_notices(chosen.settings(), as_json=as_json, out=sys.stdout)


app.command()(rescore)
app.command()(requests)
app.command()(parse)


def _end(bad_lines: int) -> None:
    """Exit code 2 when some lines could not be read; each has its error at its place in the output."""
    if bad_lines:
        raise typer.Exit(2)


def main() -> None:
    """Run the command; print one sentence for what a person can put right."""
    raise SystemExit(shell.run(app, "tingchao"))


if __name__ == "__main__":
    main()
