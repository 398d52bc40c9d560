"""Pre-trains the text encoder: from its output alone, tell what a caption said of every attribute.

A text encoder trained only through the U-Net stays the bottleneck for a long time: the pictures
cannot teach it the difference between two words before they can draw it.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import loop
from grammar import Caption
from scene import HEADS, random_scene
from text import WIDTH, load_tokenizer, new_text_encoder, tokenise

CLASSES = {head: len(names) + 1 for head, names in HEADS.items()} | {"range": 3}  # one more: unsaid


class Reader(nn.Module):
    """The encoder and one linear probe for every attribute."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.probes = nn.ModuleDict({head: nn.Linear(WIDTH, count) for head, count in CLASSES.items()})


def captions(rng: np.random.Generator, count: int) -> tuple[list[str], dict[str, Tensor]]:
    made = [Caption(random_scene(rng), rng) for _ in range(count)]
    return [c.text for c in made], {head: torch.tensor([c.said[head] + 1 for c in made]) for head in CLASSES}


def main() -> None:
    args = loop.arguments(__doc__, minutes=6, lr=2e-3).parse_args()
    ranks = loop.start()
    work = loop.work_dir(args.work)
    torch.manual_seed(0)
    tokenizer = load_tokenizer(work)
    reader = Reader(new_text_encoder(tokenizer))
    rng = np.random.default_rng(None)
    test, truth = captions(np.random.default_rng(999), 2000)
    test_ids = tokenise(tokenizer, test)

    def step_loss(_: int) -> tuple[Tensor, dict[str, float]]:
        text, said = captions(rng, args.batch)
        ids = tokenise(tokenizer, text)
        out = reader.encoder(input_ids=ids)
        ends = (ids == tokenizer.eos_token_id).int().argmax(1)
        # The padding after the end sees the whole caption too, and the U-Net looks at all of it.
        later = ends + (torch.rand(len(ids)) * (ids.shape[1] - ends)).long()
        rows = torch.arange(len(ids))
        loss = torch.zeros(())
        for place in (ends, later):
            seen = out.last_hidden_state[rows, place]
            loss = loss + sum(F.cross_entropy(reader.probes[h](seen), said[h]) for h in CLASSES)
        return loss, {}

    def report(average: dict[str, Tensor]) -> str:
        judge = Reader(new_text_encoder(tokenizer))
        judge.load_state_dict(average)
        with torch.no_grad():
            pooled = torch.cat([judge.eval().encoder(input_ids=i).pooler_output for i in test_ids.split(200)])
        right = {h: (judge.probes[h](pooled).argmax(1) == truth[h]).float().mean() for h in CLASSES}
        return " ".join(f"{h} {v:.3f}" for h, v in right.items())

    loop.train("text", work, reader, step_loss, minutes=args.minutes, lr=args.lr, ranks=ranks,
               ema_decay=0.99, report=report, report_minutes=1, weight_decay=0.01)


if __name__ == "__main__":
    main()
