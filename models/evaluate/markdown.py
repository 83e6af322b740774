"""Tables of figures as Markdown."""

from collections.abc import Sequence

from models.evaluate.results import Figure, Table


def table(lines: Table, first: str = "", columns: Sequence[str] = ()) -> str:
    """Lines in their order; `columns`: only these (none: all, in the order in which they first occur).

    >>> print(table({"a": {"n": 1200, "F1": 0.8125}, "b": {"n": 3}}, "set"))
    | set | n | F1 |
    | --- | --- | --- |
    | a | 1,200 | 0.812 |
    | b | 3 | – |
    """
    names = list(columns) or list(dict.fromkeys(column for line in lines.values() for column in line))
    rows = [[first, *names], ["---"] * (len(names) + 1)]
    rows += [[name, *(written(line.get(column)) for column in names)] for name, line in lines.items()]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def written(figure: Figure) -> str:
    """A figure as a reader wants it: three places below 10, one above."""
    if figure is None:
        return "–"
    if isinstance(figure, float):
        return f"{figure:.3f}" if abs(figure) < 10 else f"{figure:,.1f}"
    return f"{figure:,}" if isinstance(figure, int) else str(figure)
