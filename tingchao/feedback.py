"""Corrections by people as examples to train on: the file that `python -m models.train --feedback FILE` reads."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tingchao.corrections import Correction, Corrections, read_on
from tingchao.errors import BadInput
from tingchao.mention import Label, Mention
from tingchao.query import Subject
from tingchao.settings import Settings
from tingchao.spoken import called, scored_text
from tingchao.store import Store, open_store
from tingchao.watchlist import Topic
from tingchao.watchlist import read as read_watchlist

_AT_ONCE = 500


class Example(msgspec.Struct, frozen=True):
    """A line of the file: `label` is right for `text`, towards `target` or, if that is None, as a whole.

    `was` is the label that `model` gave, None if it gave none; `source` is the mention's.
    """

    text: str
    target: str | None
    label: Label
    source: str
    model: str
    was: Label | None


def examples(store: Store, corrections: Corrections, topics: Mapping[str, Topic]) -> Iterator[Example]:
    """What can be learnt from `corrections`, but for those whose mention is no longer in the store.

    `topics` are those that are watched now. One of another is called by the first word that matched, or left out if
    there is none.
    """
    words = list(corrections.words.values())
    for at in range(0, len(words), _AT_ONCE):
        some = words[at : at + _AT_ONCE]
        there = {mention.id: mention for mention in store.get(list({word.mention for word in some}))}
        for word in some:
            if mention := there.get(word.mention):
                yield from _example(word, mention, topics)


def write_feedback(settings: Settings, out: Path | None) -> str:
    """Write the examples to `out` or standard output; returns what was done, in a sentence.

    A file that was there is replaced when the new one is whole; only its owner can read it. Raises `BadInput` and
    `StoreUnavailable`.
    """
    with open_store(settings.store_address) as store:
        corrections = read_on(store)
        topics = {topic.id: topic for topic in read_watchlist(store)[0].topics}
        found = examples(store, corrections, topics)
        lines = (msgspec.json.encode(example).decode() + "\n" for example in found)
        written = _to_file(out, lines) if out else sum(1 for line in lines if sys.stdout.write(line))
    left_out = len(corrections.words) - written
    told = f"{written:,} corrected labels" + (f" to {out}" if out else "")
    return f"{told}; {left_out:,} left out, whose mention was erased or topic removed" if left_out else told


def _example(word: Correction, mention: Mention, topics: Mapping[str, Topic]) -> Iterator[Example]:
    target = _name(mention, word.topic, topics) if word.topic else None
    if target != "":
        yield Example(scored_text(mention), target, word.label, mention.source, word.model, word.was)


def _name(mention: Mention, topic: str, topics: Mapping[str, Topic]) -> str:
    """How the mention calls a topic: as at scoring, where it is watched."""
    matched = next((match for match in mention.matches if match.topic == topic), None)
    if matched is None:
        return ""
    if topic in topics:
        return called(topics[topic], matched, Subject.of(mention))
    return next(iter(matched.terms), "")


def _to_file(out: Path, lines: Iterator[str]) -> int:
    if not out.name:
        raise BadInput(f"--out {out}: is a folder; name a file in it, such as {out / 'feedback.jsonl'}")
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    written = 0
    try:
        with open(
            os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8"
        ) as file:
            for line in lines:
                file.write(line)
                written += 1
        draft.replace(out)
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror})") from error
    finally:
        draft.unlink(missing_ok=True)
    return written
