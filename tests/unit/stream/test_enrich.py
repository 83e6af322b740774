from collections.abc import Sequence

import pytest
import structlog

from models import Abstain, Reading
from models.reading import UNREAD
from stream.enrich import Enrich
from stream.scoring import MOST_TARGETS
from tests.unit.stream.doors import BAD, PLAIN, OneWordScorer, mention
from tingchao.alerts.risk import shipped_rules
from tingchao.bus import ENRICHED, OBSERVATIONS, RAW, Message
from tingchao.errors import BadRecord
from tingchao.mention import Label, Mention, Observation, Role, decode_mention, decode_observation, encode
from tingchao.spoken import scored_text
from tingchao.watchlist import Matcher, Topic, Watchlist

WATCHLIST = Watchlist(
    (
        Topic(id="nova", name="新星", role=Role.BRAND, stop_words=("新星出版社",)),
        Topic(id="luna", name="月光", role=Role.COMPETITOR),
    )
)


def enriched(
    *mentions: Mention, scorer: OneWordScorer | None = None
) -> tuple[list[Mention], list[Observation], dict[str, int]]:
    worker = Enrich(lambda: Matcher(WATCHLIST), scorer or OneWordScorer(), shipped_rules())
    output = worker.handle([Message(RAW, each.id, encode(each)) for each in mentions])
    assert not output.dead
    return (
        [decode_mention(value) for topic, _, value in output.messages if topic == ENRICHED],
        [decode_observation(value) for topic, _, value in output.messages if topic == OBSERVATIONS],
        dict(output.dropped),
    )


def test_a_matched_mention_is_scored_tagged_and_observed() -> None:
    (found,), (observed,), dropped = enriched(mention(1, "新星空气炸锅冒烟了，手被烫伤"))

    assert [match.topic for match in found.matches] == ["nova"]
    assert found.sentiment == BAD
    assert found.targets[0].label is Label.NEGATIVE
    assert {risk.category for risk in found.risk} == {"fire", "injury"}
    assert found.model == "one-word/1"
    assert found.text_key
    assert (observed.topic, observed.mention_id, observed.label, observed.risk) == (
        "nova",
        found.id,
        Label.NEGATIVE,
        found.risk,
    )
    assert dropped == {}


def test_what_matches_nothing_is_dropped_and_counted() -> None:
    found, observed, dropped = enriched(mention(1, "今天天气不错"), mention(2, "新星出版社的新书"))

    assert (found, observed) == ([], [])
    assert dropped == {"matches no topic": 2}


def test_a_text_about_two_topics_is_scored_towards_each() -> None:
    (found,), observed, _ = enriched(mention(1, "新星又冒烟了，还是月光好"))

    assert [(target.topic, target.label) for target in found.targets] == [
        ("nova", Label.NEGATIVE),
        ("luna", Label.NEUTRAL),
    ]
    assert [(each.topic, each.role, each.label) for each in observed] == [
        ("nova", Role.BRAND, Label.NEGATIVE),
        ("luna", Role.COMPETITOR, Label.NEUTRAL),
    ]


def test_every_text_is_scored_as_a_whole_and_towards_each_topic_and_no_more() -> None:
    scorer = OneWordScorer()

    enriched(mention(1, "新星冒烟"), mention(2, "新星和月光"), scorer=scorer)

    assert scorer.asked == [
        ("新星冒烟", None),
        ("新星冒烟", "新星"),
        ("新星和月光", None),
        ("新星和月光", "新星"),
        ("新星和月光", "月光"),
    ]


@pytest.mark.parametrize(
    ("topic", "text", "name", "why"),
    [
        (Topic(id="a", name="新星", role=Role.BRAND), "新星冒烟", "新星", "its name"),
        (
            Topic(id="a", name="新星", role=Role.BRAND, aliases=("新星奶茶",)),
            "新星奶茶冒烟",
            "新星奶茶",
            "the longest of its names that is there",
        ),
        (
            Topic(id="a", name="龙星", role=Role.BRAND),
            "龍星冒烟",
            "龍星",
            "as the text writes it: Traditional",
        ),
        (
            Topic(id="a", name="NOVA", role=Role.BRAND),
            "ｎｏｖａ冒烟",
            "ｎｏｖａ",
            "as the text writes it: width",
        ),
        (
            Topic(id="a", name="新星", role=Role.BRAND, query="(N7 OR 新星) AND (起火 OR 冒烟)"),
            "N7冒烟",
            "N7",
            "else the first word of its query that is there, not the danger it looks for",
        ),
        (
            Topic(id="a", name="MI", role=Role.BRAND, query="MI OR 小米"),
            "OPTIMIZE family 都说小米冒烟",
            "小米",
            "Latin letters are a name only as a whole word, as for the matcher",
        ),
        (
            Topic(id="a", name="MI", role=Role.BRAND),
            "OPTIMIZE里的mi冒烟",
            "mi",
            "and Chinese characters end a word",
        ),
        (
            Topic(id="a", name="论坛", role=Role.INDUSTRY, query="source:forum"),
            "今天冒烟",
            "论坛",
            "nothing in the text stands for it",
        ),
    ],
)
def test_a_topic_is_asked_for_by_the_word_with_which_the_text_calls_it(
    topic: Topic, text: str, name: str, why: str
) -> None:
    scorer = OneWordScorer()
    worker = Enrich(lambda: Matcher(Watchlist((topic,))), scorer, shipped_rules())

    worker.handle([Message(RAW, "1", encode(mention(1, text)))])

    assert scorer.asked == [(text, None), (text, name)], why


def test_a_text_that_is_only_a_name_says_nothing_and_is_not_scored() -> None:
    scorer = OneWordScorer()

    (named, smoking), (seen, _), _ = enriched(mention(1, "#新星#"), mention(2, "新星冒烟"), scorer=scorer)

    assert scorer.asked == [("新星冒烟", None), ("新星冒烟", "新星")]
    assert (named.abstain, named.sentiment, named.targets) == ("name", None, ())
    assert (seen.mention_id, seen.label, seen.p_negative) == (named.id, None, None)
    assert (smoking.abstain, smoking.targets[0].label) == ("", Label.NEGATIVE)


def test_a_text_that_was_not_read_has_a_reason_and_no_sentiment_and_is_still_observed() -> None:
    class Unread(OneWordScorer):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            return [UNREAD[Abstain.LANGUAGE] for _ in texts]

    (found,), observed, _ = enriched(mention(1, "新星と月光"), scorer=Unread())

    assert (found.sentiment, found.targets, found.abstain) == (None, (), "language")
    assert (found.unread, found.model) == (True, "one-word/1")
    assert [(each.topic, each.label, each.p_negative) for each in observed] == [
        ("nova", None, None),
        ("luna", None, None),
    ]


class Foreign(OneWordScorer):
    """Reads nothing towards a target."""

    def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
        found = super().score(texts, targets, contexts)
        return [UNREAD[Abstain.LANGUAGE] if to else each for each, to in zip(found, targets, strict=True)]


def test_where_only_the_part_about_a_topic_is_unread_the_whole_text_stands_for_it() -> None:
    (found,), (observed,), _ = enriched(mention(1, "新星 keeps burning。又冒烟了"), scorer=Foreign())

    assert (found.abstain, found.sentiment) == ("", BAD)
    assert [(each.label, each.p_negative) for each in found.targets] == [(Label.NEGATIVE, BAD.p_negative)]
    assert (observed.label, observed.p_negative) == (Label.NEGATIVE, BAD.p_negative)


def test_towards_so_many_names_and_no_more_a_text_is_scored_and_the_whole_stands_for_the_rest() -> None:
    names = [chr(ord("a") + n) * (n + 2) for n in range(MOST_TARGETS + 3)]
    topics = tuple(Topic(id=name, name=name, role=Role.BRAND) for name in names)
    scorer = OneWordScorer()
    worker = Enrich(lambda: Matcher(Watchlist(topics)), scorer, shipped_rules())
    text = "冒烟 " + " ".join(names)

    output = worker.handle([Message(RAW, "1", encode(mention(1, text)))])

    found = decode_mention(output.messages[0][2])
    assert [target for _, target in scorer.asked] == [None, *names[3:]]
    assert [each.label for each in found.targets] == [Label.NEGATIVE] * 3 + [Label.NEUTRAL] * MOST_TARGETS


def test_topics_that_a_text_calls_by_one_word_are_one_question() -> None:
    scorer = OneWordScorer()
    topics = tuple(Topic(id=id, name="新星", role=Role.BRAND) for id in ("a", "b"))
    worker = Enrich(lambda: Matcher(Watchlist(topics)), scorer, shipped_rules())

    worker.handle([Message(RAW, "1", encode(mention(1, "新星冒烟")))])

    assert scorer.asked == [("新星冒烟", None), ("新星冒烟", "新星")]


def test_what_the_model_says_beside_sentiment_is_on_the_mention() -> None:
    class Telling(OneWordScorer):
        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            return [
                Reading(
                    sentiment=PLAIN,
                    abstain=Abstain.UNSURE,
                    emotion=(0.1, 0.5, 0.1, 0.1, 0.1, 0.1),
                    complaint=-0.25,
                    irony=0.75,
                )
                for _ in texts
            ]

    (found,), _, _ = enriched(mention(1, "新星很好"), scorer=Telling())

    assert (found.emotion, found.abstain, found.complaint, found.irony) == ("sad", "unsure", -0.25, 0.75)


def test_a_model_that_knows_only_sentiment_leaves_the_rest_empty() -> None:
    (found,), _, _ = enriched(mention(1, "新星很好"))

    assert (found.emotion, found.abstain, found.complaint, found.irony) == ("", "", None, None)


def test_the_scorer_is_asked_once_a_batch() -> None:
    class Counting(OneWordScorer):
        calls = 0

        def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
            self.calls += 1
            return super().score(texts, targets, contexts)

    scorer = Counting()
    enriched(*(mention(n, f"新星和月光{n}") for n in range(50)), scorer=scorer)

    assert scorer.calls == 1


@pytest.mark.parametrize(
    ("title", "text", "read"),
    [("", "正文", "正文"), ("标题", "正文", "标题\n正文"), ("正文", "正文接着", "正文接着")],
)
def test_the_title_is_read_too_unless_the_text_begins_with_it(title: str, text: str, read: str) -> None:
    assert scored_text(mention(1, text, title=title)) == read


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"v": 99}', b"\xff\xfe", b'{"v":2,"id":7}'])
def test_a_record_that_cannot_be_read_is_a_dead_letter(value: bytes) -> None:
    good = mention(1, "新星")
    messages: Sequence[Message] = [Message(RAW, "bad", value), Message(RAW, good.id, encode(good))]

    output = Enrich(lambda: Matcher(WATCHLIST), OneWordScorer(), shipped_rules()).handle(messages)

    assert [letter.message.key for letter in output.dead] == ["bad"]
    assert len(output.messages) == 2


class Choking(OneWordScorer):
    """Cannot score what speaks of poison."""

    def score(self, texts, targets=None, contexts=None):  # type: ignore[no-untyped-def]
        if any("毒" in text for text in texts):
            raise BadRecord("the model gave no number")
        return super().score(texts, targets, contexts)


def test_a_text_that_cannot_be_scored_is_a_dead_letter_alone() -> None:
    sent = [mention(1, "新星冒烟"), mention(2, "新星和月光有毒"), mention(3, "新星很好")]
    worker = Enrich(lambda: Matcher(WATCHLIST), Choking(), shipped_rules())

    output = worker.handle([Message(RAW, each.id, encode(each)) for each in sent])

    assert [letter.message.key for letter in output.dead] == [sent[1].id]
    assert [key for topic, key, _ in output.messages if topic == ENRICHED] == [sent[0].id, sent[2].id]


def test_with_nothing_watched_the_reason_is_counted_and_said_once_a_minute() -> None:
    times = iter([0.0, 0.0, 0.0, 59.0, 60.0, 60.0])
    worker = Enrich(lambda: Matcher(Watchlist()), OneWordScorer(), shipped_rules(), clock=lambda: next(times))
    message = Message(RAW, "1", encode(mention(1, "新星")))

    with structlog.testing.capture_logs() as logs:
        outputs = [worker.handle([message]) for _ in range(3)]

    assert [dict(output.dropped) for output in outputs] == [{"no topic is watched": 1}] * 3
    assert len(logs) == 2


def test_neutral_is_neutral() -> None:
    (found,), _, _ = enriched(mention(1, "新星发布会"))

    assert found.sentiment == PLAIN
