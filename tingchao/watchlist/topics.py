"""A topic: a brand, a competitor, an industry or a regulation, and the query that finds what is said of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic import Field as Limited

from tingchao.errors import BadQuery, BadWatchlist
from tingchao.mention import Role
from tingchao.query import FieldName, Is, MisreadQuery, Node, all_of, any_of, negate, parse, walk, word

MAX_TOPICS = 5_000
MAX_SHOWN = 50
"""Problems that are listed; a file with more is probably another kind of file."""

_UNKNOWN_YET = (
    FieldName.SENTIMENT,
    FieldName.TOPIC,
    FieldName.RISK,
    FieldName.FOLD,
    "unsure",
    "unread",
    "folded",
)

_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
_Words = Annotated[
    tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)], ...],
    Limited(max_length=100),
]

Place = tuple[str | int, ...]
"""Where something stands: `("topics", 3, "role")`."""


class Topic(BaseModel):
    """One topic. `query` is in the language of `tingchao.query`; empty, the name is the query.

    `aliases` and `people` (founders, spokespersons) are further words that make a mention one of this topic;
    none of it counts in a text that holds a stop word. `owners` are who answers for the topic.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: _Id
    name: _Name
    role: Role
    query: str = ""
    aliases: _Words = ()
    people: _Words = ()
    stop_words: _Words = ()
    owners: _Words = ()

    @property
    def tree(self) -> Node:
        """`(query OR aliases OR people) NOT stop words`. Raises `MisreadQuery` or `ValueError` for bad words."""
        own = parse(self.query, language="en").root if self.query.strip() else word(self.name)
        return all_of(
            any_of(own, *map(word, self.aliases), *map(word, self.people)),
            *(negate(word(stop)) for stop in self.stop_words),
        )


@dataclass(frozen=True, slots=True)
class Watchlist:
    """All topics, in the order they were written, each with an id of its own."""

    topics: tuple[Topic, ...] = ()


def to_document(watchlist: Watchlist) -> dict[str, Any]:
    """The form kept in the store; what is empty is left out."""
    return {"topics": [topic.model_dump(mode="json", exclude_defaults=True) for topic in watchlist.topics]}


def from_document(body: Mapping[str, Any]) -> Watchlist:
    """Read what `to_document` made. Raises `BadWatchlist` with every problem."""
    return checked(body, lambda _: "watchlist")


def checked(body: object, named: Callable[[Place], str]) -> Watchlist:
    """The watchlist in `body`. Raises `BadWatchlist` with a line for each problem.

    `named` says where a place stands for people: `watchlist.yaml line 7`.
    """
    rows = body.get("topics") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(rows, Sequence) or isinstance(rows, str):
        raise BadWatchlist(
            f"{named(('topics',))}: a list 'topics' is expected, in its least form "
            "topics: [{id: xiaomi, name: 小米, role: brand, query: '(小米 OR xiaomi) NOT 小米粥'}]"
        )
    problems = [
        f"{named((key,))}: there is no field {key!r} beside 'topics'"
        for key in body
        if key not in ("topics",)
    ]
    if len(rows) > MAX_TOPICS:
        problems.append(f"{named(('topics',))}: {len(rows):,} topics; at most {MAX_TOPICS:,} are taken")
        rows = ()
    topics: list[Topic] = []
    places: dict[str, Place] = {}
    for index, row in enumerate(rows):
        place = ("topics", index)
        try:
            topic = Topic.model_validate(_given(row))
        except ValidationError as error:
            problems.extend(
                _sentence(dict(one), row, place, named) for one in error.errors(include_url=False)
            )
            continue
        if topic.id in places:
            problems.append(
                f"{named((*place, 'id'))}, topic {topic.id}, id: taken by {named(places[topic.id])}; give another"
            )
        places.setdefault(topic.id, place)
        problems.extend(
            f"{named((*place, field))}, topic {topic.id}, {what}" for field, what in _query_problems(topic)
        )
        topics.append(topic)
    if problems:
        more = len(problems) - MAX_SHOWN
        raise BadWatchlist("\n".join(problems[:MAX_SHOWN] + ([f"... and {more} more"] if more > 0 else [])))
    return Watchlist(tuple(topics))


def _given(row: object) -> object:
    """The row without the known fields that were left empty (`query:`)."""
    if not isinstance(row, Mapping):
        return row
    return {
        field: value for field, value in row.items() if value is not None or field not in Topic.model_fields
    }


def _query_problems(topic: Topic) -> Iterator[tuple[str, str]]:
    """Fields of `topic` whose words cannot be searched for, and why."""
    for field in ("aliases", "people", "stop_words"):
        for one in getattr(topic, field):
            try:
                word(one)
            except ValueError as error:
                yield field, f"{field}: {error}"
    try:
        tree = parse(topic.query, language="en").root if topic.query.strip() else word(topic.name)
    except MisreadQuery as error:
        yield "query", f"query, column {error.column}: {error.reason} in {_short(topic.query)}"
        return
    except BadQuery as error:
        yield "query", f"query: {error}"
        return
    except ValueError as error:
        yield "query" if topic.query.strip() else "name", _unsearchable(topic, error)
        return
    for node in walk(tree):
        if isinstance(node, Is) and (node.value if node.name is FieldName.HAS else node.name) in _UNKNOWN_YET:
            yield (
                "query",
                f"query: {node.name}:{node.value} is not known when the watchlist is matched; use it in a search, "
                "and here words or source: kind: lang: title: url: author: region: has: since: until:",
            )


def _unsearchable(topic: Topic, error: ValueError) -> str:
    if topic.query.strip():
        return "query: a watchlist holds until it is changed; give since: and until: as dates, such as 2026-11-24"
    return f"name: {error}; give a query"


def _sentence(problem: dict[str, Any], row: object, place: Place, named: Callable[[Place], str]) -> str:
    """A problem that pydantic found, with the place first and the remedy last."""
    loc: Place = problem["loc"]
    where = named((*place, *loc))
    known = row.get("id") if isinstance(row, Mapping) else None
    topic = f"topic {str(known)[:64]}" if known else f"topic number {int(place[1]) + 1}"
    field = str(loc[0]) if loc else ""
    value, context = problem.get("input"), problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            what = f"{field} is missing"
        case "extra_forbidden":
            near = get_close_matches(field, Topic.model_fields, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(Topic.model_fields)}"
            if ":" in field:
                remedy = "write a blank after its colon"
            what = f"there is no field {field!r}; {remedy}"
        case "enum":
            near = get_close_matches(str(value), [role.value for role in Role], n=1, cutoff=0.5)
            roles = ", ".join(Role)
            what = f"role: {value!r} is none of {roles}" + (f"; did you mean {near[0]!r}?" if near else "")
        case "string_pattern_mismatch":
            what = f"id: {_short(str(value))} must be 1 to 64 of a-z, 0-9, - and _, such as nova-tea"
        case "string_too_long":
            what = f"{field}: {_short(str(value))} is longer than {context.get('max_length')} characters"
        case "string_too_short":
            what = f"{field}: an empty text; write a word or remove it"
        case "too_long":
            what = f"{field}: more than {context.get('max_length')} entries"
        case "tuple_type":
            what = f"{field}: a list is expected, such as [{_short(str(value))}]"
        case "model_type" | "model_attributes_type" | "dict_type":
            what = "a topic is a mapping, such as {id: xiaomi, name: 小米, role: brand}"
        case _:
            what = f"{field}: {problem['msg']}"
    return f"{where}, {topic}, {what}"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 80 else one_line[:79] + "…"
