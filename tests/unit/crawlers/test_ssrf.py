"""Feed addresses that people type, and where sites redirect to, lead nowhere into the own network."""

import asyncio
from types import SimpleNamespace

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response
from scrapy.settings import Settings

from crawlers.manners import hosts, ledger
from crawlers.manners.addresses import GuardedResolver, is_own, refusal
from crawlers.manners.gates import NO_HOST, entry_of
from crawlers.manners.ledger import Fate
from crawlers.manners.middlewares import AddressGate, NotAllowed, NotPublic, RobotsGate, robots_of
from tests.unit.crawlers.resolving import Answers
from tingchao.addresses import is_public
from tingchao.store import rules

TRICKS = [
    "http://127。0。0。1/", "http://１２７.0.0.1/", "http://①②⑦.0.0.1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://127%2e0%2e0%2e1/", "http://%6c%6f%63%61%6c%68%6f%73%74/", "http://0x7f.0x0.0x0.0x1/", "http://017700000001/",
    "http://0000::1/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::10.0.0.1]/", "http://[64:ff9b:1::a00:1]/", "http://[2002:a00:1::]/",
    "http://[2001:0:7f00:1::]/", "http://[fe80::1%25eth0]/", "http://[fec0::1]/", "http://[::ffff:0:7f00:1]/",
    "http://127.0.0.1\t/", "http://127.0.0.1#@example.com/", "http://example.com#@127.0.0.1/../",
    "http://127.0.0.1\\@example.com/", "http://example.com:80@127.0.0.1/", "http://localhost.:80/",
    "http://metadata.google.internal/", "http://0.0.0.0:8080/", "http://0:8080/", "http://127.1:8080/",
]  # fmt: skip


@pytest.mark.parametrize("url", TRICKS)
def test_no_way_to_write_a_private_address_gets_through(url):
    """As the downloader sees it, after Scrapy has made an address of it; or it is none for Scrapy either."""
    if url == "http://example.com#@127.0.0.1/../":
        assert refusal(url, allow_private=False) == ""  # what is after # is never sent
        return
    try:
        asked = Request(url).url
    except ValueError:
        return

    assert refusal(asked, allow_private=False)


@pytest.mark.parametrize("port", [22, 25, 6379, 3306, 5432, 9200, 11211, 27017, 6667])
def test_the_ports_of_other_services_are_not_asked(port):
    assert refusal(f"http://example.com:{port}/", allow_private=False)
    assert not refusal(f"http://127.0.0.1:{port}/", allow_private=True)


@pytest.mark.parametrize("port", [80, 443, 8000, 8080, 8443])
def test_those_of_web_sites_are(port):
    assert not refusal(f"http://example.com:{port}/", allow_private=False)


def gate():
    settings = Settings({"TINGCHAO_ALLOW_PRIVATE": False, "DOWNLOAD_SLOTS": {}})
    return AddressGate.from_crawler(SimpleNamespace(settings=settings))


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "https://[::1]/", "http://169.254.169.254/latest/", "file:///etc/passwd"]
)
def test_a_redirect_is_looked_at_like_any_request(target):
    request = Request(target, meta={"redirect_urls": ["http://example.com/feed"]})

    with pytest.raises(NotPublic):
        gate().process_request(request)


@pytest.mark.parametrize(
    "answers",
    [
        ["::ffff:10.0.0.1"],
        ["2606:4700::1111", "fd00::1"],
        ["93.184.216.34", "::ffff:7f00:1"],
        ["fe80::1%eth0"],
        ["64:ff9b::a00:1"],
        ["2002:7f00:1::"],
        ["100.64.0.9"],
        ["0.0.0.0"],
    ],
)
def test_a_name_with_one_private_answer_has_none(answers):
    receiver = Answers(*answers)

    GuardedResolver(SimpleNamespace(nameResolver=receiver), False).resolveHostName(receiver, "x.example")

    assert receiver.reached == []
    assert not all(is_public(answer) for answer in answers)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:80", True),
        ("localhost", True),
        ("[::1]:8", True),
        ("example.com", False),
        ("8.8.8.8", False),
    ],
)
def test_a_host_of_ones_own_is_told_by_its_name(host, own):
    assert is_own(host) is own


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.example:8443/x", "a.example:8443"),
        ("file:///etc/passwd", NO_HOST),
        ("http:///x", NO_HOST),
        ("http://" + "a" * 300 + ".example/", NO_HOST),
        ("http://" + "\u6f6e" * 99 + ".example/", NO_HOST),
    ],
)
def test_an_address_without_a_host_still_has_its_place_in_the_ledger(url, host):
    entry = entry_of(Request(url), Fate.NOT_PUBLIC)

    assert (entry.host, entry.fate) == (host, Fate.NOT_PUBLIC)
    rules.check_names(hosts.document_id(entry.host), ledger.document_id(entry.at, entry.host))


# --- robots.txt, when nobody answers


def robots_gate(answer):
    async def download_async(request):
        found = answer(request)
        if isinstance(found, Exception):
            raise found
        return found

    engine = SimpleNamespace(
        download_async=download_async, downloader=SimpleNamespace(slots={}, per_slot_settings={})
    )
    stats = SimpleNamespace(inc_value=lambda _: None)
    spider = SimpleNamespace(conduct=SimpleNamespace(rules={}))
    settings = {"USER_AGENT": "tingchao/0.1"}
    return RobotsGate.from_crawler(
        SimpleNamespace(engine=engine, stats=stats, spider=spider, settings=settings)
    )


def test_a_robots_txt_that_does_not_come_in_time_forbids():
    asked = []
    gate = robots_gate(lambda request: asked.append(request) or DownloadTimeoutError("slow"))
    request = Request("https://a.example/page")

    with pytest.raises(Exception, match="could not be fetched") as found:
        asyncio.run(gate.process_request(request))

    assert not isinstance(found.value, NotAllowed)
    assert not robots_of(request).allowed
    assert asked[0].meta["download_timeout"] <= 15


def test_a_robots_txt_is_asked_for_once_for_all_that_wait_for_it():
    asked = []
    body = b"User-agent: *\nDisallow: /x\nSitemap: https://a.example/map.xml\n"
    gate = robots_gate(lambda request: asked.append(request.url) or Response(request.url, body=body))

    async def run():
        requests = [Request(f"https://a.example/{number}") for number in range(5)]
        await asyncio.gather(*[gate.process_request(request) for request in requests])
        return requests

    requests = asyncio.run(run())

    assert asked == ["https://a.example/robots.txt"]
    assert {robots_of(request).rule for request in requests} == {"robots.txt allows this path"}
