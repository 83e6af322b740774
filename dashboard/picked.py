"""What was picked on a chart, as times in UTC. Charts carry Shanghai's times as if they were UTC. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tingchao.times import SHANGHAI


def picked_start(event: Any, name: str) -> datetime | None:
    """When the pressed bar begins; None if none is pressed."""
    rows = _selection(event, name)
    if isinstance(rows, list) and rows and isinstance(rows[0], Mapping):
        return _time(rows[0].get("at"))
    return None


def picked_stretch(event: Any, name: str) -> tuple[datetime, datetime] | None:
    """From when to when a stretch of the axis is selected; None if nothing is."""
    chosen = _selection(event, name)
    ends = chosen.get("at") if isinstance(chosen, Mapping) else None
    if not isinstance(ends, list) or len(ends) != 2:
        return None
    since, until = _time(ends[0]), _time(ends[1])
    return (since, until) if since and until and since < until else None


def _selection(event: Any, name: str) -> Any:
    selection = event.get("selection") if isinstance(event, Mapping) else None
    return selection.get(name) if isinstance(selection, Mapping) else None


def _time(value: Any) -> datetime | None:
    try:
        if isinstance(value, (int, float)):
            at = datetime.fromtimestamp(value / 1000, UTC)
        else:
            at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(tzinfo=SHANGHAI).astimezone(UTC)
