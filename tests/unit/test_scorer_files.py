"""The bundle is checked before it serves: damage, mixtures and strangers stop the start with a sentence."""

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import open_scorer
from models.card import BUNDLE
from models.torch_scorer import class_order, fingerprint, load_checkpoint, read_heads
from tingchao.errors import BadSetting

MEGABYTES = 1_000_000


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))


def change_card(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((bundle / "card.json").read_text("utf-8"))
    change(card)
    (bundle / "card.json").write_text(json.dumps(card), "utf-8")


def flip_byte(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def refusal(bundle: Path) -> str:
    with pytest.raises(BadSetting) as caught:
        open_scorer(f"onnx:{bundle}")
    return str(caught.value)


def test_the_bundle_is_small_and_says_whose_it_is() -> None:
    assert sum(file.stat().st_size for file in BUNDLE.iterdir()) < 40 * MEGABYTES
    assert "MIT" in (BUNDLE / "LICENSE.txt").read_text("utf-8")


def test_the_network_names_no_machine() -> None:
    assert b"site-packages" not in (BUNDLE / "model.onnx").read_bytes()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("place", [0.1, 0.9])
def test_one_flipped_byte_is_found(bundle: Path, name: str, place: float) -> None:
    flip_byte(bundle / name, int(place * (bundle / name).stat().st_size))

    assert f"{name}: damaged or of another model" in refusal(bundle)


def test_a_truncated_network_is_found(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes((bundle / "model.onnx").read_bytes()[:1_000_000])

    assert "damaged" in refusal(bundle)


def test_a_missing_file_is_named(bundle: Path) -> None:
    (bundle / "tokenizer.json").unlink()

    assert "tokenizer.json: cannot be read" in refusal(bundle)


@pytest.mark.parametrize(
    ("name", "says"), [("model.onnx", "onnxruntime cannot load it"), ("tokenizer.json", "not a tokenizer")]
)
def test_a_file_whose_hash_fits_but_that_is_no_model_is_named(bundle: Path, name: str, says: str) -> None:
    (bundle / name).write_bytes(b"nothing of the kind")
    digest = hashlib.sha256(b"nothing of the kind").hexdigest()
    change_card(bundle, lambda card: card["files"].update({name: digest}))

    assert says in refusal(bundle)


def test_swapped_labels_are_found(bundle: Path) -> None:
    swapped = ["positive", "neutral", "negative"]
    change_card(
        bundle,
        lambda card: card.update(labels=swapped, heads={**card.get("heads", {}), "sentiment": swapped}),
    )

    assert "labels are positive, neutral, negative; must be" in refusal(bundle)


@pytest.mark.parametrize(
    ("heads", "says"),
    [
        (
            {"emotion": ["sad", "angry", "fear", "happy", "surprise", "neutral"]},
            "emotion labels are sad, angry",
        ),
        ({"mood": ["good", "bad"]}, "it has a head 'mood'; known are sentiment"),
        ({"crisis": []}, "crisis labels are none"),
        ({"crisis": ["fraud", "fraud"]}, "each must have a name of its own"),
        (
            {"irony": ["normal", "ironic"], "crisis": ["fraud"], "offensive": ["normal", "offensive"]},
            "numbers a text",
        ),
    ],
)
def test_heads_that_are_not_ours_are_named(bundle: Path, heads: dict[str, list[str]], says: str) -> None:
    sentiment = {"sentiment": ["negative", "neutral", "positive"]}
    change_card(bundle, lambda card: card.update(heads=sentiment | heads))

    assert says in refusal(bundle)


def test_a_card_without_a_head_for_sentiment_is_refused(bundle: Path) -> None:
    change_card(bundle, lambda card: card.update(heads={"irony": ["normal", "ironic"]}))

    assert "its heads are irony; there must be one for sentiment" in refusal(bundle)


@pytest.mark.parametrize("degree", [0, -1])
def test_a_temperature_that_is_none_is_refused(bundle: Path, degree: float) -> None:
    change_card(bundle, lambda card: card.update(temperature={"sentiment": degree}))

    assert f"the temperature of sentiment is {degree}" in refusal(bundle)


def test_a_network_that_takes_other_inputs_is_refused(bundle: Path) -> None:
    content = (bundle / "model.onnx").read_bytes().replace(b"attention_mask", b"attention_musk")
    (bundle / "model.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    change_card(bundle, lambda card: card["files"].update({"model.onnx": digest}))

    assert "must take input_ids and attention_mask and give logits" in refusal(bundle)


def test_a_card_of_another_model_fails_the_self_test(bundle: Path) -> None:
    change_card(bundle, lambda card: card["self_test"][0].update(p=[0.1, 0.1, 0.8]))

    assert "self-test failed" in refusal(bundle)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"name": 3}', "\ud83d".encode("utf-8", "surrogatepass").hex()]
)
def test_a_card_that_cannot_be_read_is_named(bundle: Path, content: str) -> None:
    (bundle / "card.json").write_text(content, "utf-8")

    assert "card.json: not a model card" in refusal(bundle)


def test_a_folder_without_a_card_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}: no card.json in it" in refusal(tmp_path)


@pytest.mark.parametrize("address", ["", "onnx:", "torch:", "pickle:x", "bert-base-chinese"])
def test_an_address_of_no_kind_says_what_there_is(address: str) -> None:
    with pytest.raises(BadSetting, match="use bundled, onnx:FOLDER or torch:FOLDER"):
        open_scorer(address)


def test_a_checkpoint_without_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no config\.json in it"):
        load_checkpoint(tmp_path)


def test_pickled_weights_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")

    with pytest.raises(BadSetting, match="pickled weights are not loaded"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("names", "labels", "order"),
    [
        (["negative", "neutral", "positive"], {}, [0, 1, 2]),
        (["POS", "NEG", "NEU"], {}, [1, 2, 0]),
        (["正面", "中性", "负面"], {}, [2, 1, 0]),
        (
            ["LABEL_0", "LABEL_1", "LABEL_2"],
            {"LABEL_0": "正面", "LABEL_1": "neg", "LABEL_2": "neutral"},
            [1, 2, 0],
        ),
    ],
)
def test_class_names_are_understood(names: list[str], labels: dict[str, str], order: list[int]) -> None:
    assert class_order(dict(enumerate(names)), labels, where="here") == order


@pytest.mark.parametrize(
    "names", [["LABEL_0", "LABEL_1", "LABEL_2"], ["negative", "positive"], ["negative", "neg", "positive"]]
)
def test_classes_that_cannot_be_told_apart_ask_for_a_labels_file(names: list[str]) -> None:
    with pytest.raises(BadSetting, match=r"labels\.json"):
        class_order(dict(enumerate(names)), {}, where="here")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "must map heads to the names of their classes"),
        ('{"sentiment": 3}', "must map heads to the names of their classes"),
        (
            '{"sentiment": ["positive", "neutral", "negative"]}',
            "must be negative, neutral, positive in this order",
        ),
    ],
)
def test_a_file_of_heads_that_cannot_be_used_is_named(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "heads.json").write_text(content, "utf-8")

    with pytest.raises(BadSetting, match=says) as caught:
        read_heads(tmp_path / "heads.json")

    assert "heads.json" in str(caught.value)


def checkpoint(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, content in {
        "config.json": "{}",
        "model.safetensors": "w",
        "tokenizer.json": "t",
        **files,
    }.items():
        (folder / name).write_text(content)
    return folder


def test_checkpoints_of_one_folder_name_have_names_of_their_own(tmp_path: Path) -> None:
    one = checkpoint(tmp_path / "a" / "model")
    same = checkpoint(tmp_path / "b" / "model", **{"README.md": "says nothing", "log.json": "[]"})
    others = [
        checkpoint(tmp_path / name / "model", **{name: "another"})
        for name in ("config.json", "model.safetensors", "heads.safetensors", "tokenizer.json", "labels.json")
    ]

    assert fingerprint(one) == fingerprint(same)
    assert len({fingerprint(each) for each in (one, *others)}) == 6
    assert fingerprint(one, {"LABEL_0": "negative"}) != fingerprint(one)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_the_name_of_a_checkpoint_is_its_folder_and_its_hash(shared: Path) -> None:
    folder = shared / "models" / "sentiment-teacher"

    assert open_scorer(f"torch:{folder}").name == f"torch:sentiment-teacher@{fingerprint(folder)}"
