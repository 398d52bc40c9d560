"""Writes models/demo/heldout-prompts.json: 256 prompts of combinations never trained on, and what each says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from grammar import Caption, held_out
from scene import HEADS, random_scene

COUNT = 256
DEMO = Path(__file__).resolve().parent.parent / "demo"


def heldout_prompts() -> list[dict]:
    rng = np.random.default_rng(20_000)
    prompts: list[dict] = []
    while len(prompts) < COUNT:
        scene = random_scene(rng)
        if not held_out(scene):
            continue
        caption = Caption(scene, rng, say=1.0)
        said = {head: HEADS[head][value] for head, value in caption.said.items() if head in HEADS and value >= 0}
        prompts.append({"prompt": caption.text, "seed": len(prompts), "said": said})
    return prompts


def main() -> None:
    DEMO.mkdir(exist_ok=True)
    lines = ",\n".join("    " + json.dumps(p) for p in heldout_prompts())
    (DEMO / "heldout-prompts.json").write_text('{\n  "prompts": [\n' + lines + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
