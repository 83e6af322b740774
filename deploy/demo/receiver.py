"""The receiver's pages: the phone of the crisis team, its messages as JSON, and the clock of the demo."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from deploy.demo.drafts import probe_name
from deploy.demo.inbox import Inbox
from deploy.demo.scenario import Source
from deploy.demo.server import Sent
from deploy.demo.sites import NOT_FOUND
from deploy.demo.sites.page import Answer, Ask, json_answer
from deploy.demo.turnstile import Turnstile
from deploy.demo.world import World

HOOK = "/hook"
ROBOT = "/wecom/cgi-bin/webhook/send"
ROBOT_SWITCH = "/wecom/refuse"
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/phone.css": ("phone.css", "text/css; charset=utf-8"),
    "/phone.js": ("phone.js", "text/javascript; charset=utf-8"),
}
HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    ),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
)


class Receiver:
    """Where the webhooks go, and what people see of it."""

    def __init__(self, world: World, inbox: Inbox, turnstile: Turnstile) -> None:
        self._world = world
        self._inbox = inbox
        self._turnstile = turnstile
        room = files(__package__ or "deploy.demo") / "phone"
        self._files = {path: (room.joinpath(name).read_bytes(), kind) for path, (name, kind) in FILES.items()}

    def get(self, ask: Ask, now: datetime) -> Answer:
        """`/`, `/messages.json?after=N`, `/clock.json[?served=1]`, and the page's own files."""
        if ask.path in self._files:
            body, kind = self._files[ask.path]
            return Answer(body, kind, headers=HEADERS)
        if ask.path == "/messages.json":
            return json_answer(self._inbox.messages(ask.number("after", 0)), headers=HEADERS)
        if ask.path == "/clock.json":
            return json_answer(self.clock(now, served="served" in ask.query), headers=HEADERS)
        return NOT_FOUND

    def post(self, sent: Sent, now: datetime) -> Answer:
        """`/hook`, the robot's address, and `/wecom/refuse` ({"errcode", "times"}) for tests."""
        if sent.path == HOOK:
            status, told = self._inbox.hook(sent.headers, sent.body, now)
            return _json(told, status)
        if sent.path == ROBOT:
            return _json(self._inbox.robot(sent.query.get("key", ""), sent.body, now))
        if sent.path == ROBOT_SWITCH:
            return _switch(self._inbox.refuse_robot, sent.body)
        return NOT_FOUND

    def clock(self, now: datetime, *, served: bool = False) -> dict[str, Any]:
        """Where the play stands and what the sites were asked. With `served`: source → native id → when each mention
        that is no history was first shown (seconds since 1970)."""
        world = self._world
        refusals = {source: world.refusal(source, now) for source in Source}
        state: dict[str, Any] = {
            "now": now.timestamp(),
            "started_at": world.start.timestamp(),
            "crisis_at": None if world.steady else world.crisis_at.timestamp(),
            "phase": world.phase(now),
            "minute": round(world.minute(now), 2),
            "speed": world.speed,
            "steady": world.steady,
            "refusing": {source.value: refusal.status for source, refusal in refusals.items() if refusal},
            **self._turnstile.counts(),
        }
        if world.steady:
            state["probes"] = [probe_name(number) for number in range(world.play.load.probes)]
        if served:
            first = self._turnstile.first_served(world.start)
            new = {post.native_id: post for post in world.posts_until(now) if post.at >= world.start}
            state["first_served"] = {
                source: {native: at for native, at in times.items() if native in new}
                for source, times in first.items()
            }
            state["published"] = {
                source: {native: new[native].at.timestamp() for native in times}
                for source, times in state["first_served"].items()
            }
            state["topics"] = {
                native: new[native].topic for times in state["first_served"].values() for native in times
            }
        return state


def _json(body: dict[str, Any], status: int = 200) -> Answer:
    return Answer(json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8", status)


def _switch(refuse: Callable[[int, int], None], body: bytes) -> Answer:
    try:
        wanted = json.loads(body)
        errcode, times = int(wanted["errcode"]), int(wanted.get("times", 1))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _json({"error": 'send {"errcode": 45009, "times": 1}'}, 400)
    refuse(errcode, times)
    return _json({"at": datetime.now(UTC).isoformat()})
