"""Who may open the dashboard's WebSocket, and what the server does not serve."""

import socket
from urllib.parse import urlsplit

import pytest
import requests

pytestmark = pytest.mark.browser


def handshake(address: str, *, origin: str, host: str) -> int:
    """The status that a WebSocket handshake gets."""
    there = urlsplit(address)
    lines = (
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        f"Origin: {origin}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    with socket.create_connection((there.hostname, there.port), timeout=10) as wire:
        wire.sendall("\r\n".join((*lines, "", "")).encode())
        return int(wire.recv(4096).split()[1])


def test_the_page_itself_may_connect(served):
    here = urlsplit(served.address).netloc

    assert handshake(served.address, origin=served.address, host=here) == 101


def test_a_page_from_elsewhere_may_not(served):
    here = urlsplit(served.address).netloc

    assert handshake(served.address, origin="http://evil.example", host=here) == 403


def test_a_name_that_was_bound_to_loopback_may_not(served):
    assert handshake(served.address, origin="http://evil.example:80", host="evil.example:80") == 403


@pytest.mark.parametrize("path", ["/static/../app.py", "/app/static/app.py", "/_stcore/agent/interact"])
def test_no_file_and_no_agent_is_served(served, path):
    answer = (
        requests.post(served.address + path, timeout=10)
        if "agent" in path
        else requests.get(served.address + path, timeout=10)
    )

    assert "import streamlit" not in answer.text
    assert not ("agent" in path and answer.ok)
