"""Pictures with a photo's slopes, edges and noise, of any size, the same in every run."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

LEVELS = 9
SHAPES = 200


def photo(width: int, height: int) -> Image.Image:
    """As a camera makes them: a JPEG of it at quality 90 has 2 to 3 bits for each pixel."""
    dice = random.Random(width * height)  # noqa: S311 - nothing secret is drawn
    scene = _scene(dice, width, height)
    noise = Image.frombytes(
        "RGB", (width // 2, height // 2), dice.randbytes(width * height // 4 * 3)
    )
    # A sensor's noise is no finer than its colour filter.
    return Image.blend(scene, noise.resize((width, height), Image.Resampling.BILINEAR), 0.2)


def poster(width: int, height: int) -> Image.Image:
    """Without noise and of few shades: 50 million pixels of it are a small file in any format."""
    return ImageOps.posterize(_scene(random.Random(width * height), width, height), 3)  # noqa: S311


def _scene(dice: random.Random, width: int, height: int) -> Image.Image:
    scene = Image.new("RGB", (width, height), "grey")
    for level in range(LEVELS):
        # Each finer, and fainter; and light changes more often than colour does.
        columns, rows = 4 << level, 3 << level
        layer = Image.frombytes("RGB", (columns, rows), dice.randbytes(columns * rows * 3))
        layer = ImageEnhance.Color(layer).enhance(0.4)
        layer = layer.resize((width, height), Image.Resampling.BICUBIC)
        scene = Image.blend(scene, layer, 0.4 / (level + 1))
    pen = ImageDraw.Draw(scene)
    for _ in range(SHAPES):
        left, top = dice.randrange(width), dice.randrange(height)
        corner = (left + dice.randrange(width // 12), top + dice.randrange(height // 12))
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        draw = dice.choice((pen.ellipse, pen.rectangle, pen.line))
        draw((left, top, *corner), fill=colour)
    return scene
