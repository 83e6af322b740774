"""The bundle is what `models.export` makes of the teacher, and says what the teacher says."""

import importlib.util
from pathlib import Path

import pytest

from models import open_scorer
from models.evaluate import Row, agreement, by_source, main, read_rows
from tingchao.errors import BadInput
from tingchao.mention import Label, Sentiment

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason='torch is not installed: pip install "tingchao[torch]"'
)
SURE = Sentiment(Label.NEGATIVE, 0.8, 0.1, 0.1)
UNSURE = Sentiment(Label.POSITIVE, 0.4, 0.1, 0.5)


@needs_torch
@pytest.mark.slow
def test_an_export_is_reproducible_and_agrees_with_its_source(shared: Path, tmp_path: Path) -> None:
    from models.export import export

    teacher = shared / "models" / "sentiment-teacher"
    first = export(teacher, tmp_path / "first", name="again", version="1")
    second = export(teacher, tmp_path / "second", name="again", version="1")
    rows = list(read_rows(shared / "data" / "sentiment" / "dev.jsonl.gz"))[::37]
    texts = [row.text for row in rows]

    near = agreement(
        open_scorer(f"onnx:{tmp_path / 'first'}").score(texts), open_scorer(f"torch:{teacher}").score(texts)
    )

    assert first.files == second.files
    assert near.same_label >= 0.98
    assert near.mean <= 0.01


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed here")
def test_without_the_extra_a_checkpoint_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "x.jsonl").write_text('{"text": "好", "label": "positive"}\n')

    assert main([str(tmp_path / "x.jsonl"), "--model", f"torch:{tmp_path}"]) == 2
    assert 'pip install "tingchao[torch]"' in capsys.readouterr().err


def test_quality_is_told_by_source_and_for_all() -> None:
    rows = [Row("a", Label.NEGATIVE, "x"), Row("b", Label.NEGATIVE, "x"), Row("c", Label.POSITIVE, "y")]

    table = by_source(rows, [SURE, UNSURE, UNSURE])

    assert table["x"].accuracy == 0.5
    assert table["y"].macro_f1 == 1.0
    assert table["all rows"].rows == 3


def test_agreement_counts_labels_and_distances() -> None:
    near = agreement([SURE, SURE], [SURE, UNSURE])

    assert near.same_label == 0.5
    assert near.largest == pytest.approx(0.4)


@pytest.mark.parametrize("line", ["not json", '{"text": "x", "label": "angry"}', '{"label": "positive"}'])
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.jsonl").write_text(f'{{"text": "好", "label": "positive"}}\n{line}\n')

    with pytest.raises(BadInput, match=r"rows\.jsonl, line 2"):
        list(read_rows(tmp_path / "rows.jsonl"))
