"""The default scorer: the bundled encoder in 8-bit integers on onnxruntime, on the processor only.

A text's result depends on nothing but the text: the bundle quantises each token's activations by themselves
(`models.quantise`), so neither batch, nor order, nor padding moves a probability. Of a long text the first 256
tokens count (about 360 Chinese characters).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.batches import Optional, passages_of, score_passages
from models.card import BUNDLE, NETWORK, TOKENIZER, Card, check_answers, read_card, read_file
from models.passage import Passage, token_ids
from models.reading import Reading
from tingchao.errors import BadSetting

_INPUTS, _OUTPUT = ["input_ids", "attention_mask"], "logits"
_PIECES_THAT_SAY_NOTHING = ("<s>", "</s>", "<pad>", "<unk>", "<mask>", "▁")


class OnnxScorer:
    """`folder` holds a bundle (see `models.card`); None is the one that ships.

    Raises `BadSetting`, naming the file, if a hash is wrong, a file cannot be loaded, or the self-test fails.
    """

    def __init__(self, folder: str | Path | None = None, *, threads: int = 1) -> None:
        place = Path(folder) if folder else BUNDLE
        card = read_card(place)
        self.name = f"{card.name}/{card.version}"
        self.runtime = OnnxRuntime(place, card, threads=threads)
        self.heads: Mapping[str, tuple[str, ...]] = self.runtime.heads.classes
        self.unsure_below = card.abstain_below
        self._languages = card.languages
        tests = card.self_test
        answers = self.score(
            [test.text for test in tests], [test.target for test in tests], [test.context for test in tests]
        )
        check_answers(place / NETWORK, tests, answers)

    def score(
        self, texts: Sequence[str], targets: Optional = None, contexts: Optional = None
    ) -> list[Reading]:
        """One reading per text, in order; see `models.Scorer`. Raises `BadInput` and `BadRecord`."""
        return score_passages(passages_of(texts, targets, contexts), self.runtime, self._languages)


class OnnxRuntime:
    """The network of a bundle, its hash checked; also for who makes a bundle and needs its answers."""

    def __init__(self, folder: Path, card: Card, *, threads: int = 1) -> None:
        self.heads = card.heads_of()
        self.pad = card.pad_id
        self._card = card
        self._tokenizer = _tokenizer(folder, card)
        self._session = _session(folder, card, threads)
        pieces = map(self._tokenizer.token_to_id, _PIECES_THAT_SAY_NOTHING)
        self.mute = frozenset(piece for piece in pieces if piece is not None)
        _check_columns(folder, self._session, self.heads.width)

    def encode(self, passages: Sequence[Passage]) -> list[list[int]]:
        """See `models.batches.Runtime`."""
        card = self._card
        return token_ids(passages, self._pieces, bos=card.bos_id, eos=card.eos_id, most=card.max_tokens)

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `models.batches.Runtime`."""
        (logits,) = self._session.run([_OUTPUT], dict(zip(_INPUTS, (ids, mask), strict=True)))
        return np.asarray(logits)

    def _pieces(self, texts: list[str]) -> list[list[int]]:
        return [
            encoding.ids
            for part in _parts(texts)
            for encoding in self._tokenizer.encode_batch_fast(part, add_special_tokens=False)
        ]


def _parts(texts: list[str]) -> Iterator[list[str]]:
    """Few at a time: the tokenizer's records take a hundred times the memory of the ids."""
    for start in range(0, len(texts), 256):
        yield texts[start : start + 256]


def _tokenizer(folder: Path, card: Card) -> Any:
    # One thread: the network gets the cores, and a pool of the tokenizer's would not survive a fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer

    content = read_file(folder, TOKENIZER, card)
    try:
        tokenizer = Tokenizer.from_buffer(content)
    except Exception as error:  # noqa: BLE001 - the library raises bare Exception for any malformed file
        raise BadSetting(
            f"{folder / TOKENIZER}: not a tokenizer ({error}). Install the bundle again"
        ) from None
    tokenizer.enable_truncation(card.max_tokens)
    tokenizer.no_padding()
    return tokenizer


def _session(folder: Path, card: Card, threads: int) -> Any:
    import onnxruntime as ort
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena only grows, but batches are capped, so it ends at 70 MB; without it the peak was 230 MB higher and
    # scoring a fifth slower. Patterns are kept for each shape for ever: off.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Processors without VNNI add pairs of u8*s8 products in 16 bits and overflow; this makes them exact.
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        # From bytes: they are the ones that were hashed, and no external file can be pulled in.
        return ort.InferenceSession(
            read_file(folder, NETWORK, card), options, providers=["CPUExecutionProvider"]
        )
    except (
        failures.Fail,
        failures.InvalidGraph,
        failures.InvalidProtobuf,
        failures.InvalidArgument,
    ) as error:
        reason = str(error).splitlines()[0][:200]
        raise BadSetting(f"{folder / NETWORK}: onnxruntime cannot load it ({reason})") from None


def _check_columns(folder: Path, session: Any, width: int) -> None:
    """Raises `BadSetting` for a network that takes or gives something else than the card says."""
    taken = sorted(each.name for each in session.get_inputs())
    given = {each.name: each.shape for each in session.get_outputs()}
    shape = given.get(_OUTPUT)
    if taken != sorted(_INPUTS) or shape is None:
        raise BadSetting(
            f"{folder / NETWORK}: it takes {', '.join(taken)} and gives {', '.join(given)}; must take "
            f"{' and '.join(_INPUTS)} and give {_OUTPUT}. Install the bundle again"
        )
    if isinstance(shape[-1], int) and shape[-1] != width:
        raise BadSetting(
            f"{folder / NETWORK}: it gives {shape[-1]} numbers a text, the heads of the card have {width}. "
            "The files are not of one model; install the bundle again"
        )
