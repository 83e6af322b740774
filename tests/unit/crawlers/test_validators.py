"""Pages that did not change cost their host nothing, and never hide what was not published."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.manners.marks import Marks
from crawlers.manners.validators import (
    KIND,
    MOST,
    Validator,
    conditions,
    from_body,
    key,
    marked,
    remembered,
    to_body,
)
from tingchao.store import Document

PAGE = "https://a.example/feed"


class Memory:
    """Documents in a dictionary."""

    def __init__(self):
        self.bodies = {}

    async def find(self, kind, id):
        body = self.bodies.get((kind, id))
        return None if body is None else Document(kind, id, 1, body)

    async def keep(self, kind, id, body, expected_version=None):
        self.bodies[kind, id] = body


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"etag": '"a1"'}, {"If-None-Match": '"a1"'}),
        ({"etag": 'W/"a1"', "last-modified": "Tue, 24 Nov 2026 01:57:10 GMT"},
         {"If-None-Match": 'W/"a1"', "If-Modified-Since": "Tue, 24 Nov 2026 01:57:10 GMT"}),
        ({"etag": '"a1"', "cache-control": "private, no-store"}, {}),
        ({"etag": '"' + "a" * 300 + '"'}, {}),
        ({"etag": '"a\r\nX: y"'}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_a_page_is_asked_for_with_what_it_was_marked_with(headers, asked):
    assert conditions(marked(headers)) == asked


def test_a_mark_holds_once_its_visit_is_settled_and_outlives_the_process():
    async def run():
        books = Memory()
        marks = Marks(books)
        marks.offer("a", PAGE, {"etag": '"1"'})
        before = await marks.conditions("a", PAGE)
        marks.drop("a")
        await marks.settle("a")
        dropped = await marks.conditions("a", PAGE)
        marks.offer("a", PAGE, {"etag": '"2"'})
        await marks.settle("a")
        return before, dropped, await Marks(books).conditions("a", PAGE), books.bodies

    before, dropped, after, bodies = asyncio.run(run())

    assert before == dropped == {}
    assert after == {"If-None-Match": '"2"'}
    assert PAGE not in str(bodies)
    assert set(bodies) == {(KIND, "a")}


def test_the_pages_marked_longest_ago_give_way():
    known = remembered({}, {key(f"{PAGE}/{number}"): Validator(f'"{number}"') for number in range(MOST + 9)})

    assert len(known) == MOST
    assert key(f"{PAGE}/0") not in known
    assert from_body(to_body(known)) == known


@given(st.recursive(st.none() | st.text() | st.integers(), lambda child: st.lists(child), max_leaves=9))
def test_a_document_of_any_shape_is_read_or_left(body):
    assert isinstance(from_body({"pages": body}), dict)
