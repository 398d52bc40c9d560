"""The training loop shared by every part: one-thread processes, averaged weights, saved every minute.

On CPUs two one-thread processes that average their weights outrun one process with two
threads, and survive a busy machine. Schedules run on training time, not on step counts, so
that a run ends when it was asked to end, however fast the machine is that day.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

MEET_SECONDS = 20  # how often the processes average their weights


def work_dir(argument: str | None) -> Path:
    chosen = argument or os.environ.get("TESSERA_TRAINING_DIR") or Path.home() / ".cache" / "tessera-training"
    path = Path(chosen)
    path.mkdir(parents=True, exist_ok=True)
    return path


def arguments(description: str | None, minutes: float, lr: float) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--work", help="checkpoints and caches (default: $TESSERA_TRAINING_DIR)")
    parser.add_argument("--minutes", type=float, default=minutes, help="training time; the learning rate ends with it")
    parser.add_argument("--lr", type=float, default=lr)
    parser.add_argument("--batch", type=int, default=16, help="pictures a step and process")
    return parser


def start() -> tuple[int, int]:
    """One thread a process; joins the group when started by torch.distributed.run. Returns rank and size."""
    torch.set_num_threads(1)
    if "RANK" not in os.environ:
        return 0, 1
    dist.init_process_group("gloo")
    return dist.get_rank(), dist.get_world_size()


def save(path: Path, state: dict) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load(path: Path) -> dict:
    return torch.load(path, map_location="cpu", weights_only=False)


class Ema:
    """A running average of weights, which is what is shown and shipped."""

    def __init__(self, parameters: dict[str, Tensor], decay: float):
        self.decay, self.steps = decay, 0
        self.shadow = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def update(self, parameters: dict[str, Tensor]) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        names = list(self.shadow)
        torch._foreach_lerp_([self.shadow[n] for n in names], [parameters[n].detach() for n in names], 1 - keep)


@torch.no_grad()
def average_weights(parameters: list[Tensor], steps: int, spent: float, size: int) -> float:
    """Averages weights over the processes, each counting for the steps it made; returns the mean time spent.

    Averaging now and then instead of gradients at every step lets each process go at its own pace:
    on a busy machine, in lock step, both would go at the pace of the slower.
    """
    if size == 1:
        return spent
    flat = torch.cat([p.flatten() for p in parameters]) * steps
    flat = torch.cat([flat, torch.tensor([float(steps), spent])])
    dist.all_reduce(flat)
    total, spent = float(flat[-2]), float(flat[-1]) / size
    at = 0
    for p in parameters:
        p.copy_((flat[at : at + p.numel()] / max(total, 1)).view_as(p))
        at += p.numel()
    return spent


def schedule(progress: float, floor: float) -> float:
    """Cosine from 1 to `floor` over a run, after a short warm-up."""
    cosine = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return cosine


def train(
    name: str,
    work: Path,
    model: nn.Module,
    loss_of: Callable[[int], tuple[Tensor, dict[str, float]]],
    *,
    minutes: float,
    lr: float,
    ranks: tuple[int, int],
    ema_decay: float = 0.999,
    floor: float = 0.05,
    warmup: int = 50,
    weight_decay: float = 0.0,
    report: Callable[[dict[str, Tensor]], str] | None = None,
    report_minutes: float = 3.0,
    pause_file: str | None = os.environ.get("TESSERA_PAUSE_FILE"),
) -> dict[str, Tensor]:
    """Trains the parameters that require gradients and returns their running average.

    `loss_of(step)` gives a loss and numbers to log; `report(average)` judges the average weights.
    Started again, it goes on where `<work>/<name>.pt` was written.
    """
    rank, size = ranks
    path = work / f"{name}.pt"
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    parameters = list(named.values())
    optimiser = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.99), weight_decay=weight_decay, foreach=True)
    ema = Ema(named, ema_decay)
    step, spent = 0, 0.0
    if path.exists():
        state = load(path)
        model.load_state_dict(state["model"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        ema.shadow, ema.steps = state["ema"], state["ema_steps"]
        step, spent = state["step"], state["spent"]
        torch.manual_seed(1000 * step + rank)
    saved = reported = spent
    sums: dict[str, float] = {}
    count, began = 0, time.time()

    def keep() -> None:
        state = {"model": dict(named), "ema": ema.shadow, "ema_steps": ema.steps}
        save(path, state | {"optimiser": optimiser.state_dict(), "step": step, "spent": spent})

    since, met, over = 0, time.time(), spent >= minutes * 60
    while not over:
        while pause_file and os.path.exists(pause_file):
            time.sleep(1)
        tick = time.time()
        for group in optimiser.param_groups:
            group["lr"] = lr * schedule(spent / (minutes * 60), floor) * min(1.0, (step + 1) / warmup)
        loss, numbers = loss_of(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        optimiser.step()
        ema.update(named)
        step += 1
        count += 1
        for key, value in (numbers | {"loss": loss.item()}).items():
            sums[key] = sums.get(key, 0.0) + value
        spent += time.time() - tick
        since += 1
        if time.time() - met >= MEET_SECONDS or size == 1:
            spent, since, met = average_weights(parameters, since, spent, size), 0, time.time()
            over = spent >= minutes * 60
        if rank == 0 and spent - saved >= 60:
            keep()
            saved = spent
            rate = count / (time.time() - began)
            told = " ".join(f"{k} {v / count:.4f}" for k, v in sums.items())
            print(f"{time.strftime('%H:%M:%S')} {name} step {step} min {spent / 60:.1f} {rate:.2f} it/s {told}", flush=True)
            sums, count, began = {}, 0, time.time()
        if report and spent - reported >= report_minutes * 60:
            reported = spent
            if rank == 0:
                print("   ", report(ema.shadow), flush=True)
            began = time.time()
    if rank == 0:
        keep()
        if report:
            print("   ", report(ema.shadow), flush=True)
        print(f"{name} done: {step} steps", flush=True)
    return ema.shadow
