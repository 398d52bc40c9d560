"""Draws and encodes scenes once for a stage of the U-Net: latents, where the sun or moon is, and the scenes.

Held-out combinations are never drawn. Each process writes parts of its own, so that several
can work at once and training can start on the first of them.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import loop
from grammar import held_out
from scene import Scene, body_mask, random_scene, render
from vae import encode, load_vae

PART = 1000  # scenes a file
BATCH = {16: 50, 32: 25, 64: 10}


def fresh_scenes(rng: np.random.Generator, count: int) -> list[Scene]:
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = random_scene(rng)
        # Moons and orange ones are the hardest to draw: they are kept twice as often as the rest.
        hard = scene.body == "moon" or (scene.body == "sun" and scene.tint == "orange")
        if not held_out(scene) and (hard or rng.random() < 0.5):
            scenes.append(scene)
    return scenes


def load_cache(work: Path, latent: int) -> tuple[Tensor, Tensor, list[Scene]]:
    parts = [loop.load(path) for path in sorted((work / f"cache-{latent}").glob("*.pt"))]
    scenes = [scene for part in parts for scene in part["scenes"]]
    return torch.cat([p["latents"] for p in parts]), torch.cat([p["masks"] for p in parts]), scenes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work")
    parser.add_argument("--latent", type=int, choices=sorted(BATCH), required=True)
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--first", type=int, default=0, help="number of the first part; also the seed")
    args = parser.parse_args()
    torch.set_num_threads(1)
    work = loop.work_dir(args.work)
    folder = work / f"cache-{args.latent}"
    folder.mkdir(exist_ok=True)
    vae = load_vae(work, parts=("vae",))
    for part in range(args.first, args.first + args.parts):
        path = folder / f"{part:04}.pt"
        if path.exists():
            continue
        began = time.time()
        scenes = fresh_scenes(np.random.default_rng([args.latent, part]), PART)
        latents, masks = [], []
        size = BATCH[args.latent]
        for at in range(0, PART, size):
            while os.path.exists(os.environ.get("TESSERA_PAUSE_FILE", "")):
                time.sleep(1)
            some = scenes[at : at + size]
            drawn = torch.from_numpy(np.stack([render(s, 4 * args.latent) for s in some]))
            latents.append(encode(vae, drawn).half())
            masks.append(torch.from_numpy(np.stack([body_mask(s, args.latent) for s in some])).half())
        loop.save(path, {"latents": torch.cat(latents), "masks": torch.cat(masks), "scenes": scenes})
        print(f"{path.name}: {PART / (time.time() - began):.0f} scenes/s", flush=True)


if __name__ == "__main__":
    main()
