"""Scores pictures against what their prompts said.

    python judge.py PICTURES heldout-prompts.json [--against UNMERGED]

PICTURES holds 000.png, 001.png, … in the order of the prompts. With --against, the decibels
between the two folders are told as well: how far token merging moved each picture.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from scene import HEADS

WEIGHTS = Path(__file__).parent / "judge.safetensors"
CLASSES = {head: len(names) for head, names in HEADS.items()} | {"count": 3}  # suns and moons: 0, 1, more
SIZE = 64


class Judge(nn.Module):
    """A small convolutional classifier with one head for every attribute, at 64x64."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 24, 5, 2, 2), nn.BatchNorm2d(24), nn.ReLU(),
            nn.Conv2d(24, 48, 3, 2, 1), nn.BatchNorm2d(48), nn.ReLU(),
            nn.Conv2d(48, 64, 3, 1, 1), nn.BatchNorm2d(64), nn.ReLU(),
            nn.Conv2d(64, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU(), nn.Flatten(),
            nn.Linear(64 * 64, 160), nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.ModuleDict({head: nn.Linear(160, count) for head, count in CLASSES.items()})

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        seen = self.body(F.adaptive_avg_pool2d(pictures, SIZE))
        return {head: probe(seen) for head, probe in self.heads.items()}


def load_judge() -> Judge:
    judge = Judge()
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(WEIGHTS).items()})
    return judge.eval()


@torch.no_grad()
def verdicts(judge: Judge, pictures: Tensor) -> dict[str, Tensor]:
    return {head: torch.cat([judge(p)[head].argmax(1) for p in pictures.split(64)]) for head in CLASSES}


def score(judge: Judge, pictures: Tensor, prompts: list[dict]) -> dict[str, float]:
    """Share of right pictures by attribute, over the prompts that said it, and by each of its values."""
    seen = verdicts(judge, pictures)
    counts = {"none": 0}
    right: dict[str, list[bool]] = {}
    for i, prompt in enumerate(prompts):
        said = prompt["said"]
        for head, value in said.items():
            ok = HEADS[head][int(seen[head][i])] == value
            if head == "body":  # and only one of it
                ok = ok and int(seen["count"][i]) == counts.get(value, 1)
            right.setdefault(head, []).append(ok)
            right.setdefault(f"{head}.{value}", []).append(ok)
        right.setdefault("all", []).append(all(right[h][-1] for h in said))
    order = [*HEADS, "all"] + [f"{h}.{v}" for h, names in HEADS.items() for v in names]
    return {key: float(np.mean(right[key])) for key in order if key in right}


def read_pictures(folder: Path, count: int) -> Tensor:
    drawn = [np.asarray(Image.open(folder / f"{i:03}.png").convert("RGB")) for i in range(count)]
    return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 127.5 - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("prompts", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--json", type=Path, help="write the scores here too")
    args = parser.parse_args()
    prompts = json.loads(args.prompts.read_text())["prompts"]
    count = min(len(prompts), len(list(args.pictures.glob("*.png"))))
    pictures = read_pictures(args.pictures, count)
    scores = score(load_judge(), pictures, prompts[:count]) | {"count": float(count)}
    if args.against:
        error = (pictures - read_pictures(args.against, count)).square().flatten(1).mean(1).clamp_min(1e-10)
        db = 10 * torch.log10(4 / error)
        scores |= {"psnr": float(db.mean()), "psnr.worst": float(db.min())}
    if args.json:
        args.json.write_text(json.dumps(scores, indent=2) + "\n")
    for key, value in scores.items():
        print(f"{key:18} {value:.3f}")


if __name__ == "__main__":
    main()
