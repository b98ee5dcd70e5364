"""Makes the names of uploaded files safe, and tells keys that may be read from others."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from cinema_api.images.structs import ORIGINALS, THUMBNAILS

_MOST_BYTES: Final = 180
"""Of a name without its extension: with a number it still fits every file system's 255."""
_LONGEST_KEY: Final = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"
_MOST_NUMBERED: Final = 1000

# Separators of any system, what Windows forbids, and what begins an escape in a URL: the
# thumbnail function refuses names that decode to another path.
_FORBIDDEN: Final = frozenset('/\\:*?"<>|%')
# Needed to spell Persian and Indic words, and to join emoji. Nothing else invisible is.
_JOINERS: Final = frozenset("\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_WINDOWS: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_IMAGE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".avif", ".avifs"}
)
_PLAIN_WORDS: Final = frozenset({"orig", "thumbnails"})


@dataclass(frozen=True)
class Name:
    """A file name in two halves, so that a number fits between them."""

    stem: str
    suffix: str

    def numbered(self, number: int) -> str:
        """`cat.jpg`, `cat-2.jpg`, `cat-3.jpg`."""
        return f"{self.stem}{self.suffix}" if number == 1 else f"{self.stem}-{number}{self.suffix}"

    def candidates(self, taken: Collection[str]) -> Iterator[str]:
        """Names to try, best first, without those that are known to be taken."""
        for number in range(1, _MOST_NUMBERED):
            if (name := self.numbered(number)) not in taken:
                yield name
        while True:
            yield f"{self.stem}-{secrets.token_hex(8)}{self.suffix}"


def safe_name(claimed: str, suffixes: tuple[str, ...]) -> Name:
    """A name that is safe on every system, with an extension that tells the truth.

    `suffixes` are those of the content's format, the usual one first. A right one stays as it
    was spelled; that of another image format is replaced; any other text stays before it.
    """
    # Some browsers send the whole path.
    text = re.split(r"[/\\]", claimed)[-1]
    text = "".join(_safe(character) for character in unicodedata.normalize("NFC", text))
    text = " ".join(text.split()).strip(". ")
    path = PurePosixPath(text or "image")
    if path.suffix.lower() in suffixes:
        stem, suffix = path.stem, path.suffix
    elif path.suffix.lower() in _IMAGE_SUFFIXES:
        stem, suffix = path.stem, suffixes[0]
    else:
        stem, suffix = path.name, suffixes[0]
    stem = _shortened(stem).strip(". ") or "image"
    if _WINDOWS.fullmatch(stem) is not None or stem.casefold() in _PLAIN_WORDS:
        stem = f"_{stem}"
    return Name(stem, suffix)


def readable(key: str) -> bool:
    """Whether the key names an original or a thumbnail plainly, in no other spelling."""
    prefix = next((half for half in (ORIGINALS, THUMBNAILS) if key.startswith(half)), None)
    if prefix is None or len(key.encode(errors="replace")) > _LONGEST_KEY:
        return False
    segments = key.removeprefix(prefix).split("/")
    return not any(
        segment.strip() in {"", ".", ".."}
        or any(letter == "\\" or unicodedata.category(letter) in {"Cc", "Cs"} for letter in segment)
        for segment in segments
    )


def _safe(character: str) -> str:
    if character in _FORBIDDEN:
        return "_"
    if unicodedata.category(character) in _INVISIBLE and character not in _JOINERS:
        return ""
    return character


def _shortened(stem: str) -> str:
    return stem.encode()[:_MOST_BYTES].decode(errors="ignore")
