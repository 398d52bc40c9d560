"""Draws the held-out prompts with the exported model, unmerged or merged, for judge.py to score.

    python draw.py PICTURES [--count 256] [--merge 0.5] [--shard 0/2] [--guidance 3]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import tomesd
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline
from PIL import Image

from judge import read_pictures
from prompts import DEMO
from text import tokenise
from train_unet import sheet
from unet import new_scheduler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--model", type=Path, default=DEMO)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--merge", type=float, default=0.0)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--shard", default="0/1", help="this process's share, as INDEX/COUNT")
    parser.add_argument("--sheet", type=Path, help="also write the first 64, at half size, as one picture")
    args = parser.parse_args()
    torch.set_num_threads(1)
    defaults = json.loads((args.model / "defaults.json").read_text())
    guidance, steps = args.guidance or defaults["guidance"], args.steps or defaults["steps"]
    shard, shards = map(int, args.shard.split("/"))
    args.pictures.mkdir(parents=True, exist_ok=True)
    prompts = json.loads((DEMO / "heldout-prompts.json").read_text())["prompts"][: args.count]
    pipe = StableDiffusionPipeline.from_pretrained(args.model)
    unet = pipe.unet.float().eval().to(memory_format=torch.channels_last)
    vae, text = pipe.vae.float().eval(), pipe.text_encoder.float().eval()
    if args.merge:
        tomesd.apply_patch(unet, ratio=args.merge, max_downsample=1)
    for i, prompt in list(enumerate(prompts))[shard::shards]:
        path = args.pictures / f"{i:03}.png"
        if path.exists():
            continue
        while os.path.exists(os.environ.get("TESSERA_PAUSE_FILE", "")):
            time.sleep(1)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            asked = [prompt["prompt"]] if guidance == 1 else ["", prompt["prompt"]]
            context = text(input_ids=tokenise(pipe.tokenizer, asked)).last_hidden_state
            scheduler = new_scheduler()
            scheduler.set_timesteps(steps)
            x = torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(prompt["seed"]))
            for t in scheduler.timesteps:
                seen = x.expand(len(asked), -1, -1, -1).contiguous(memory_format=torch.channels_last)
                v = unet(seen, t, encoder_hidden_states=context).sample.float()
                if guidance != 1:
                    v = v[:1] + guidance * (v[1:] - v[:1])
                x = scheduler.step(v, t, x).prev_sample
        with torch.no_grad():
            drawn = vae.decode(x).sample[0].clamp(-1, 1)
        pixels = ((drawn + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(path)
    if args.sheet:
        pictures = read_pictures(args.pictures, 64)
        sheet(F.interpolate(pictures, scale_factor=0.5, mode="area"), 8).save(args.sheet)


if __name__ == "__main__":
    main()
