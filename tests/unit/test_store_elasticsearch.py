"""The Elasticsearch store against a server that fails on purpose (a loopback fake; no real server needed)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tingchao.errors import BadInput, BadSetting, StoreUnavailable
from tingchao.mention import Kind, Mention, Precision, mention_id
from tingchao.query import Query, negate, parse, word
from tingchao.query.tree import And, Node, Or
from tingchao.store import Scope, open_store
from tingchao.store.elasticsearch import ElasticsearchStore
from tingchao.store.elasticsearch_query import compiled
from tingchao.store.elasticsearch_server import Server
from tingchao.store.elasticsearch_shape import Names

NOON = datetime(2026, 11, 15, 4, tzinfo=UTC)
Answer = tuple[int, Any]


class Fake:
    """Answers as Elasticsearch does when all is well, but for paths that were given other answers."""

    def __init__(self, server: HTTPServer) -> None:
        self.address = server.url_for("").rstrip("/")
        self.calls: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, list[Answer]] = {}
        self.version = "9.2.0"
        server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.calls.append((request.method, request.path, request.get_data()))
        scripted = self.answers.get(request.path)
        status, body = scripted.pop(0) if scripted else self._usual(request)
        return Response(
            msgspec.json.encode(body),
            status,
            {"X-Elastic-Product": "Elasticsearch"},
            content_type=request.headers.get("accept", "application/json").partition(";")[0],
        )

    def _usual(self, request: Request) -> Answer:
        if request.path == "/_nodes/_local":
            return 200, {"nodes": {"n": {"version": self.version}}}
        if request.method == "HEAD" and request.path.endswith("-undated"):
            return 404, {}
        if request.path.endswith("/_mapping/field/origin_at"):
            return 404, {}
        return 200, {"acknowledged": True}

    def bulks(self) -> list[list[str]]:
        """The ids of each bulk request so far."""
        sent = [body.splitlines()[::2] for _, path, body in self.calls if path == "/_bulk"]
        return [[msgspec.json.decode(line)["create"]["_id"] for line in lines] for lines in sent]


@pytest.fixture
def fake(httpserver: HTTPServer) -> Fake:
    return Fake(httpserver)


@pytest.fixture
def store(fake: Fake) -> Iterator[ElasticsearchStore]:
    with ElasticsearchStore(fake.address) as opened:
        yield opened


def numbered(number: int) -> Mention:
    return Mention(
        id=mention_id("weibo", str(number)),
        source="weibo",
        kind=Kind.POST,
        native_id=str(number),
        text="小米",
        published_at=NOON,
        captured_at=NOON,
    )


def created(status: int, type: str = "") -> dict[str, Any]:
    error = {"error": {"type": type, "reason": f"because of {type}"}} if type else {}
    return {"create": {"status": status, **error}}


def test_each_row_of_a_bulk_request_has_an_end_of_its_own(fake, store):
    mentions = [numbered(number) for number in range(4)]
    fake.answers["/_bulk"] = [
        (
            200,
            {
                "items": [
                    created(201),
                    created(400, "document_parsing_exception"),
                    created(429, "es_rejected_execution_exception"),
                    created(503, "unavailable_shards_exception"),
                ]
            },
        ),
        (200, {"items": [created(429, "es_rejected_execution_exception"), created(201)]}),
        (200, {"items": [created(201)]}),
    ]
    fake.answers["/_mget"] = [(200, {"docs": [{"found": False}] * n}) for n in (2, 1)]

    done = store.upsert(mentions)

    ids = [mention.id for mention in mentions]
    assert fake.bulks() == [ids, ids[2:], ids[2:3]]
    assert (done.created, done.unchanged) == (3, 0)
    assert [(one.mention_id, one.reason) for one in done.refused] == [
        (ids[1], "400 document_parsing_exception: because of document_parsing_exception")
    ]


def test_a_bulk_request_that_is_refused_as_a_whole_is_sent_again(fake, store):
    fake.answers["/_bulk"] = [(429, {}), (503, {}), (200, {"items": [created(201)]})]

    assert store.upsert([numbered(1)]).created == 1
    assert len(fake.bulks()) == 3


@pytest.mark.parametrize(
    "part",
    [{"timed_out": True}, {"timed_out": False, "_shards": {"total": 3, "failed": 1}}],
    ids=["late", "failed"],
)
def test_a_part_of_an_answer_is_no_number(fake, store, part):
    fake.answers["/tingchao-mentions/_search"] = [
        (200, {**part, "hits": {"total": {"value": 7}, "hits": []}})
    ]

    with pytest.raises(StoreUnavailable, match="only in part"):
        store.count(Scope())


@pytest.mark.parametrize("version", ["8.19.0", "10.0.0", "7.17.1"])
def test_another_major_version_is_refused_in_one_sentence(fake, version):
    fake.version = version

    with pytest.raises(BadSetting, match=f"is Elasticsearch {version}; this needs Elasticsearch 9"):
        ElasticsearchStore(fake.address)


def test_a_wrong_password_is_named_and_not_shown(fake):
    fake.answers["/_nodes/_local"] = [(401, {})]

    with pytest.raises(BadSetting, match="refuses this user") as refusal:
        ElasticsearchStore(fake.address.replace("://", "://elastic:s3cret-word@"))

    assert "s3cret-word" not in str(refusal.value)


def test_a_server_that_is_something_else_is_named(httpserver):
    httpserver.expect_request(re.compile(".*")).respond_with_data("hello")

    with pytest.raises(BadSetting, match="is not an Elasticsearch"):
        ElasticsearchStore(httpserver.url_for("").rstrip("/"))


def test_nobody_at_the_address_is_unavailable_after_a_bounded_wait(free_port):
    server = Server(f"http://127.0.0.1:{free_port}", None)

    with pytest.raises(StoreUnavailable, match=rf"127.0.0.1:{free_port}: nobody answers"):
        server.call("GET", "/", patience=0.3)


@pytest.fixture
def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    "address",
    [
        "http://h:9200/Upper",
        "http://h:9200/a/b",
        "http://h:9200/?x=1",
        "http://h:99999",
        "http://:9200",
        "https://u:s3cret@h:9200/_x",
        "http://[::1",
    ],
)
def test_an_address_that_cannot_work_is_a_bad_setting(address):
    with pytest.raises(BadSetting) as refusal:
        open_store(address)

    assert "TINGCHAO_STORE" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_a_mention_near_the_end_of_a_month_may_lie_in_two():
    names = Names("t")
    middle, edge = numbered(1), numbered(2)
    edge = msgspec.structs.replace(edge, published_at=datetime(2026, 12, 31, 20, tzinfo=UTC))

    assert (names.home(middle), names.elsewhere(middle)) == ("t-mentions-2026-11", set())
    assert (names.home(edge), names.elsewhere(edge)) == ("t-mentions-2026-12", {"t-mentions-2027-01"})
    undated = msgspec.structs.replace(middle, published_precision=Precision.NONE)
    assert names.home(undated) == "t-mentions-undated"


def test_signs_of_a_wildcard_are_only_signs_in_a_url():
    asked = compiled(Scope(parse("url:a*b?c")))

    assert asked == {"bool": {"filter": [{"wildcard": {"url": {"value": "*a\\*b\\?c*"}}}]}}


def test_a_tree_deeper_than_elasticsearch_takes_is_refused_before_it_is_sent():
    tree: Node = word("小米")
    nest: list[Callable[[Node], Node]] = [
        lambda node: And((node, negate(node))),
        lambda node: Or((node, word("x"))),
    ]
    for level in range(40):
        tree = nest[level % 2](tree) if level < 8 else Or((And((tree, word("y"))), word("x")))

    with pytest.raises(BadInput, match="levels deep"):
        compiled(Scope(Query("", tree)))
