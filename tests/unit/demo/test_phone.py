"""Messages become HTML that only has what the subset allows, whatever is in them."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from deploy.demo import cards, markdown

ALLOWED = {"p", "h4", "b", "a", "span", "code", "blockquote", "div", "i", "cite", "pre"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))\"'>&"


class Tags(HTMLParser):
    """Collects the tags and attributes of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def safe(html: str) -> bool:
    found = Tags(html)
    links = [value or "" for name, value in found.attributes if name == "href"]
    return (
        found.tags <= ALLOWED
        and {name for name, _ in found.attributes} <= {"class", "href", "target", "rel"}
        and all(link.startswith(("http://", "https://")) for link in links)
    )


def test_the_subset_of_a_robot_s_markdown_is_shown():
    text = (
        '<font color="warning">**【橙】冒烟**</font>\n> “引用”\n'
        "[打开预警](http://127.0.0.1:8501/alert?id=a&do=b) <@wang> `E1`"
    )

    assert markdown.to_html(text) == (
        '<p><span class="warning"><b>【橙】冒烟</b></span></p><blockquote>“引用”</blockquote>'
        '<p><a href="http://127.0.0.1:8501/alert?id=a&amp;do=b" target="_blank" rel="noopener noreferrer">打开预警</a> '
        '<span class="at">@wang</span> <code>E1</code></p>'
    )


@given(st.text(alphabet='<>[]()*`"\'&:/#@ \nabchtps.font color="info">', max_size=200))
def test_no_markdown_gets_anything_else_through(text):
    assert safe(markdown.to_html(text))


def test_hostile_words_in_markdown_stay_words():
    assert safe(markdown.to_html(f"> {HOSTILE}\n**{HOSTILE}**\n[{HOSTILE}](http://x/)"))


def test_hostile_words_in_a_webhook_stay_words():
    body = {
        "title": HOSTILE,
        "text": f"头\n{HOSTILE}",
        "event": HOSTILE,
        "alert": {"grade": HOSTILE, "mentions": 3, "negative": 2, "peak": HOSTILE},
        "quote": {"text": HOSTILE, "source": HOSTILE},
        "links": {
            "alert": "javascript:alert(1)",
            "acknowledge": 'https://x/"onclick="a',
            "incident": HOSTILE,
        },
    }

    assert safe(cards.to_html(body))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["title", "text", "alert", "quote", "links", "event", "x"]), json_values, max_size=6
    )
)
def test_a_webhook_of_any_shape_becomes_a_card(body):
    assert safe(cards.to_html(body))


def test_a_message_of_another_shape_shows_its_json():
    assert "hello" in cards.to_html({"hello": 1})
