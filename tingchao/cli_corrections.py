"""`tingchao corrections`: what people said of the model's labels, as a file to learn from."""

from pathlib import Path
from typing import Annotated

import typer

from tingchao import chosen

corrections_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Take out what people said of the model's labels.

    Labels are corrected on the screen, in the dashboard's search; the store keeps who said what, and when.

    Example: tingchao corrections export --out feedback.jsonl""",
)


@corrections_app.command("export")
def corrections_export(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file; standard output when left out.")
    ] = None,
) -> None:
    """Write the corrected labels for training.

    The last word on each mention, whole or towards a topic, with the text as the store has it now: what was erased
    is left out, and nobody's name goes with it. Only the owner can read the file. It is what python -m models.train
    takes as --feedback.

    \b
    Out: {"text", "target", "label", "source", "model", "was"}
         target: null for the text as a whole; was: the label of that model, or null

    Example: tingchao corrections export --out feedback.jsonl
    """
    from tingchao.feedback import write_feedback

    told = write_feedback(chosen.settings(), out)
    typer.echo(told, err=out is None)
