"""`serve`: the whole demo site, from a home folder to seven open ports."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.demo.inbox import Inbox
from deploy.demo.receiver import HOOK, ROBOT, Receiver
from deploy.demo.scenario import Source, read_scenario
from deploy.demo.server import Server
from deploy.demo.settings_files import write_settings
from deploy.demo.sites import serve_page
from deploy.demo.sites.page import Answer, Ask
from deploy.demo.turnstile import Turnstile
from deploy.demo.world import World
from tingchao.errors import BadInput

SPEED = 60.0
SEED = 1


@dataclass(frozen=True)
class Site:
    """A running demo; a context manager that stops it. `origins` are the six sites, `receiver` the team's phone."""

    world: World
    turnstile: Turnstile
    inbox: Inbox
    origins: Mapping[Source, str]
    receiver: str
    hook_url: str
    wecom_url: str
    secret: str
    home: Path
    servers: Sequence[Server]

    def addresses(self) -> dict[str, str]:
        """What `python -m deploy.demo` prints as one line of JSON: source names, `receiver`, `home`."""
        sites = {source.value: origin for source, origin in self.origins.items()}
        return {
            **sites,
            "receiver": self.receiver,
            "clock": f"{self.receiver}/clock.json",
            "home": str(self.home),
        }

    def close(self) -> None:
        """Stop all seven; takes less than a second."""
        _close(self.servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(
    home: Path,
    speed: float = SPEED,
    seed: int = SEED,
    ports: Sequence[int] | None = None,
    *,
    steady: float = 0,
    start: datetime | None = None,
) -> Site:
    """Write the settings into `home` and serve. `ports`: six for the sites in the order of `Source`, one for the
    receiver; without them free ones. `start` is when the play starts: now, unless given.

    Raises `BadInput` for a speed, a load or ports that cannot be, `Unavailable` for a port that is taken.
    """
    _check(speed, steady, ports)
    scenario = read_scenario()
    world = World(scenario, start or datetime.now(UTC), speed, seed, steady)
    secret, robot_key = secrets.token_urlsafe(32), secrets.token_hex(16)
    turnstile, inbox = Turnstile(), Inbox(secret, robot_key)
    numbers = list(ports or [0] * (len(Source) + 1))
    servers: list[Server] = []
    try:
        for source, port in zip(Source, numbers, strict=False):
            servers.append(Server(partial(_page, world, turnstile, source), port=port))
        receiver = Receiver(world, inbox, turnstile)
        servers.append(Server(receiver.get, receiver.post, numbers[-1]))
        origins = {source: server.origin for source, server in zip(Source, servers, strict=False)}
        address = servers[-1].origin
        hook, robot = f"{address}{HOOK}", f"{address}{ROBOT}?key={robot_key}"
        write_settings(home, world.play, origins, hook=hook, secret=secret, robot=robot, steady=steady > 0)
    except BaseException:
        _close(servers)
        raise
    for server in servers:
        server.start()
    return Site(world, turnstile, inbox, origins, address, hook, robot, secret, home, tuple(servers))


def _check(speed: float, steady: float, ports: Sequence[int] | None) -> None:
    if not 0.1 <= speed <= 10_000:
        raise BadInput(f"--speed {speed:g}: give 0.1 to 10000; at 60 a minute of the crisis lasts a second")
    if not 0 <= steady <= 500:
        raise BadInput(f"--steady {steady:g}: give 1 to 500 new mentions a second, or 0 for the crisis")
    if ports is not None and len(ports) != len(Source) + 1:
        raise BadInput(
            f"ports {list(ports)}: give {len(Source) + 1}, six for the sites and one for the receiver"
        )


def _close(servers: Sequence[Server]) -> None:
    """All at once: each waits a moment for its own loop."""
    if servers:
        with ThreadPoolExecutor(len(servers)) as pool:
            list(pool.map(Server.close, servers))


def _page(world: World, turnstile: Turnstile, source: Source, ask: Ask, now: datetime) -> Answer:
    answer = serve_page(world, source, ask, now)
    turnstile.passed(source, ask, answer, now)
    return answer
