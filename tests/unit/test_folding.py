"""Which mention folds under which, and why."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NOON
from tingchao.folding import Folding, Place, Saying, Why, alike, saying
from tingchao.mention import Kind, Mention, Precision, mention_id

LEAK = "昨天晚上云雀空气炸锅第二次使用就冒烟了，客服让我自己寄回去检测，邮费还要我出，请大家小心。"
OTHER = "今天去看了新开的展览，展品很多，讲解员也很耐心，推荐周末带孩子一起去看看，停车也方便。"


def said(
    name: str,
    text: str,
    *,
    minute: int = 0,
    kind: Kind = Kind.POST,
    parent: str | None = None,
    title: str = "",
    source: str = "weibo",
    seen: datetime | None = None,
    precision: Precision = Precision.SECOND,
) -> Mention:
    return Mention(
        id=mention_id(source, name),
        source=source,
        kind=kind,
        native_id=name,
        parent_id=parent,
        text=text,
        title=title,
        published_at=NOON + timedelta(minutes=minute),
        published_precision=precision,
        captured_at=seen or NOON + timedelta(days=1),
    )


def repost(name: str, parent: str, text: str = "转发微博", minute: int = 1) -> Mention:
    return said(name, text, kind=Kind.REPOST, parent=parent, minute=minute)


def placed(*mentions: Mention) -> dict[str, tuple[str, Why | None]]:
    """Native id of each mention to that of its origin, and why."""
    return shown(mentions, folded(Folding(), mentions))


def folded(folding: Folding, mentions: Iterable[Mention]) -> dict[str, Place]:
    return {place.id: place for one in mentions for place in folding.add([saying(one)])}


def shown(mentions: Sequence[Mention], places: dict[str, Place]) -> dict[str, tuple[str, Why | None]]:
    names = {mention.id: mention.native_id for mention in mentions}
    origins = {place.fold: names[place.id] for place in places.values() if not place.folded}
    return {names[place.id]: (origins[place.fold], place.why) for place in places.values()}


# --- reposts without words


@pytest.mark.parametrize(
    "text",
    [
        "转发微博",
        "轉發微博",
        "快转微博",
        "Repost",
        "转",
        "[怒][怒]",
        "😡",
        "。",
        "//@李**:太过分了",
        "转发微博//@李**:太过分了",
    ],
)
def test_a_repost_without_words_of_its_own_folds_under_what_it_passes_on(text):
    assert placed(said("a", LEAK), repost("b", "a", text))["b"] == ("a", Why.REPOST)


def test_a_repost_with_words_stays_a_voice_of_its_own():
    found = placed(said("a", LEAK), repost("b", "a", f"这牌子不能买了//@王**:{LEAK}"))
    assert found["b"] == ("b", None)


def test_a_comment_of_emoticons_is_a_reaction_and_not_a_repost():
    assert placed(said("a", LEAK), said("b", "[怒]", kind=Kind.COMMENT, parent="a"))["b"] == ("b", None)


def test_a_chain_of_reposts_without_words_ends_at_the_last_who_said_something():
    found = placed(
        said("a", LEAK), repost("b", "a", "我家也是"), repost("c", "b"), repost("d", "c", minute=2)
    )
    assert found["b"] == ("b", None)
    assert found["c"] == found["d"] == ("b", Why.REPOST)


def test_reposts_of_a_post_never_seen_fold_under_the_first_of_them_until_it_is_seen():
    folding = Folding()
    before = [repost("b", "a", minute=5), repost("c", "a", minute=3)]
    assert shown(before, folded(folding, before)) == {"c": ("c", None), "b": ("c", Why.REPOST)}

    told = {place.id: place for place in folding.add([saying(said("a", LEAK))])}

    assert {place.why for place in told.values()} == {None, Why.REPOST}
    assert len({place.fold for place in told.values()}) == 1
    assert len(told) == 3


def test_the_reposts_of_a_copy_fold_under_the_origin_of_the_copy():
    found = placed(said("a", LEAK), said("b", LEAK, minute=1), repost("c", "b", minute=2))
    assert found["b"] == ("a", Why.SAME)
    assert found["c"] == ("a", Why.REPOST)


def test_posts_that_claim_to_pass_each_other_on_are_one_group():
    found = placed(repost("a", "b"), repost("b", "a", minute=2), repost("c", "c", minute=3))
    assert len({origin for name, (origin, _) in found.items() if name != "c"}) == 1
    assert found["c"] == ("c", None)


# --- the same words


def test_the_same_words_fold_under_the_earliest_however_they_are_dressed():
    found = placed(
        said("b", LEAK.replace("云雀", "雲雀").replace("，", " ,"), minute=2),
        said("a", LEAK, minute=1),
        said("c", f"{LEAK} https://t.example/abc @张**", minute=3),
    )
    assert found == {"a": ("a", None), "b": ("a", Why.SAME), "c": ("a", Why.SAME)}


@pytest.mark.parametrize(
    "text", ["加油", "物流很快[赞][赞]", "#云雀空气炸锅冒烟# 好可怕", "谢谢！！！！！！", "加油" * 30]
)
def test_words_that_many_say_by_chance_never_fold(text):
    assert {why for _, why in placed(said("a", text), said("b", text, minute=1)).values()} == {None}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("这款锅售后需要等1.5个月才给换", "这款锅售后需要等15个月才给换"),
        ("#云雀电器# 的客服从来不回消息，投诉也没用", "#海棠电器# 的客服从来不回消息，投诉也没用"),
        ("@云雀电器官方 你们的锅冒烟了，快给我退钱", "@海棠电器官方 你们的锅冒烟了，快给我退钱"),
    ],
)
def test_what_differs_in_a_number_or_a_name_is_not_the_same(one, other):
    assert {why for _, why in placed(said("a", one), said("b", other, minute=1)).values()} == {None}


def test_a_day_without_an_hour_is_no_earlier_than_a_time_of_that_day():
    found = placed(
        said("b", LEAK, minute=-12 * 60, precision=Precision.DAY),
        said("a", LEAK, minute=0),
    )
    assert found["b"] == ("a", Why.SAME)


# --- nearly the same


@pytest.mark.parametrize(
    "copy",
    [
        f"转发扩散！{LEAK}",
        f"{LEAK}来源：某某快讯",
        LEAK.replace("请大家小心", "小心"),
        f"云雀{LEAK}"[:-1],
    ],
)
def test_a_copy_with_something_added_or_left_out_folds_under_its_origin(copy):
    assert placed(said("a", LEAK), said("b", copy, minute=1))["b"] == ("a", Why.NEAR)


@pytest.mark.parametrize(
    "change",
    [
        ("就冒烟了", "都没冒烟"),
        ("让我自己", "不让我自己"),
        ("第二次", "第十二次"),
        ("云雀", "海棠"),
        ("请大家小心。", "请大家小心。这是谣言"),
        ("冒烟了", "冒烟了吗"),
    ],
)
def test_a_copy_that_changes_the_sense_is_another_text(change):
    assert placed(said("a", LEAK), said("b", LEAK.replace(*change), minute=1))["b"] == ("b", None)


def test_likeness_is_not_handed_on_from_copy_to_copy():
    grown = [LEAK + "补充说明一下情况大家看"[: 3 * step] * step for step in range(5)]
    mentions = [said(str(step), text, minute=step) for step, text in enumerate(grown)]

    for name, (origin, why) in placed(*mentions).items():
        if why is Why.NEAR:
            assert alike(saying(mentions[int(name)]), saying(mentions[int(origin)]))


def test_an_article_folds_by_title_and_text_without_the_name_of_the_site():
    body = f"{LEAK}{OTHER}" * 2
    found = placed(
        said("1", body, title="云雀空气炸锅被曝冒烟 客服回应_云雀新闻网", kind=Kind.ARTICLE, source="one"),
        said(
            "2",
            body,
            title="云雀空气炸锅被曝冒烟 客服回应 - 海棠在线",
            kind=Kind.ARTICLE,
            source="two",
            minute=9,
        ),
    )
    assert found["2"] == ("1", Why.SAME)


def test_a_summary_folds_under_its_article_only_with_the_same_title():
    title = "云雀空气炸锅被曝冒烟客服回应"
    article = said("1", LEAK + OTHER * 3, title=title, kind=Kind.ARTICLE, source="one")
    summary = said("2", LEAK, title=title, kind=Kind.ARTICLE, source="two", minute=9)
    foreign = said(
        "3", LEAK, title="市场监管部门公布本周抽检结果", kind=Kind.ARTICLE, source="three", minute=9
    )

    assert placed(article, summary)["2"] == ("1", Why.NEAR)
    assert placed(article, foreign)["3"] == ("3", None)


def test_a_column_with_the_same_title_each_day_does_not_fold():
    title = "云雀日报：今日要闻速览"
    found = placed(
        said("1", LEAK * 2, title=title, kind=Kind.ARTICLE),
        said("2", OTHER * 2, title=title, kind=Kind.ARTICLE, minute=1_440),
    )
    assert found["2"] == ("2", None)


def test_hostile_texts_are_compared_in_little_time():
    walls = [saying(said("a", "哈" * 90_000)), saying(said("b", "哈" * 80_000 + "嘿"))]
    mixed = [
        saying(said("c", "".join(random.Random(1).choices("甲乙", k=3_000)))),
        saying(said("d", "".join(random.Random(2).choices("甲乙", k=3_000)))),
    ]
    assert alike(*walls) is alike(*reversed(walls))
    assert not alike(*mixed)


# --- groups, in any order


def test_a_group_counts_all_and_tells_its_origin_and_its_first_time():
    folding = Folding()
    mentions = [said("a", LEAK, minute=4), said("b", LEAK, minute=1), repost("c", "a"), repost("d", "c")]
    folded(folding, mentions)

    (place,) = folding.add([saying(mentions[0])])
    group = folding.group(place.fold)

    assert group is not None
    assert (group.origin, group.first_at, group.count) == (
        mention_id("weibo", "b"),
        NOON + timedelta(minutes=1),
        4,
    )
    assert group.reasons == {Why.SAME: 1, Why.REPOST: 2}
    assert folding.group("nothing") is None


BASES = (LEAK, OTHER, "云雀空气炸锅质量真的很好，推荐给大家使用")
ENDS = ("", "转发", "求扩散", "来源某某快讯", "转发求扩散")
texts = st.builds(lambda base, end, front: front + base + end, *map(st.sampled_from, (BASES, ENDS, ENDS)))
names = st.sampled_from([f"p{number}" for number in range(12)])


@st.composite
def crowds(draw: st.DrawFn) -> list[Mention]:
    """A few posts, copies, near copies and reposts of each other, also of posts that are not there."""
    chosen = draw(st.lists(names, min_size=1, max_size=10, unique=True))
    return [
        said(
            name,
            draw(texts | st.sampled_from(["转发微博", "加油"])),
            kind=draw(st.sampled_from([Kind.POST, Kind.REPOST])),
            parent=draw(st.none() | names),
            minute=draw(st.integers(0, 9)),
        )
        for name in chosen
    ]


def reference(mentions: Sequence[Mention]) -> dict[str, str]:
    """The origin of each mention, worked out at once from all of them and without what `Folding` is made of."""
    sayings = {saying(one).name: saying(one) for one in mentions}
    texts: dict[str, list[Saying]] = {}
    for one in sayings.values():
        if one.key:
            texts.setdefault(one.key, []).append(one)
    first = {key: min(group, key=order) for key, group in texts.items()}
    tops: dict[str, str] = {}
    for key in sorted(first, key=lambda each: order(first[each])):
        leaders = [top for top, over in tops.items() if top == over and alike(first[key], first[top])]
        tops[key] = leaders[0] if leaders else key

    def home(one: Saying, path: tuple[bytes, ...] = ()) -> str:
        """What a mention is shown with: a text, a lone mention, or a post never seen."""
        if not one.echo:
            return tops[one.key] if one.key else one.id
        assert one.parent is not None
        if one.parent in path:
            return min(each.hex() for each in path[path.index(one.parent) :])
        above = sayings.get(one.parent)
        return home(above, (*path, one.parent)) if above else one.parent.hex()

    homes = {one.id: home(one) for one in sayings.values()}
    origins: dict[str, str] = {}
    for where in set(homes.values()):
        members = [one for one in sayings.values() if homes[one.id] == where]
        own = [one for one in members if not one.echo and where in (one.key, one.id)]
        echoes = [one for one in members if one.parent is not None and one.parent.hex() == where]
        origin = min(own or echoes, key=order)
        origins |= {one.id: origin.id for one in members}
    return origins


def order(one: Saying) -> tuple[int, str]:
    return one.at, one.id


def origins(places: dict[str, Place]) -> dict[str, str]:
    own = {place.fold: place.id for place in places.values() if not place.folded}
    return {place.id: own[place.fold] for place in places.values()}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_order_of_arrival_the_batches_and_repeats_change_nothing(data):
    crowd = data.draw(crowds())
    arriving = data.draw(st.permutations([*crowd, *crowd[:2]]))
    cut = data.draw(st.integers(0, len(arriving)))
    folding, places = Folding(), {}

    for batch in (arriving[:cut], *([one] for one in arriving[cut:])):
        places |= {place.id: place for place in folding.add(map(saying, batch))}

    assert origins(places) == reference(crowd)
    assert len(folding) == len(crowd)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_removed_leaves_the_groups_as_if_it_had_never_come(data):
    crowd = data.draw(crowds())
    gone = data.draw(st.sets(st.sampled_from(range(len(crowd)))))
    folding = Folding()
    places = folded(folding, crowd)

    told = folding.remove(saying(crowd[index]).name for index in sorted(gone))

    left = [one for index, one in enumerate(crowd) if index not in gone]
    places |= {place.id: place for place in told}
    assert origins({one.id: places[one.id] for one in left}) == reference(left)


def test_an_earlier_origin_moves_itself_and_the_one_before_it_only():
    folding = Folding()
    copies = [said(f"c{number}", LEAK, minute=number + 5) for number in range(30)]
    echoes = [repost(f"r{number}", "c0", minute=60) for number in range(30)]
    folded(folding, [*copies, *echoes])

    told = folding.add([saying(said("a", LEAK, minute=1))])

    assert {(place.id, place.why) for place in told} == {
        (mention_id("weibo", "a"), None),
        (copies[0].id, Why.SAME),
    }


def test_a_text_that_comes_back_after_the_window_is_news_again():
    folding = Folding(window=timedelta(days=14))
    folded(folding, [said("a", LEAK, seen=NOON), said("x", OTHER, seen=NOON + timedelta(days=13))])
    folded(folding, [said("b", LEAK, minute=1, seen=NOON + timedelta(days=13))])

    (still,) = folding.add([saying(said("c", LEAK, minute=2, seen=NOON + timedelta(days=26)))])
    folding.add([saying(said("y", OTHER, seen=NOON + timedelta(days=41)))])
    (again,) = folding.add([saying(said("d", LEAK, minute=3, seen=NOON + timedelta(days=41)))])

    assert still.why is Why.SAME
    assert again.why is None


def test_no_more_is_remembered_than_there_is_room_for():
    folding = Folding(room=50)
    for number in range(400):
        folding.add([saying(said(str(number), f"{LEAK}{number}"))])
        assert len(folding) <= 50


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_was_told_of_a_mention_holds_as_long_as_it_is_remembered(data):
    crowd = data.draw(crowds())
    folding, places = Folding(room=data.draw(st.integers(2, 8))), {}

    for one in crowd:
        places |= {place.id: place for place in folding.add([saying(one)])}

    for one in crowd:
        if saying(one).name in folding:
            group = folding.group(places[one.id].fold)
            assert group is not None
            assert (group.origin == one.id) is (places[one.id].why is None)


def test_an_origin_is_remembered_as_long_as_something_folds_under_it():
    folding = Folding(room=20)
    first = folding.add([saying(said("a", LEAK))])[0]
    for number in range(100):
        folding.add([saying(said(f"x{number}", f"{number} {OTHER}"))])
        (place,) = folding.add([saying(repost(f"r{number}", "a", minute=number))])
        assert place.fold == first.fold


def test_a_template_filled_in_hundreds_of_ways_folds_only_under_what_it_is_like():
    mentions = [said(str(place), LEAK[:place] + "呀" + LEAK[place:], minute=-place) for place in range(1, 45)]
    mentions += [
        said(f"b{place}", LEAK[:place] + "嘿" + LEAK[place:], minute=-100 - place) for place in range(1, 45)
    ]
    by_id = {mention.id: mention for mention in mentions}

    places = folded(Folding(), mentions)

    origin = {place.fold: place.id for place in places.values() if not place.folded}
    assert len(origin) < len(mentions) / 2
    for place in places.values():
        if place.why is Why.NEAR:
            assert alike(saying(by_id[place.id]), saying(by_id[origin[place.fold]]))
