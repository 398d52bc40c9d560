"""The mistakes of a small U-Net, made on purpose: blotches from one latent to sixteen wide, and bent outlines."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def blotches(shape: torch.Size) -> Tensor:
    n, c, h, w = shape
    coarse = (torch.randn(n, c, h // k, w // k) for k in (1, 2, 4, 8, 16))
    return 0.5 * sum(F.interpolate(x, size=(h, w), mode="bilinear") for x in coarse)


def bend(latents: Tensor, amount: Tensor) -> Tensor:
    """Moves every latent by about `amount` ([N, 1, 1, 1], in latents), neighbours alike."""
    n, _, h, w = latents.shape
    shift = F.interpolate(torch.randn(n, 2, h // 8, w // 8), size=(h, w), mode="bilinear") * amount * 2 / w
    straight = F.affine_grid(torch.eye(2, 3).expand(n, 2, 3), [n, 1, h, w], align_corners=False)
    return F.grid_sample(latents, straight + shift.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)
