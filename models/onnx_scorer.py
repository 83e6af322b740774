"""The default scorer: the bundled encoder in 8-bit integers on onnxruntime, on the processor only.

A text's result depends on nothing but the text: the bundle quantises each token's activations by themselves
(`models.quantise`), so neither batch, nor order, nor padding moves a probability. Of a long text the first 128
tokens count (about 180 Chinese characters).
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.batches import buckets, passages_of, score_passages
from models.card import BUNDLE, NETWORK, TOKENIZER, Card, check_answers, read_card, read_file
from tingchao.errors import BadSetting
from tingchao.mention import Sentiment


class OnnxScorer:
    """`folder` holds a bundle (see `models.card`); None is the one that ships.

    Raises `BadSetting`, naming the file, if a hash is wrong, a file cannot be loaded, or the self-test fails.
    """

    def __init__(self, folder: str | Path | None = None, *, threads: int = 1) -> None:
        place = Path(folder) if folder else BUNDLE
        self._card = read_card(place)
        self.name = f"{self._card.name}/{self._card.version}"
        self._tokenizer = _tokenizer(place, self._card)
        self._session = _session(place, self._card, threads)
        tests = self._card.self_test
        check_answers(place / NETWORK, tests, self.score([test.text for test in tests]))

    def score(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Sentiment]:
        """One sentiment per text, in order; see `models.Scorer`. Raises `BadInput` and `BadRecord`."""
        return score_passages(passages_of(texts, targets), self._infer)

    def _infer(self, passages: Sequence[str]) -> NDArray[np.float32]:
        tokens = [ids for part in _parts(passages) for ids in self._encoded(part)]
        logits = np.empty((len(tokens), len(self._card.labels)), np.float32)
        for batch in buckets([len(ids) for ids in tokens]):
            width = max(len(tokens[position]) for position in batch)
            ids = np.full((len(batch), width), self._card.pad_id, np.int64)
            mask = np.zeros((len(batch), width), np.int64)
            for row, position in enumerate(batch):
                length = len(tokens[position])
                ids[row, :length] = tokens[position]
                mask[row, :length] = 1
            logits[batch] = self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        return logits

    def _encoded(self, passages: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(passages))]


def _parts(passages: Sequence[str]) -> Iterator[Sequence[str]]:
    """Few at a time: the tokenizer's records take a hundred times the memory of the ids."""
    for start in range(0, len(passages), 256):
        yield passages[start : start + 256]


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
