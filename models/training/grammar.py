"""Captions: many ways to say a scene, leaving some of it unsaid, among words that mean nothing here.

A caption says a random part of a scene's attributes. What it leaves out stays as random as the
renderer drew it, which is just what a user who leaves it out should get. The place of the sun or
moon is the exception: unsaid it is the middle, since a net this small, left to choose between
three places, draws a sun at each of them.
"""

from __future__ import annotations

import numpy as np

from scene import HEADS, MOUNTAINS, PLACES, TIMES, TINTS, Scene

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "time": {
        "dawn": ("dawn", "sunrise", "daybreak", "morning"),
        "day": ("day", "noon", "midday", "daytime"),
        "sunset": ("sunset", "dusk", "evening", "sundown"),
        "night": ("night", "midnight", "nighttime"),
    },
    "body": {"sun": ("sun",), "moon": ("moon", "crescent")},
    "tint": {
        "red": ("red", "crimson", "scarlet"),
        "orange": ("orange", "amber"),
        "yellow": ("yellow", "golden"),
        "white": ("white", "pale", "silver"),
    },
    "place": {"left": ("left",), "centre": ("centre", "center", "middle"), "right": ("right",)},
    "mountains": {
        "blue": ("blue", "azure"),
        "purple": ("purple", "violet"),
        "green": ("green", "emerald"),
        "grey": ("grey", "gray", "stone"),
        "red": ("red", "crimson", "scarlet"),
        "white": ("white", "snowy", "icy"),
    },
    "ground": {
        "meadow": ("meadow", "grass", "field", "fields", "grassland", "hills"),
        "desert": ("desert", "sand", "dunes", "sands"),
        "sea": ("sea", "ocean", "water", "lake"),
        "snow": ("snow", "tundra", "snowfield"),
    },
}
RANGES = ("mountains", "peaks", "mountain", "ridge", "ridges")
STYLES = ("a painting of", "a picture of", "an illustration of", "flat art of", "a drawing of", "a poster of", "a landscape with")
PRAISE = ("beautiful", "flat art", "minimal", "calm", "detailed", "a landscape", "landscape", "scenery", "high quality",
          "illustration", "vector art", "clean", "pretty", "peaceful", "artistic", "masterpiece", "simple", "wallpaper")
OTHER = ("a", "an", "the", "of", "in", "on", "at", "by", "over", "above", "under", "behind", "with", "and", "to", "is",
         "no", "without", "sky", "light", "time", "during", "hangs", "shines", "sets", "rises", "side", "empty", "clear",
         "flat", "horizon", "full", "bright", "low", "distant", "tall", "beyond", "beneath", "near", "its", "there", "are",
         "very", "some", "half", "scene", "green", "blue", "deep", "warm", "cold", "open", "wide", "art", "bare", "front")

# Combinations never trained on. Every held-out prompt has one of them.
HELD_PAIRS = {("moon", "yellow", "purple"), ("moon", "red", "green"), ("sun", "white", "blue"), ("sun", "orange", "grey"),
              ("sun", "yellow", "red"), ("moon", "white", "white"), ("sun", "red", "purple"), ("moon", "orange", "blue")}
HELD_TRIPLES = {("night", "blue", "desert"), ("dawn", "green", "sea"), ("day", "purple", "snow"), ("sunset", "white", "meadow"),
                ("day", "red", "sea"), ("night", "grey", "snow"), ("sunset", "green", "desert"), ("dawn", "purple", "meadow"),
                ("day", "white", "desert"), ("night", "red", "meadow"), ("sunset", "grey", "sea"), ("dawn", "blue", "snow")}


def held_out(scene: Scene) -> bool:
    pair, triple = (scene.body, scene.tint, scene.mountains), (scene.time, scene.mountains, scene.ground)
    return pair in HELD_PAIRS or triple in HELD_TRIPLES


def vocabulary() -> list[str]:
    known = {w for head in WORDS.values() for names in head.values() for w in names}
    phrases = " ".join(STYLES + PRAISE).split()
    return sorted(known | set(RANGES) | set(phrases) | set(OTHER))


def off_centre(scene: Scene) -> bool:
    return scene.body != "none" and scene.place != "centre"


class Caption:
    """A sentence about a scene, and what it said: class index by head, -1 for what it left unsaid.

    `said` has one head more than a scene: `range`, whether there are mountains at all.
    """

    def __init__(self, scene: Scene, rng: np.random.Generator, say: float | None = None):
        self.scene, self.rng = scene, rng
        self.said = dict.fromkeys(HEADS, -1) | {"range": -1}
        self.colourless = 0.12 if say is None else 0.0  # mountains of any colour
        say = rng.choice([0.55, 0.8, 1.0]) if say is None else say
        self.keep = {head: rng.random() < say for head in HEADS}
        self.keep["place"] = self.keep["place"] and rng.random() < 0.5
        if off_centre(scene):  # the middle is what is meant when no place is said
            self.keep["body"] = self.keep["place"] = True
        self.text = self._sentence()

    def _say(self, head: str) -> str:
        value = getattr(self.scene, head)
        self.said[head] = HEADS[head].index(value)
        words = WORDS[head][value]
        # The first word of each is the plain one and the most frequent.
        return words[0] if self.rng.random() < 0.5 else str(self.rng.choice(words))

    def _pick(self, *options: str) -> str:
        return str(self.rng.choice(options))

    def _sentence(self) -> str:
        body, range_, ground, time = self._body(), self._mountains(), self._ground(), self._time()
        rng = self.rng
        if rng.random() < 0.35:  # a list of tags in any order
            parts = [p for p in (body, range_, ground, time) if p]
            rng.shuffle(parts)
            text = ", ".join(parts)
        else:
            text = body
            if range_:
                over = self._pick("over", "above", "behind", "and", "with", "over", "above", "hangs over")
                text = f"{text} {over} {range_}" if text else range_
            if ground:
                tie = self._pick("and", "with", "by", "over", "above", "behind", ",", "near", "beyond")
                text = f"{text} {tie} {ground}" if text else ground
            if time:
                front = rng.random() < 0.25
                tie = self._pick(",", "", ":") if front else self._pick("", "", ",")
                text = f"{time} {tie} {text}" if front else f"{text} {tie} {time}"
        return self._decorate(text)

    def _body(self) -> str:
        if not self.keep["body"]:
            return ""
        if self.scene.body == "none":
            self.said["body"] = 0
            return self._pick("no sun", "no moon", "an empty sky", "empty sky", "a clear empty sky", "without sun or moon", "no sun and no moon")
        noun = self._say("body")
        article = self._pick("a", "a", "the", "")
        if self.keep["tint"]:
            noun = f"{self._say('tint')} {noun}"
        elif self.rng.random() < 0.2:
            noun = f"{self._pick('bright', 'low', 'warm')} {noun}"
        text = f"{article} {noun}"
        if self.keep["place"]:
            place = self._say("place")
            if self.scene.place == "centre":
                text += " " + self._pick(f"in the {place}", f"at the {place}")
            else:
                text += " " + self._pick(f"on the {place}", f"to the {place}", f"on the {place} side", f"at the {place}")
        return text

    def _mountains(self) -> str:
        if not self.keep["mountains"]:
            return ""
        if self.scene.mountains == "none":
            self.said["mountains"] = self.said["range"] = 0
            return self._pick("no mountains", "a flat horizon", "without mountains", "flat horizon", "an open horizon", "no peaks")
        noun = self._pick(*RANGES, "mountains", "mountains")
        article = self._pick("a", "the") if noun in ("mountain", "ridge") else self._pick("", "", "the", "distant", "tall")
        self.said["range"] = 1
        if self.rng.random() < self.colourless:
            return f"{article} {noun}"
        return f"{article} {self._say('mountains')} {noun}"

    def _ground(self) -> str:
        if not self.keep["ground"]:
            return ""
        noun = self._say("ground")
        lead = {
            "meadow": ("a", "the", "a green", "an open", "a wide"),
            "desert": ("a", "the", "a wide", ""),
            "sea": ("the", "a", "a calm", "the open", "a blue"),
            "snow": ("the", "", "a field of", "cold", "a"),
        }[self.scene.ground]
        return f"{self._pick(*lead)} {noun}"

    def _time(self) -> str:
        if not self.keep["time"]:
            return ""
        word = self._say("time")
        if word in ("morning", "evening", "day", "daytime"):
            return self._pick(f"in the {word}", f"a {word} sky", f"{word}", f"{word} sky", f"{word} light", f"during the {word}")
        return self._pick(f"at {word}", f"at {word}", f"{word}", f"a {word} sky", f"{word} sky", f"under a {word} sky")

    def _decorate(self, text: str) -> str:
        rng = self.rng
        if rng.random() < 0.25:
            text = f"{rng.choice(STYLES)} {text}"
        if rng.random() < 0.3:
            extra = ", ".join(str(p) for p in rng.choice(PRAISE, int(rng.integers(1, 4)), replace=False))
            text = f"{text}, {extra}" if rng.random() < 0.7 else f"{extra}, {text}"
        words = text.split()
        if rng.random() < 0.2:  # words nobody taught it
            for _ in range(int(rng.integers(1, 4))):
                letters = rng.choice(list("abcdefghijklmnopqrstuvwxyz"), int(rng.integers(2, 9)))
                words.insert(int(rng.integers(0, len(words) + 1)), "".join(letters))
        text = " ".join(words).replace(" ,", ",").replace(" :", ":")
        return text.strip(" ,:") if rng.random() < 0.9 else text + "."


def said_words() -> dict[str, dict[str, list[str]]]:
    """The words of every attribute, for the vocabulary that ships with the model."""
    return {head: {name: list(words) for name, words in names.items()} for head, names in WORDS.items()}


def plain_prompt(scene: Scene, rng: np.random.Generator) -> Caption:
    """A caption that says everything, for the held-out prompts."""
    caption = Caption(scene, rng, say=1.0)
    return caption


assert set(WORDS["time"]) == set(TIMES) and set(WORDS["tint"]) == set(TINTS)
assert set(WORDS["place"]) == set(PLACES) and set(WORDS["mountains"]) == set(MOUNTAINS[1:])
