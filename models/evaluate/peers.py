"""Who else reads a text: what one would write first, and what one would install. Each gives labels, batch by batch."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models import Scorer
from models.card import NETWORK, TOKENIZER, read_card
from models.evaluate.sets import Row
from models.evaluate.unseen import Characters
from models.heads import LABELS
from models.normalise import normalise
from tingchao.errors import BadSetting

Reader = Callable[[Sequence[str]], list[str]]
"""Texts in, a label for each out; empty where it has no opinion worth comparing."""

BATCH = 32
_NEGATIVE_BELOW, _POSITIVE_FROM = 0.4, 0.6
"""snownlp gives one number from 0 to 1 and names no limits; these are usual."""


class NotHere(Exception):
    """What is missing on this machine for a peer; it is left out by name."""


def ours(scorer: Scorer, call: int = 64) -> Reader:
    def read(texts: Sequence[str]) -> list[str]:
        return [
            str(reading.sentiment.label)
            for start in range(0, len(texts), call)
            for reading in scorer.score(list(texts[start : start + call]))
        ]

    return read


def naive_onnx(folder: Path, threads: int) -> Reader:
    """A bundle on plain onnxruntime: 32 texts as they arrive, padded to the longest."""
    import onnxruntime

    if not (folder / NETWORK).is_file():
        raise NotHere(
            f"no bundle in {folder}: python -m models.export ../shared/models/sentiment-teacher {folder}"
        )
    card = read_card(folder)
    tokenizer = _padding_tokenizer(folder, card.max_tokens, card.pad_id)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder / NETWORK, options, providers=["CPUExecutionProvider"])

    def run(ids: Any, mask: Any) -> Any:
        return session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    return _in_batches(tokenizer, run)


def bert_base(folder: Path, threads: int) -> Reader:
    """An untrained encoder of BERT-base's shape (12 x 768) in torch, 32-bit floats; for speed only."""
    try:
        import torch
        from transformers import BertConfig, BertModel
    except ModuleNotFoundError as error:
        raise NotHere(f"{error.name} is not installed") from None
    torch.set_num_threads(threads)
    card = read_card(folder)
    model = BertModel(BertConfig(vocab_size=30_000)).eval()

    def run(ids: Any, mask: Any) -> Any:
        with torch.inference_mode():
            model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        return np.zeros((len(ids), len(LABELS)))

    return _in_batches(_padding_tokenizer(folder, card.max_tokens, card.pad_id), run)


def snownlp() -> Reader:
    try:
        from snownlp import SnowNLP  # type: ignore[import-not-found]
    except ModuleNotFoundError:
        raise NotHere("snownlp is not installed") from None

    def label(text: str) -> str:
        if not text.strip():
            return "neutral"
        p = SnowNLP(text).sentiments
        return "negative" if p < _NEGATIVE_BELOW else "positive" if p >= _POSITIVE_FROM else "neutral"

    return lambda texts: [label(text) for text in texts]


def cnsenti() -> Reader:
    try:
        from cnsenti import Sentiment  # type: ignore[import-not-found]
    except ModuleNotFoundError:
        raise NotHere("cnsenti is not installed") from None
    counting = Sentiment()

    def label(text: str) -> str:
        found = counting.sentiment_count(text)
        more = found["pos"] - found["neg"]
        return "negative" if more < 0 else "positive" if more > 0 else "neutral"

    return lambda texts: [label(text) for text in texts]


def characters(train: Sequence[Row]) -> Reader:
    """The character model, trained on all labelled texts."""
    try:
        model = Characters()
    except BadSetting as reason:
        raise NotHere(str(reason)) from None
    model.learn(model.count([row.text for row in train]), [row.label for row in train])
    return lambda texts: model.labels(model.count(list(texts)))


def missing_or(make: Mapping[str, Callable[[], Reader]]) -> tuple[dict[str, Reader], dict[str, str]]:
    """Who is here, and why the others are not."""
    here: dict[str, Reader] = {}
    absent: dict[str, str] = {}
    for name, one in make.items():
        try:
            here[name] = one()
        except NotHere as reason:
            absent[name] = str(reason)
    return here, absent


def _padding_tokenizer(folder: Path, most: int, pad: int) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.enable_truncation(most)
    tokenizer.enable_padding(pad_id=pad)
    return tokenizer


def _in_batches(tokenizer: Any, run: Callable[[Any, Any], Any]) -> Reader:
    def read(texts: Sequence[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(texts), BATCH):
            encoded = tokenizer.encode_batch([normalise(text) for text in texts[start : start + BATCH]])
            ids = np.array([each.ids for each in encoded], np.int64)
            mask = np.array([each.attention_mask for each in encoded], np.int64)
            found += [str(LABELS[place]) for place in run(ids, mask)[:, : len(LABELS)].argmax(axis=1)]
        return found

    return read
