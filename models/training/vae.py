"""The auto-encoder: its shape, and how it is normalised so that the app needs no numbers beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

import loop
from scene import random_scene, render

CONFIG = dict(
    in_channels=3,
    out_channels=3,
    latent_channels=4,
    down_block_types=["DownEncoderBlock2D"] * 3,
    up_block_types=["UpDecoderBlock2D"] * 3,
    block_out_channels=[24, 48, 96],
    layers_per_block=1,
    norm_num_groups=8,
    mid_block_add_attention=False,
    sample_size=256,
    scaling_factor=1.0,
)


def new_vae() -> AutoencoderKL:
    vae = AutoencoderKL(**CONFIG)
    with torch.no_grad():  # start almost without noise in the latents
        vae.quant_conv.bias[4:].fill_(-7.0)
        vae.quant_conv.weight[4:].mul_(0.05)
    return vae.to(memory_format=torch.channels_last)


def load_vae(work: Path, parts: tuple[str, ...] = ("vae", "vae-decoder")) -> AutoencoderKL:
    """The best there is: the joint run's average weights, normalised, then the refined decoder over them."""
    vae = new_vae()
    vae.load_state_dict(loop.load(work / "vae.pt")["ema"])
    fold(vae, work)
    refined = work / "vae-decoder.pt"
    if "vae-decoder" in parts and refined.exists():
        vae.load_state_dict(loop.load(refined)["ema"], strict=False)
    return vae.eval()


@torch.no_grad()
def fold(vae: AutoencoderKL, work: Path) -> None:
    """Folds the latents' mean and deviation into the 1x1 convolutions on either side of them.

    Latents are then normal numbers channel by channel and `scaling_factor` is 1. The numbers are
    measured once and kept, since everything trained later depends on them.
    """
    path = work / "vae-norm.pt"
    if not path.exists():
        rng = np.random.default_rng(7)
        pictures = torch.from_numpy(np.stack([render(random_scene(rng), 128) for _ in range(128)]))
        z = torch.cat([vae.encode(p).latent_dist.mean for p in pictures.split(16)])
        loop.save(path, {"mean": z.mean((0, 2, 3)), "std": z.std((0, 2, 3))})
    norm = loop.load(path)
    mean, std = norm["mean"], norm["std"]
    weight, bias = vae.quant_conv.weight, vae.quant_conv.bias
    weight[:4] /= std[:, None, None, None]
    bias[:4] = (bias[:4] - mean) / std
    bias[4:] -= 2 * std.log()
    post = vae.post_quant_conv
    post.bias += (post.weight[:, :, 0, 0] * mean).sum(1)
    post.weight *= std[None, :, None, None]


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return vae.encode(pictures.contiguous(memory_format=torch.channels_last)).latent_dist.mean.float()


@torch.no_grad()
def decode(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    return vae.decode(latents).sample.clamp(-1, 1)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Decibels of each picture of a batch, both in -1..1."""
    return 10 * torch.log10(4 / (a - b).square().flatten(1).mean(1))
