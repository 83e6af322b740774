"""A dashboard of its own over a filled store, and Chromium to look at it."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from dashboard.run import command
from tests.conftest import lacking
from tests.unit.dashboard.scene import fill
from tingchao.settings import Settings
from tingchao.store import Store, open_store

CHROMIUM = Path(os.environ.get("TINGCHAO_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Served:
    """A running dashboard: where it answers, and the store behind it."""

    address: str
    home: Path
    store: Store


def serve(home: Path, log: Path, **env: str) -> tuple["subprocess.Popen[bytes]", str]:
    """Start a dashboard and wait until it answers; the caller ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line, needed = command(Settings(home=home, dashboard_port=port))
    with log.open("ab") as output:
        process = subprocess.Popen(
            line,
            cwd=ROOT,
            env={**os.environ, **needed, **env, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{address}/_stcore/health", timeout=1).ok:
                return process, address
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    process.kill()
    process.wait()
    raise AssertionError(f"the dashboard did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    with open_store(f"sqlite:///{home / 'store.db'}") as store:
        fill(store, datetime.now(UTC), days=15, an_hour=3, crisis=60)
        process, address = serve(home, home / "dashboard.out")
        try:
            yield Served(address, home, store)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM.exists():
        lacking(f"there is no {CHROMIUM}; install Debian's chromium, or set TINGCHAO_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, served: Served) -> Iterator[Callable]:
    """Open an address in a browser of its own; requests and dialogs are kept on the page as `.seen`."""
    opened = []

    def visit(path: str, *, width: int = 1440, height: int = 900):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.seen = {"requests": [], "dialogs": [], "errors": []}
        page.on("request", lambda request: page.seen["requests"].append(request.url))
        page.on("dialog", lambda dialog: (page.seen["dialogs"].append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: page.seen["errors"].append(str(error)))
        page.goto(served.address + path)
        page.locator(".paper > *").first.wait_for()
        return page

    yield visit
    for context in opened:
        context.close()
