"""The readers that parsers share: addresses that are none, values inside scripts, fields with several names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.parsers.markup import attribute, page_tree, text_at, text_of
from crawlers.parsers.shapes import (
    NotJson,
    either,
    embedded,
    joined,
    later,
    origin,
    query_of,
    region,
    with_query,
)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/b?c=1", "https://a.example/b?c=1"),
        ("//img.example/p.jpg", "https://img.example/p.jpg"),
        (" https://b.example/x ", "https://b.example/x"),
        ("", ""),
        ("//[", ""),
        ("http://[x", ""),
    ],
)
def test_a_link_leads_somewhere_or_nowhere(link, address):
    assert joined("https://a.example/list?page=1", link) == address


@given(st.text(alphabet="htps:/[]@?#&=.a\u2100 \x00", max_size=30))
def test_no_address_makes_its_readers_raise(address):
    assert isinstance(query_of(address, "a"), str)
    assert isinstance(origin(address), str)
    assert isinstance(with_query(address, page="2"), str)
    assert isinstance(joined("https://a.example/", address), str)


@pytest.mark.parametrize(
    "script",
    [
        'var $data = [{"a": "][0]"}][0] || {};',
        'window["$data"]=[{"a": "][0]"}];window.next = {}',
        '$data=\n  [{"a": "][0]"}]',
    ],
)
def test_a_value_is_read_out_of_a_script(script):
    assert embedded(f"<html><script>{script}</script></html>", "$data") == [{"a": "][0]"}]


@pytest.mark.parametrize(
    "html", ["", "$data", "$data = ", "$data = [", "$data = " + "[" * 50_000, "$data == 1"]
)
def test_a_script_without_the_value_is_no_json(html):
    with pytest.raises(NotJson):
        embedded(html, "$data")


def test_a_field_has_the_first_of_its_names_that_is_there():
    assert either({"createdTime": 0, "created": 5}, "created_time", "createdTime", "created") == 0
    assert either({"a": None}, "a") is None
    assert either(["a"], "a") is None


@pytest.mark.parametrize(("page", "following"), [(None, "2"), ("", "2"), ("7", "8"), ("x", "2")])
def test_pages_are_counted_on(page, following):
    assert later(page) == following


@pytest.mark.parametrize("shown", ["来自iPhone 17", "发布于 ", "来自", "IP 属地"])
def test_a_label_is_no_region(shown):
    assert region(shown) == ""


def test_text_of_an_element_ends_with_it():
    tree = page_tree(
        "<p id='a' title=' t '>冒烟<!-- x --><b>了</b><i class='wbicon'>d</i></p>后面<p>别的</p>"
    )

    assert text_of(tree.css("#a")[0].root) == "冒烟了"
    assert text_at(tree, "p") == "冒烟了"
    assert attribute(tree.css("#a")[0], "title") == "t"
    assert attribute(tree.css("#a")[0], "id2") == text_at(tree, "h1") == ""


@pytest.mark.parametrize("html", ["", "\x00", "<!---->", "<", "<div>" * 5_000])
def test_any_page_can_be_selected_from(html):
    assert text_at(page_tree(html), "h1") == ""
