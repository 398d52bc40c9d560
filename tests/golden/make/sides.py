"""Adds to tests/golden/tiny-*/io.safetensors what other ways of attending to fewer tokens give: queries alone, keys and
values alone, a coarser grid of them, a threshold of likeness.

    python tests/golden/make/sides.py

The nets run in float32 on the CPU with diffusers; matching, merging and unmerging are tomesd's own functions. Each way is
a few lines around them, and the script first makes sure that the same lines give the numbers that tomesd's own patch gave.
Versions: torch 2.13.0, diffusers 0.42.1, tomesd 0.1.3, safetensors 0.8.0.
"""

import math
from pathlib import Path
from types import MethodType

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import save_file
from tomesd.merge import bipartite_soft_matching_random2d

GOLDEN = Path(__file__).resolve().parent.parent
TIMESTEP = 741
MODELS = {"tiny-sd15": ["16x16", "24x16", "18x22"], "tiny-sd21": ["32x32", "16x40", "13x17"]}


def same(x):
    return x


class Whole:
    """tomesd as it is: what checks this script itself."""

    def __init__(self, ratio):
        self.ratio = ratio

    def pair(self, x, h, w):
        if self.ratio == 0:
            return same, same
        return bipartite_soft_matching_random2d(x, w, h, 2, 2, int(x.shape[1] * self.ratio), no_rand=True)

    def cut(self, x, normal, h, w):
        merge, unmerge = self.pair(x, h, w)
        fewer = merge(normal)
        return fewer, fewer, unmerge


class Queries(Whole):
    """ComfyUI's TomePatchModel (comfy_extras/nodes_tomesd.py@0939d77), with tomesd's metric."""

    def cut(self, x, normal, h, w):
        merge, unmerge = self.pair(x, h, w)
        return merge(normal), normal, unmerge


class KeysValues(Whole):
    """ImprovedTokenMerge's "keys/values" (merge.py@81928e4), with tomesd's metric."""

    def cut(self, x, normal, h, w):
        merge, _ = self.pair(x, h, w)
        return normal, merge(normal), same


class Coarser:
    """ToDo, arXiv 2402.13573; ImprovedTokenMerge/merge.py@81928e4, downsample_method "nearest"."""

    def __init__(self, factor):
        self.factor = factor

    def cut(self, x, normal, h, w):
        image = normal.reshape(x.shape[0], h, w, -1).permute(0, 3, 1, 2)
        coarse = F.interpolate(image, size=(h // self.factor, w // self.factor), mode="nearest")
        return normal, coarse.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[2]), same


class Threshold(Whole):
    """CA-ToMe, arXiv 2501.00946 (merge.py@ee10d38): all whose likeness reaches it; the most of the batch counts for all."""

    def __init__(self, ratio, threshold):
        super().__init__(ratio)
        self.threshold = threshold

    def pair(self, x, h, w):
        rows, columns = torch.arange(h * w) // w, torch.arange(h * w) % w
        is_dst = (rows % 2 == 0) & (columns % 2 == 0) & (rows < h // 2 * 2) & (columns < w // 2 * 2)
        metric = x / x.norm(dim=-1, keepdim=True)
        best = (metric[:, ~is_dst] @ metric[:, is_dst].transpose(1, 2)).amax(-1)
        r = min(int((best >= self.threshold).sum(-1).max()), int(x.shape[1] * self.ratio))
        print(f"    threshold {self.threshold}: {r} of {x.shape[1]}, closest {(best - self.threshold).abs().min():.1e}")
        return bipartite_soft_matching_random2d(x, w, h, 2, 2, r, no_rand=True)


CASES = {
    "_r50_q": Queries(0.5),
    "_r50_kv": KeysValues(0.5),
    "_r75_kv": KeysValues(0.75),
    "_r75_t65": Threshold(0.75, 0.65),
    "_r25_t50": Threshold(0.25, 0.5),
    "_todo2": Coarser(2),
    "_todo4": Coarser(4),
}


def patch(unet, h, w, way):
    """The largest level's blocks attend to themselves through `way`."""

    def forward(self, hidden_states, encoder_hidden_states=None, **_):
        x = hidden_states
        queries, keys_values, back = way.cut(x, self.norm1(x), h, w)
        x = back(self.attn1(queries, encoder_hidden_states=keys_values)) + x
        x = self.attn2(self.norm2(x), encoder_hidden_states=encoder_hidden_states) + x
        return self.ff(self.norm3(x)) + x

    for level in (unet.down_blocks[0], unet.up_blocks[-1]):
        for attention in level.attentions:
            for block in attention.transformer_blocks:
                block.forward = MethodType(forward, block)


def run(unet, tensors, size, way):
    h, w = (int(side) for side in size.split("x"))
    patch(unet, h, w, way)
    with torch.inference_mode():
        return unet(tensors[f"unet_{size}_sample"], TIMESTEP, encoder_hidden_states=tensors["clip_hidden"]).sample


def main():
    for name, sizes in MODELS.items():
        path = GOLDEN / name / "io.safetensors"
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}
        unet = UNet2DConditionModel.from_pretrained(path.parent, subfolder="unet", torch_dtype=torch.float32).eval()
        for size in sizes:
            print(name, size)
            out = f"unet_{size}_out_t{TIMESTEP}"
            for suffix, way in {"": Whole(0), "_r50": Whole(0.5), "_r75": Whole(0.75)}.items():
                if out + suffix in tensors:
                    expected = tensors[out + suffix]
                    error = (run(unet, tensors, size, way) - expected).abs().max() / expected.abs().max()
                    assert error < 1e-5, f"{out + suffix} is off by {error}"
            for suffix, way in CASES.items():
                if math.prod(int(side) % 2 == 0 for side in size.split("x")) or isinstance(way, Coarser):
                    tensors[out + suffix] = run(unet, tensors, size, way).contiguous()
        save_file(tensors, path, metadata)


if __name__ == "__main__":
    main()
