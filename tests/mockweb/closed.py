"""Closed platforms, asked by somebody who has written down his permission: their robots.txt forbids everybody else."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.mockweb.open_sources import said
from tests.mockweb.serving import FORBID, NONE, Answer, Asked, Holding, in_html, in_json
from tingchao.times import shanghai

PERMISSION = {"kind": "contract", "holder": "云雀电器", "reference": "2026-118", "until": "2099-12-31"}


def _closed(spider: str, holds: dict[str, str], answer: Any, **more: Any) -> Holding:
    source = {"spider": spider, "queries": ["云雀"], "permission": PERMISSION, **more}
    return Holding({name: value for name, value in source.items() if value}, holds, answer, robots=FORBID)


def weibo(now: datetime) -> Holding:
    """Search, comments by cursor, and the answers below a comment; a repost's origin and an author that are gone."""
    posts = {f"{5230000000000000 + number}": said(number) for number in range(50)}
    comments = {f"{6000 + number}": said(f"评{number}") for number in range(45)}
    answers = {f"{8000 + number}": said(f"答{number}") for number in range(30)}
    told, below = list(posts)[3], list(comments)[2]

    def row(name: str, text: str, **more: Any) -> dict[str, Any]:
        at = now.strftime("%a %b %d %H:%M:%S +0000 %Y")
        user = None if int(name) % 7 == 0 else {"id": 7, "screen_name": "u"}
        return {"id": name, "text": f"<p>{text}</p>", "created_at": at, "user": user, **more}

    def searched(asked: Asked) -> Answer:
        page = asked.number("page")
        cards = [
            {
                "card_type": 9,
                "mblog": row(name, posts[name], comments_count=len(comments) if name == told else 0),
            }
            for name in asked.part(list(posts), (page - 1) * 10, 10)
        ]
        more = page + 1 if page * 10 < len(posts) else None
        return in_json({"ok": 1, "data": {"cardlistInfo": {"page": more}, "cards": cards}})

    def listed(asked: Asked, rows: Mapping[str, str]) -> Answer:
        start = asked.number("max_id", 0)
        data = [
            row(name, rows[name], total_number=len(answers) if name == below else 0)
            for name in asked.part(list(rows), start, 20)
        ]
        more = start + 20 if start + 20 < len(rows) else 0
        return in_json({"ok": 1, "data": {"data": data, "max_id": more, "total_number": len(rows)}})

    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/container/getIndex":
            return searched(asked)
        if asked.path == "/comments/hotflow":
            return listed(asked, comments)
        return listed(asked, answers) if asked.path == "/comments/hotFlowChild" else NONE

    return _closed("weibo", posts | comments | answers, answer)


def tieba(now: datetime) -> Holding:
    holds = {f"t{700 + number}": said(number) for number in range(55)}

    def answer(asked: Asked) -> Answer:
        if asked.path != "/mo/q/search/multsearch":
            return NONE
        page = asked.number("pn")
        cards = [
            {"cardInfo": "thread", "data": {"tid": name[1:], "title": "炸锅", "content": holds[name],
                                            "time": int(now.timestamp()), "user": {"portrait": "tb.1.xx"}}}
            for name in asked.part(list(holds), (page - 1) * 20, 20)
        ]  # fmt: skip
        return in_json({"no": 0, "data": {"has_more": int(page * 20 < len(holds)), "card_list": cards}})

    return _closed("tieba", holds, answer)


def douban(now: datetime) -> Holding:
    """A search and, below it, topics with comments on two pages."""
    topics = {f"{300 + number}": 40 if number % 10 == 0 else 0 for number in range(60)}
    holds = {f"t{name}": said(name) for name in topics}
    holds |= {
        f"c{int(name) * 100 + n}": said(f"{name}之{n}") for name, many in topics.items() for n in range(many)
    }
    clock = f"{shanghai(now):%Y-%m-%d %H:%M:%S}"

    def searched(asked: Asked) -> Answer:
        start = asked.number("start", 0)
        rows = "".join(
            f"<tr class='pl'><td class='td-subject'><a href='/group/topic/{name}/' title='炸锅'>炸锅</a></td>"
            f"<td class='td-time' title='{clock}'></td><td class='td-reply'><span>{topics[name]}回应</span></td></tr>"
            for name in asked.part(list(topics), start, 50)
        )
        more = (
            f"/group/search?cat=1013&q=云雀&sort=time&start={start + 50}" if start + 50 < len(topics) else ""
        )
        return _with_next(f"<table class='olt'><tbody>{rows}</tbody></table>", more)

    def answer(asked: Asked) -> Answer:
        if asked.path == "/group/search":
            return searched(asked)
        found = re.fullmatch(r"/group/topic/(\d+)/", asked.path)
        if not found or found[1] not in topics:
            return NONE
        name, start = found[1], asked.number("start", 0)
        rows = "".join(
            f"<li data-cid='{int(name) * 100 + n}'><span class='pubtime'>{clock} 江苏</span>"
            f"<p class='reply-content'>{holds[f'c{int(name) * 100 + n}']}</p></li>"
            for n in asked.part(range(topics[name]), start, 25)
        )
        text = (
            f"<h1>炸锅</h1><div id='topic-content'><span class='create-time'>{clock}</span>"
            f"<div class='topic-richtext'>{holds[f't{name}']}</div></div><ul id='comments'>{rows}</ul>"
        )
        return _with_next(
            text, f"/group/topic/{name}/?start={start + 25}" if start + 25 < topics[name] else ""
        )

    return _closed("douban", holds, answer)


def _with_next(text: str, more: str) -> Answer:
    link = f"<span class='next'><a href='{more}'>后页</a></span>" if more else ""
    return in_html(f"<html><head><meta charset='utf-8'></head><body>{text}{link}</body></html>")


def toutiao(now: datetime) -> Holding:
    holds = {f"{7400 + number}": said(number) for number in range(50)}

    def answer(asked: Asked) -> Answer:
        if asked.path != "/hot-event/hot-board/":
            return NONE
        rows = [{"ClusterIdStr": name, "Title": holds[name]} for name in asked.part(list(holds), 0, 50)]
        return in_json({"data": rows})

    return _closed("toutiao", holds, answer, queries=None)


def baidu(now: datetime) -> Holding:
    """Pages in GB 18030, as the page says."""
    holds = {f"https://news.example/{number}.html": said(number) for number in range(35)}

    def answer(asked: Asked) -> Answer:
        if asked.path != "/s":
            return NONE
        start = asked.number("pn", 0)
        blocks = "".join(
            f"<div class='result-op' mu='{url}'><h3><a href='{url}'>炸锅</a></h3>"
            f"<span class='c-font-normal c-color-text'>{holds[url]}</span><div class='news-source'>"
            f"<span class='c-color-gray'>晚报</span><span>{shanghai(now):%Y年%m月%d日 %H:%M}</span></div></div>"
            for url in asked.part(list(holds), start, 10)
        )
        more = "<div id='page'><a class='n' href='#'>下一页</a></div>" if start + 10 < len(holds) else ""
        none = "" if blocks else "没有找到"
        return in_html(
            f"<html><head><meta charset='gbk'></head><body>{blocks}{none}{more}</body></html>", "gb18030"
        )

    return _closed("baidu", holds, answer)


def sogou(now: datetime) -> Holding:
    holds = {f"ab735a258a90e8e1-{number:016d}": said(number) for number in range(25)}

    def answer(asked: Asked) -> Answer:
        if asked.path != "/weixin":
            return NONE
        page = asked.number("page")
        rows = "".join(
            f"<li d='{name}'><div class='txt-box'><h3><a href='/link'>炸锅</a></h3>"
            f"<p class='txt-info'>{holds[name]}</p><div class='s-p'>"
            f"<span class='all-time-y2'>号</span><span class='s2'><script>document.write("
            f"timeConvert('{int(now.timestamp())}'))</script></span></div></div></li>"
            for name in asked.part(list(holds), (page - 1) * 10, 10)
        )
        more = "<a id='sogou_next' href='#'>下一页</a>" if page * 10 < len(holds) else ""
        return in_html(f"<body><ul class='news-list'>{rows}</ul>{'' if rows else '没有找到'}{more}</body>")

    return _closed("sogou", holds, answer)


def complaints(now: datetime) -> Holding:
    holds = {f"{17390 + number}": said(number) for number in range(35)}

    def answer(asked: Asked) -> Answer:
        if asked.path != "/api/index/s":
            return NONE
        page = asked.number("page")
        lists = [
            {"main": {"sn": name, "title": "炸锅", "summary": holds[name], "timestamp": f"{int(now.timestamp())}"},
             "author": {"title": "匿名"}}
            for name in asked.part(list(holds), (page - 1) * 10, 10)
        ]  # fmt: skip
        pager = {
            "current": page,
            "next": page + 1,
            "page_amount": 4,
            "page_size": 10,
            "item_count": len(holds),
        }
        return in_json({"result": {"status": {"code": 0}, "data": {"lists": lists, "pager": pager}}})

    return _closed("complaints", holds, answer)


def smzdm(now: datetime) -> Holding:
    holds = {f"{168000 + number}": said(number) for number in range(45)}

    def answer(asked: Asked) -> Answer:
        if asked.path != "/":
            return NONE
        page = asked.number("p")
        rows = "".join(
            f"<li class='feed-row-wide'><h5 class='feed-block-title'><a href='https://www.smzdm.com/p/{name}/'>炸锅</a></h5>"
            f"<div class='feed-block-descripe'>{holds[name]}</div><span class='feed-block-extras'>"
            f"{shanghai(now):%Y-%m-%d %H:%M}</span></li>"
            for name in asked.part(list(holds), (page - 1) * 20, 20)
        )
        more = "<a class='next-page' href='#'>下一页</a>" if page * 20 < len(holds) else ""
        return in_html(f"<body><ul>{rows}</ul>{'' if rows else '没有找到'}{more}</body>")

    return _closed("smzdm", holds, answer)


def autohome(now: datetime) -> Holding:
    """Reviews of two series, and the comments on some, by cursor."""
    reviews = {"18": [f"{450 + n}" for n in range(45)], "19": [f"{550 + n}" for n in range(5)]}
    many = {"450": 30, "550": 3}
    holds = {name: said(name) for names in reviews.values() for name in names}
    holds |= {
        f"c{int(name) * 100 + n}": said(f"{name}之{n}") for name, few in many.items() for n in range(few)
    }

    def answer(asked: Asked) -> Answer:
        if asked.path == "/pc/series/list":
            names = reviews[asked.query["seriesId"]]
            rows = [
                {"Koubeiid": int(name), "showId": f"s{name}", "posttime": f"{now:%Y-%m-%d}", "specname": "Pro",
                 "feeling_summary": holds[name], "commentCount": many.get(name, 0)}
                for name in asked.part(names, (asked.number("pageIndex") - 1) * 20, 20)
            ]  # fmt: skip
            found = {"pagecount": -(-len(names) // 20), "rowcount": len(names), "list": rows}
            return in_json({"returncode": 0, "result": found})
        if asked.path.endswith("/replytoplevellist.ashx"):
            name, start = asked.query["koubeiId"], asked.number("next", 0)
            total = many.get(name, 0)
            rows = [
                {"replyId": int(name) * 100 + n, "rcontent": holds[f"c{int(name) * 100 + n}"], "rmemberId": 7}
                for n in asked.part(range(total), start, 20)
            ]
            found = {
                "freplyCount": total,
                "hasmore": start + 20 < total,
                "next": f"{start + 20}",
                "list": rows,
            }
            return in_json({"returncode": 0, "result": found})
        return NONE

    return _closed("autohome", holds, answer, queries=None, nodes=["18", "19"])


def all_closed(now: datetime) -> dict[str, Holding]:
    at = now.astimezone(UTC).replace(microsecond=0) - timedelta(hours=1)
    makers = (weibo, tieba, douban, toutiao, baidu, sogou, complaints, smzdm, autohome)
    return {maker.__name__: maker(at) for maker in makers}
