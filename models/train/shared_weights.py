"""One network in several processes: weights in shared memory, each process updates its own part of them.

On two cores, two processes of one thread train twice as fast as one of two threads, which wait for each other at every
operation. Weights and gradients are 16-bit (bfloat16); each process keeps 32-bit masters and AdamW's moments of its part
only, so nothing is copied and nothing is kept twice (as ZeRO, Rajbhandari et al. 2020).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

import torch


@dataclass(frozen=True)
class Shared:
    """What the processes have in common: flat weights, one flat gradient and one number for each process."""

    weights: Any
    gradients: tuple[Any, ...]
    squares: Any
    together: Barrier


@dataclass(frozen=True)
class Pace:
    """Learning rate of the heads; of the encoder's last layer; its decay a layer down; decay of weights; clipping."""

    heads: float
    encoder: float
    layer_decay: float = 0.95
    weight_decay: float = 0.01
    longest_step: float = 1.0


def flat(network: Any) -> Any:
    """The weights that move, one behind the other."""
    return torch.cat([weight.detach().flatten() for _, weight in trained(network)])


def trained(network: Any) -> Iterator[tuple[str, Any]]:
    """The weights that move; the word table stays as it is (a third of all, and rare words would drift)."""
    return ((name, weight) for name, weight in network.named_parameters() if "word_embeddings" not in name)


def share(network: Any, shared: Shared, rank: int) -> None:
    """Let the network's weights be the shared ones, and its gradients this process's own."""
    network.to(torch.bfloat16)
    at = 0
    for name, weight in network.named_parameters():
        if "word_embeddings" in name:
            weight.requires_grad_(False)
            continue
        span = slice(at, at + weight.numel())
        weight.data = shared.weights[span].view(weight.shape)
        weight.grad = shared.gradients[rank][span].view(weight.shape)
        at = span.stop


class Part:
    """This process's part of the weights, in 32 bits, and its optimizer."""

    def __init__(self, network: Any, shared: Shared, rank: int, pace: Pace, start: Any) -> None:
        count = len(shared.gradients)
        size = len(shared.weights)
        self._shared, self._rank, self._pace = shared, rank, pace
        self._low, self._high = size * rank // count, size * (rank + 1) // count
        self._pieces: list[tuple[slice, Any]] = []
        groups = []
        layers = network.config.num_hidden_layers
        at = 0
        for name, weight in trained(network):
            low, high = max(at, self._low), min(at + weight.numel(), self._high)
            at += weight.numel()
            if low >= high:
                continue
            piece = torch.nn.Parameter(start[low:high].float().clone())
            piece.grad = torch.zeros_like(piece)
            self._pieces.append((slice(low, high), piece))
            decay = pace.weight_decay if weight.ndim > 1 else 0.0
            rate = _rate(name, layers, pace)
            groups.append({"params": [piece], "lr": rate, "rate": rate, "weight_decay": decay})
        self._adam = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)

    def step(self, factor: float) -> float:
        """Apply the sum of all gradients at `factor` of the learning rates; returns the gradient's length."""
        shared = self._shared
        shared.together.wait()
        for span, piece in self._pieces:
            piece.grad.copy_(
                sum(gradient[span].float() for gradient in shared.gradients) / len(shared.gradients)
            )
        shared.squares[self._rank] = sum(float(piece.grad.square().sum()) for _, piece in self._pieces)
        shared.together.wait()
        length = math.sqrt(float(shared.squares.sum()))
        shrink = min(1.0, self._pace.longest_step / (length + 1e-6))
        for group in self._adam.param_groups:
            group["lr"] = group["rate"] * factor
        for _, piece in self._pieces:
            piece.grad.mul_(shrink)
        self._adam.step()
        for span, piece in self._pieces:
            shared.weights[span] = piece.detach().to(torch.bfloat16)
            for gradient in shared.gradients:
                gradient[span] = 0
        shared.together.wait()
        return length

    def state(self) -> dict[str, Any]:
        return {"pieces": [piece.detach() for _, piece in self._pieces], "adam": self._adam.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        for (span, piece), saved in zip(self._pieces, state["pieces"], strict=True):
            piece.data.copy_(saved)
            self._shared.weights[span] = saved.to(torch.bfloat16)
        self._adam.load_state_dict(state["adam"])


def _rate(name: str, layers: int, pace: Pace) -> float:
    if not name.startswith("bert.") or "pooler" in name:
        return pace.heads
    depth = int(name.split(".layer.")[1].split(".")[0]) + 1 if ".layer." in name else 0
    return pace.encoder * pace.layer_decay ** (layers - depth)
