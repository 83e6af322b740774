"""The door for feeds that push: mentions over HTTP, with a token, a limit and a receipt.

POST /v1/mentions takes a JSON array or JSON lines; 202 and a receipt mean that what was accepted is durable on the bus.
The same body sent again has the same receipt and publishes nothing new; the same native id is the same mention. GET
/v1/receipts/ID tells a receipt again. Every refusal is one sentence: `{"error": ...}`.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crawlers.imports.receipts import Clerk
from crawlers.imports.tokens import token_hash
from tingchao.errors import Unavailable

MAX_BODY = 16 * 1024 * 1024
MOST_WAITING = 8
"""Pushes that may wait for the one that is being written; others are told to come again."""
BODY_WITHIN = 60.0
LINES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
ARRAY = "application/json"
_BUSY = {"Retry-After": "5"}


def app(
    open_clerk: Callable[[], Clerk], token: str, *, now: Callable[[], datetime], max_body: int = MAX_BODY
) -> Starlette:
    """The application. `open_clerk` opens bus and store in the one thread that uses them; `token` is a
    `token_hash`; `max_body` is in bytes."""
    desk = _Desk(open_clerk)

    async def mentions(request: Request) -> Response:
        _allowed(request, token)
        form = _form(request)
        body = await _body(request, max_body)
        receipt = await desk.ask(lambda clerk: clerk.take(body, lines=form in LINES, now=now()))
        if not receipt["accepted"]:
            told = {name: receipt[name] for name in ("refused", "more_refused")}
            return JSONResponse({"error": _nothing(receipt), **told}, 422)
        return JSONResponse(receipt, 202, {"Location": f"/v1/receipts/{receipt['receipt']}"})

    async def told_again(request: Request) -> Response:
        _allowed(request, token)
        receipt = await desk.ask(lambda clerk: clerk.find(request.path_params["id"]))
        if receipt is None:
            raise HTTPException(404, "there is no such receipt; receipts are kept for 30 days")
        return JSONResponse(receipt)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        yield
        await desk.close()

    return Starlette(
        routes=[
            Route("/v1/mentions", mentions, methods=["POST"]),
            Route("/v1/receipts/{id}", told_again, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _one_sentence},
        lifespan=lifespan,
    )


class _Desk:
    """One thread that holds the clerk: a bus belongs to one thread. It is opened anew after a failure."""

    def __init__(self, open_clerk: Callable[[], Clerk]) -> None:
        self._open = open_clerk
        self._thread = ThreadPoolExecutor(1, "push")
        self._clerk: Clerk | None = None
        self._waiting = 0

    async def ask(self, what: Callable[[Clerk], Any]) -> Any:
        """What the clerk answers. Raises 503 where bus or store do not, or too many wait."""
        if self._waiting >= MOST_WAITING:
            raise HTTPException(
                503, f"{MOST_WAITING} pushes are waiting already; try again in 5 seconds", _BUSY
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, what)
        except Unavailable as error:
            raise HTTPException(503, f"nothing was taken: {error}", _BUSY) from None
        finally:
            self._waiting -= 1

    def _do(self, what: Callable[[Clerk], Any]) -> Any:
        try:
            self._clerk = self._clerk or self._open()
            return what(self._clerk)
        except Unavailable:
            self._shut()
            raise

    def _shut(self) -> None:
        clerk, self._clerk = self._clerk, None
        if clerk:
            clerk.close()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._shut)
        self._thread.shutdown()


def _allowed(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token_hash(given.strip()), token):
        raise HTTPException(
            401, "no valid token; send Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
        )


def _form(request: Request) -> str:
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if form != ARRAY and form not in LINES:
        raise HTTPException(
            415,
            f"Content-Type {form[:60]!r} is not taken; send {ARRAY} with an array, or application/x-ndjson",
        )
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed not in {"", "identity"}:
        raise HTTPException(415, f"Content-Encoding {packed[:20]!r} is not taken; send it unpacked")
    return form


async def _body(request: Request, limit: int) -> bytes:
    told = request.headers.get("content-length", "")
    too_large = HTTPException(413, f"more than {limit:,} bytes; send it in parts", {"Connection": "close"})
    if told.isdecimal() and len(told) < 20 and int(told) > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, f"the body was not there within {BODY_WITHIN:.0f} seconds") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ended too early") from None
    return bytes(body)


def _nothing(receipt: Mapping[str, Any]) -> str:
    refused = receipt["refused"]
    if not refused:
        return "there is no mention in it; send a JSON array or a JSON object a line"
    return f"nothing was accepted; {refused[0]['reason']} (line {refused[0]['line']})"


async def _one_sentence(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
