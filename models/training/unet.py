"""The U-Net, and how it is grown from the inside outward.

It is diffusers' own network, so what is trained is what is shipped. A stage runs only its
inner levels on a smaller picture: 16 the two innermost on 16x16 latents, 32 three of them,
64 all four. Inner levels thus keep their scale when the picture grows, and most pictures are
seen where they are cheap.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor, nn

import loop
from text import WIDTH

CHANNELS = (32, 64, 128, 192)
LEVEL = {64: 0, 32: 1, 16: 2}  # the outermost level of a stage
CONFIG = dict(
    sample_size=64,
    in_channels=4,
    out_channels=4,
    block_out_channels=list(CHANNELS),
    layers_per_block=1,
    down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    mid_block_type="UNetMidBlock2DCrossAttn",
    up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    attention_head_dim=[1, 2, 4, 6],  # diffusers' name for the number of heads
    cross_attention_dim=WIDTH,
    use_linear_projection=True,
    norm_num_groups=8,
)
SCHEDULER = dict(
    beta_start=0.00085,
    beta_end=0.03,
    beta_schedule="scaled_linear",
    num_train_timesteps=1000,
    prediction_type="v_prediction",
    timestep_spacing="trailing",
    steps_offset=1,
)


class PlainAttention:
    """Attention written out. On CPUs the backward pass of torch's fused one is twice as slow in bfloat16."""

    def __call__(self, attn, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, *_, **__) -> Tensor:
        seen = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        q, k, v = (_split_heads(x, attn.heads) for x in (attn.to_q(hidden_states), attn.to_k(seen), attn.to_v(seen)))
        weights = torch.bmm(q * attn.scale, k.transpose(1, 2)).softmax(-1, dtype=q.dtype)
        out = torch.bmm(weights, v).unflatten(0, (-1, attn.heads)).transpose(1, 2).flatten(2)
        return attn.to_out[0](out)


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1)


class Stage(nn.Module):
    """The inner levels of the net with a stem and a head in place of the levels not yet there."""

    def __init__(self, size: int):
        super().__init__()
        self.size, self.level = size, LEVEL[size]
        self.net = UNet2DConditionModel(**CONFIG)
        self.net.set_attn_processor(PlainAttention())
        if self.level:
            width = CHANNELS[self.level]
            self.stem = nn.Conv2d(4, CHANNELS[self.level - 1], 1)
            self.head = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, 4, 3, padding=1))
            self._leave_out_outer()
        self.to(memory_format=torch.channels_last)

    def _leave_out_outer(self) -> None:
        net = self.net
        outer = [net.conv_in, net.conv_norm_out, net.conv_out, *net.down_blocks[: self.level], *net.up_blocks[4 - self.level :]]
        for part in [*outer, net.up_blocks[3 - self.level].upsamplers]:
            part.requires_grad_(False)

    def forward(self, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        net = self.net
        if self.level == 0:
            return net(x, t, encoder_hidden_states=context).sample
        time = net.time_embedding(net.time_proj(t))
        h = self.stem(x)
        skips = [h]
        for block in net.down_blocks[self.level :]:
            more = {"encoder_hidden_states": context} if hasattr(block, "attentions") else {}
            h, out = block(h, time, **more)
            skips += out
        h = net.mid_block(h, time, encoder_hidden_states=context)
        last = 3 - self.level
        for i, block in enumerate(net.up_blocks[: last + 1]):
            for j, resnet in enumerate(block.resnets):
                h = resnet(torch.cat([h, skips.pop()], 1), time)
                if hasattr(block, "attentions"):
                    h = block.attentions[j](h, encoder_hidden_states=context, return_dict=False)[0]
            if i < last:
                h = block.upsamplers[0](h)
        return self.head(h)


@torch.no_grad()
def grow(inner: Stage, size: int) -> Stage:
    """The next stage around a trained one, which at first hands the inner levels what they were trained on.

    The latents pass the new level in four of its channels, untouched, and its downsampling averages
    them over 2x2 and applies the old stem. The way up is learnt anew.
    """
    outer = Stage(size)
    outer.net.load_state_dict(inner.net.state_dict())
    block = outer.net.down_blocks[outer.level]
    resnet, attention, down = block.resnets[0], block.attentions[0], block.downsamplers[0].conv
    if outer.level:
        _pass_latents(outer.stem)
    else:
        _pass_latents(outer.net.conv_in)
    resnet.conv2.weight.zero_()
    resnet.conv2.bias.zero_()
    if resnet.conv_shortcut is not None:
        _pass_latents(resnet.conv_shortcut)
    attention.proj_out.weight.zero_()
    attention.proj_out.bias.zero_()
    down.weight.zero_()
    down.weight[:, :4, 1:, 1:] = 0.25 * inner.stem.weight
    down.bias.copy_(inner.stem.bias)
    return outer


def _pass_latents(conv: nn.Conv2d) -> None:
    """Makes the first four outputs of a convolution the first four inputs."""
    middle = conv.kernel_size[0] // 2
    conv.weight[:4] = 0
    conv.bias[:4] = 0
    for i in range(4):
        conv.weight[i, i, middle, middle] = 1


def load_stage(work: Path, size: int) -> Stage:
    """A stage's average weights."""
    stage = Stage(size)
    stage.load_state_dict(loop.load(work / f"unet-{size}.pt")["ema"], strict=False)
    return stage.eval()


def noise_scale(size: int) -> float:
    """Averaging k x k independent noises leaves 1/k of them: what a small stage sees of the full problem."""
    return size / 64


def new_scheduler() -> DPMSolverMultistepScheduler:
    return DPMSolverMultistepScheduler(**SCHEDULER, algorithm_type="dpmsolver++", solver_order=2)


@torch.no_grad()
def sample(stage: Stage, context: Tensor, empty: Tensor, seeds: list[int], guidance: float, steps: int = 20) -> Tensor:
    """Latents for [N, 77, width] contexts, each from its own seed, with DPM++ 2M."""
    scheduler = new_scheduler()
    scheduler.set_timesteps(steps)
    shape = (4, stage.size, stage.size)
    x = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]) * noise_scale(stage.size)
    both = torch.cat([empty.expand(len(context), -1, -1), context])
    for t in scheduler.timesteps:
        with torch.autocast("cpu", torch.bfloat16):
            v = stage(torch.cat([x, x]), t.expand(2 * len(x)), both).float()
        without, given = v.chunk(2)
        x = scheduler.step(without + guidance * (given - without), t, x).prev_sample
    return x
