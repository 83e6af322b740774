"""Settings: read once at start, from the environment and `tingchao.env` in the home folder, and handed down.

Every setting is `TINGCHAO_` + its name in capitals. A wrong value stops the start with one line.
"""

import difflib
import os
import re
from io import StringIO
from pathlib import Path
from typing import Literal

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tingchao.errors import BadSetting


class Settings(BaseSettings):
    """All that an operator can set. Paths that are relative count from `home`."""

    model_config = SettingsConfigDict(env_prefix="TINGCHAO_", extra="forbid", env_file_encoding="utf-8")

    home: Path = Field(Path(".tingchao"), description="Folder for data, secret, lock and logs")
    bus: str = Field("", description="sqlite:///PATH or kafka://HOST:PORT; empty: bus.db in home")
    store: str = Field("", description="sqlite:///PATH or https://HOST:PORT; empty: store.db in home")
    model: str = Field("bundled", description="bundled, onnx:FOLDER or torch:FOLDER")
    shadow_model: str = Field("", description="A second model, only compared with the first; empty: none")
    threads: int = Field(1, ge=1, le=64, description="Cores the scorer may use")
    watchlist: Path | None = Field(None, description="YAML file with topics; loaded into the store at `up`")
    sources: Path | None = Field(None, description="YAML file with the sources to crawl")
    playbook: Path | None = Field(None, description="YAML playbook; empty: the one that ships")
    clock: Literal["wall", "events"] = Field(
        "wall", description="`events`: alerts live in the time of the posts, for replays of old data"
    )
    language: Literal["zh", "en"] = Field("zh", description="Language of screens and messages")
    dashboard_port: int = Field(
        8501, ge=0, le=65535, description="Port of the dashboard on loopback; 0: a free one"
    )
    dashboard_url: str = Field(
        "", description="Address that links in messages point to; empty: the local one"
    )
    user_agent: str = Field(
        "tingchao/0.1 (+https://github.com/tingchao/tingchao; public posts for brand monitoring)",
        description="How the crawler introduces itself; put a contact in it",
    )
    crawl_interval: int = Field(
        300, ge=1, description="Seconds between two visits to a source, unless it sets its own"
    )
    webhook_url: SecretStr | None = Field(None, description="Signed generic webhook that hears of alerts")
    webhook_secret: SecretStr | None = Field(
        None, description="Its HMAC-SHA256 secret, at least 16 characters"
    )
    wecom_url: SecretStr | None = Field(None, description="企业微信 group robot's webhook address")
    push_token: SecretStr | None = Field(
        None, description="Token of feeds that push mentions, at least 16 characters; empty: one is made"
    )
    allow_private_hosts: bool = Field(
        False, description="Let crawler and webhooks reach loopback and private addresses (demo, tests)"
    )

    @property
    def bus_address(self) -> str:
        return self.bus or f"sqlite:///{self.home.absolute() / 'bus.db'}"

    @property
    def store_address(self) -> str:
        return self.store or f"sqlite:///{self.home.absolute() / 'store.db'}"


def read_settings(home: Path | None = None) -> Settings:
    """Settings of this process: the environment first, then `tingchao.env` in the home folder, then defaults.

    Raises `BadSetting` with the name of the variable, the value (secrets masked) and what would be right.
    """
    folder = home or Path(os.environ.get("TINGCHAO_HOME") or ".tingchao")
    file = folder / "tingchao.env"
    _check_lines(file)
    try:
        return Settings(_env_file=file, home=folder)
    except ValidationError as error:
        raise BadSetting("\n".join(_sentence(dict(problem)) for problem in error.errors())) from None


def _check_lines(file: Path) -> None:
    """Every line is read or refused: one that is only half there would else be a setting that is silently off."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise BadSetting(f"{file}: cannot be read ({error.strerror}). Make it a readable file") from None
    except UnicodeDecodeError as error:
        raise BadSetting(f"{file}: byte {error.start} is not UTF-8. Save the file as UTF-8") from None
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            shown = re.split(r"[\s=\"']", binding.original.string.strip())[0][
                :40
            ]  # what follows may be secret
            raise BadSetting(
                f"{file} line {binding.original.line}: {shown!r} is no NAME=VALUE. "
                "Write such as TINGCHAO_LANGUAGE=zh, or put # before it"
            )


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = str(location[0]) if isinstance(location, tuple) and location else "?"
    variable = _variable(name)
    field = Settings.model_fields.get(name)
    if field is None:
        known = [_variable(each) for each in Settings.model_fields]
        near = difflib.get_close_matches(variable, known, 1, 0.75)
        return f"{name.upper()}: there is no such setting. " + (
            f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}"
        )
    secret = field.annotation is not None and "SecretStr" in str(field.annotation)
    value = "····" if secret else repr(problem.get("input"))
    return f"{variable}={value}: {problem['msg']}. It is: {field.description}"


def _variable(name: str) -> str:
    return f"TINGCHAO_{name.upper().removeprefix('TINGCHAO_')}"
