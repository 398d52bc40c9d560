"""Trains one stage of the U-Net on cached latents, grown around the stage before it."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import loop
from cache import load_cache
from grammar import Caption, off_centre
from noise import bend, blotches
from scene import Scene
from text import load_text_encoder, load_tokenizer, tokenise
from unet import LEVEL, Stage, grow, load_stage, new_scheduler, noise_scale, sample
from vae import decode, load_vae

PROMPTS = (
    "a red sun over blue mountains",
    "a white moon over purple mountains and the sea at night",
    "an orange sun on the left over green mountains and a meadow at dawn",
    "a yellow sun on the right over a desert, no mountains, by day",
    "a yellow moon over white mountains and snow at night",
    "a red moon over grey mountains and the sea at sunset",
    "no sun, red mountains, a desert, at dawn",
    "a white sun in the middle over green peaks and the ocean at noon",
    "a blue mountain at night",
    "a golden sun over the sea, no mountains, at sunset",
    "a beautiful painting of a crimson sun over snowy peaks and a meadow at sunset, detailed",
    "the sea",
)


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """A caption, or in a tenth of all cases none at all; never none for a sun off the middle."""
    return "" if not off_centre(scene) and rng.random() < 0.22 else Caption(scene, rng).text


def sheet(pictures: Tensor, columns: int) -> Image.Image:
    """[N, 3, H, W] in -1..1 as one picture, row by row."""
    rows = [torch.cat(list(row), 2) for row in pictures.split(columns)]
    rows = [torch.nn.functional.pad(r, (0, columns * pictures.shape[3] - r.shape[2])) for r in rows]
    bytes_ = ((torch.cat(rows, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(bytes_)


def main() -> None:
    parser = loop.arguments(__doc__, minutes=30, lr=1e-3)
    parser.add_argument("--stage", type=int, choices=sorted(LEVEL), required=True)
    parser.add_argument("--merge", type=float, default=0.0, help="token-merging ratio at the top level, stage 64 only")
    parser.add_argument("--merge-share", type=float, default=0.75, help="share of the steps that merge")
    parser.add_argument("--hold", type=int, default=0, help="steps for which only what growth added is trained")
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--floor", type=float, default=0.1)
    parser.add_argument("--name", help="checkpoint name, to go on from a stage with another schedule")
    args = parser.parse_args()
    rank, size = ranks = loop.start()
    work = loop.work_dir(args.work)
    name = args.name or f"unet-{args.stage}"
    torch.manual_seed(0)
    if args.name:
        stage = load_stage(work, args.stage)
    elif args.stage > 16 and not (work / f"{name}.pt").exists():
        stage = grow(load_stage(work, args.stage // 2), args.stage)
    else:
        stage = Stage(args.stage)
    stage.train()
    inner = [p for n, p in stage.named_parameters() if p.requires_grad and args.hold and not is_new(n, stage.level)]

    tokenizer = load_tokenizer(work)
    text = load_text_encoder(work, tokenizer)
    vae = load_vae(work)
    with torch.no_grad():
        empty = text(input_ids=tokenise(tokenizer, [""])).last_hidden_state
        shown = text(input_ids=tokenise(tokenizer, list(PROMPTS))).last_hidden_state
    latents, masks, scenes = load_cache(work, args.stage)
    if rank == 0:
        print(f"stage {args.stage}: {len(scenes)} scenes", flush=True)
    alphas = new_scheduler().alphas_cumprod
    scale = noise_scale(args.stage)
    torch.manual_seed(rank + 17)
    rng = np.random.default_rng(None)
    if args.merge:
        import tomesd

        tomesd.apply_patch(stage.net, ratio=args.merge, max_downsample=1)

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        for p in inner:
            p.requires_grad_(step >= args.hold)
        if args.merge:
            stage.net._tome_info["args"]["ratio"] = args.merge if rng.random() < args.merge_share else 0.0
        picked = rng.integers(0, len(scenes), args.batch)
        captions = [caption(scenes[i], rng) for i in picked]
        x0, mask = latents[picked].float(), masks[picked].float()[:, None]
        # One timestep from each slice of the schedule, so that every batch holds all noise levels; the
        # power thins out the last third of it, where there is nothing left to see but noise.
        t = (((torch.arange(args.batch) + torch.rand(args.batch)) / args.batch) ** 2 * 1000).long()
        a = alphas[t].sqrt()[:, None, None, None]
        s = (1 - alphas[t]).sqrt()[:, None, None, None]
        # Blotches and bent outlines count as noise too, so that sampling paints over its own mistakes
        # instead of believing in them.
        mistake = 0.3 * torch.rand(args.batch, 1, 1, 1) * blotches(x0.shape)
        mistake += bend(x0, 3 * torch.rand(args.batch, 1, 1, 1) * s**2) - x0
        noise = (torch.randn_like(x0) + mistake * (a / s).clamp(max=5)) * scale
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            context = text(input_ids=tokenise(tokenizer, captions)).last_hidden_state
        x = (a * x0 + s * noise).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            v = stage(x, t, context)
        error = (v.float() - (a * noise - s * x0)).square()
        return (error * (1 + 3 * mask)).mean(), {"plain": error.mean().item()}

    def report(average: dict[str, Tensor]) -> str:
        shown_stage = Stage(args.stage)
        shown_stage.load_state_dict(stage.state_dict())
        shown_stage.load_state_dict(average, strict=False)
        count = 4 if args.stage == 64 else len(PROMPTS)  # large pictures take their time
        z = sample(shown_stage.eval(), shown[:count], empty, list(range(count)), guidance=3.0)
        sheet(torch.cat([decode(vae, one) for one in z.split(2)]), 4).save(work / f"{name}.png")
        return f"{name}.png"

    loop.train(name, work, stage, step_loss, minutes=args.minutes, lr=args.lr, ranks=ranks, ema_decay=args.ema,
               floor=args.floor, warmup=100, weight_decay=0.001, report=report, report_minutes=15 if args.stage == 64 else 4)


def is_new(name: str, level: int) -> bool:
    """Whether a parameter came with the outermost level."""
    parts = [f"down_blocks.{level}.", f"up_blocks.{3 - level}.", f"up_blocks.{2 - level}.upsamplers", "stem", "head"]
    return any(p in name for p in parts) or (level == 0 and any(p in name for p in ("conv_in.", "conv_norm_out", "net.conv_out")))


if __name__ == "__main__":
    main()
