"""Trains the auto-encoder; then, with --decoder, only its decoder while the U-Net is already learning.

Whole scenes drawn small are the main diet: on flat crops group normalisation erases absolute
colour, and then the colours of large areas drift.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import loop
from noise import blotches
from scene import random_scene, render, render_shapes
from vae import decode, load_vae, new_vae, psnr


def picture(rng: np.random.Generator, size: int, shapes: float) -> np.ndarray:
    """A whole scene, or a crop of one drawn twice as large."""
    whole = rng.random() < 0.6
    scene, side = random_scene(rng), size if whole else 2 * size
    drawn = render_shapes(scene, side, rng) if rng.random() < shapes else render(scene, side)
    if not whole:
        x, y = rng.integers(0, side - size + 1, 2)
        drawn = drawn[:, y : y + size, x : x + size]
    return drawn


def loss_of(out: Tensor, target: Tensor) -> Tensor:
    """Colour, edges, squared error (which the decibels count) and the colour of large areas."""
    error = out - target
    edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
    return error.abs().mean() + 0.5 * edges + 2 * error.square().mean() + F.avg_pool2d(error, 8).abs().mean()


def held_out(size: int, count: int) -> Tensor:
    rng = np.random.default_rng(999)
    return torch.from_numpy(np.stack([render(random_scene(rng), size) for _ in range(count)]))


def main() -> None:
    parser = loop.arguments(__doc__, minutes=13, lr=2e-3)
    parser.add_argument("--decoder", action="store_true", help="freeze the encoder and refine the decoder")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--noise", type=float, default=0.2, help="the most noise on the latents while refining")
    args = parser.parse_args()
    ranks = loop.start()
    work = loop.work_dir(args.work)
    torch.manual_seed(0)
    vae = load_vae(work, parts=("vae",)) if args.decoder else new_vae()
    vae.train()
    if args.decoder:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    torch.manual_seed(ranks[0])
    rng = np.random.default_rng(None)
    test = held_out(256, 8)

    def step_loss(_: int) -> tuple[Tensor, dict[str, float]]:
        batch = np.stack([picture(rng, args.size, shapes=0.2) for _ in range(args.batch)])
        x = torch.from_numpy(batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            if args.decoder:
                with torch.no_grad():
                    z = vae.encode(x).latent_dist.mean.float()
                z = z + blotches(z.shape) * args.noise * torch.rand(len(z), 1, 1, 1)
                return loss_of(vae.decode(z).sample.float(), x), {}
            code = vae.encode(x).latent_dist
            out = vae.decode(code.sample()).sample
        kl = 0.5 * (code.mean.float() ** 2 + code.var.float() - 1 - code.logvar.float()).mean()
        return loss_of(out.float(), x) + 3e-5 * kl, {"kl": kl.item()}

    def report(average: dict[str, Tensor]) -> str:
        judge = load_vae(work, parts=("vae",)) if args.decoder else new_vae()
        judge.load_state_dict(average, strict=False)
        with torch.no_grad():
            z = torch.cat([judge.eval().encode(p).latent_dist.mean for p in test.split(2)])
        db = torch.cat([psnr(decode(judge, a), b) for a, b in zip(z.split(2), test.split(2))])
        return f"256 px: mean {db.mean():.2f} dB, worst {db.min():.2f} dB"

    loop.train(
        "vae-decoder" if args.decoder else "vae",
        work, vae, step_loss,
        minutes=args.minutes, lr=args.lr, ranks=ranks, ema_decay=0.998, report=report,
    )


if __name__ == "__main__":
    main()
