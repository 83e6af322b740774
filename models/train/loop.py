"""The loop: batch, loss, gradient, step; in two processes, with checkpoints.

The same seed, rows and number of processes give the same network on the same kind of processor. A run that is stopped
goes on from its last checkpoint.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.multiprocessing as processes

from models.network import Network, load_network, save_network
from models.train import examples as eaten
from models.train.losses import hard_loss, soft_loss
from models.train.shared_weights import Pace, Part, Shared, flat, share, trained

TOKENS_A_BATCH = 1_400
WARM_UP = 0.06
"""Share of the steps in which the learning rate rises."""

HARD_SHARE = 0.5
"""What labels weigh for a student, beside its teacher's answers."""


@dataclass(frozen=True)
class Plan:
    """One training: from `start` (a saved network) over `rows` (a file of examples) to `result`.

    `teacher` is the file of a teacher's answers to the same rows; None trains on labels alone.
    """

    start: Path
    rows: Path
    result: Path
    steps: int
    pace: Pace
    seed: int
    teacher: Path | None = None
    processes: int = 2
    tokens: int = TOKENS_A_BATCH
    checkpoint_steps: int = 250


def train(plan: Plan) -> None:
    """Run the plan to its end, going on from a checkpoint where there is one; then save the network."""
    folder = plan.result.with_suffix(".checkpoints")
    folder.mkdir(parents=True, exist_ok=True)
    # Without these the allocator gives every activation back to the system and faults it in again.
    os.environ |= {
        "MALLOC_MMAP_THRESHOLD_": "33000000",
        "MALLOC_TRIM_THRESHOLD_": "4000000000",
        "MALLOC_TOP_PAD_": "100000000",
        "OMP_NUM_THREADS": "1",
    }
    weights = flat(load_network(plan.start)).bfloat16().share_memory_()
    together = processes.get_context("spawn").Barrier(plan.processes)
    shared = Shared(
        weights,
        tuple(torch.zeros_like(weights).share_memory_() for _ in range(plan.processes)),
        torch.zeros(plan.processes, dtype=torch.float64).share_memory_(),
        together,
    )
    processes.spawn(_work, (plan, shared, folder), nprocs=plan.processes)


def _work(rank: int, plan: Plan, shared: Shared, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    network = load_network(plan.start)
    start = flat(network)
    share(network, shared, rank)
    part = Part(network, shared, rank, plan.pace, start)
    done = _resume(part, folder, rank, plan)
    shared.together.wait()
    examples = eaten.load(plan.rows)
    teacher = _Teacher(plan.teacher, examples) if plan.teacher else None
    own = islice(
        eaten.batches(examples.lengths, plan.seed, plan.tokens),
        done * plan.processes + rank,
        None,
        plan.processes,
    )
    report = _Report(plan.steps, done) if rank == 0 else None
    for step, rows in zip(range(done, plan.steps), own, strict=False):
        loss = _loss(network, examples, rows, teacher)
        loss.backward()
        length = part.step(_factor(step, plan.steps))
        if report:
            report.note(step, len(rows) * plan.processes, float(loss.detach()), length)
        if (step + 1) % plan.checkpoint_steps == 0:
            _checkpoint(part, folder, rank, step + 1, shared)
    _checkpoint(part, folder, rank, plan.steps, shared)
    if rank == 0:
        save_network(_whole(network, folder, plan), plan.result, plan.start / "tokenizer.json")


def _whole(network: Network, folder: Path, plan: Plan) -> Network:
    """The network with the 32-bit weights of all processes."""
    parts = [
        torch.load(folder / f"{plan.steps}-{rank}.pt", weights_only=True) for rank in range(plan.processes)
    ]
    flat = torch.cat([piece.flatten() for part in parts for piece in part["pieces"]])
    at = 0
    for _, weight in trained(network):
        weight.data = flat[at : at + weight.numel()].view(weight.shape)
        at += weight.numel()
    network.float()
    return network


def _loss(network: Network, examples: eaten.Examples, rows: list[int], teacher: "_Teacher | None") -> Any:
    logits, first = network.read(*examples.inputs(rows, network.config.pad_token_id))
    hard = hard_loss(logits, examples.labels_of(rows))
    if teacher is None:
        return hard
    return HARD_SHARE * hard + soft_loss(logits, first, *teacher.of(rows))


class _Teacher:
    """A teacher's answers, row by row: towards a target where one is given, else to everything else."""

    def __init__(self, path: Path, examples: eaten.Examples) -> None:
        with np.load(path) as found:
            self._logits, self._states = found["logits"], found["states"]
        self._aimed = examples.aimed
        self._heads = tuple(examples.labels)

    def of(self, rows: list[int]) -> tuple[Any, Any, dict[str, Any]]:
        aimed = torch.from_numpy(self._aimed[rows])
        asked = {head: aimed if head == "target" else ~aimed for head in self._heads}
        return torch.from_numpy(self._logits[rows]), torch.from_numpy(self._states[rows]), asked


def _factor(step: int, steps: int) -> float:
    """The learning rate's course: up, then straight down."""
    warm = max(1, int(WARM_UP * steps))
    return (step + 1) / warm if step < warm else max(0.01, (steps - step) / (steps - warm))


class _Report:
    """A line every 20 seconds: how far, how fast, how well."""

    def __init__(self, steps: int, done: int) -> None:
        self._steps, self._done = steps, done
        self._since = self._last = time.monotonic()
        self._rows = 0
        self._losses: list[float] = []

    def note(self, step: int, rows: int, loss: float, length: float) -> None:
        self._rows += rows
        self._losses.append(loss)
        now = time.monotonic()
        if now - self._last < 20 and step + 1 < self._steps:
            return
        rate = (step + 1 - self._done) / (now - self._since)
        left = (self._steps - step - 1) / rate / 60
        print(
            f"step {step + 1:,} of {self._steps:,}; {self._rows / (now - self._since):.0f} rows/s; loss "
            f"{sum(self._losses) / len(self._losses):.4f}; gradient {length:.2f}; {left:.0f} min left",
            flush=True,
        )
        self._last, self._losses = now, []


def _checkpoint(part: Part, folder: Path, rank: int, step: int, shared: Shared) -> None:
    torch.save(part.state(), folder / f"{step}-{rank}.pt")
    shared.together.wait()
    if rank == 0:
        noted = folder / "step.json"
        noted.with_suffix(".unfinished").write_text(
            json.dumps({"step": step, "processes": len(shared.gradients)})
        )
        os.replace(noted.with_suffix(".unfinished"), noted)
        for old in _older(folder, step):
            old.unlink()
    shared.together.wait()


def _older(folder: Path, step: int) -> Iterator[Path]:
    return (path for path in folder.glob("*.pt") if path.name.split("-")[0] != str(step))


def _resume(part: Part, folder: Path, rank: int, plan: Plan) -> int:
    noted = folder / "step.json"
    if not noted.is_file():
        return 0
    found = json.loads(noted.read_text())
    if found["processes"] != plan.processes:
        raise SystemExit(
            f"{folder}: its checkpoint was made by {found['processes']} processes; go on with --processes "
            f"{found['processes']}, or remove the folder to begin again"
        )
    part.restore(torch.load(folder / f"{found['step']}-{rank}.pt", weights_only=True))
    return int(found["step"])
