"""A made-up fortnight in a real store: a kettle brand, two rivals, quiet weeks and one bad hour. No real texts."""

import random
from datetime import datetime, timedelta

from msgspec.structs import replace

from tingchao.alerts import desk
from tingchao.alerts.alert import Delivery, Grade, Raised, Reason, Updated
from tingchao.mention import (
    Author,
    Engagement,
    Kind,
    Label,
    Match,
    Mention,
    Precision,
    Risk,
    Role,
    Sentiment,
    Target,
    mention_id,
)
from tingchao.store import Store
from tingchao.text import text_key
from tingchao.watchlist import Topic, Watchlist, save

WATCHLIST = Watchlist(
    (
        Topic(id="rival", name="蓝鲸电器", role=Role.COMPETITOR, query="蓝鲸"),
        Topic(id="qingquan", name="清泉家电", role=Role.BRAND, query="清泉 AND NOT 山清泉"),
        Topic(id="kettle", name="电热水壶", role=Role.INDUSTRY, query="水壶 OR 电壶"),
    )
)
ROLES = {topic.id: topic.role for topic in WATCHLIST.topics}
WORDS = {"qingquan": ("清泉",), "rival": ("蓝鲸",), "kettle": ("水壶",)}
SOURCES = ("weishuo", "luntan", "tousu", "xinwen", "appping", "changmao")
HOW = ("", "刚到手，", "用了三个月，", "朋友推荐的，", "双十一买的，", "给爸妈买的，")
GOOD = (
    "清泉的水壶烧水很快，声音也小",
    "清泉售后当天就回了电话，点赞",
    "蓝鲸新款颜值不错",
    "这款水壶保温到晚上还是热的",
)
PLAIN = (
    "清泉和蓝鲸的水壶参数对比整理",
    "清泉发布秋季新品水壶，三档温控",
    "蓝鲸门店下周搬到二楼",
    "求问水壶除垢用什么好",
)
BAD = (
    "清泉水壶烧到一半冒烟，插座都黑了",
    "清泉客服让我自己拍视频举证，已经等了两天",
    "清泉水壶底座过热，孩子差点烫到",
    "同款清泉水壶，今天也冒烟了，求退货渠道",
    "清泉说是个别现象，那我家的算第几个个别",
)
COMPARED = "同样的价钱，清泉水壶三天就冒烟，蓝鲸水壶用了两年还好好的"
GRUMBLE = ("清泉的快递有点慢", "蓝鲸水壶的盖子太紧", "这批水壶涨价了，不值")


def fill(
    store: Store, now: datetime, *, days: int = 21, an_hour: int = 12, crisis: int = 160, seed: int = 7
) -> str:
    """Fill `store` up to `now`; returns the id of the open alert."""
    dice = random.Random(seed)
    save(store, WATCHLIST, 0)
    quiet = [
        mention_of(dice, now - timedelta(hours=hour, minutes=dice.uniform(0, 60)), _quiet_text(dice))
        for hour in range(days * 24)
        for _ in range(_rhythm(dice, now - timedelta(hours=hour), an_hour))
    ]
    loud = [_crisis(dice, now, index, crisis) for index in range(crisis)]
    for start in range(0, len(quiet), 1000):
        store.upsert(quiet[start : start + 1000])
    store.upsert(loud)
    store.upsert(_told_apart(dice, now))
    store.refresh()
    _workers(store, now)
    _sources(store, now)
    return _alerts(store, now, loud)


def _rhythm(dice: random.Random, at: datetime, an_hour: int) -> int:
    night = 0.2 if (at.hour + 8) % 24 < 7 else 1.0
    return max(0, round(dice.gauss(an_hour * night, an_hour * night * 0.25)))


def _quiet_text(dice: random.Random) -> tuple[str, Label]:
    roll = dice.random()
    if roll < 0.12:
        return dice.choice(HOW) + dice.choice(GRUMBLE), Label.NEGATIVE
    if roll < 0.6:
        return dice.choice(HOW) + dice.choice(PLAIN), Label.NEUTRAL
    return dice.choice(HOW) + dice.choice(GOOD), Label.POSITIVE


def mention_of(dice: random.Random, at: datetime, said: tuple[str, Label], **more: object) -> Mention:
    text, label = said
    native = f"{at.timestamp():.3f}-{dice.getrandbits(32)}"
    source = dice.choice(SOURCES[:4] if label is Label.NEGATIVE else SOURCES)
    sure = dice.uniform(0.5, 0.97)
    rest = (1 - sure) / 2
    p = {each: (sure if each is label else rest) for each in Label}
    topics = tuple(
        Match(topic=topic, role=ROLES[topic], terms=words)
        for topic, words in WORDS.items()
        if any(word in text for word in words)
    )
    fields = {
        "id": mention_id(source, native),
        "source": source,
        "kind": Kind.COMPLAINT
        if source == "tousu"
        else Kind.ARTICLE
        if source == "xinwen"
        else dice.choice((Kind.POST, Kind.COMMENT)),
        "native_id": native,
        "text": text,
        "title": "水壶选购与使用观察" if source == "xinwen" else "",
        "url": f"https://{source}.example/post/{native}",
        "author": Author(key=f"k{dice.getrandbits(24):06x}", name_masked=dice.choice("王李张刘陈") + "**"),
        "published_at": at,
        "captured_at": at + timedelta(seconds=dice.randint(3, 60)),
        "published_precision": dice.choice(
            (Precision.SECOND, Precision.SECOND, Precision.MINUTE, Precision.HOUR)
        ),
        "engagement": Engagement(
            likes=dice.randint(0, 40), comments=dice.randint(0, 12), reposts=dice.randint(0, 9)
        ),
        "region": dice.choice(("北京", "广东", "浙江", "四川", "")),
        "text_key": text_key(text),
        "matches": topics,
        "sentiment": Sentiment(label, p[Label.NEGATIVE], p[Label.NEUTRAL], p[Label.POSITIVE]),
        "targets": tuple(
            Target(each.topic, label, p[Label.NEGATIVE], p[Label.NEUTRAL], p[Label.POSITIVE])
            for each in topics
        ),
        "abstain": "unsure" if sure < 0.57 else "",
        "emotion": "angry" if label is Label.NEGATIVE else "neutral",
        "complaint": 0.61 if label is Label.NEGATIVE else -0.4,
        "irony": 0.07,
        "model": "tingchao-zh/1",
    }
    return Mention(**{**fields, **more})  # type: ignore[arg-type]


def _told_apart(dice: random.Random, now: datetime) -> list[Mention]:
    """What the model did not read, and one text that is hard on one brand and kind to the other."""
    unread = [
        replace(
            mention_of(dice, now - timedelta(minutes=7 + 9 * index), (text, Label.NEUTRAL), abstain=why),
            sentiment=None,
            targets=(),
            emotion="",
            complaint=None,
            irony=None,
        )
        for index, (text, why) in enumerate(
            (("转发微博 清泉", "filler"), ("#清泉# http://t.example/a", "links"), ("清泉", "name"))
        )
    ]
    both = mention_of(dice, now - timedelta(minutes=3), (COMPARED, Label.NEGATIVE))
    kind = Target("rival", Label.POSITIVE, 0.05, 0.12, 0.83)
    targets = tuple(kind if each.topic == "rival" else each for each in both.targets)
    return [*unread, replace(both, targets=targets, abstain="")]


def _crisis(dice: random.Random, now: datetime, index: int, count: int) -> Mention:
    at = now - timedelta(minutes=95 * (1 - (index / count) ** 0.55)) - timedelta(seconds=5)
    text = (
        BAD[0]
        if index == 0
        else dice.choice(BAD[3:] if index % 3 == 0 else BAD) + ("" if index % 2 else f"（第{index}天）")
    )
    return mention_of(
        dice,
        at,
        (text, Label.NEGATIVE),
        risk=(Risk("fire", 0.93),) if "冒烟" in text else (),
        engagement=Engagement(
            likes=dice.randint(0, 900),
            comments=dice.randint(0, 300),
            reposts=dice.randint(0, 1200 if index % 17 == 0 else 40),
        ),
    )


def _alerts(store: Store, now: datetime, loud: list[Mention]) -> str:
    raised = now - timedelta(minutes=62)
    old = now - timedelta(days=3, hours=2)
    for id, topic, name, role, grade, at in (
        ("A-rival-1", "rival", "蓝鲸电器", Role.COMPETITOR, Grade.BLUE, old),
        ("A-qingquan-2", "qingquan", "清泉家电", Role.BRAND, Grade.ORANGE, raised),
        ("A-kettle-3", "kettle", "电热水壶", Role.INDUSTRY, Grade.YELLOW, now - timedelta(minutes=40)),
    ):
        desk.raise_alert(
            store,
            id,
            Raised(
                at=at,
                topic=topic,
                topic_name=name,
                role=role,
                grade=grade,
                since=at - timedelta(minutes=15),
                until=at,
                mentions=61,
                negative=44,
                reasons=(
                    Reason(signal="negative", now=44, usual=1.5, spread=1.2, z=9.8),
                    Reason(signal="negative_share", now=0.72, usual=0.12, spread=0.06, z=7.1),
                    Reason(signal="volume", now=61, usual=12, spread=4, z=5.2),
                ),
                first_mention=loud[0].id if topic == "qingquan" else "",
                first_published_at=loud[0].published_at if topic == "qingquan" else None,
            ),
        )
    desk.dismiss(store, "A-rival-1", "王值班", old + timedelta(minutes=20), "促销抽奖刷屏，并非投诉")
    desk.update(
        store,
        "A-qingquan-2",
        Updated(
            at=now - timedelta(minutes=5),
            grade=Grade.ORANGE,
            until=now - timedelta(minutes=5),
            mentions=88,
            negative=71,
            reasons=(
                Reason(signal="negative", now=71, usual=1.5, spread=1.2, z=12.4),
                Reason(signal="negative_share", now=0.81, usual=0.12, spread=0.06, z=8.3),
                Reason(signal="volume", now=88, usual=12, spread=4, z=6.6),
                Reason(signal="sources", now=4, usual=1, spread=0.5, z=6.0),
            ),
        ),
    )
    for channel, outcome, detail in (
        ("wecom", "sent", "errcode 0"),
        ("webhook", "failed", "HTTP 503"),
        ("webhook", "sent", "HTTP 200"),
    ):
        desk.record_delivery(
            store,
            "A-qingquan-2",
            Delivery(
                message_id=f"m-{channel}",
                channel=channel,
                attempt=2 if detail == "HTTP 200" else 1,
                at=raised + timedelta(seconds=4),
                outcome=outcome,
                detail=detail,
            ),
        )
    return "A-qingquan-2"


def _workers(store: Store, now: datetime) -> None:
    for name, seen, dead, lag in (
        ("enrich", 18_204, 2, 0),
        ("index", 18_190, 0, 4),
        ("alert", 9_332, 0, 0),
        ("notify", 12, 0, 0),
    ):
        store.put(
            "worker",
            name,
            {
                "state": "running",
                "since": (now - timedelta(hours=6)).isoformat(),
                "at": now.isoformat(),
                "seen": seen,
                "published": seen,
                "dropped": 41 if name == "enrich" else 0,
                "dropped_by": {"no match": 41} if name == "enrich" else {},
                "dead": dead,
                "errors": 0,
                "last_error": "",
                "last_batch_at": now.isoformat(),
                "lag": lag,
                "per_second": 3.4,
            },
        )


def _sources(store: Store, now: datetime) -> None:
    for id, name, state, minutes, error in (
        ("weishuo", "微说", "ok", 0, ""),
        ("luntan", "百味论坛", "ok", 1, ""),
        ("tousu", "投诉直通车", "refused", 34, "HTTP 403 after HTTP 429; next try in 1 h"),
        ("xinwen", "都市新闻网", "ok", 3, ""),
        ("appping", "应用评价", "late", 12, "no answer within 30 s"),
        ("changmao", "长毛象", "ok", 0, ""),
    ):
        store.put(
            "source",
            id,
            {
                "name": name,
                "state": state,
                "last_success": (now - timedelta(minutes=minutes)).isoformat(),
                "last_try": now.isoformat(),
                "fetched": 412,
                "parsed": 3_120,
                "published": 3_050,
                "refused": 12 if state == "refused" else 0,
                "outcome": "items" if state == "ok" else "blocked",
                "error": error,
            },
        )
