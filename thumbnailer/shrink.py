"""Makes a thumbnail of an image: bytes in, bytes out, nothing else touched."""

from __future__ import annotations

import io
import math
from typing import Final

from PIL import Image

from colours import in_srgb
from decode import Picture, first_picture

BOX: Final = (320, 480)
"""No thumbnail is wider or higher; posters are three to two."""

_GAP: Final = 2
"""How many times its final size an image still has when the slow, good filter takes over."""

_STRIP_PIXELS: Final = 2**20
"""So many pixels at a time change their mode: a second copy of 50 million would be 200 MB."""

_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# By the original's format. A GIF's first picture becomes a PNG: browsers go by the content type,
# not by the name, and 256 colours would not hold what scaling makes of 256 colours.
_WRITES: Final[dict[str, tuple[str, dict[str, int | bool]]]] = {
    "JPEG": ("JPEG", {"quality": 85, "optimize": True, "progressive": True}),
    "PNG": ("PNG", {}),
    "GIF": ("PNG", {}),
    "WEBP": ("WEBP", {"quality": 85}),
    # One thread, so that the same original always gives the same bytes.
    "AVIF": ("AVIF", {"quality": 75, "speed": 8, "max_threads": 1}),
}


def shrink(data: bytes) -> tuple[bytes, str]:
    """A thumbnail and its content type, in the original's format where browsers show that.

    Raises RefusedError for what is not an image, not of a format we take, damaged or too large.
    """
    picture = first_picture(data, BOX)
    small = in_srgb(_scaled(picture), picture.profile)
    if picture.orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[picture.orientation])
    # Pillow writes some of what it read back into the file: comments, profiles, text.
    small.info = {}
    format_, options = _WRITES[picture.kind]
    out = io.BytesIO()
    small.save(out, format_, **options)
    return out.getvalue(), Image.MIME[format_]


def _scaled(picture: Picture) -> Image.Image:
    """The picture at its final size: L, RGB, RGBX, CMYK, or RGBa, whose alpha is multiplied in."""
    (width, height), fitted = picture.extent, picture.fitted
    factor = (
        max(1, math.floor(width / fitted[0] / _GAP)),
        max(1, math.floor(height / fitted[1] / _GAP)),
    )
    reduced = _reduced(picture.image, factor)
    if reduced.size == fitted:
        return reduced
    box = (0, 0, width / factor[0], height / factor[1])
    return reduced.resize(fitted, Image.Resampling.LANCZOS, box)


def _reduced(image: Image.Image, factor: tuple[int, int]) -> Image.Image:
    """The image averaged over blocks of `factor` pixels, in a mode that can be averaged."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width // factor[1]) * factor[1]
    if height <= rows:
        return _averageable(image).reduce(factor)
    strips = (
        _averageable(image.crop((0, top, width, min(top + rows, height)))).reduce(factor)
        for top in range(0, height, rows)
    )
    first = next(strips)
    whole = Image.new(first.mode, (first.width, math.ceil(height / factor[1])))
    whole.paste(first)
    for number, strip in enumerate(strips, 1):
        whole.paste(strip, (0, number * first.height))
    return whole


def _averageable(image: Image.Image) -> Image.Image:
    """The image in L, RGB, RGBX, CMYK, or RGBa: no palette, eight bits, alpha multiplied in."""
    if image.mode == "I;16":
        image = _eight_bits(image)
    if image.has_transparency_data:
        # Otherwise the colour behind clear pixels would shine through at their edges.
        return image.convert("RGBA").convert("RGBa")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "RGB", "RGBX", "CMYK"} else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    # `convert` alone would clip what is above 255.
    wide = image.convert("I")
    grey = wide.point(lambda value: value / 256).convert("L")
    if (clear := image.info.get("transparency")) is not None:
        grey.putalpha(wide.point([255 * (value != clear) for value in range(2**16)], "L"))
    return grey
