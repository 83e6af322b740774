"""The figures of an evaluation: each against its definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluate.measures import (
    agreement,
    coverage,
    ece,
    f1,
    fit_temperature,
    mean,
    micro_f1,
    pearson,
    precision,
    quality,
    recall,
    recall_at_precision,
    reliability,
    tempered,
)

LABELS = st.sampled_from(["negative", "neutral", "positive"])
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40)
SURE = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_every_figure_is_a_share(pairs):
    want, got = zip(*pairs, strict=True)

    found = quality(want, got)

    assert found.rows == len(pairs)
    assert 0 <= found.accuracy <= 1
    assert 0 <= found.macro_f1 <= 1


@settings(deadline=None, max_examples=40)
@given(st.lists(LABELS, min_size=1))
def test_answers_that_are_all_right_have_full_marks(want):
    found = quality(want, want)

    assert (found.accuracy, found.macro_f1) == (1.0, 1.0)


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_the_order_of_the_rows_does_not_matter(pairs):
    want, got = zip(*pairs, strict=True)

    assert quality(want, got) == quality(want[::-1], got[::-1])


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs):
    want, got = zip(*pairs, strict=True)
    p, r = precision(want, got, "negative"), recall(want, got, "negative")

    if p and r:
        assert math.isclose(f1(want, got, "negative"), 2 * p * r / (p + r))
    else:
        assert f1(want, got, "negative") == 0


def test_macro_f1_is_over_the_classes_that_occur_and_a_foreign_answer_is_a_miss():
    found = quality(["negative", "positive"], ["negative", "neutral"])

    assert found.macro_f1 == 0.5


def test_what_was_never_named_has_no_precision_and_what_never_occurs_no_recall():
    assert precision(["negative"], ["neutral"], "negative") is None
    assert recall(["neutral"], ["negative"], "negative") is None


def test_without_rows_there_is_no_quality():
    with pytest.raises(ValueError, match="no rows"):
        quality([], [])


def test_several_labels_a_row_are_counted_together():
    assert micro_f1([{"a", "b"}, set()], [{"a"}, {"c"}]) == pytest.approx(2 / 4)
    assert micro_f1([set()], [set()]) is None


def test_the_alarm_takes_the_lowest_limit_whose_precision_holds():
    assert recall_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.75) == (1.0, 0.6)
    assert recall_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.8) == (2 / 3, 0.8)
    assert recall_at_precision([0.9], [False], 0.5) is None
    assert recall_at_precision([], [], 0.5) is None


def test_the_alarm_does_not_part_rows_of_equal_probability():
    assert recall_at_precision([0.5, 0.5], [True, False], 0.85) is None


@settings(deadline=None, max_examples=40)
@given(SURE, st.floats(0.01, 1))
def test_the_limit_of_the_alarm_gives_the_precision_that_was_asked(rows, least):
    p, there = zip(*rows, strict=True)

    found = recall_at_precision(p, there, least)

    if found is not None:
        named = [is_there for each, is_there in rows if each >= found[1]]
        assert sum(named) / len(named) >= least - 1e-9
        assert found[0] == pytest.approx(sum(named) / sum(there))


@settings(deadline=None, max_examples=40)
@given(SURE)
def test_bins_hold_every_row_once_and_the_error_is_a_share(rows):
    sure, right = zip(*rows, strict=True)

    assert sum(each.rows for each in reliability(sure, right)) == len(rows)
    assert 0 <= ece(sure, right) <= 1


def test_who_is_as_sure_as_right_has_no_calibration_error():
    assert ece([0.75] * 4, [True, True, True, False]) == 0
    assert ece([1.0] * 4, [True, True, True, False]) == 0.25


@settings(deadline=None, max_examples=40)
@given(SURE, st.floats(0, 1))
def test_a_higher_limit_never_keeps_more(rows, limit):
    sure, right = zip(*rows, strict=True)

    assert coverage(sure, right, limit)[0] <= coverage(sure, right, limit / 2)[0]


def test_where_nothing_is_kept_there_is_no_accuracy():
    assert coverage([0.4], [True], 0.5) == (0.0, None)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_temperature_is_found_again(temperature):
    random_numbers = np.random.default_rng(1)
    right = random_numbers.dirichlet([1, 1, 1], 4_000)
    classes = (random_numbers.random((4_000, 1)) > right.cumsum(axis=1)).sum(axis=1)
    stretched = tempered(right, 1 / temperature)

    assert fit_temperature(stretched, classes) == pytest.approx(temperature, rel=0.12)


def test_a_temperature_of_one_changes_nothing_and_none_changes_the_label():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])

    assert np.allclose(tempered(p, 1.0), p)
    assert (tempered(p, 2.5).argmax(axis=1) == p.argmax(axis=1)).all()


def test_agreement_counts_labels_and_distances():
    near = agreement(
        np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]), np.array([[0.8, 0.1, 0.1], [0.4, 0.1, 0.5]])
    )

    assert near.same_label == 0.5
    assert near.largest == pytest.approx(0.4)


def test_correlation_needs_two_things_that_vary():
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert pearson([1, 2, 3], [6, 4, 2]) == pytest.approx(-1)
    assert pearson([1, 1], [1, 2]) is None


def test_a_mean_is_of_what_is_there():
    assert mean([1.0, None, 3.0]) == 2.0
    assert mean([None]) is None
