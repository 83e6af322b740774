"""Kafka as one process: broker and controller (KRaft) on loopback."""

import base64
import subprocess
from pathlib import Path
from uuid import uuid4

from deploy.local.artifacts import fetch, java_home, pinned
from tingchao.errors import Unavailable

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
num.partitions=4
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
num.recovery.threads.per.data.dir=2
log.cleaner.dedupe.buffer.size=8388608
log.retention.hours=168
log.retention.bytes=2147483648
log.segment.bytes=67108864
"""
JVM = ("-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-Dorg.apache.logging.log4j.level=WARN")


def command(folder: Path, cache: Path, port: int, controller: int, heap: str) -> list[str]:
    """Prepare `folder` and give the command line that serves Kafka from it at `port`."""
    jars = fetch(pinned("kafka"), cache)
    logs = folder / "logs"
    properties = folder / "server.properties"
    folder.mkdir(parents=True, exist_ok=True)
    properties.write_text(PROPERTIES.format(port=port, controller=controller, logs=logs), encoding="utf-8")
    java = [str(java_home() / "bin" / "java"), "-cp", ":".join(map(str, jars)), *JVM]
    if not (logs / "meta.properties").exists():
        _format([*java, "-Xmx128m", "kafka.tools.StorageTool", "format", "-c", str(properties)])
    return [*java, f"-Xms{heap}", f"-Xmx{heap}", "kafka.Kafka", str(properties)]


def _format(tool: list[str]) -> None:
    cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
    # The = form: one id in 64 starts with a dash and would read as an option.
    done = subprocess.run(
        [*tool, f"--cluster-id={cluster}"], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise Unavailable(
            f"Kafka's folder could not be formatted: {(done.stderr or done.stdout).strip()[-2000:]}"
        )


def ready(port: int) -> bool:
    """Whether the broker at `port` answers and leads: it can tell its topics."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(
            bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=3_000, bootstrap_timeout_ms=2_000
        )
    except (KafkaError, OSError):
        return False
    try:
        return isinstance(admin.list_topics(), list)
    except (KafkaError, OSError):
        return False
    finally:
        admin.close()
