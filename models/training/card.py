"""Writes the model card, models/demo/README.md, from what judge.py measured.

    python card.py SCORES_DIR --vae-db 34.1 --vae-worst 32.1

SCORES_DIR holds what judge.py --json wrote: plain.json, merged-50.json, merged-75.json, and same/N.json, the unmerged
scores over the first N prompts, for every merged set of N pictures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from export import GROUP_MARKS, WORD_MARK, reaches_mark
from grammar import RANGES, said_words
from prompts import DEMO
from scene import HEADS

TARGETS = {head: GROUP_MARKS.get(head, WORD_MARK) for head in HEADS}
NAMES = {"time": "time of day", "body": "sun or moon, and only one", "tint": "its colour", "place": "its place"}

CARD = """# Tessera demo model

A small text-to-image model of Stable Diffusion's shape, trained by us from nothing so that Tessera can draw a picture
before anything is downloaded. It draws one thing: flat-art landscapes, 256×256, of the words listed below.
Licence: MIT. Try `a red sun over blue mountains`.

![The first 64 held-out prompts, seeds 0 to 63, none left out](samples.png)

The sheet above is uncurated: the first 64 of `heldout-prompts.json`, seeds 0 to 63, row by row.

## Shape

| part | shape | F16 |
|---|---|---|
| `unet` | UNet2DConditionModel, 32-64-128-192 channels, self- and cross-attention at the three upper levels | {unet} MB |
| `vae` | AutoencoderKL, 4 latent channels, 4 pixels a latent, so 64×64 = 4096 tokens at the top level | {vae} MB |
| `text_encoder` | CLIPTextModel, 2 layers of 128, vocabulary of its own | {text} MB |

Velocity prediction, scaled-linear 0.00085 to 0.03, trailing timesteps; DPM++ 2M, {steps} steps, guidance {guidance:g}
(1 is none, and takes half the time; a negative prompt needs more than 1).

## Training data

Pictures from a renderer of our own (`models/training/scene.py`) and captions from a grammar with synonyms
(`grammar.py`). No photograph, no scraped picture, no other model's weights. One in five combinations of attributes was
never trained on, and every prompt it is scored with has one of those.

The auto-encoder alone reaches {vae_db:.1f} dB on held-out renders (worst {vae_worst:.1f} dB, 8 pictures).

## Words, and how well it follows them

Measured on {measured} (merged pictures on the first n of them) by a classifier that is right on {judge} of real renders for its worst attribute.
"Merged" columns merge tokens at the top level's self-attention.

{table}

{values}
Mountains may be called {ranges}. It was trained to ignore words it does not know. Left unsaid, the time, ground and mountains vary
with the seed, and the sun or moon stands in the middle.

## Token merging

| ratio | PSNR to the unmerged picture (mean / worst) |
|---|---|
{psnr}

By tomesd's own way. New requests sample keys and values, which stays nearer: see `docs/tried/matching.md`.

{same}

## What falls short

{short}

## Reproducing it

Everything is in `models/training`, with the commands in its README. It was trained on two CPU cores that other work
used at the same time, in about three hours; longer runs of the same commands go on improving it.
"""


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--judge", default="1.00", help="the judge's own accuracy on its worst head")
    parser.add_argument("--vae-db", type=float, required=True)
    parser.add_argument("--vae-worst", type=float, required=True)
    args = parser.parse_args()
    read = {p.stem: json.loads(p.read_text()) for p in args.scores.glob("*.json")}
    plain = read["plain"]
    merged = {ratio: read[f"merged-{ratio}"] for ratio in (50, 75) if f"merged-{ratio}" in read}
    columns = "".join(f" merged .{r} (n = {int(m['count'])}) |" for r, m in merged.items())
    table = [f"| attribute | target | unmerged (n = {int(plain['count'])}) |{columns}", "|---|---|---|" + "---|" * len(merged)]
    short = []
    for head in HEADS:
        cells = "".join(f" {percent(m.get(head))} |" for m in merged.values())
        table.append(f"| {NAMES.get(head, head)} | {percent(TARGETS[head])} | {percent(plain.get(head))} |{cells}")
        if plain[head] < TARGETS[head]:
            short.append(f"- {NAMES.get(head, head)}: {percent(plain[head])} of a target of {percent(TARGETS[head])}.")
    cells = "".join(f" {percent(m['all'])} |" for m in merged.values())
    table.append(f"| all that was said | | {percent(plain['all'])} |{cells}")
    if args.vae_db < 34:
        short.append(f"- The auto-encoder reaches {args.vae_db:.1f} dB of a target of 34 dB.")
    short += [
        f"- {', '.join(names)}: {percent(plain[f'{head}.{name}'])}, so left out of the vocabulary; the app says that it is not known."
        for head in HEADS
        for name, names in said_words()[head].items()
        if not reaches_mark(head, name, plain)
    ]
    if plain["count"] < 256:
        short.append(f"- Only {int(plain['count'])} of the 256 prompts were measured, so a percentage may be off by several points.")
    short += [f"- Only {int(m['count'])} pictures were measured at ratio .{r}." for r, m in merged.items() if m["count"] < 256]
    short.append("- Edges are soft, suns and moons not quite round, and peaks rounded off: a longer last stage should sharpen them.")
    same = ""
    for ratio, m in merged.items():
        alike = json.loads((args.scores / "same" / f"{int(m['count'])}.json").read_text())
        told = ", ".join(f"{NAMES.get(h, h)} {percent(alike[h])} / {percent(m[h])}" for h in HEADS)
        same += f"Unmerged / merged .{ratio} over the same {int(m['count'])} prompts: {told}.\n"
    values = ""
    for head, names in said_words().items():
        told = "; ".join(f"{', '.join(w)} ({percent(plain.get(f'{head}.{n}'))})" for n, w in names.items() if reaches_mark(head, n, plain))
        values += f"- **{NAMES.get(head, head)}**: {told}\n"
    psnr = "\n".join(f"| .{r} | {m['psnr']:.1f} / {m['psnr.worst']:.1f} dB |" for r, m in merged.items())
    sizes = {
        key: f"{sum(f.stat().st_size for f in (DEMO / folder).iterdir()) / 2**20:.1f}"
        for key, folder in (("unet", "unet"), ("vae", "vae"), ("text", "text_encoder"))
    }
    count = int(plain["count"])
    measured = "all 256 held-out prompts" if count == 256 else f"the first {count} of the 256 held-out prompts"
    defaults = json.loads((DEMO / "defaults.json").read_text())
    card = CARD.format(
        **sizes, steps=defaults["steps"], guidance=defaults["guidance"], measured=measured, judge=args.judge,
        table="\n".join(table), values=values, ranges=", ".join(RANGES), psnr=psnr, same=same.strip(), vae_db=args.vae_db, vae_worst=args.vae_worst, short="\n".join(short),
    )  # fmt: skip
    (DEMO / "README.md").write_text(card)


if __name__ == "__main__":
    main()
