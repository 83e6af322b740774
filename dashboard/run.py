"""How the dashboard is started: the command line of its own process, with every switch that hardens it."""

import os
import sys
from importlib.resources import files

from tingchao.settings import Settings

FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
HOSTS = ("127.0.0.1", "localhost")

OPTIONS: dict[str, str] = {
    "server.address": "127.0.0.1",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.runOnSave": "false",
    "server.enableCORS": "true",
    "server.enableXsrfProtection": "true",
    "server.xsrfCookieSameSite": "strict",
    "server.enableStaticServing": "false",
    "server.enableAgentApi": "false",
    "server.maxUploadSize": "20",
    "server.maxMessageSize": "20",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": "127.0.0.1",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.disableDataExport": "true",
    "client.showSidebarNavigation": "false",
    "runner.magicEnabled": "false",
    "theme.base": "light",
    "theme.font": FONT,
    "theme.headingFont": FONT,
    "theme.baseFontSize": "14",
    "theme.primaryColor": "#1d4e6f",
    "theme.backgroundColor": "#f4f6f9",
    "theme.secondaryBackgroundColor": "#ffffff",
    "theme.textColor": "#1c2430",
    "theme.linkColor": "#1d4e6f",
    "theme.borderColor": "#dfe4ec",
    "theme.baseRadius": "6px",
    "theme.redColor": "#cf1322",
    "theme.orangeColor": "#fa8c16",
    "theme.yellowColor": "#fadb14",
    "theme.blueColor": "#1677ff",
    "theme.greenColor": "#389e6d",
    "theme.paddingTop": "3.4rem",
    "theme.paddingBottom": "3rem",
}


def command(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command line that serves the dashboard, and what it needs in the environment.

    It listens on loopback at `settings.dashboard_port`; put a proxy that ends TLS in front of it to share it.
    """
    options = {
        **OPTIONS,
        "server.port": str(settings.dashboard_port),
        "browser.serverPort": str(settings.dashboard_port),
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    flags += [f"--server.allowedHosts={host}" for host in HOSTS]
    script = files("dashboard").joinpath("app.py")
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags], {
        "TINGCHAO_HOME": str(settings.home.absolute())
    }


def main(settings: Settings) -> None:
    """Serve until stopped; the process becomes the server."""
    line, env = command(settings)
    os.execve(line[0], line, {**os.environ, **env})
