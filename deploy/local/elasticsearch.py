"""Elasticsearch as one node on loopback: the core distribution, without modules and without security."""

import os
import shutil
from pathlib import Path

from deploy.local.artifacts import fetch, java_home, pinned, unpack
from tingchao.errors import BadSetting

UNPRIVILEGED = 65534
CONFIG = """\
cluster.name: tingchao
node.name: local
path.data: {folder}/data
path.logs: {folder}/logs
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
discovery.type: single-node
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
"""
LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.deprecation.name = org.elasticsearch.deprecation
logger.deprecation.level = off
"""
NOT_IN_THE_WHEEL = "jdk.incubator.vector"


def command(
    folder: Path, cache: Path, port: int, transport: int, heap: str
) -> tuple[list[str], dict[str, str]]:
    """Prepare `folder`; the command line and environment that serve Elasticsearch from it at `port`.

    As root the node runs under another user (it refuses root): Linux with util-linux only.
    """
    (pin,) = pinned("elasticsearch")
    (archive,) = fetch([pin], cache)
    program = unpack(archive, cache / f"elasticsearch-{pin.version}-{pin.sha256[:12]}")
    config = folder / "config"
    shutil.rmtree(config, ignore_errors=True)
    shutil.copytree(program / "config", config)
    options = (config / "jvm.options").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in options if NOT_IN_THE_WHEEL not in line)
    (config / "jvm.options").write_text(kept, encoding="utf-8")
    (config / "jvm.options.d").mkdir(exist_ok=True)
    (config / "jvm.options.d" / "heap.options").write_text(f"-Xms{heap}\n-Xmx{heap}\n", encoding="utf-8")
    (config / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
    (config / "elasticsearch.yml").write_text(
        CONFIG.format(folder=folder, port=port, transport=transport), encoding="utf-8"
    )
    scratch = folder / "tmp"
    for made in (folder / "data", folder / "logs", scratch):
        made.mkdir(exist_ok=True)
    environment = {"ES_JAVA_HOME": str(java_home()), "ES_PATH_CONF": str(config), "ES_TMPDIR": str(scratch)}
    return [*_not_root(), str(program / "bin" / "elasticsearch")], environment


def _not_root() -> list[str]:
    """As root: run under another user who may still reach files below root's private folders."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise BadSetting(
            "Elasticsearch does not run as root: start it as another user, or install util-linux (setpriv)"
        )
    user = [f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]
    # no_setuid_fixup: without it access(2) forgets the capability, and Java believes its folders unreadable.
    reach = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return [setpriv, *user, *reach, "--"]


def ready(port: int) -> bool:
    """Whether the node at `port` answers and its cluster can take writes."""
    import requests

    try:
        health = requests.get(
            f"http://127.0.0.1:{port}/_cluster/health",
            params={"wait_for_status": "yellow", "timeout": "1s"},
            timeout=5,
        )
    except requests.RequestException:
        return False
    return health.status_code == 200
