"""Trains the judge on real renders, on renders sent through the auto-encoder, and on wrong ones with two suns."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

import loop
from cache import load_cache
from judge import CLASSES, SIZE, WEIGHTS, Judge
from scene import HEADS, random_scene, render, render_two
from vae import decode, load_vae


def real(rng: np.random.Generator, size: int, two: float) -> tuple[np.ndarray, dict[str, int]]:
    scene = random_scene(rng)
    labels = scene.labels() | {"count": 0 if scene.body == "none" else 1}
    if scene.body != "none" and rng.random() < two:
        return render_two(scene, size, rng), labels | {"count": 2, "body": -1, "tint": -1, "place": -1}
    return render(scene, size), labels


def blemish(pictures: Tensor) -> Tensor:
    """Soft edges, grain and off colours, none of which should sway a verdict."""
    n = len(pictures)
    soft = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    pictures = torch.lerp(pictures, soft, torch.rand(n, 1, 1, 1))
    pictures = pictures + torch.randn(n, 3, 1, 1) * 0.03
    return pictures + torch.randn_like(pictures) * 0.08 * torch.rand(n, 1, 1, 1)


def main() -> None:
    parser = loop.arguments(__doc__, minutes=8, lr=2e-3)
    args = parser.parse_args()
    ranks = loop.start()
    work = loop.work_dir(args.work)
    torch.manual_seed(0)
    judge = Judge()
    rng = np.random.default_rng(None)
    vae = load_vae(work)
    latents, _, scenes = load_cache(work, 16)
    coded = torch.cat([decode(vae, z.float()) for z in latents[:600].split(20)])
    coded_labels = [s.labels() | {"count": 0 if s.body == "none" else 1} for s in scenes[:600]]
    test_rng = np.random.default_rng(4242)
    test = [real(test_rng, 4 * SIZE, two=0.15) for _ in range(600)]
    test_pictures = torch.from_numpy(np.stack([F.adaptive_avg_pool2d(torch.from_numpy(p), SIZE).numpy() for p, _ in test]))

    def step_loss(_: int) -> tuple[Tensor, dict[str, float]]:
        made = [real(rng, SIZE, two=0.2) for _ in range(args.batch)]
        pictures, labels = torch.from_numpy(np.stack([p for p, _ in made])), [told for _, told in made]
        again = rng.integers(0, len(coded), args.batch // 4)
        pictures = blemish(torch.cat([pictures, coded[again]]))
        labels += [coded_labels[i] for i in again]
        out = judge(pictures)
        truth = {h: torch.tensor([told[h] for told in labels]) for h in CLASSES}
        return sum((F.cross_entropy(out[h], truth[h], ignore_index=-1) for h in CLASSES), torch.zeros(())), {}

    def report(average: dict[str, Tensor]) -> str:
        shown = Judge()
        shown.load_state_dict(judge.state_dict() | average)
        with torch.no_grad():
            out = shown.eval()(test_pictures)
        told = {}
        for head in CLASSES:
            truth = torch.tensor([labels[head] for _, labels in test])
            known = truth >= 0
            told[head] = (out[head].argmax(1)[known] == truth[known]).float().mean().item()
        state = shown.state_dict()
        save_file({k: v.half() if v.is_floating_point() else v for k, v in state.items()}, WEIGHTS,
                  metadata={head: f"{value:.4f}" for head, value in told.items()})
        return " ".join(f"{h} {v:.3f}" for h, v in told.items())

    assert set(HEADS) < set(CLASSES)
    loop.train("judge", work, judge, step_loss, minutes=args.minutes, lr=args.lr, ranks=ranks,
               ema_decay=0.99, report=report, report_minutes=2, weight_decay=0.01)


if __name__ == "__main__":
    main()
