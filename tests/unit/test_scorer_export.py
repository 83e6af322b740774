"""A bundle is what `models.export` makes of a network, and says what the network says."""

import gzip
import importlib.util
import json
from pathlib import Path

import pytest

from models import Reading, open_scorer
from models.card import read_card
from tingchao.errors import BadSetting

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason='torch is not installed: pip install "tingchao[torch]"'
)
LAYERS = range(12)


def saved(shared: Path, folder: Path, layers: range) -> Path:
    """A network with every head, of which only sentiment has learnt anything."""
    from models.network import save_network, start_network

    teacher = shared / "models" / "sentiment-teacher"
    save_network(start_network(teacher, layers=layers, seed=1), folder, teacher / "tokenizer.json")
    return folder


def numbers(found: Reading) -> list[float]:
    one = found.sentiment
    told = [each for each in (found.irony, found.offensive, found.complaint) if each is not None]
    return [one.p_negative, one.p_neutral, one.p_positive, *found.emotion, *found.crisis, *told]


@needs_torch
@pytest.mark.slow
def test_a_bundle_says_what_its_network_says(shared: Path, tmp_path: Path) -> None:
    from models.export import export

    source = saved(shared, tmp_path / "network", LAYERS)
    export(source, tmp_path / "bundle", name="again", version="1")
    with gzip.open(shared / "data" / "sentiment" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines][::37]

    bundle, network = open_scorer(f"onnx:{tmp_path / 'bundle'}"), open_scorer(f"torch:{source}")
    pairs = list(zip(bundle.score(texts), network.score(texts), strict=True))

    assert bundle.heads == network.heads
    assert sum(one.sentiment.label is other.sentiment.label for one, other in pairs) / len(pairs) >= 0.98
    apart = [abs(a - b) for one, other in pairs for a, b in zip(numbers(one), numbers(other), strict=True)]
    assert sum(apart) / len(apart) <= 0.01


@needs_torch
@pytest.mark.slow
def test_an_export_is_reproducible_and_leaves_heads_out(shared: Path, tmp_path: Path) -> None:
    from models.export import export

    source = saved(shared, tmp_path / "network", LAYERS[:1])
    left_out = ("irony", "crisis")

    first, second = (
        export(source, tmp_path / name, name="again", version="1", left_out=left_out) for name in ("a", "b")
    )

    assert first.files == second.files
    assert not set(left_out) & set(read_card(tmp_path / "a").heads)
    (found,) = open_scorer(f"onnx:{tmp_path / 'a'}").score(["客服不退款"])
    assert (found.irony, found.crisis) == (None, ())
    assert found.complaint is not None


@needs_torch
@pytest.mark.parametrize(
    "damaged", ["model.safetensors", "heads.safetensors", "tokenizer.json", "heads.json"]
)
def test_a_network_with_a_truncated_file_is_refused(shared: Path, tmp_path: Path, damaged: str) -> None:
    folder = saved(shared, tmp_path / "network", LAYERS[:1])
    path = folder / damaged
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(BadSetting, match=str(folder)):
        open_scorer(f"torch:{folder}")


@needs_torch
def test_a_checkpoint_with_truncated_weights_is_refused(shared: Path, tmp_path: Path) -> None:
    folder = saved(shared, tmp_path / "network", LAYERS[:1])
    (folder / "heads.json").unlink()
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])

    with pytest.raises(BadSetting, match="transformers cannot load it"):
        open_scorer(f"torch:{folder}")


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed here")
def test_without_the_extra_a_checkpoint_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r'pip install "tingchao\[torch\]"'):
        open_scorer(f"torch:{tmp_path}")
