"""A search that never ends, on every address of loopback: `python server.py`; prints its port.

A page has `A_PAGE` posts nobody has seen. It is made by filling in numbers, so that the site is never what is measured.
`/each-second` is a feed in which an entry appears each second; its title is when (Unix time).
"""

import asyncio
import itertools
import json
import time
from urllib.parse import parse_qs, urlsplit

A_PAGE = 20
SHOWN = 30
_numbers = itertools.count(10**6)
_POST = (
    '{"objectID":"%d","created_at_i":%d,"comment_text":"用了第%d天就冒烟，客服一直推诿，说是操作不当，已经申请退货退款",'
    '"author":"a%d"}'
)


def page(target: str) -> bytes:
    """What is answered to `GET target`."""
    parts = urlsplit(target)
    if parts.path == "/robots.txt":
        return b"User-agent: *\nDisallow: /private/\n"
    now = int(time.time())
    if parts.path == "/each-second":
        entries = "".join(
            f"<item><guid>n{at}</guid><title>{at}</title><link>https://a.example/{at}</link></item>"
            for at in range(now, now - SHOWN, -1)
        )
        return f"<rss version='2.0'><channel><title>x</title>{entries}</channel></rss>".encode()
    number = int(parse_qs(parts.query).get("page", ["0"])[0])
    hits = ",".join(_POST % (n, now, n, n) for n in itertools.islice(_numbers, A_PAGE))
    return f'{{"hits":[{hits}],"page":{number},"nbPages":1000000}}'.encode()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = page(head.split(b" ", 2)[1].decode())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(_serve, "0.0.0.0")
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
