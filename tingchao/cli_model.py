"""`tingchao model` and `tingchao rescore`: one model beside another, what it sees over time, and history scored again."""

import sys
from typing import Annotated

import typer

from tingchao import chosen, shell

model_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Compare two models, and see what one says over time.

    A second model is TINGCHAO_SHADOW_MODEL. How to change models: docs/model-versions.md.

    Example: tingchao model shadow""",
)


@model_app.command("shadow")
def model_shadow(
    limit: Annotated[
        int, typer.Option(parser=shell.whole(0, 200), metavar="N", help="Differences to print, 0 to 200.")
    ] = 20,
    clear: Annotated[bool, typer.Option("--clear", help="Forget what was counted, and begin anew.")] = False,
    as_json: chosen.Json = False,
) -> None:
    """Show how far a second model agrees with the first.

    Counts of labels by both models, overall and for each source, and the newest mentions on which they differ, with
    their texts.

    Example: tingchao model shadow --limit 50
    """
    chosen.room("stream.versions").print_shadow(
        chosen.settings(), limit=limit, clear=clear, as_json=as_json, out=sys.stdout
    )


@model_app.command("drift")
def model_drift(
    clear: Annotated[
        str, typer.Option(metavar="SOURCE", help="Put the notices about this source to rest; needs --note.")
    ] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="What you found; it is kept.")] = "",
    as_json: chosen.Json = False,
) -> None:
    """Show what the model says of each source, day by day.

    The last seven days as text, five weeks as JSON. What moved is told by tingchao status; once you have looked, --clear
    keeps it quiet for as long as it holds.

    Example: tingchao model drift --clear weibo --note 'They show longer texts since Monday'
    """
    versions = chosen.room("stream.versions")
    if clear or note:
        versions.rest_drift(chosen.settings(), clear, note, as_json=as_json, out=sys.stdout)
    else:
        versions.print_drift(chosen.settings(), as_json=as_json, out=sys.stdout)


def rescore(
    query: Annotated[
        str, typer.Argument(metavar="[QUERY]", help="A boolean query; left out: every mention.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Published at or after: 2026-11-01, '2026-11-01 08:00', 7d.")
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Published before.")] = "",
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="bundled, onnx:FOLDER or torch:FOLDER; TINGCHAO_MODEL if left out."
        ),
    ] = "",
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin again instead of going on with an interrupted run.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Try it on a sample of 500, print what would change, write nothing."),
    ] = False,
    as_json: chosen.Json = False,
) -> None:
    """Score stored mentions again with another model.

    Newest first, beside running workers. Interrupted, the same command goes on where it was. No alert is raised.

    Example: tingchao rescore 'source:weibo' --since 30d --model onnx:/srv/models/2 --dry-run
    """
    versions = chosen.room("stream.versions")
    found = versions.score_history(
        chosen.settings(), versions.Asked(query, since, until), model=model, dry_run=dry_run, anew=anew
    )
    shell.tell(found, as_json=as_json)
