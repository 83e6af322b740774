"""The whole site over HTTP: settings that the program reads, webhooks that arrive, a process that stops."""

import http.client
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests

from deploy.demo.commands import Site, serve
from deploy.demo.scenario import Source
from tingchao.alerts.alert import Alert, Grade, Reason, State
from tingchao.alerts.channels import Result
from tingchao.alerts.channels.webhook import Webhook
from tingchao.alerts.channels.wecom import WeCom
from tingchao.alerts.notice import Happened, Notice, links_to
from tingchao.errors import BadInput, Unavailable
from tingchao.mention import Role
from tingchao.settings import read_settings
from tingchao.watchlist import load

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    with serve(tmp_path / "home") as site:
        yield site


def notice() -> Notice:
    alert = Alert(
        id="alert-1",
        version=1,
        topic="yunque",
        topic_name="云雀电器",
        role=Role.BRAND,
        grade=Grade.ORANGE,
        state=State.OPEN,
        raised_at=NOW,
        updated_at=NOW,
        since=NOW - timedelta(minutes=15),
        until=NOW,
        mentions=61,
        negative=54,
        peak=54,
        reasons=(Reason(signal="negative", now=54, usual=3, spread=1.7, z=29.9),),
    )
    return Notice(
        id="msg_1",
        happened=Happened.RAISED,
        alert=alert,
        at=NOW,
        quote="<script>alert(1)</script> 云雀冒烟了",
        quote_source="叽喳微博",
        links=links_to("http://127.0.0.1:8501", "alert-1"),
    )


def test_the_home_folder_holds_settings_that_the_program_reads(site: Site):
    settings = read_settings(site.home)

    topics = load(site.home / "watchlist.yaml").topics
    assert settings.allow_private_hosts
    assert settings.webhook_secret is not None
    assert settings.webhook_secret.get_secret_value() == site.secret
    assert [topic.role for topic in topics] == ["brand", "competitor", "competitor", "industry"]
    assert (site.home / "tingchao.env").stat().st_mode & 0o077 == 0


def test_a_webhook_of_ours_arrives_on_the_phone(site: Site):
    outcome = Webhook(site.hook_url, site.secret, allow_private=True).send(notice())

    (message,) = requests.get(f"{site.receiver}/messages.json", timeout=5).json()["messages"]
    assert outcome.result is Result.ACCEPTED
    assert message["body"]["alert"]["id"] == "alert-1"
    assert "橙 Ⅱ" in message["html"]
    assert "<script>" not in message["html"]


def test_a_group_robot_s_message_of_ours_arrives_on_the_phone(site: Site):
    outcome = WeCom(site.wecom_url, allow_private=True).send(notice())

    (message,) = requests.get(f"{site.receiver}/messages.json", timeout=5).json()["messages"]
    assert outcome.result is Result.ACCEPTED
    assert message["html"].count('<a href="http://127.0.0.1:8501/alert') == 3


def test_a_robot_that_is_told_to_refuse_answers_200_with_its_code(site: Site):
    requests.post(
        f"{site.receiver}/wecom/refuse", json={"errcode": 45009, "times": 1}, timeout=5
    ).raise_for_status()

    assert WeCom(site.wecom_url, allow_private=True).send(notice()).result is Result.RETRY


def test_the_clock_counts_what_was_served_and_what_should_not_have_been_asked_for(site: Site):
    requests.get(f"{site.origins[Source.NEWS]}/feed.xml", timeout=5)
    requests.get(f"{site.origins[Source.FORUM]}/private/members", timeout=5)

    clock = requests.get(f"{site.receiver}/clock.json", timeout=5).json()
    assert clock["served"]["news"] > 50
    assert clock["forbidden_hits"] == {**dict.fromkeys(Source, 0), "forum": 1}
    assert clock["phase"] in ("quiet", "spark")


def test_the_clock_tells_when_each_new_mention_was_first_shown(tmp_path):
    with serve(tmp_path, start=datetime.now(UTC) - timedelta(seconds=20)) as site:
        asked = {"q": "云雀"}
        for _ in range(2):
            requests.get(f"{site.origins[Source.MICROBLOG]}/api/container/getIndex", asked, timeout=5)

        clock = requests.get(f"{site.receiver}/clock.json?served=1", timeout=5).json()

    served, published = clock["first_served"]["microblog"], clock["published"]["microblog"]
    assert len(served) >= 3
    assert all(site.world.start.timestamp() <= published[each] <= at for each, at in served.items())


@pytest.mark.parametrize("path", ["/", "/phone.css", "/phone.js"])
def test_the_phone_s_page_is_there_and_runs_no_foreign_script(site: Site, path):
    answer = requests.get(f"{site.receiver}{path}", timeout=5)

    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Content-Length": "999999999"}, 413), ({"Content-Length": "x"}, 411), ({"Content-Length": "-1"}, 411)],
)
def test_a_post_of_unreasonable_length_is_refused(site: Site, headers, status):
    address = urlsplit(site.hook_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    connection.putrequest("POST", address.path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()

    assert connection.getresponse().status == status
    connection.close()


def test_a_site_takes_no_post(site: Site):
    assert requests.post(f"{site.origins[Source.NEWS]}/feed.xml", data=b"x", timeout=5).status_code == 405


def test_a_port_that_is_taken_is_named(site: Site, tmp_path):
    taken = urlsplit(site.receiver).port
    with pytest.raises(Unavailable, match=f"port {taken}"):
        serve(tmp_path / "other", ports=[0, 0, 0, 0, 0, 0, taken or 0])


@pytest.mark.parametrize(
    ("speed", "steady", "ports"), [(0, 0, None), (60, -1, None), (60, 501, None), (60, 0, [1])]
)
def test_options_that_cannot_be_are_refused(tmp_path, speed, steady, ports):
    with pytest.raises(BadInput, match="give"):
        serve(tmp_path, speed, 1, ports, steady=steady)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_addresses_and_stops_at_a_signal(tmp_path, sign):
    command = [sys.executable, "-m", "deploy.demo", "--home", str(tmp_path / "home")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert requests.get(addresses["clock"], timeout=5).status_code == 200

        process.send_signal(sign)

        assert process.wait(2) == 0
    assert set(Source) < set(addresses)


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    command = [sys.executable, "-m", "deploy.demo", "--home", str(tmp_path), "--speed", "0"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("--speed 0: give")
