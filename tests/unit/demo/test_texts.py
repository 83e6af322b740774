"""The demo's sentences read like people, not like a template."""

from collections import Counter, defaultdict

from deploy.demo.scenario import QUIET, Form, Scenario

ALIKE = 0.8


def sentences(scenario: Scenario) -> list[str]:
    """Every text people say in the play: no tails, no load."""
    return [text for group in scenario.groups if group.phase not in ("any", "probe") for text in group.texts]


def grams(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)} or {text}


def test_there_are_at_least_six_hundred_different_sentences(scenario):
    assert len(set(sentences(scenario))) >= 600


def test_no_sentence_is_told_twice(scenario):
    assert [text for text, times in Counter(sentences(scenario)).items() if times > 1] == []


def test_no_two_share_more_than_four_fifths_of_their_three_character_runs(scenario):
    texts = sentences(scenario)
    runs = [grams(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    alike = []
    for number, own in enumerate(runs):
        shared = Counter(other for run in own for other in holders[run])
        alike += [
            (texts[number], texts[other])
            for other, count in shared.items()
            if count > ALIKE * min(len(own), len(runs[other]))
        ]
        for run in own:
            holders[run].append(number)

    assert alike == []


def test_every_form_that_the_play_asks_for_has_texts_in_its_phase_or_one_before(scenario):
    forms = defaultdict(set)
    for group in scenario.groups:
        forms[group.phase].add(group.form)

    for source in scenario.play.quiet.sources:
        assert {source.form} | ({source.answer} if source.answer else set()) <= forms[QUIET]
    for phase in scenario.play.crisis.phases:
        assert set(phase.forms) <= forms[phase.name] | forms["pile_up"] | {Form.POST}


def test_the_hostile_ones_are_there(scenario):
    everything = "\n".join(sentences(scenario))
    for hostile in ("<script>alert(1)</script>", "](https://phish.example", "冒\u200b烟", "\n=cmd|"):
        assert hostile in everything
