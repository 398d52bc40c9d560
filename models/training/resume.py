"""Lays out an exported model as checkpoints, so that training goes on from it where no checkpoint was kept.

    python resume.py [MODEL]

Only averages of half-precision weights come back, not the optimiser: go on with a name of its own,
`train_unet.py --stage 64 --name unet-64b`, which warms up again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

import loop
from prompts import DEMO


def read(path: Path, drop: str = "", prefix: str = "") -> dict[str, Tensor]:
    return {prefix + name.removeprefix(drop): weight.float() for name, weight in load_file(path).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--work")
    args = parser.parse_args()
    work = loop.work_dir(args.work)
    parts = {
        "vae": read(args.model / "vae" / "diffusion_pytorch_model.safetensors"),
        "text": read(args.model / "text_encoder" / "model.safetensors", drop="text_model.", prefix="encoder."),
        "unet-64": read(args.model / "unet" / "diffusion_pytorch_model.safetensors", prefix="net."),
    }
    taken = [name for name in parts if (work / f"{name}.pt").exists()]
    if taken:
        parser.error(f"{work} already holds {', '.join(taken)}; training goes on from those by itself")
    for name, weights in parts.items():
        loop.save(work / f"{name}.pt", {"ema": weights})
    # The exported auto-encoder has its normalisation folded in already.
    loop.save(work / "vae-norm.pt", {"mean": torch.zeros(4), "std": torch.ones(4)})


if __name__ == "__main__":
    main()
