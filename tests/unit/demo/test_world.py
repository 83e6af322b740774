"""The world is a pure function of scenario, start, speed, seed and time."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from ahocorasick_rs import AhoCorasick

from deploy.demo.dice import SHANGHAI
from deploy.demo.scenario import Form, Source, Tone
from deploy.demo.world import World
from tests.unit.demo.conftest import AFTER_CRISIS, START


def test_the_same_seed_plays_the_same(scenario, world):
    again = World(scenario, START)

    assert list(again.posts_until(AFTER_CRISIS)) == list(world.posts_until(AFTER_CRISIS))


def test_another_seed_plays_another(scenario, world):
    other = World(scenario, START, seed=2)

    assert list(other.posts_until(START)) != list(world.posts_until(START))


def test_what_is_public_never_goes_away(world):
    before, after = world.posts_until(START), world.posts_until(AFTER_CRISIS)

    assert list(after[: len(before)]) == list(before)


def test_ids_are_different_and_rise_with_time(world):
    for source in Source:
        ids = [int(post.id) for post in world.posts_until(AFTER_CRISIS) if post.source is source]
        assert ids == sorted(set(ids))


def test_three_quiet_weeks_hold_some_thousands_of_mentions(world):
    history = world.posts_until(START)

    assert 2_000 <= len(history) <= 4_000
    assert START - timedelta(days=21) <= history[0].at <= START - timedelta(days=20)
    assert {post.source for post in history} == set(Source)


def test_days_have_a_rhythm(world):
    hours = Counter(post.at.astimezone(SHANGHAI).hour for post in world.posts_until(START) if not post.root)

    night, evening = sum(hours[h] for h in range(1, 5)), sum(hours[h] for h in range(19, 23))
    assert evening > 4 * night


def test_a_text_is_told_again_only_now_and_then(world):
    roots = [post for post in world.posts_until(START) if post.source is Source.MICROBLOG and not post.root]
    most = Counter(post.text for post in roots).most_common(1)[0][1]

    assert most <= 6


def test_nobody_answers_before_there_is_something_to_answer(world):
    posts = {post.id: post for post in world.posts_until(AFTER_CRISIS)}

    for post in posts.values():
        if post.root:
            assert posts[post.root].at <= post.at
            assert posts[post.parent].at <= post.at


def test_the_crisis_begins_eight_seconds_after_the_start(world):
    crisis = [post for post in world.posts_until(AFTER_CRISIS) if post.phase == "spark"]

    assert crisis[0].at == START + timedelta(seconds=8)
    assert crisis[0].form is Form.POST
    assert "冒" in crisis[0].text


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_ten_seconds_into_the_crisis_there_is_enough_for_an_alert(scenario, seed):
    world = World(scenario, START, seed=seed)

    negative = [
        post
        for post in world.posts_until(START + timedelta(seconds=18))
        if post.at > START and post.tone is Tone.NEGATIVE and "云雀" in post.text
    ]

    assert len(negative) >= 15


@pytest.mark.parametrize("speed", [10, 60, 600])
def test_speed_sets_how_long_a_minute_of_the_crisis_lasts(scenario, speed):
    world = World(scenario, START, speed=speed)

    assert world.moment(165) - world.crisis_at == timedelta(minutes=165 / speed)
    assert world.phase(world.moment(165)) == "statement"
    assert world.minute(world.moment(30)) == pytest.approx(30, abs=0.01)


def test_phases_follow_each_other(world):
    minutes = (-1, 0, 5, 30, 61, 120, 170, 300, 10_000)

    phases = [world.phase(world.moment(minute)) for minute in minutes]

    assert phases == [
        "quiet", "spark", "pile_up", "big_account", "media", "rumour", "statement", "decay", "over",
    ]  # fmt: skip


def test_likes_only_grow(world):
    loud = max(world.posts_until(AFTER_CRISIS), key=lambda post: post.reach)
    likes = [loud.likes(loud.at + timedelta(seconds=seconds)) for seconds in (0, 5, 20, 60, 600)]

    assert likes == sorted(likes)
    assert likes[0] == 0
    assert likes[-1] > 0.9 * loud.reach


def test_no_nickname_is_part_of_a_text_by_chance(world):
    everything = "\n".join(post.title + post.text for post in world.posts_until(AFTER_CRISIS))

    assert AhoCorasick(sorted(world.identities())).find_matches_as_strings(everything) == []


def test_a_start_without_a_time_zone_is_refused(scenario):
    with pytest.raises(ValueError, match="time zone"):
        World(scenario, datetime(2026, 11, 24))  # noqa: DTZ001


def test_under_load_new_mentions_come_at_the_rate_asked_for(scenario):
    world = World(scenario, START, steady=50)
    minute = [post for post in world.posts_until(START + timedelta(minutes=1)) if post.at > START]
    everyday = [post for post in minute if post.phase == "quiet"]
    probes = Counter(post.topic for post in minute if post.phase == "probe")

    assert 2_990 <= len(everyday) <= 3_010
    assert set(probes.values()) == {25}
    assert len(probes) == 11
    assert world.refusal(Source.FORUM, START + timedelta(minutes=1)) is None
