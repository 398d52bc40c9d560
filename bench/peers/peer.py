"""The peers' side of the benchmark: diffusers, tomesd and DeepCache on torch, on the CPU in float32.

Speaks bench/protocol.ts: a JSON object a line on stdin, one answer a line on stdout.
"""

import json
import os
import resource
import sys
import time
from contextlib import contextmanager
from importlib.metadata import version

PACKAGES = ("torch", "diffusers", "tomesd", "DeepCache", "transformers", "safetensors")
SEED = 7
TIMESTEP = 500
CELL = 2

# Whatever a library prints must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import diffusers  # noqa: E402
import safetensors.torch  # noqa: E402
import tomesd  # noqa: E402
import tomesd.patch  # noqa: E402
import torch  # noqa: E402
from DeepCache import DeepCacheSDHelper  # noqa: E402
import transformers  # noqa: E402
from diffusers.models.attention_processor import Attention  # noqa: E402


class Block:
    """What tomesd's block does around its self-attention: match, norm, merge, attend, unmerge, add."""

    def __init__(self, work):
        weights = safetensors.torch.load_file(work["weights"])
        tokens = safetensors.torch.load_file(work["inputs"])["tokens"]
        batch, self.height, self.width, channels = tokens.shape
        self.tokens = tokens.reshape(batch, self.height * self.width, channels)
        heads = work["headCount"]
        self.norm = torch.nn.LayerNorm(channels)
        self.attention = Attention(
            query_dim=channels, heads=heads, dim_head=channels // heads, bias=False
        )
        self.norm.load_state_dict(part(weights, "norm1."))
        self.attention.load_state_dict(part(weights, "attn1."))
        self.generator = None

    def run(self, point):
        x = self.tokens
        info = {
            "size": (self.height, self.width),
            "args": {
                "ratio": point["ratio"],
                "max_downsample": 1,
                "sx": CELL,
                "sy": CELL,
                "use_rand": not point["fixed"],
                "generator": self.generator,
                "merge_attn": True,
                "merge_crossattn": False,
                "merge_mlp": False,
            },
        }
        if point["ratio"] == 0:
            return self.attention(self.norm(x)) + x
        merge, _, _, unmerge, _, _ = tomesd.patch.compute_merge(x, info)
        self.generator = info["args"]["generator"]
        return unmerge(self.attention(merge(self.norm(x)))) + x


class Unet:
    def __init__(self, work):
        self.unet = load_part(diffusers.UNet2DConditionModel, work, "unet").eval()
        inputs = safetensors.torch.load_file(work["inputs"])
        self.latents, self.hidden = inputs["latents"], inputs["hidden"]

    def run(self, point):
        patch(self.unet, point)
        return self.unet(self.latents, TIMESTEP, encoder_hidden_states=self.hidden).sample


class Pictures:
    def __init__(self, work):
        self.pipeline = load_pipeline(work)
        # DDIM's own default clips to -1 .. 1, which is meant for pixels and not for latents.
        self.pipeline.scheduler = diffusers.DDIMScheduler.from_config(
            self.pipeline.scheduler.config, clip_sample=False
        )
        self.pipeline.set_progress_bar_config(disable=True)
        self.work = work

    def run(self, point):
        patch(self.pipeline, point)
        start = time.perf_counter()
        self.step_ends_ms = []

        def after_step(_pipeline, _index, _timestep, kept):
            self.step_ends_ms.append((time.perf_counter() - start) * 1000)
            return kept

        with step_caching(self.pipeline, point.get("stepCache")):
            return self.pipeline(
                self.work["prompt"],
                width=self.work["sizePx"],
                height=self.work["sizePx"],
                num_inference_steps=self.work["steps"],
                guidance_scale=self.work["guidanceScale"],
                generator=torch.Generator().manual_seed(SEED),
                output_type="pt",
                callback_on_step_end=after_step,
            ).images[0]


class Ends:
    """What a picture takes beside its steps: both texts, and decoding."""

    def __init__(self, work):
        # Random weights of its configuration: what the weights are does not change what it takes.
        folder = work.get("configFolder") or work["model"]
        config = transformers.CLIPTextConfig.from_pretrained(folder, subfolder="text_encoder")
        self.text = transformers.CLIPTextModel(config).eval()
        self.vae = load_part(diffusers.AutoencoderKL, work, "vae").eval()
        self.latents = safetensors.torch.load_file(work["inputs"])["latents"]
        self.ids = [
            torch.full((1, config.max_position_embeddings), work["token"] + i) for i in range(2)
        ]

    def run(self, _point):
        for ids in self.ids:
            self.text(ids)
        return self.vae.decode(self.latents / self.vae.config.scaling_factor).sample


def patch(model, point):
    """Without merging the model is diffusers' own, as the studio's graph then has no merging in it."""
    tomesd.remove_patch(model)
    if point["ratio"] > 0:
        tomesd.apply_patch(model, ratio=point["ratio"], use_rand=not point["fixed"])


@contextmanager
def step_caching(pipeline, cache):
    """DeepCache around one picture. Its branches are counted for two layers a block, as SD 1.x and 2.x have."""
    if cache is None:
        yield
        return
    helper = DeepCacheSDHelper(pipe=pipeline)
    helper.set_params(cache_interval=cache["interval"], cache_branch_id=cache["branch"])
    helper.enable()
    try:
        yield
    finally:
        helper.disable()


def load_part(kind, work, subfolder):
    if work.get("configFolder") is None:
        return kind.from_pretrained(work["model"], subfolder=subfolder, torch_dtype=torch.float32)
    return kind.from_single_file(
        work["model"], config=work["configFolder"], subfolder=subfolder, torch_dtype=torch.float32
    )


def load_pipeline(work):
    kind = diffusers.StableDiffusionPipeline
    if work.get("configFolder") is None:
        return kind.from_pretrained(work["model"], torch_dtype=torch.float32, safety_checker=None)
    return kind.from_single_file(work["model"], config=work["configFolder"], torch_dtype=torch.float32)


def part(weights, prefix):
    return {name[len(prefix) :]: value.float() for name, value in weights.items() if name.startswith(prefix)}


def peak():
    """As on the other side: the kernel's high-water mark, else getrusage's."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return {"type": "peak", "bytes": int(line.split()[1]) * 1024, "source": "VmHWM of /proc/self/status, over the process's life"}
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return {"type": "peak", "bytes": size, "source": "getrusage maxRSS, over the process's life"}


KINDS = {"block": Block, "unet": Unet, "pictures": Pictures, "ends": Ends}
prepared = None


def answer(command):
    global prepared
    if command["do"] == "prepare":
        torch.set_num_threads(command["threads"])
        prepared = KINDS[command["work"]["kind"]](command["work"])
        return {"type": "ready", "versions": {name: version(name) for name in PACKAGES}}
    if command["do"] == "run":
        start = time.perf_counter()
        output = prepared.run(command["point"])
        took = time.perf_counter() - start
        if "saveTo" in command:
            safetensors.torch.save_file({"output": output.flatten().float().contiguous()}, command["saveTo"])
        ends = getattr(prepared, "step_ends_ms", None)
        return {"type": "ran", "tookMs": took * 1000} | ({} if ends is None else {"stepEndsMs": ends})
    return peak()


def main():
    with torch.inference_mode():
        for line in sys.stdin:
            try:
                reply = answer(json.loads(line))
            except Exception as error:  # The benchmark reports it and goes on with its other work.
                reply = {"type": "failed", "message": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), file=answers, flush=True)


main()
