"""Noise of every breadth, from single latents to blotches of sixteen: what a small U-Net leaves behind."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def blotches(shape: torch.Size) -> Tensor:
    n, c, h, w = shape
    coarse = (torch.randn(n, c, h // k, w // k) for k in (1, 2, 4, 8, 16))
    return 0.5 * sum(F.interpolate(x, size=(h, w), mode="bilinear") for x in coarse)
