import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.unit.alerts.telling import notice
from tingchao.addresses import is_public
from tingchao.alerts.channels import Result, http
from tingchao.alerts.channels.http import NotAllowed, Unreachable, checked_address, post
from tingchao.alerts.channels.webhook import Webhook, key_of
from tingchao.alerts.channels.wecom import WeCom
from tingchao.errors import BadSetting

SECRET = "a-secret-of-enough-characters"


def webhook(server: HTTPServer, path: str = "/hook") -> Webhook:
    return Webhook(server.url_for(path), SECRET, allow_private=True, clock=lambda: 1_764_000_000)


def wecom(server: HTTPServer) -> WeCom:
    return WeCom(server.url_for("/send?key=very-secret-key"), allow_private=True)


def test_a_webhook_is_signed_as_the_standard_says(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")

    outcome = webhook(httpserver).send(notice())

    request = httpserver.log[0][0]
    body = request.get_data()
    signed = f"msg_1.1764000000.{body.decode()}".encode()
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert outcome.result is Result.ACCEPTED
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["webhook-timestamp"] == "1764000000"
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body)["alert"]["topic"] == "nova"


def test_a_secret_in_the_form_of_the_standard_is_its_bytes() -> None:
    assert key_of("whsec_" + base64.b64encode(b"0123456789abcdef").decode()) == b"0123456789abcdef"
    with pytest.raises(BadSetting, match="base64"):
        key_of("whsec_####")
    with pytest.raises(BadSetting, match="16"):
        Webhook("https://x.example", "short")


@pytest.mark.parametrize(
    ("status", "result", "told"),
    [
        (204, Result.ACCEPTED, "204"),
        (500, Result.RETRY, "500"),
        (503, Result.RETRY, "503"),
        (429, Result.RETRY, "429"),
        (302, Result.REFUSED, "redirects are not followed"),
        (400, Result.REFUSED, "TINGCHAO_WEBHOOK_URL"),
        (401, Result.RETRY, "TINGCHAO_WEBHOOK_URL"),
        (403, Result.RETRY, "TINGCHAO_WEBHOOK_URL"),
        (404, Result.RETRY, "TINGCHAO_WEBHOOK_URL"),
        (410, Result.REFUSED, "gone for good"),
    ],
)
def test_a_status_says_whether_to_try_again(
    httpserver: HTTPServer, status: int, result: Result, told: str
) -> None:
    httpserver.expect_request("/hook").respond_with_data(
        "", status=status, headers={"Location": "/other", "Retry-After": "77"}
    )

    outcome = webhook(httpserver).send(notice())

    assert outcome.result is result
    assert told in outcome.detail
    assert len(httpserver.log) == 1
    if result is Result.RETRY:
        assert outcome.retry_after == 77


@pytest.mark.parametrize(
    ("answer", "result", "retry_after", "told"),
    [
        ('{"errcode":0,"errmsg":"ok"}', Result.ACCEPTED, None, "errcode 0"),
        ('{"errcode":45009,"errmsg":"api freq out of limit"}', Result.RETRY, 60.0, "45009"),
        ('{"errcode":-1,"errmsg":"system busy"}', Result.RETRY, None, "-1"),
        ('{"errcode":93000,"errmsg":"invalid webhook url"}', Result.REFUSED, None, "TINGCHAO_WECOM_URL"),
        ('{"errcode":310000,"errmsg":"keywords not in content"}', Result.REFUSED, None, "TINGCHAO_WECOM_URL"),
        ("<html>gateway</html>", Result.RETRY, None, "not the robot's"),
        ("{}", Result.RETRY, None, "not the robot's"),
    ],
)
def test_a_robot_that_answers_200_has_not_accepted_yet(
    httpserver: HTTPServer, answer: str, result: Result, retry_after: float | None, told: str
) -> None:
    httpserver.expect_request("/send").respond_with_data(answer)

    outcome = wecom(httpserver).send(notice())

    assert (outcome.result, outcome.retry_after) == (result, retry_after)
    assert told in outcome.detail


def test_the_robot_gets_markdown_in_real_characters(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/send").respond_with_data('{"errcode":0}')

    wecom(httpserver).send(notice())

    body = httpserver.log[0][0].get_data().decode()
    assert "新星空气炸锅" in body
    assert json.loads(body)["msgtype"] == "markdown"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0), ("77", 77), (" 77 ", 77), ("8640000", 3600), ("9" * 14, 3600), ("9" * 400, 3600),
        ("\xb2", None), ("-5", None), ("1.5", None), ("soon", None), ("", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None), ("Fri, 31 Dec 9999 23:59:59 -2359", 3600),
    ],
)  # fmt: skip
def test_what_a_receiver_asks_for_is_an_hour_at_most(
    httpserver: HTTPServer, header: str, seconds: float | None
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=503, headers={"Retry-After": header})

    assert webhook(httpserver).send(notice()).retry_after == seconds


def test_a_robot_takes_twenty_messages_a_minute() -> None:
    robot = WeCom("https://x.example")

    waits = [robot.reserve(100.0) for _ in range(20)]

    assert waits == [0.0] * 20
    assert robot.reserve(110.0) == 50.0
    assert robot.reserve(160.0) == 0.0


@pytest.mark.parametrize("answer", ["HTTP 500", "closed"])
def test_no_error_shows_the_key(httpserver: HTTPServer, answer: str) -> None:
    channel = wecom(httpserver)
    if answer == "closed":
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        channel = WeCom(f"http://127.0.0.1:{port}/send?key=very-secret-key", allow_private=True)
    else:
        httpserver.expect_request("/send").respond_with_data("", status=500)

    outcome = channel.send(notice())

    assert outcome.result is Result.RETRY
    assert "very-secret-key" not in outcome.detail
    assert "very-secret-key" not in repr(channel)


def test_private_addresses_are_refused_and_the_setting_is_named(httpserver: HTTPServer) -> None:
    outcome = Webhook(httpserver.url_for("/hook"), SECRET).send(notice())

    assert outcome.result is Result.REFUSED
    assert "TINGCHAO_ALLOW_PRIVATE_HOSTS" in outcome.detail
    assert not httpserver.log


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://10.0.0.8/", "http://172.16.3.4/", "http://192.168.1.1/", "http://169.254.169.254/latest",
        "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/", "http://255.255.255.255/",
        "http://[::1]/", "http://[::]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[2002:7f00:1::]/", "http://[64:ff9b::7f00:1]/", "http://localhost/", "http://localhost./",
        "http://user@93.184.216.34/", "http://a:b@93.184.216.34/", "http://93.184.216.34\\@127.0.0.1/",
        "ftp://93.184.216.34/", "file:///etc/passwd", "gopher://93.184.216.34/", "//93.184.216.34/", "", "http://",
    ],
)  # fmt: skip
def test_addresses_that_lead_inside_are_refused(url: str) -> None:
    with pytest.raises((NotAllowed, Unreachable)):
        checked_address(url, allow_private=False)


def test_a_public_address_is_allowed() -> None:
    assert checked_address("https://93.184.216.34:8443/x", allow_private=False) == (
        "93.184.216.34",
        "93.184.216.34",
    )
    assert is_public("2606:2800:220:1::1")


def test_one_private_answer_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 80)), (socket.AF_INET, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(http.socket, "getaddrinfo", lambda *_, **__: both)

    with pytest.raises(NotAllowed, match=r"10\.0\.0\.1"):
        checked_address("http://twofaced.example/", allow_private=False)


def test_it_connects_to_what_was_checked_under_the_name_that_was_given(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.append(request.headers["Host"])
        return Response("ok")

    httpserver.expect_request("/hook").respond_with_handler(answer)
    real, asked = socket.getaddrinfo, []

    def rebinding(host: str, *rest: object, **more: object) -> object:
        if host != "hook.example":
            return real(host, *rest, **more)  # type: ignore[arg-type]
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "192.0.2.1", *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    answered = post(f"http://hook.example:{httpserver.port}/hook", b"{}", {}, allow_private=True)

    assert answered.status == 200
    assert asked == ["hook.example"]
    assert seen == [f"hook.example:{httpserver.port}"]


def test_proxies_of_the_environment_are_not_taken(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    httpserver.expect_request("/hook").respond_with_data("ok")

    assert webhook(httpserver).send(notice()).result is Result.ACCEPTED


def test_an_endless_answer_is_read_to_64_kib(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data(b"x" * 2_000_000)

    answer = post(httpserver.url_for("/hook"), b"", {}, allow_private=True)

    assert len(answer.body) == 64 * 1024


@pytest.fixture
def tarpit() -> Iterator[Callable[[bytes], str]]:
    """A server that sends a start and then one byte now and then."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def serve(start: bytes) -> None:
        client, _ = listener.accept()
        with client:
            try:
                client.recv(65536)
                client.sendall(start)
                while not ended.wait(0.05):
                    client.sendall(b"x")
            except OSError:
                return

    def begin(start: bytes) -> str:
        threads.append(threading.Thread(target=serve, args=(start,), daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield begin
    ended.set()
    listener.close()
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_server_that_trickles_is_cut_off(tarpit: Callable[[bytes], str], start: bytes) -> None:
    began = time.monotonic()

    with pytest.raises(Unreachable, match="no whole answer"):
        post(tarpit(start), b"", {}, allow_private=True, within=0.5)

    assert time.monotonic() - began < 10
