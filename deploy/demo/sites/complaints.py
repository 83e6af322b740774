"""A complaints site in the shape of 黑猫投诉."""

from datetime import datetime
from html import escape
from typing import Any

from deploy.demo.dice import SHANGHAI
from deploy.demo.posts import Post
from deploy.demo.scenario import Source
from deploy.demo.sites.page import Answer, Ask, json_answer, page_of, permalink
from deploy.demo.world import World

NAME = "白鸽投诉"
LINK = "/complaint/view/{id}/"
ROBOTS = "User-agent: *\nDisallow: /private/\nDisallow: /api/user/\n"
PAGE = 10
FIRMS = {"brand": "云雀电器客服", "rival_one": "禾澜电器客服", "rival_two": "橘灯客服"}
ANONYMOUS_EVERY = 3


def answer(world: World, ask: Ask, now: datetime) -> Answer | None:
    """`/api/index/s?keywords=…&page=N`, `/complaint/view/SN/`."""
    if ask.path == "/api/index/s":
        return _search(world, ask, now)
    if ask.path.startswith("/complaint/view/"):
        complaint = world.find(Source.COMPLAINTS, ask.path.strip("/").rpartition("/")[2], now)
        return permalink(NAME, complaint, now) if complaint else None
    return None


def _search(world: World, ask: Ask, now: datetime) -> Answer:
    words = ask.query.get("keywords", "")
    page, size = ask.number("page", 1), min(max(ask.number("page_size", PAGE), 1), 50)
    found = [complaint for complaint in world.roots(Source.COMPLAINTS, now) if complaint.holds(words)]
    shown = page_of(found, page, size)
    pages = -(-len(found) // size)
    pager = {
        "current": page,
        "next": page + 1 if page < pages else 0,
        "page_amount": pages,
        "page_size": size,
        "item_count": len(found),
    }
    data = {"lists": [_complaint(complaint, words, ask.origin, now) for complaint in shown], "pager": pager}
    status = {"code": 0, "msg": "success"}
    clock = f"{now.astimezone(SHANGHAI):%a %b %d %H:%M:%S %z %Y}"
    return json_answer({"result": {"status": status, "timestamp": clock, "data": data}}, shown)


def _complaint(complaint: Post, words: str, origin: str, now: datetime) -> dict[str, Any]:
    title = escape(complaint.title, quote=False)
    for word in filter(None, map(escape, words.split())):
        title = title.replace(word, f'<span class="code-red">{word}</span>')
    number = int(complaint.id) // 7
    named = number % ANONYMOUS_EVERY > 0
    likes = complaint.likes(now)
    return {
        "main": {
            "sn": complaint.id,
            "title": title,
            "appeal": complaint.demand,
            "issue": "产品质量",
            "summary": escape(complaint.text, quote=False),
            "cost": f"{199 + number % 40 * 10}.00",
            "cotitle": FIRMS.get(complaint.topic, "其他商家"),
            "couid": "5350000001",
            "status": 4,
            "timestamp": str(int(complaint.at.timestamp())),
            "upvote_amt": likes,
            "comment_amt": likes // 8,
            "share_amt": likes // 15,
            "url": f"{origin.removeprefix('http:')}/complaint/view/{complaint.id}/",
        },
        "author": {
            "title": complaint.author.nickname if named else "匿名",
            "wb_profile": complaint.author.profile if named else "",
            "avatar": complaint.author.avatar if named else "",
        },
    }
