"""Settings: environment before file before default; a wrong value is one sentence that names it."""

from pathlib import Path

import pytest

from tingchao.errors import BadSetting
from tingchao.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TINGCHAO_{name.upper()}", raising=False)


def test_without_anything_bus_and_store_are_files_in_the_home_folder(tmp_path):
    settings = read_settings(tmp_path)

    assert settings.bus_address == f"sqlite:///{tmp_path / 'bus.db'}"
    assert settings.store_address == f"sqlite:///{tmp_path / 'store.db'}"


def test_the_file_in_the_home_folder_counts_and_the_environment_counts_more(tmp_path, monkeypatch):
    (tmp_path / "tingchao.env").write_text("TINGCHAO_THREADS=3\nTINGCHAO_LANGUAGE=en\n")
    monkeypatch.setenv("TINGCHAO_THREADS", "4")

    settings = read_settings(tmp_path)

    assert (settings.threads, settings.language) == (4, "en")


@pytest.mark.parametrize(
    ("name", "value", "sentences"),
    [
        ("TINGCHAO_THREADS", "many", ["TINGCHAO_THREADS='many'", "valid integer"]),
        ("TINGCHAO_THREADS", "0", ["TINGCHAO_THREADS='0'", "greater than or equal to 1"]),
        ("TINGCHAO_CLOCK", "moon", ["TINGCHAO_CLOCK='moon'", "'wall' or 'events'"]),
        ("TINGCHAO_DASHBOARD_PORT", "99999", ["TINGCHAO_DASHBOARD_PORT", "65535"]),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(tmp_path, monkeypatch, name, value, sentences):
    monkeypatch.setenv(name, value)

    with pytest.raises(BadSetting) as refused:
        read_settings(tmp_path)

    for sentence in sentences:
        assert sentence in str(refused.value)


def test_a_misspelt_setting_in_the_file_is_named(tmp_path):
    (tmp_path / "tingchao.env").write_text("TINGCHAO_TREADS=3\n")

    with pytest.raises(BadSetting, match="TINGCHAO_TREADS: there is no such setting"):
        read_settings(tmp_path)


def test_secrets_do_not_show(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGCHAO_WEBHOOK_SECRET", "not-for-your-eyes")

    assert "not-for-your-eyes" not in repr(read_settings(tmp_path))


def test_every_setting_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")

    for name in Settings.model_fields:
        assert f"TINGCHAO_{name.upper()}" in page
