"""Makes step-cache.safetensors of a golden model folder: its DDIM loop with step caching by the peer itself.

    python tests/golden/make/step-cache.py tests/golden/tiny-sd15 r0_dc2b0 r0_dc3b0 r0_dc2b1 r0_dc3b1 r0_dc2b4 r50_dc3b1
    python tests/golden/make/step-cache.py tests/golden/tiny-sd21 r0_dc2b0 r50_dc3b1

Packages: torch 2.13.0, diffusers 0.42.1, tomesd 0.1.3, DeepCache 0.1.1, safetensors 0.8.0; float32 on the CPU.
Starts from loop_x0 and clip_hidden of io.safetensors (row 1 the negative, row 0 the positive), guidance 7.5, six DDIM
steps. rR_dcIbB: R per cent merged (tomesd, use_rand=False), interval I, branch B; loop_rR_dcIbB_latents are the latents
after each step, stacked. Checks first that the loop without caching is loop_rR_latents.
"""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import tomesd
import torch
from DeepCache import DeepCacheSDHelper
from diffusers import DDIMScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file

GUIDANCE = 7.5
STEPS = 6

folder, *names = Path(sys.argv[1]), *sys.argv[2:]
cases = [[int(n) for n in re.fullmatch(r"r(\d+)_dc(\d+)b(\d+)", name).groups()] for name in names]
io = load_file(folder / "io.safetensors")
unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=torch.float32).eval()
hidden = torch.stack([io["clip_hidden"][1], io["clip_hidden"][0]]).float()


@torch.inference_mode()
def loop(ratio: int, cache: tuple[int, int] | None) -> torch.Tensor:
    scheduler = DDIMScheduler.from_pretrained(folder, subfolder="scheduler")
    scheduler.set_timesteps(STEPS)
    helper = DeepCacheSDHelper(SimpleNamespace(unet=unet, scheduler=scheduler))
    if ratio > 0:
        tomesd.apply_patch(unet, ratio=ratio / 100, use_rand=False)
    if cache is not None:
        helper.set_params(cache_interval=cache[0], cache_branch_id=cache[1])
        helper.enable()
    x, after = io["loop_x0"], []
    for timestep in scheduler.timesteps:
        noise = unet(torch.cat([x, x]), timestep, encoder_hidden_states=hidden, return_dict=False)[0]
        negative, positive = noise.chunk(2)
        x = scheduler.step(negative + GUIDANCE * (positive - negative), timestep, x).prev_sample
        after.append(x)
    if cache is not None:
        helper.disable()
    tomesd.remove_patch(unet)
    return torch.stack(after)


for ratio in {ratio for ratio, _, _ in cases}:
    stored = io[f"loop_r{ratio}_latents"]
    plain = loop(ratio, None).reshape(stored.shape)
    torch.testing.assert_close(plain, stored, atol=1e-5 * float(stored.abs().max()), rtol=0)
made = {}
for ratio, interval, branch in cases:
    latents = loop(ratio, (interval, branch)).reshape(io[f"loop_r{ratio}_latents"].shape)
    moved = (latents[-1] - io[f"loop_r{ratio}_latents"][-1]).abs().max()
    assert moved > 1e-3, "caching changed nothing"
    print(f"r{ratio} interval {interval} branch {branch}: moved by {moved:.3f} of {latents[-1].abs().max():.3f}")
    made[f"loop_r{ratio}_dc{interval}b{branch}_latents"] = latents.contiguous()
save_file(made, folder / "step-cache.safetensors")
