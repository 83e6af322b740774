"""The catalogue: every text in both languages, with the same places to fill."""

import string

import pytest

from tingchao.catalogue import catalogue, say


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_both_languages_fill_the_same_places(key):
    texts = catalogue()[key]

    assert texts["zh"]
    assert texts["en"]
    assert places(texts["zh"]) == places(texts["en"])


def test_an_unknown_key_is_a_bug():
    with pytest.raises(KeyError):
        say("alerts.no_such_text")
