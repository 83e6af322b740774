"""Training: what each label space teaches, batches, two processes, checkpoints; and the whole way once, in small."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason='torch is not installed: pip install "tingchao[train]"')

import torch
from transformers import BertConfig

from models import open_scorer
from models.card import BUNDLE
from models.network import HEADS, Network, columns, load_network, save_network
from models.train import feedback
from models.train.__main__ import main
from models.train.balance import STRENGTH, balance, shares
from models.train.examples import Examples, batches, prepare, save
from models.train.loop import Plan, train
from models.train.losses import ABSENT, SPACES, Labels, hard_loss
from models.train.rows import Row, Space, labelled, made_of
from models.train.shared_weights import Pace
from tests.conftest import lacking
from tingchao.errors import BadInput

WIDTH = sum(map(len, HEADS.values()))


def loss_of(head: str, label: int, space: Space, logits: list[float]) -> float:
    """What a row with this label costs, if the network answers `logits` for the head."""
    found = torch.zeros(1, WIDTH)
    found[0, columns()[head]] = torch.tensor(logits)
    heads = {name: torch.tensor([label if name == head else ABSENT]) for name in ("sentiment", "target")}
    return float(hard_loss(found, Labels(heads, torch.tensor([SPACES.index(space)]), torch.ones(1))))


def test_a_source_of_two_classes_hardly_minds_that_neutral_is_possible() -> None:
    sure, leaning_to_neutral = [3.0, 0.0, -3.0], [3.0, 4.0, -3.0]

    cost_for_two = loss_of("sentiment", 0, Space.TWO, leaning_to_neutral) - loss_of(
        "sentiment", 0, Space.TWO, sure
    )
    cost_for_three = loss_of("sentiment", 0, Space.THREE, leaning_to_neutral) - loss_of(
        "sentiment", 0, Space.THREE, sure
    )

    assert 0 < cost_for_two < 0.3 * cost_for_three


def test_not_negative_says_nothing_of_praise() -> None:
    neutral, praise = [-3.0, 3.0, 0.0], [-3.0, 0.0, 3.0]

    assert loss_of("target", 1, Space.NOT_NEGATIVE, neutral) == pytest.approx(
        loss_of("target", 1, Space.NOT_NEGATIVE, praise), abs=1e-5
    )
    assert loss_of("target", 0, Space.NOT_NEGATIVE, praise) > loss_of("target", 1, Space.NOT_NEGATIVE, praise)


def test_a_row_without_labels_teaches_nothing() -> None:
    assert loss_of("sentiment", ABSENT, Space.THREE, [5.0, -5.0, 1.0]) == 0


@given(st.lists(st.integers(1, 128), min_size=1, max_size=300), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_pass_reads_every_row_once_in_batches_that_fit(lengths: list[int], seed: int) -> None:
    known = np.array(lengths)
    read: list[int] = []
    for batch in batches(known, seed, 256):
        assert len(batch) == 1 or len(batch) * max(known[batch]) <= 256
        read += batch
        if len(read) >= len(lengths):
            break

    assert sorted(read) == list(range(len(lengths)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """A folder with a very small network and rows to learn."""
    folder = tmp_path_factory.mktemp("small")
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=20_715,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        pad_token_id=1,
    )
    tokenizer = shared / "models" / "sentiment-teacher" / "tokenizer.json"
    save_network(Network(config), folder / "start", tokenizer)
    rows = [
        Row(text * (1 + number % 3), "own", labels={"sentiment": label})
        for number in range(60)
        for text, label in (("真好喝", 2), ("太难喝", 0), ("今天开门", 1))
    ]
    save(prepare(rows, tokenizer), folder / "rows.npz")
    return folder


def plan(small: Path, result: Path, steps: int) -> Plan:
    return Plan(
        small / "start",
        small / "rows.npz",
        result,
        steps,
        Pace(heads=1e-2, encoder=1e-2),
        3,
        tokens=128,
        checkpoint_steps=6,
    )


def weights(folder: Path) -> torch.Tensor:
    return torch.cat([weight.flatten() for weight in load_network(folder).state_dict().values()])


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_like_one_that_was_not(small: Path, tmp_path: Path) -> None:
    train(plan(small, tmp_path / "straight", 12))
    unfinished = plan(small, tmp_path / "stopped", 12)
    child = subprocess.Popen(
        [sys.executable, "-c", _STOPPED.format(plan=unfinished)], stdout=subprocess.PIPE, text=True
    )
    assert child.wait(timeout=120) == 3

    train(unfinished)

    assert torch.equal(weights(tmp_path / "straight"), weights(tmp_path / "stopped"))
    assert not torch.equal(weights(tmp_path / "straight"), weights(small / "start"))


_STOPPED = """
import os, threading, time
from pathlib import Path, PosixPath
from models.train.loop import Plan, train
from models.train.shared_weights import Pace
import multiprocessing
if __name__ == "__main__":
    plan = {plan!r}
    noted = plan.result.with_suffix(".checkpoints") / "step.json"
    def stop():
        while not noted.exists():
            time.sleep(0.01)
        for child in multiprocessing.active_children():
            child.kill()
        os._exit(3)
    threading.Thread(target=stop, daemon=True).start()
    train(plan)
"""


@pytest.mark.slow
def test_rows_of_every_source_carry_labels_of_their_kind(shared: Path) -> None:
    rows = labelled(shared / "data", seed=1)

    assert set(made_of(rows)) >= {"smp2020_usual", "ecisa2019", "zs_csd", "tosarcasm", "own"}
    assert all(
        row.target and "target" in row.labels for row in rows if row.source in ("cstance_np", "product_parts")
    )
    assert all(row.space is Space.NOT_NEGATIVE for row in rows if row.source == "ccf2019_fin_entity")
    assert any("〖" in row.text for row in rows if row.source == "zs_csd" or row.source == "own")


@pytest.mark.slow
@pytest.mark.replay
def test_from_nothing_to_a_bundle_that_scores(shared: Path, tmp_path: Path) -> None:
    """The whole way in two minutes, over few rows and with three layers: every step, no quality."""
    command = [
        sys.executable,
        "-m",
        "models.train",
        "all",
        "--data",
        shared / "data",
        "--work",
        tmp_path / "work",
    ]
    command += ["--start", shared / "models" / "sentiment-teacher", "--bundle", tmp_path / "bundle"]
    command += ["--most-rows", "300", "--unlabelled", "60", "--layers", "3"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)

    if "needs sklearn" in done.stderr:
        lacking('scikit-learn is not installed: pip install "tingchao[train]"')
    assert done.returncode == 0, done.stderr
    ours, theirs = (
        open_scorer(f"onnx:{tmp_path / 'bundle'}"),
        open_scorer(f"torch:{tmp_path / 'work' / 'student-3'}"),
    )
    texts = ["物流很快，包装也很用心", "等了两个小时才送到，差评！", "今天上午十点开会"]
    assert [each.sentiment.label for each in ours.score(texts)] == [
        each.sentiment.label for each in theirs.score(texts)
    ]


def test_balancing_lifts_each_class_by_how_rare_it_is_and_nothing_else(small: Path, tmp_path: Path) -> None:
    rows = [Row("好", "smp2020_usual", labels={"emotion": 3})] * 9 + [
        Row("怕", "covid7", labels={"emotion": 2})
    ]
    save(prepare(rows, small / "start" / "tokenizer.json"), tmp_path / "rows.npz")

    balance(small / "start", tmp_path / "rows.npz", tmp_path / "served")

    before, after = load_network(small / "start"), load_network(tmp_path / "served")
    moved = after.heads["emotion"][-1].bias - before.heads["emotion"][-1].bias
    wanted = -STRENGTH["emotion"] * np.log(shares(np.array([3] * 9 + [2]), 6))
    assert moved.tolist() == pytest.approx(wanted.tolist(), abs=1e-2)
    assert torch.equal(after.heads["target"][-1].bias, before.heads["target"][-1].bias)
    assert torch.equal(after.classifier.weight, before.classifier.weight)


def test_what_is_kept_of_a_row_is_what_the_server_reads(shared: Path) -> None:
    examples: Examples = prepare(
        [Row("〖蓝鲸〗很慢", "own", "蓝鲸", "怎么样", {"target": 0})],
        shared / "models" / "sentiment-teacher" / "tokenizer.json",
    )

    assert list(examples.ids).count(2) == 3, "target, text and context end with one separator each"
    assert examples.labels_of([0]).heads["target"].tolist() == [0]


@pytest.mark.slow
def test_corrections_move_the_heads_and_leave_the_encoder_and_what_was_known(
    small: Path, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [Row("好", "own", labels={"sentiment": 2}), Row("坏", "own", labels={"sentiment": 0})] * 30
    monkeypatch.setattr(feedback, "labelled", lambda data, seed: known)
    corrections = tmp_path / "corrections.jsonl"
    corrections.write_text('{"text": "今天开门", "label": "negative"}\n' * 40 + "\n")

    assert feedback.learn(small / "start", corrections, shared / "data", tmp_path / "after", seed=1) == 40

    before, after = load_network(small / "start"), load_network(tmp_path / "after")
    assert torch.equal(
        before.bert.encoder.layer[0].output.dense.weight, after.bert.encoder.layer[0].output.dense.weight
    )
    ids = prepare([Row("今天开门", "own")], small / "start" / "tokenizer.json").inputs([0], 1)
    with torch.inference_mode():
        negative = columns()["sentiment"].start
        assert after(*ids).softmax(-1)[0, negative] > before(*ids).softmax(-1)[0, negative]


@pytest.mark.parametrize("line", ["{", '{"text": "好"}', '{"text": "好", "label": "angry"}'])
def test_a_line_that_is_no_correction_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "c.jsonl").write_text(f'{{"text": "好", "label": "positive"}}\n{line}\n')

    with pytest.raises(BadInput, match=r"c\.jsonl, line 2"):
        list(feedback.read_corrections(tmp_path / "c.jsonl"))


def test_a_step_says_which_step_must_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["--data", str(tmp_path), "--start", str(tmp_path), "--work", str(tmp_path / "work")]

    assert main(["student", *told]) == 2
    assert "run the step answers first" in capsys.readouterr().err


def test_a_step_refuses_to_go_on_with_what_another_asking_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--data", str(tmp_path), "--start", str(tmp_path), "--work", str(tmp_path / "work")]
    main(["rows", *told, "--seed", "1"])

    assert main(["rows", *told, "--seed", "2"]) == 2
    assert "begun with seed=1" in capsys.readouterr().err


def test_corrections_never_overwrite_the_model_they_are_held_against(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--data", str(tmp_path), "--start", str(tmp_path), "--work", str(tmp_path / "work")]

    assert main([*told, "--feedback", str(tmp_path / "c.jsonl"), "--bundle", str(BUNDLE)]) == 2
    assert "is the model that ships" in capsys.readouterr().err
