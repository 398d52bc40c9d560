"""Writes the trained parts as a diffusers folder in half precision, and checks that diffusers reads it.

    python export.py [OUT] [--stage-name unet-64] [--random]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor

import loop
from grammar import OTHER, PRAISE, RANGES, STYLES, said_words
from prompts import DEMO
from text import load_text_encoder, load_tokenizer, tokenise, write_tokenizer
from unet import CONFIG, SCHEDULER, Stage
from vae import load_vae

DEFAULTS = {"width": 256, "height": 256, "steps": 20, "guidance": 1.0, "scheduler": "dpmpp_2m"}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.30.0",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def halve(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.detach().half().contiguous() for k, v in state.items() if v.is_floating_point()}


def write_weights(folder: Path, name: str, state: dict[str, Tensor]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(halve(state), folder / name, metadata={"format": "pt"})


def config_of(model: torch.nn.Module, name: str) -> dict:
    plain = {k: v for k, v in model.config.items() if not k.startswith("_")}
    return {"_class_name": name, "_diffusers_version": "0.30.0"} | plain


def text_config(encoder: torch.nn.Module) -> dict:
    keep = ("attention_dropout", "bos_token_id", "eos_token_id", "pad_token_id", "hidden_act", "hidden_size",
            "initializer_factor", "initializer_range", "intermediate_size", "layer_norm_eps", "max_position_embeddings",
            "num_attention_heads", "num_hidden_layers", "projection_dim", "vocab_size")
    own = {key: getattr(encoder.config, key) for key in keep}
    return {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "torch_dtype": "float16"} | own


GROUP_MARKS = {"time": 0.97, "ground": 0.97, "mountains": 0.9, "body": 0.9}
WORD_MARK = 0.75


def reaches_mark(head: str, name: str, scores: dict[str, float] | None) -> bool:
    """What the model cannot do is not in its vocabulary: a word below its mark is left out rather than shipped broken.

    Where a whole attribute misses its mark, each of its words has to reach that mark by itself.
    """
    scores = scores or {}
    group = GROUP_MARKS.get(head, WORD_MARK)
    mark = WORD_MARK if scores.get(head, 1.0) >= group else group
    return scores.get(f"{head}.{name}", 1.0) >= mark


def vocabulary(scores: dict[str, float] | None) -> dict:
    """The words the model knows; the accuracy is that of the picture, over held-out prompts that say it."""
    heads = {
        head: {
            "accuracy": (scores or {}).get(head),
            "values": {
                name: {"words": words, "accuracy": (scores or {}).get(f"{head}.{name}")}
                for name, words in names.items()
                if reaches_mark(head, name, scores)
            },
        }
        for head, names in said_words().items()
    }
    filler = sorted(set(" ".join([*STYLES, *PRAISE, *OTHER]).split()) | set(RANGES))
    return {"attributes": heads, "mountain_nouns": list(RANGES), "filler": filler}


def export(out: Path, work: Path, unet: UNet2DConditionModel, scores: dict[str, float] | None) -> None:
    tokenizer = load_tokenizer(work)
    text, vae = load_text_encoder(work, tokenizer), load_vae(work)
    write_json(out / "model_index.json", INDEX)
    write_json(out / "unet" / "config.json", config_of(unet, "UNet2DConditionModel"))
    write_weights(out / "unet", "diffusion_pytorch_model.safetensors", unet.state_dict())
    write_json(out / "vae" / "config.json", config_of(vae, "AutoencoderKL"))
    write_weights(out / "vae", "diffusion_pytorch_model.safetensors", vae.state_dict())
    write_json(out / "text_encoder" / "config.json", text_config(text))
    write_weights(out / "text_encoder", "model.safetensors", {f"text_model.{k}": v for k, v in text.state_dict().items()})
    write_tokenizer(out / "tokenizer")
    scheduler = {"_class_name": "DPMSolverMultistepScheduler", "_diffusers_version": "0.30.0"} | SCHEDULER
    more = {"algorithm_type": "dpmsolver++", "solver_order": 2, "solver_type": "midpoint", "lower_order_final": True}
    write_json(out / "scheduler" / "scheduler_config.json", scheduler | more)
    write_json(out / "defaults.json", DEFAULTS)
    write_json(out / "vocabulary.json", vocabulary(scores))


@torch.no_grad()
def check(out: Path, work: Path, unet: UNet2DConditionModel) -> None:
    """One pass through the folder's networks, as diffusers loads them, against the trained ones."""
    pipe = StableDiffusionPipeline.from_pretrained(out, torch_dtype=torch.float32)
    tokenizer = load_tokenizer(work)
    prompt = ["a red sun over blue mountains at night"]
    ours = load_text_encoder(work, tokenizer)(input_ids=tokenise(tokenizer, prompt)).last_hidden_state
    ids = tokenise(pipe.tokenizer, prompt)
    theirs = pipe.text_encoder(input_ids=ids).last_hidden_state
    x, t = torch.randn(1, 4, 64, 64), torch.tensor([500])
    a = unet(x, t, encoder_hidden_states=ours).sample
    b = pipe.unet(x, t, encoder_hidden_states=theirs).sample
    za, zb = load_vae(work).decode(x).sample, pipe.vae.decode(x).sample
    for name, one, two in (("text", ours, theirs), ("unet", a, b), ("vae", za, zb)):
        print(f"{name}: relative difference {float((one - two).norm() / one.norm()):.1e}")
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    print(f"{out}: {size / 2**20:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--work")
    parser.add_argument("--stage-name", default="unet-64")
    parser.add_argument("--scores", type=Path, help="judge.py's --json, for the vocabulary's accuracies")
    parser.add_argument("--random", action="store_true", help="an untrained U-Net, to try loaders with")
    args = parser.parse_args()
    work = loop.work_dir(args.work)
    torch.manual_seed(0)
    unet = UNet2DConditionModel(**CONFIG).eval()
    if not args.random:
        stage = Stage(64)
        stage.load_state_dict(loop.load(work / f"{args.stage_name}.pt")["ema"], strict=False)
        unet.load_state_dict(stage.net.state_dict())
    export(args.out, work, unet, json.loads(args.scores.read_text()) if args.scores else None)
    check(args.out, work, unet)


if __name__ == "__main__":
    main()
