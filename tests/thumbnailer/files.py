"""Files of pictures, as cameras, programs and strangers make them. All are made here, none is kept.

Where Pillow can write a kind of file, it does; what it cannot write is put together by hand.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, Final

from PIL import Image, ImageDraw

SIZE: Final = (60, 44)


def saved(
    image: Image.Image,
    format_: str,
    **options: Any,  # noqa: ANN401 - as Pillow's
) -> bytes:
    """The image as a file."""
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def drawn(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture with slopes and edges, so that decoders have work to do."""
    slopes = [
        Image.linear_gradient("L"),
        Image.radial_gradient("L"),
        Image.linear_gradient("L").rotate(90),
    ]
    image = Image.merge("RGB", [slope.resize(size) for slope in slopes])
    ImageDraw.Draw(image).ellipse((5, 5, size[0] // 2, size[1] - 5), fill=(200, 30, 90))
    if mode in {"RGBA", "LA"}:
        image.putalpha(slopes[2].resize(size))
    if mode == "P":
        return image.quantize(64)
    if mode == "I;16":
        return image.convert("L").convert("I").point(lambda value: value * 257).convert(mode)
    return image.convert(mode)


def frames(count: int, mode: str = "RGB") -> dict[str, Any]:
    """Options that make an animation of a picture: it turns `count` times."""
    turning = [drawn(mode).rotate(180 * (n % 2 + 1)) for n in range(count)]
    return {"save_all": True, "append_images": turning, "duration": 50}


# --- PNG, by hand: Pillow writes neither sixteen bits of colour, nor interlaced, nor lies.


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(
    size: tuple[int, int],
    depth: int,
    colour: int,
    pixel: Callable[[int, int], bytes],
    *chunks: bytes,
    interlaced: bool = False,
) -> bytes:
    """A PNG of whole bytes for each pixel, with `chunks` between its head and its pixels."""
    # The seven passes of Adam7, as first column, first row, and steps.
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
            (0, 1, 1, 2),
        ]  # fmt: skip
    rows = (
        b"\0" + b"".join(pixel(x, y) for x in range(left, size[0], right))
        for left, top, right, down in passes
        for y in range(top, size[1], down)
        if left < size[0]
    )
    head = struct.pack(">2I5B", *size, depth, colour, 0, 0, int(interlaced))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            *chunks,
            chunk(b"IDAT", zlib.compress(b"".join(rows))),
            chunk(b"IEND", b""),
        ]
    )


# --- JPEG: segments and scans


def scans(data: bytes) -> Iterator[bytes]:
    """The scans of a JPEG of Pillow's, each with the tables before it; the first has the head."""
    starts = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    # Within a scan 0xFF is followed by 0; what follows otherwise are the next one's tables.
    ends = [
        next(at for at in range(start + 2, len(data)) if data[at] == 0xFF and data[at + 1])
        for start in starts
    ]
    for first, last in zip([0, *ends], ends, strict=False):
        yield data[first:last]


def with_scans(count: int) -> bytes:
    """A progressive JPEG that says its last scan again and again."""
    *others, last = scans(saved(drawn(), "JPEG", progressive=True))
    return b"".join([*others, last * (count - len(others)), b"\xff\xd9"])


def with_segment(data: bytes, marker: int, content: bytes) -> bytes:
    """A JPEG with a segment more at its beginning."""
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + data[2:]


# --- ICC profiles (ICC.1:2001-04): Pillow makes none but sRGB's


def _profile(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    padded = {name: content + bytes(-len(content) % 4) for name, content in tags.items()}
    start = 128 + 4 + 12 * len(tags)
    offsets = accumulate((len(content) for content in padded.values()), initial=start)
    table = b"".join(
        name + struct.pack(">2I", offset, len(tags[name]))
        for name, offset in zip(padded, offsets, strict=False)
    )
    body = struct.pack(">I", len(tags)) + table + b"".join(padded.values())
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x3i48x",
        *(128 + len(body), 0x02400000, kind, space, connection, b"acsp"),
        *(0xF6D6, 0x10000, 0xD32D),
    )
    return head + body


def _text(name: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + bytes(79)


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 0x10000) for value in values))


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 0x100))


def display_p3(gamma: float = 2.2) -> bytes:
    """A profile with the primaries of Display P3, as phones and cameras use them."""
    return _profile(
        b"RGB ",
        b"XYZ ",
        b"mntr",
        {
            b"desc": _text("wide"),
            b"wtpt": _xyz(0.9642, 1.0, 0.8249),
            b"rXYZ": _xyz(0.51512, 0.24120, -0.00105),
            b"gXYZ": _xyz(0.29198, 0.69225, 0.04189),
            b"bXYZ": _xyz(0.15710, 0.06657, 0.78407),
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(gamma)),
        },
    )


def linear_grey() -> bytes:
    """A profile of grey that counts light, not what eyes make of it."""
    tags = {b"desc": _text("grey"), b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"kTRC": _gamma(1)}
    return _profile(b"GRAY", b"XYZ ", b"mntr", tags)


def green_ink() -> bytes:
    """A profile of a press whose cyan ink is a dark green, and whose other inks are black."""
    straight = bytes(range(256))
    # Lab of every combination of full inks, cyan changing slowest: L 0 to 255, a and b about 128.
    paper, green, black = (255, 128, 128), (120, 60, 180), (0, 128, 128)
    colours = [paper, *[black] * 7, green, *[black] * 7]
    table = b"".join(
        [
            b"mft1\0\0\0\0\x04\x03\x02\0",
            struct.pack(">9i", *(0x10000 * (n % 4 == 0) for n in range(9))),
            straight * 4,
            bytes(value for colour in colours for value in colour),
            straight * 3,
        ]
    )
    tags = {b"desc": _text("press"), b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"A2B0": table}
    return _profile(b"CMYK", b"Lab ", b"prtr", tags)


# --- What the tests cut, flip and lie with


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a description"
    return exif.tobytes()


def _wide(x: int, y: int) -> bytes:
    return struct.pack(">3H", x * 1000, y * 1000, 0x8000)


def _wide_grey(x: int, y: int) -> bytes:
    return struct.pack(">H", x * 1000 + y)


@functools.cache
def sound() -> dict[str, bytes]:
    """One small file of every kind: each has a thumbnail."""
    camera = {"exif": _exif(6), "icc_profile": display_p3()}
    return {
        "jpeg": saved(drawn(), "JPEG"),
        "jpeg-camera": saved(drawn(), "JPEG", **camera),
        "jpeg-comment": saved(drawn(), "JPEG", comment=b"a comment"),
        "jpeg-progressive": saved(drawn(), "JPEG", progressive=True),
        "jpeg-restarts": saved(drawn(), "JPEG", restart_marker_blocks=2),
        "jpeg-grey": saved(drawn("L"), "JPEG", icc_profile=linear_grey()),
        "jpeg-cmyk": saved(drawn("CMYK"), "JPEG", icc_profile=green_ink()),
        "jpeg-two-pictures": saved(drawn(), "MPO", **frames(1)),
        "png": saved(drawn(), "PNG", **camera),
        "png-alpha": saved(drawn("RGBA"), "PNG"),
        "png-grey": saved(drawn("L"), "PNG"),
        "png-grey-alpha": saved(drawn("LA"), "PNG"),
        "png-grey-16": saved(drawn("I;16"), "PNG"),
        "png-grey-16-clear": png(SIZE, 16, 0, _wide_grey, chunk(b"tRNS", _wide_grey(3, 4))),
        "png-rgb-16": png(SIZE, 16, 2, _wide),
        "png-rgb-16-clear": png(SIZE, 16, 2, _wide, chunk(b"tRNS", _wide(3, 4))),
        "png-interlaced": png(SIZE, 8, 2, lambda x, y: bytes((x, y, 9)), interlaced=True),
        "png-clear-colour": saved(drawn(), "PNG", transparency=(200, 30, 90)),
        "png-palette": saved(drawn("P"), "PNG"),
        "png-palette-alpha": saved(drawn("P"), "PNG", transparency=bytes(range(64))),
        "png-bits": saved(drawn("1"), "PNG"),
        "png-animated": saved(drawn("RGBA"), "PNG", **frames(3, "RGBA")),
        "gif": saved(drawn("P"), "GIF", transparency=3, comment=b"a comment"),
        "gif-grey": saved(drawn("L"), "GIF"),
        "gif-animated": saved(drawn(), "GIF", **frames(3)),
        "webp-plain": saved(drawn(), "WEBP"),
        "webp": saved(drawn(), "WEBP", **camera),
        "webp-alpha": saved(drawn("RGBA"), "WEBP"),
        "webp-lossless": saved(drawn("RGBA"), "WEBP", lossless=True),
        "webp-animated": saved(drawn(), "WEBP", **frames(3)),
        "avif": saved(drawn(), "AVIF", speed=10, max_threads=1, **camera),
        "avif-alpha": saved(drawn("RGBA"), "AVIF", speed=10, max_threads=1),
        "avif-grey": saved(drawn("L"), "AVIF", speed=10, max_threads=1),
        "avif-animated": saved(drawn(), "AVIF", speed=10, max_threads=1, **frames(3)),
    }
