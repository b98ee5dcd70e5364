"""Decides by its content what kind of image a file is, without decoding more than it must."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, Final

from PIL import Image, UnidentifiedImageError

# Its limit is global and only warns up to twice itself. Ours is checked before anything decodes.
Image.MAX_IMAGE_PIXELS = None

_DECODING = threading.Lock()
"""One at a time: what decoding needs of memory is then bounded, however many upload."""
_SMALLEST_BOX: Final = 8
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Of a JPEG, also within a scan: there no other byte than 0 or a restart follows 0xFF."""
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SEQUENTIAL: Final = (0xC0, 0xC1, 0xC9)
_WITHOUT_LENGTH: Final = (0x01, 0xD8)
_BLOCK_BYTES: Final = 64 * 1024
_MOST_SCANS: Final = 100
"""Of a progressive JPEG. Encoders make about ten; each costs as much as a whole picture."""


class NotAnImageError(Exception):
    """The content is no image of a format that is taken."""


class DamagedError(Exception):
    """It is an image, but cut short or broken."""


class TooManyPixelsError(Exception):
    """It would need too much memory to show."""


@dataclass(frozen=True)
class Kind:
    """An image format: its type on the web, and its extensions, the usual one first."""

    content_type: str
    suffixes: tuple[str, ...]


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "JPEG": Kind("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif")),
        "PNG": Kind("image/png", (".png",)),
        "WEBP": Kind("image/webp", (".webp",)),
        "GIF": Kind("image/gif", (".gif",)),
        "AVIF": Kind("image/avif", (".avif",)),
    }
)


@dataclass(frozen=True)
class Picture:
    """What an image is, and its size in pixels as stored."""

    kind: Kind
    width: int
    height: int


def look(file: BinaryIO, *, most_pixels: int) -> Picture:
    """What is in the file. It takes long enough to belong on a thread.

    Raises NotAnImageError, DamagedError or TooManyPixelsError. A JPEG is decoded at an eighth of
    its size, which shows whether all of it is there; a PNG's checksums are read; the containers
    of the others must be complete. Faults deeper inside are the thumbnail function's to find.
    """
    try:
        with warnings.catch_warnings(), _DECODING:
            # About metadata that we do not use.
            warnings.simplefilter("ignore")
            return _look(file, most_pixels)
    except UnidentifiedImageError:
        raise NotAnImageError from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as problem:
        # Pillow's ways to say that a file is broken inside.
        raise DamagedError from problem


def _look(file: BinaryIO, most_pixels: int) -> Picture:
    file.seek(0)
    with Image.open(file, formats=tuple(KINDS)) as image:
        # Several pictures in one JPEG, as phones make them, are a JPEG to everybody else.
        name = "JPEG" if image.format == "MPO" else str(image.format)
        width, height = image.size
        if width * height > most_pixels:
            raise TooManyPixelsError
        if name == "JPEG":
            _check_scans(file)
            image.draft("L", (1, 1))
            image.load()
        elif name == "PNG":
            image.verify()
        elif name == "GIF":
            image.load()
    if name == "WEBP":
        _check_riff(file)
    elif name == "AVIF":
        _check_boxes(file)
    return Picture(KINDS[name], width, height)


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _check_scans(file: BinaryIO) -> None:
    """Refuse a JPEG whose first picture has too many scans.

    Phones put whole films behind the picture, in which anything may look like a scan, and a
    segment's content may look like the picture's end: so segments are followed as they lie.
    """
    back = file.tell()
    scans, at, components = 0, 0, b""
    while (found := _next_marker(file, at)) is not None:
        kind, at = found
        if kind == _END_OF_IMAGE:
            break
        file.seek(at)
        segment = file.read(8)
        if kind in _SEQUENTIAL:
            components = segment[7:8]
        elif kind == _START_OF_SCAN:
            scans += 1
            if segment[2:3] == components:
                # All is in it, as cameras do it: decoders take another for an error.
                break
            if scans > _MOST_SCANS:
                raise DamagedError
        if kind not in _WITHOUT_LENGTH:
            at += int.from_bytes(segment[:2], "big")
    file.seek(back)


def _next_marker(file: BinaryIO, at: int) -> tuple[int, int] | None:
    """The first marker from `at` on, and where what follows it begins."""
    file.seek(at)
    before = b""
    while block := file.read(_BLOCK_BYTES):
        found = _MARKER.search(before + block)
        if found is not None:
            return found.group()[1], at - len(before) + found.end()
        at += len(block)
        before = block[-1:]
    return None


def _check_riff(file: BinaryIO) -> None:
    size = _size(file)
    file.seek(4)
    if int.from_bytes(file.read(4), "little") + 8 > size:
        raise DamagedError


def _check_boxes(file: BinaryIO) -> None:
    # ISO/IEC 14496-12, 4.2: size and type; size 1 means a longer size follows, 0 to the end.
    end, at = _size(file), 0
    while at < end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        elif size == 0:
            return
        if size < _SMALLEST_BOX or at + size > end:
            raise DamagedError
        at += size
