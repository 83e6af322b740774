"""A forum in HTML: a list of threads by their last reply, threads in pages, times in words."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from deploy.demo.posts import Post
from deploy.demo.scenario import Source
from deploy.demo.sites.page import Answer, Ask, html_answer, page_of, relative, ten_thousands
from deploy.demo.world import World

NAME = "灶台社区"
LINK = "/thread/{id}"
ROBOTS = "User-agent: *\nDisallow: /private/\nDisallow: /login\nAllow: /\n"
THREADS_A_PAGE = 20
POSTS_A_PAGE = 15


def answer(world: World, ask: Ask, now: datetime) -> Answer | None:
    """`/list?page=N`, `/thread/ID?page=N`."""
    page = ask.number("page", 1)
    if ask.path in ("/", "/list"):
        return _list(world, page, now)
    if ask.path.startswith("/thread/"):
        thread = world.find(Source.FORUM, ask.path.removeprefix("/thread/"), now)
        return _thread(thread, world.answers(thread, now), page, now) if thread and not thread.root else None
    return None


def _list(world: World, page: int, now: datetime) -> Answer:
    alive = [(thread, world.answers(thread, now)) for thread in world.roots(Source.FORUM, now)]
    alive.sort(key=lambda pair: (pair[1][-1] if pair[1] else pair[0]).at, reverse=True)
    rows = "".join(
        f'<li class="thread" data-id="{thread.id}"><a href="/thread/{thread.id}">{escape(thread.title)}</a> '
        f'<span class="count">{len(replies)}</span> '
        f"<time>{relative((replies[-1] if replies else thread).at, now)}</time></li>"
        for thread, replies in alive[max(page - 1, 0) * THREADS_A_PAGE : page * THREADS_A_PAGE]
    )
    following = _next("/list", page, len(alive), THREADS_A_PAGE)
    body = (
        f'<header>{NAME} · 厨房电器</header><main><ul class="threads">{rows}</ul>{following}'
        '<footer><a href="/private/members" rel="nofollow">会员名册</a> 演示站点，内容均为虚构</footer></main>'
    )
    return html_answer(f"厨房电器 - {NAME}", body)


def _thread(thread: Post, replies: Sequence[Post], page: int, now: datetime) -> Answer:
    everything = (thread, *replies)
    shown = page_of(everything, page, POSTS_A_PAGE)
    first = (max(page, 1) - 1) * POSTS_A_PAGE + 1
    posts = "".join(_post(post, floor, now) for floor, post in enumerate(shown, first))
    following = _next(f"/thread/{thread.id}", page, len(everything), POSTS_A_PAGE)
    body = f"<header>{NAME}</header><main><h1>{escape(thread.title)}</h1>{posts}{following}</main>"
    return html_answer(f"{thread.title} - {NAME}", body, shown)


def _post(post: Post, floor: int, now: datetime) -> str:
    author = post.author
    return (
        f'<article class="post" data-id="{post.id}" data-floor="{floor}" id="p{post.id}">'
        f'<img class="avatar" src="{escape(author.avatar)}" alt=""> '
        f'<span class="author" data-uid="{author.uid}">{escape(author.nickname)}</span> '
        f'<time>{relative(post.at, now)}</time><div class="content">{escape(post.text)}</div>'
        f'<span class="likes">{ten_thousands(post.likes(now))}</span></article>'
    )


def _next(path: str, page: int, count: int, size: int) -> str:
    return f'<a class="next" href="{path}?page={page + 1}">下一页</a>' if page * size < count else ""
