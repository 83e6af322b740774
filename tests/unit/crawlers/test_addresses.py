"""Which addresses are asked."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.manners.addresses import GuardedResolver, host_of, refusal
from tests.unit.crawlers.resolving import Answers
from tingchao.addresses import is_public

PUBLIC = [
    "http://example.com/",
    "https://example.com:8443/x?y=1",
    "http://93.184.216.34/",
    "https://中文.example/",
    "http://[2606:4700::1111]/",
]
REFUSED = [
    "http://127.0.0.1/", "http://127.1/", "http://0/", "http://0.0.0.0/", "http://2130706433/",
    "http://0x7f000001/", "http://0177.0.0.1/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/", "http://100.64.0.1/", "http://198.18.0.1/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/", "http://[::1]/", "http://[::]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[64:ff9b::7f00:1]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[ff02::1]/",
    "http://[2001:db8::1]/", "http://localhost/", "http://LOCALHOST/", "http://localhost./",
    "http://a.localhost/", "http://db.internal/", "http://printer.local/", "file:///etc/passwd",
    "ftp://example.com/", "data:text/html,x", "gopher://example.com/", "javascript:alert(1)",
    "//example.com/", "http://user@example.com/", "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/", "http://example.com\\@127.0.0.1/", "http://example.com/ x",
    "http://exam\nple.com/", "http:///x", "http://", "http://[::1/", "http://example.com:99999/",
    "http://example.com:22/", "http://1.2.3.4.5/", "http://999.1.1.1/", "http://0x7f.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", PUBLIC)
def test_public_addresses_are_asked(url):
    assert refusal(url, allow_private=False) == ""


@pytest.mark.parametrize("url", REFUSED)
def test_anything_else_is_refused(url):
    assert refusal(url, allow_private=False)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://user@127.0.0.1/", "ftp://127.0.0.1/"])
def test_some_addresses_are_refused_even_where_private_hosts_are_allowed(url):
    assert refusal(url, allow_private=True)
    assert refusal("http://127.0.0.1:9/", allow_private=True) == ""


def test_a_redirect_may_not_leave_encryption():
    assert refusal("http://example.com/", allow_private=False, came_from="https://example.com/")
    assert not refusal("https://example.com/", allow_private=False, came_from="http://example.com/")


@given(st.text(max_size=60))
def test_no_text_makes_it_raise(text):
    assert isinstance(refusal(text, allow_private=False), str)
    assert is_public(text) in {True, False}


def test_politeness_is_per_host_and_port():
    assert host_of("HTTP://Example.com:80/a") == "example.com:80"


@pytest.mark.parametrize(
    ("addresses", "allow", "reached"),
    [
        (["93.184.216.34", "2606:4700::1111"], False, ["93.184.216.34", "2606:4700::1111"]),
        (["93.184.216.34", "127.0.0.1"], False, []),
        (["10.0.0.1"], False, []),
        (["127.0.0.1"], True, ["127.0.0.1"]),
        ([], False, []),
    ],
)
def test_one_private_address_hides_the_whole_name(addresses, allow, reached):
    answers = Answers(*addresses)

    GuardedResolver(SimpleNamespace(nameResolver=answers), allow).resolveHostName(
        answers, "x.example", portNumber=80
    )

    assert answers.reached == reached
    assert answers.done
