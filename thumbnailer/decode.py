"""Reads the first picture of a file, within limits that hold before anything large is decoded."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from guard import RefusedError

MOST_PIXELS: Final = 50_000_000
"""Decoded they fill 200 MB. Pillow alone refuses from 179 million, and below that only warns."""

MOST_SCANS: Final = 100
"""Of a progressive JPEG: encoders write about ten. Each walks over every pixel, however small it
is in the file, so that a thousand in a file of a few kB would outlast the function's time."""

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
"""Nothing else is tried: Pillow would hand EPS to Ghostscript, and knows forty formats more."""

SIDEWAYS: Final = range(5, 9)
"""The orientations that exchange width and height."""

# ITU-T T.81, B.1.1: in coded data no 0xFF is without a zero behind it, but for restart markers.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SEQUENTIAL: Final = (0xC0, 0xC1, 0xC9)
_WITHOUT_LENGTH: Final = (0x01, 0xD8)

# How Pillow says that a file is cut short or broken inside. Whatever else it may raise is an
# error of the function: tried again, and then kept in the dead-letter queue for somebody to see.
_DAMAGE: Final = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Decoded pixels, as they lie in the file, and what to know about them.

    `extent` is what the picture covers of `image`: a JPEG decoded at a fraction of its size ends
    within the last pixel. `fitted` is its size once it fits the box, before it is turned upright.
    """

    image: Image.Image
    kind: str
    extent: tuple[float, float]
    fitted: tuple[int, int]
    orientation: int
    profile: bytes | None


def first_picture(data: bytes, box: tuple[int, int]) -> Picture:
    """The first picture in `data`, decoded with at least twice the pixels that `box` can hold.

    Raises RefusedError for what is damaged, too large, or not an image of a format we take.
    """
    try:
        with _limits(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _decoded(image, data, box)
    except Image.DecompressionBombError as problem:
        raise RefusedError(f"more than {MOST_PIXELS} pixels are too many") from problem
    except UnidentifiedImageError as problem:
        raise RefusedError(f"not one of {', '.join(FORMATS)}, or cut short") from problem
    except _DAMAGE as problem:
        raise RefusedError(f"the image is damaged: {problem!r}") from problem


@contextmanager
def _limits() -> Iterator[None]:
    usual = Image.MAX_IMAGE_PIXELS
    # Pillow refuses what has more than twice as many. It does so within `open`, and it must: the
    # decoder of WebP allocates its canvas there.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    try:
        # What Pillow only warns of is no news, and what it cannot read it refuses.
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = usual


def _decoded(image: ImageFile.ImageFile, data: bytes, box: tuple[int, int]) -> Picture:
    # What Pillow calls MPO is a JPEG with more pictures behind the first.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if kind == "JPEG" and _scans(data) > MOST_SCANS:
        raise RefusedError(f"more than {MOST_SCANS} scans are too many")
    if kind == "PNG":
        _load_png(image)
    orientation = _orientation(image)
    fitted = _fit(image.size, box[::-1] if orientation in SIDEWAYS else box)
    # Decodes a JPEG at the smallest eighth that is large enough: before anything loads it.
    draft = image.draft(None, (2 * fitted[0], 2 * fitted[1]))
    extent = draft[1][2:] if draft else image.size
    return Picture(
        image=_pixels(image),
        kind=kind,
        extent=(extent[0], extent[1]),
        fitted=fitted,
        orientation=orientation,
        profile=image.info.get("icc_profile"),
    )


def _scans(data: bytes) -> int:
    """How many scans a decoder finds in a JPEG: those of its first picture.

    Phones put whole films behind the picture, in which anything may look like a scan, and a
    segment's content may look like the picture's end: so segments are followed as they lie.
    """
    scans, at, components = 0, 0, b""
    while marker := _MARKER.search(data, at):
        kind, at = data[marker.end() - 1], marker.end()
        if kind == _END_OF_IMAGE:
            break
        if kind in _SEQUENTIAL:
            components = data[at + 7 : at + 8]
        elif kind == _START_OF_SCAN:
            scans += 1
            if data[at + 2 : at + 3] == components:
                # All is in it, as cameras do it: decoders take another for an error.
                break
        if kind not in _WITHOUT_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")
    return scans


def _load_png(image: ImageFile.ImageFile) -> None:
    # Its orientation may stand behind its pixels.
    if image.tile and image.tile[0].args == "RGB;16B" and "transparency" in image.info:
        # Pillow keeps the upper eight bits of every colour, but for the one that is clear.
        image.info["transparency"] = tuple(v >> 8 for v in image.info["transparency"])
    image.load()


def _orientation(image: Image.Image) -> int:
    # 1 to 8, as EXIF counts how the camera was held. Unreadable or senseless notes mean upright.
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:
        return 1
    return int(value) if value in range(1, 9) else 1


def _fit(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    scale = min(1, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _pixels(image: Image.Image) -> Image.Image:
    """The first picture, decoded.

    Pillow's own `load` holds a WebP or AVIF three times at once: in the decoder, as bytes, and as
    the image; 50 million pixels would fill the function's memory. So the bytes are taken from the
    decoder, which is let go, and become the image where they are.
    """
    if image.format not in {"WEBP", "AVIF"}:
        image.load()
        if image.mode == "P" and image.palette is None:
            raise RefusedError("the image is damaged: its colours are missing")
        return image
    decoder, raw = image._decoder, getattr(image, "rawmode", image.mode)  # type: ignore[attr-defined] # noqa: SLF001 - see above
    image._decoder = None  # type: ignore[attr-defined] # noqa: SLF001
    frame = decoder.get_next() if image.format == "WEBP" else decoder.get_frame(0)
    del decoder
    if frame is None:
        raise RefusedError("the image is damaged: its first picture cannot be decoded")
    # Pillow keeps RGB with a byte to spare for each pixel: so named, it needs no copy.
    return Image.frombuffer(raw, image.size, frame[0], "raw", raw, 0, 1)
