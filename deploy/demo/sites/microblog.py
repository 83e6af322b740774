"""A microblog in the shape of m.weibo.cn: search in cards, comments with a cursor."""

import re
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs

from deploy.demo.dice import SHANGHAI
from deploy.demo.people import Person
from deploy.demo.posts import Post
from deploy.demo.scenario import Source
from deploy.demo.sites.page import Answer, Ask, json_answer, page_of, permalink, ten_thousands
from deploy.demo.world import World

NAME = "叽喳微博"
LINK = "/detail/{id}"
ROBOTS = "User-agent: *\nDisallow: /private/\nDisallow: /message/\n"
POSTS_A_PAGE = 20
COMMENTS_A_PAGE = 20
CARD_WITH_POST = 9
VERIFIED = {"": -1, "黄V": 0, "蓝V": 2}


def answer(world: World, ask: Ask, now: datetime) -> Answer | None:
    """`/api/container/getIndex`, `/comments/hotflow`, `/detail/ID`."""
    if ask.path == "/api/container/getIndex":
        return _search(world, ask, now)
    if ask.path == "/comments/hotflow":
        return _comments(world, ask, now)
    if ask.path.startswith(("/detail/", "/status/")):
        post = world.find(Source.MICROBLOG, ask.path.rpartition("/")[2], now)
        return permalink(NAME, post, now) if post else None
    return None


def words_of(ask: Ask) -> str:
    """What is searched for: `q`, or the `q` inside `containerid=100103type=61&q=…`."""
    inner = parse_qs(ask.query.get("containerid", "")).get("q", [""])
    return ask.query.get("q") or inner[0]


def _search(world: World, ask: Ask, now: datetime) -> Answer:
    words = words_of(ask)
    page = ask.number("page", 1)
    found = [post for post in world.roots(Source.MICROBLOG, now) if post.holds(words)]
    shown = page_of(found, page, POSTS_A_PAGE)
    if not shown:
        return json_answer({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}})
    cards = [
        {"card_type": CARD_WITH_POST, "mblog": _mblog(post, len(world.answers(post, now)), now)}
        for post in shown
    ]
    # The real site puts a few of its cards into a group.
    grouped = [{"card_type": 11, "card_group": cards[:2]}, *cards[2:]]
    following = page + 1 if page * POSTS_A_PAGE < len(found) else None
    return json_answer(
        {"ok": 1, "data": {"cardlistInfo": {"total": len(found), "page": following}, "cards": grouped}}, shown
    )


def _comments(world: World, ask: Ask, now: datetime) -> Answer:
    post = world.find(Source.MICROBLOG, ask.query.get("id", ""), now)
    everything = world.answers(post, now) if post else ()
    top = [comment for comment in reversed(everything) if comment.parent == comment.root]
    max_id = ask.number("max_id", 0)
    left = [comment for comment in top if not max_id or int(comment.id) < max_id]
    shown = left[:COMMENTS_A_PAGE]
    if not shown:
        return json_answer({"ok": 0, "msg": "还没有人评论"})
    below = {c.id: [reply for reply in everything if reply.parent == c.id] for c in shown}
    data = {
        "data": [
            _comment(c, now) | {"comments": [_comment(r, now) for r in below[c.id]] or False} for c in shown
        ],
        "max": -(-len(top) // COMMENTS_A_PAGE),
        "max_id": int(shown[-1].id) if len(left) > len(shown) else 0,
        "max_id_type": 0,
        "total_number": len(everything),
    }
    return json_answer(
        {"ok": 1, "data": data}, [*shown, *(reply for replies in below.values() for reply in replies)]
    )


def _mblog(post: Post, comments: int, now: datetime) -> dict[str, Any]:
    likes = post.likes(now)
    return {
        "id": post.id,
        "mid": post.id,
        "bid": f"Px{int(post.id):x}",
        "created_at": f"{post.at.astimezone(SHANGHAI):%a %b %d %H:%M:%S %z %Y}",
        "text": _html(post.text),
        "isLongText": False,
        "source": "微博网页版",
        "region_name": f"发布于 {post.author.region}",
        "reposts_count": likes // 9,
        "comments_count": comments,
        "attitudes_count": ten_thousands(likes) if likes >= 10_000 else likes,
        "pics": [],
        "user": _user(post.author),
        "retweeted_status": None,
    }


def _comment(comment: Post, now: datetime, answered: str = "") -> dict[str, Any]:
    to = f"回复<a href='/n/{answered}'>@{answered}</a>:" if answered else ""
    return {
        "id": comment.id,
        "rootid": comment.id if comment.parent == comment.root else comment.parent,
        "created_at": f"{comment.at.astimezone(SHANGHAI):%a %b %d %H:%M:%S %z %Y}",
        "text": to + _html(comment.text),
        "like_count": comment.likes(now),
        "total_number": 0,
        "source": f"来自{comment.author.region}",
        "user": _user(comment.author),
    }


def _user(author: Person) -> dict[str, Any]:
    return {
        "id": int(author.uid),
        "screen_name": author.nickname,
        "profile_url": author.profile,
        "avatar_hd": author.avatar,
        "verified": bool(author.badge),
        "verified_type": VERIFIED[author.badge],
        "followers_count": ten_thousands(author.followers),
    }


def _html(text: str) -> str:
    """The text as the site sends it: escaped, faces as pictures, topics and names as links."""
    html = escape(text, quote=False)
    html = re.sub(r"\[([^\[\]\s]{1,6})\](?!\()", _face, html)
    html = re.sub(r"#([^#<>]{2,30})#", r'<span class="surl-text">#\1#</span>', html)
    return re.sub(r"@([\w\u4e00-\u9fff]{2,20})", r"<a href='/n/\1'>@\1</a>", html)


def _face(found: re.Match[str]) -> str:
    return f'<span class="url-icon"><img alt="[{found[1]}]" src="https://face.example/f.png"></span>'
