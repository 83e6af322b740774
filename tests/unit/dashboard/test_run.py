"""The command line of the dashboard's process."""

from pathlib import Path

from streamlit import config

from dashboard.run import OPTIONS, command
from tingchao.settings import Settings


def test_it_listens_on_loopback_at_the_port_of_the_settings():
    line, env = command(Settings(home=Path("h"), dashboard_port=8612))

    assert "--server.address=127.0.0.1" in line
    assert "--server.port=8612" in line
    assert env == {"TINGCHAO_HOME": str(Path("h").absolute())}


def test_every_option_is_one_that_streamlit_knows():
    known = set(config.get_config_options())

    assert set(OPTIONS) - known == set()


def test_the_switches_that_harden_it_are_set():
    line, _ = command(Settings(home=Path("h")))

    for switch in (
        "server.enableStaticServing=false",
        "server.enableAgentApi=false",
        "server.enableCORS=true",
        "server.enableXsrfProtection=true",
        "server.fileWatcherType=none",
        "server.maxUploadSize=20",
        "browser.gatherUsageStats=false",
        "client.showErrorDetails=none",
        "client.toolbarMode=minimal",
        "client.disableDataExport=true",
        "server.allowedHosts=127.0.0.1",
    ):
        assert f"--{switch}" in line
