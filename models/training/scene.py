"""The renderer: a landscape as a handful of attributes and a seed, drawn at any size.

Everything is a smooth function of the plane with analytic edge coverage, so the same scene
can be drawn at 64, 128 or 256 pixels and is the same picture. That is what lets the U-Net
be grown from small latents to large ones without the problem changing under it.

Colours and heights that do not follow from the attributes do not vary: all that chance decides
is where the sun stands and the outlines of mountains and hills. What is certain, a small net
paints evenly; what it must guess, it smears.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

TIMES = ("dawn", "day", "sunset", "night")
BODIES = ("none", "sun", "moon")
TINTS = ("red", "orange", "yellow", "white")
PLACES = ("left", "centre", "right")
MOUNTAINS = ("none", "blue", "purple", "green", "grey", "red", "white")
GROUNDS = ("meadow", "desert", "sea", "snow")

HEADS: dict[str, tuple[str, ...]] = {
    "time": TIMES,
    "body": BODIES,
    "tint": TINTS,
    "place": PLACES,
    "mountains": MOUNTAINS,
    "ground": GROUNDS,
}

# Sky colours from the zenith to the horizon.
SKY = {
    "dawn": ((134, 152, 212), (234, 184, 200), (255, 228, 188)),
    "day": ((44, 124, 214), (108, 178, 238), (206, 232, 248)),
    "sunset": ((72, 46, 118), (226, 102, 96), (255, 192, 98)),
    "night": ((12, 18, 46), (24, 38, 82), (52, 74, 126)),
}
TINT_RGB = {"red": (222, 36, 36), "orange": (246, 132, 24), "yellow": (255, 214, 50), "white": (255, 253, 246)}
MOUNTAIN_RGB = {
    "blue": (54, 100, 188),
    "purple": (122, 70, 162),
    "green": (48, 122, 82),
    "grey": (118, 124, 134),
    "red": (182, 66, 54),
    "white": (226, 234, 246),
}
GROUND_RGB = {  # the far band and the near one
    "meadow": ((152, 198, 90), (98, 160, 60)),
    "desert": ((242, 208, 142), (224, 172, 98)),
    "sea": ((92, 168, 206), (24, 80, 140)),
    "snow": ((226, 235, 249), (204, 219, 242)),
}
LIGHT = {"dawn": (1.0, 0.96, 0.97), "day": (1.0, 1.0, 1.0), "sunset": (1.0, 0.88, 0.85), "night": (0.56, 0.6, 0.74)}
MOUNTAIN_LIGHT = {"dawn": (1.0, 0.97, 0.98), "day": (1.0, 1.0, 1.0), "sunset": (0.96, 0.88, 0.88), "night": (0.7, 0.72, 0.84)}
HORIZON = 0.645
RADIUS = 0.1
PLACE_X = {"left": 0.22, "centre": 0.5, "right": 0.78}

# What is likely in the sky at each hour; every combination stays possible.
BODY_PRIOR = {"dawn": (0.2, 0.6, 0.2), "day": (0.2, 0.65, 0.15), "sunset": (0.15, 0.65, 0.2), "night": (0.15, 0.2, 0.65)}


@dataclass(frozen=True)
class Scene:
    """One picture. `tint` and `place` say nothing when there is no sun or moon."""

    time: str
    body: str
    tint: str
    place: str
    mountains: str
    ground: str
    seed: int

    def labels(self) -> dict[str, int]:
        """The class index of every attribute, -1 where it has no meaning."""
        told = {head: names.index(getattr(self, head)) for head, names in HEADS.items()}
        if self.body == "none":
            told["tint"] = told["place"] = -1
        return told

    def to_json(self) -> dict[str, str | int]:
        return asdict(self)


def random_scene(rng: np.random.Generator) -> Scene:
    time = str(rng.choice(TIMES))
    mountains = "none" if rng.random() < 0.12 else str(rng.choice(MOUNTAINS[1:]))
    return Scene(
        time=time,
        body=str(rng.choice(BODIES, p=BODY_PRIOR[time])),
        tint=str(rng.choice(TINTS)),
        place=str(rng.choice(PLACES)),
        mountains=mountains,
        ground=str(rng.choice(GROUNDS)),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Layout:
    """Where things are: drawn from the seed alone, so one seed keeps its layout under any attributes."""

    far: tuple[np.ndarray, np.ndarray]
    near: tuple[np.ndarray, np.ndarray]
    hill: tuple[float, float, float]
    dune: tuple[float, float, float]
    body: tuple[float, float]


def layout(scene: Scene) -> Layout:
    rng = np.random.default_rng(scene.seed)
    far = _ridge(rng, low=(0.10, 0.13), high=(0.22, 0.27))
    near = _ridge(rng, low=(0.03, 0.05), high=(0.10, 0.15))
    hill = (rng.uniform(0.012, 0.02), rng.uniform(0.7, 1.1), rng.uniform(0, 1))
    dune = (rng.uniform(0.020, 0.035), rng.uniform(0.6, 1.0), rng.uniform(0, 1))
    body = (PLACE_X[scene.place] + rng.uniform(-0.045, 0.045), rng.uniform(0.18, 0.27))
    return Layout(far, near, hill, dune, body)


def _ridge(rng: np.random.Generator, low: tuple[float, float], high: tuple[float, float]):
    """Nodes of a zigzag: valleys and peaks in turn, from beyond the left edge to beyond the right."""
    count = 7
    pitch = 1.1 / (count - 2)
    x = (np.arange(count) - 0.5 + rng.uniform(-0.2, 0.2, count)) * pitch - 0.05 + rng.uniform(-0.5, 0.5) * pitch
    odd = int(rng.integers(2))
    height = np.array([rng.uniform(*(high if (i + odd) % 2 else low)) for i in range(count)])
    return x, height


class Canvas:
    """A square picture with shapes laid over one another by coverage."""

    def __init__(self, size: int):
        self.size = size
        self.px = 1.0 / size
        self.axis = ((np.arange(size) + 0.5) * self.px).astype(np.float32)
        self.rgb = np.zeros((3, size, size), np.float32)

    def lay(self, colour: np.ndarray, cover: np.ndarray | float) -> None:
        """Mixes a colour ([3], [3, H, 1] or [3, H, W]) in by coverage ([H, W] or a number)."""
        colour = colour.astype(np.float32)
        colour = colour[:, None, None] if colour.ndim == 1 else colour
        self.rgb += (colour - self.rgb) * cover

    def below(self, line: np.ndarray) -> np.ndarray:
        """Coverage of all that lies under a curve y = line(x)."""
        slope = np.gradient(line) / self.px
        width = self.px * np.sqrt(1 + slope**2)
        return np.clip((self.axis[:, None] - line[None, :]) / width[None, :] + 0.5, 0, 1).astype(np.float32)

    def disc(self, x: float, y: float, r: float) -> np.ndarray:
        return np.clip((r - self.distance(x, y)) / self.px + 0.5, 0, 1)

    def distance(self, x: float, y: float) -> np.ndarray:
        return np.sqrt((self.axis[None, :] - x) ** 2 + (self.axis[:, None] - y) ** 2)

    def wave(self, level: float, wave: tuple[float, float, float]) -> np.ndarray:
        amplitude, frequency, phase = wave
        return level + amplitude * np.sin(2 * np.pi * (frequency * self.axis + phase))

    def gradient(self, top: np.ndarray, bottom: np.ndarray, start: float, end: float) -> np.ndarray:
        """[3, H, 1] from `top` at y = start to `bottom` at y = end."""
        t = np.clip((self.axis - start) / (end - start), 0, 1)[None, :, None]
        return (top[:, None, None] * (1 - t) + bottom[:, None, None] * t).astype(np.float32)


def render(scene: Scene, size: int) -> np.ndarray:
    """The picture as [3, size, size] in -1..1."""
    canvas, place = Canvas(size), layout(scene)
    _sky(canvas, scene)
    if scene.body != "none":
        _body(canvas, scene, *place.body)
    if scene.mountains != "none":
        _mountains(canvas, scene, place)
    _ground(canvas, scene, place)
    return np.clip(canvas.rgb, 0, 255) / 127.5 - 1


def body_mask(scene: Scene, size: int) -> np.ndarray:
    """Where the sun or moon is, a little beyond its rim: [size, size] in 0..1."""
    if scene.body == "none":
        return np.zeros((size, size), np.float32)
    return Canvas(size).disc(*layout(scene).body, RADIUS * 1.25).astype(np.float32)


def _colour(rgb: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(rgb, np.float32)


def _sky(canvas: Canvas, scene: Scene) -> None:
    top, middle, bottom = map(_colour, SKY[scene.time])
    knee = 0.62 * HORIZON
    canvas.lay(canvas.gradient(top, middle, 0.0, knee), 1.0)
    canvas.lay(canvas.gradient(middle, bottom, knee, HORIZON), (canvas.axis >= knee).astype(np.float32)[:, None])


def _body(canvas: Canvas, scene: Scene, x: float, y: float, r: float = RADIUS) -> None:
    disc = canvas.disc(x, y, r)
    if scene.body == "moon":  # a crescent: what a second disc does not cover
        disc = np.minimum(disc, 1 - canvas.disc(x + 0.52 * r, y - 0.18 * r, 0.86 * r))
    canvas.lay(_colour(TINT_RGB[scene.tint]), disc)


def _mountains(canvas: Canvas, scene: Scene, place: Layout) -> None:
    light = _colour(MOUNTAIN_LIGHT[scene.time])
    colour = _colour(MOUNTAIN_RGB[scene.mountains]) * light
    pale = 255 * light
    white = scene.mountains == "white"
    far = colour * _colour((0.84, 0.88, 0.95)) if white else colour * 0.7 + pale * 0.3
    near = colour * 0.4 + pale * 0.6 if white else colour
    for ridge, tone in ((place.far, far), (place.near, near)):
        canvas.lay(tone, canvas.below(HORIZON - np.interp(canvas.axis, *ridge)))


def _ground(canvas: Canvas, scene: Scene, place: Layout) -> None:
    light = _colour(LIGHT[scene.time])
    far, near = (_colour(rgb) * light for rgb in GROUND_RGB[scene.ground])
    if scene.ground == "sea":
        water = canvas.below(np.full(canvas.size, HORIZON, np.float32))
        canvas.lay(canvas.gradient(far, near, HORIZON, 1.0), water)
        return
    canvas.lay(far, canvas.below(canvas.wave(HORIZON, place.hill)))
    canvas.lay(near, canvas.below(canvas.wave(HORIZON + 0.15, place.dune)))


def render_two(scene: Scene, size: int, rng: np.random.Generator) -> np.ndarray:
    """A wrong picture with two suns or moons: only for the judge, which must be able to count."""
    canvas, place = Canvas(size), layout(scene)
    _sky(canvas, scene)
    other = str(rng.choice([p for p in PLACES if p != scene.place]))
    x = PLACE_X[other] + rng.uniform(-0.055, 0.055)
    r = RADIUS * rng.uniform(0.6, 1.05)
    second = replace(scene, body=str(rng.choice(BODIES[1:])) if rng.random() < 0.3 else scene.body)
    _body(canvas, scene, *place.body)
    _body(canvas, second, x, rng.uniform(0.17, 0.28), r)
    if scene.mountains != "none":
        _mountains(canvas, scene, place)
    _ground(canvas, scene, place)
    return np.clip(canvas.rgb, 0, 255) / 127.5 - 1


def render_shapes(scene: Scene, size: int, rng: np.random.Generator) -> np.ndarray:
    """A scene strewn with flat shapes of any colour: only for the auto-encoder, so that it learns colour itself."""
    canvas = Canvas(size)
    canvas.rgb = ((render(scene, size) + 1) * 127.5).astype(np.float32)
    x, y = canvas.axis[None, :], canvas.axis[:, None]
    for _ in range(int(rng.integers(2, 7))):
        colour = rng.uniform(0, 255, 3)
        cx, cy, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.2)
        kind = int(rng.integers(3))
        if kind == 0:
            cover = canvas.disc(cx, cy, r)
        elif kind == 1:
            h = r * rng.uniform(0.4, 1.6)
            cover = np.clip(np.minimum(r - abs(x - cx), h - abs(y - cy)) / canvas.px + 0.5, 0, 1)
        else:
            steep = rng.uniform(0.8, 2.0)
            edge = np.minimum((y - cy + r) - steep * abs(x - cx), r - (y - cy))
            cover = np.clip(edge / (canvas.px * 1.5) + 0.5, 0, 1)
        canvas.lay(colour, cover)
    return np.clip(canvas.rgb, 0, 255) / 127.5 - 1
