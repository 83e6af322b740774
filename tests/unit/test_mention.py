"""The record that flows: what goes onto the wire comes back, and what is not a mention is refused with a reason."""

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tingchao.errors import BadRecord
from tingchao.mention import (
    WIRE_VERSION,
    Author,
    Engagement,
    Kind,
    Label,
    Match,
    Mention,
    Observation,
    Precision,
    Risk,
    Role,
    Sentiment,
    Target,
    decode_mention,
    decode_observation,
    encode,
    mention_id,
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
shares = st.floats(0, 1)
counts = st.none() | st.integers(0, 2**53)

mentions = st.builds(
    Mention,
    id=names,
    source=names,
    kind=st.sampled_from(Kind),
    native_id=names,
    text=words,
    title=words,
    published_at=moments,
    captured_at=moments,
    published_precision=st.sampled_from(Precision),
    parent_id=st.none() | names,
    author=st.builds(Author, key=words, name_masked=words),
    engagement=st.builds(Engagement, likes=counts, comments=counts, reposts=counts, views=counts),
    media=st.lists(words, max_size=3).map(tuple),
    matches=st.lists(
        st.builds(Match, topic=names, role=st.sampled_from(Role), terms=st.just(("小米",))), max_size=2
    ).map(tuple),
    sentiment=st.none() | st.builds(Sentiment, st.sampled_from(Label), shares, shares, shares),
    targets=st.lists(
        st.builds(Target, names, st.sampled_from(Label), shares, shares, shares), max_size=2
    ).map(tuple),
    emotion=words,
    abstain=words,
    complaint=st.none() | st.floats(-1, 1),
    irony=st.none() | shares,
    risk=st.lists(st.builds(Risk, names, shares), max_size=2).map(tuple),
)
observations = st.builds(
    Observation,
    topic=names,
    role=st.sampled_from(Role),
    mention_id=names,
    source=names,
    kind=st.sampled_from(Kind),
    published_at=moments,
    captured_at=moments,
    label=st.sampled_from(Label),
    p_negative=shares,
)

LEAST = {
    "v": WIRE_VERSION,
    "id": "a" * 32,
    "source": "weibo",
    "kind": "post",
    "native_id": "5230000000000001",
    "text": "冒烟",
    "published_at": "2026-11-24T02:00:00Z",
    "captured_at": "2026-11-24T02:01:00Z",
}


@given(mentions)
def test_a_mention_comes_back_from_the_wire_as_it_was(mention):
    assert decode_mention(encode(mention)) == mention


@given(observations)
def test_an_observation_comes_back_from_the_wire_as_it_was(observation):
    assert decode_observation(encode(observation)) == observation


@given(mentions)
def test_the_wire_form_says_its_version(mention):
    assert json.loads(encode(mention))["v"] == WIRE_VERSION


def test_times_are_utc_in_whole_seconds_whatever_zone_they_came_in():
    shanghai = timezone(timedelta(hours=8))
    mention = msgspec.structs.replace(
        decode_mention(json.dumps(LEAST).encode()),
        published_at=datetime(2026, 11, 24, 10, 0, 0, 999_999, tzinfo=shanghai),
    )

    assert mention.published_at == datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_version_1_still_reads():
    old = {**LEAST, "v": 1, "author": "0123abcd"}
    without_version = {key: value for key, value in old.items() if key != "v"}

    assert decode_mention(json.dumps(old).encode()).author == Author(key="0123abcd")
    assert decode_mention(json.dumps(without_version).encode()).v == WIRE_VERSION


def test_fields_of_a_newer_program_are_ignored():
    assert decode_mention(json.dumps({**LEAST, "mood": "?"}).encode()).text == "冒烟"


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"not json", "not a mention"),
        (b"\xff\xfe", "not a mention"),
        (b"[]", "not a mention"),
        (b'{"v": 99}', "version 99; this program reads up to"),
        (b'{"v": -1}', "version -1"),
        (b"[" * 100_000, "not a mention"),
        (json.dumps({**LEAST, "kind": "poem"}).encode(), r"Invalid enum value 'poem' - at `\$.kind`"),
        (json.dumps({**LEAST, "published_at": "2026-11-24T02:00:00"}).encode(), "no time zone"),
        (json.dumps({**LEAST, "published_at": "0001-01-01T00:00:00+08:00"}).encode(), "years 1970 to 2199"),
        (json.dumps({**LEAST, "captured_at": "9999-12-31T23:59:59-08:00"}).encode(), "years 1970 to 2199"),
        (json.dumps({**LEAST, "published_at": "1970-01-01T00:00:00+08:00"}).encode(), "years 1970 to 2199"),
        (json.dumps({**LEAST, "text": "字" * 100_001}).encode(), "text has 100001 characters"),
        (json.dumps({**LEAST, "id": ""}).encode(), "id='' must have 1 to 512 characters"),
        (json.dumps({**LEAST, "text": "x" * 1_000_001}).encode(), "at most 1,000,000 are taken"),
        (
            json.dumps({key: value for key, value in LEAST.items() if key != "text"}).encode(),
            "missing required field `text`",
        ),
    ],
)
def test_what_is_not_a_mention_is_refused_with_the_reason(wire, reason):
    with pytest.raises(BadRecord, match=reason):
        decode_mention(wire)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(wire):
    with contextlib.suppress(BadRecord):
        decode_mention(wire)


def test_an_id_depends_on_source_and_native_id_only():
    assert mention_id("weibo", "1") == mention_id("weibo", "1")
    assert (
        len(
            {
                mention_id("weibo", "1"),
                mention_id("weibo", "2"),
                mention_id("forum", "1"),
                mention_id("weibo1", ""),
            }
        )
        == 4
    )


def test_an_observation_of_a_text_that_was_not_read_has_no_label_on_the_wire_and_back() -> None:
    seen = Observation(
        topic="nova",
        role=Role.BRAND,
        mention_id="m1",
        source="forum",
        kind=Kind.POST,
        published_at=datetime(2026, 11, 24, tzinfo=UTC),
        captured_at=datetime(2026, 11, 24, tzinfo=UTC),
    )

    wire = encode(seen)

    assert b"label" not in wire
    assert decode_observation(wire) == seen
