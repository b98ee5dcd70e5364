"""Which keys get a thumbnail, and where it goes: `orig/NAME` to `thumbnails/NAME`, nothing else.

The function is started by writes to the bucket that it writes to, so its own thumbnails must never
start it: the notification's prefix and the role's policy see to that, and the guard here holds
even if both were wrong.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_plus

ORIGINALS: Final = "orig/"
THUMBNAILS: Final = "thumbnails/"


class RefusedError(Exception):
    """A record for which no thumbnail is to be made. Trying again would change nothing."""


def thumbnail_key(encoded: str) -> str:
    """Where the thumbnail of an event's key goes. S3 encodes keys in events, as forms do.

    Raises RefusedError for what is not an original: a key outside `orig/`, and one that would be
    a thumbnail's in some other spelling (encoded twice, `orig/../thumbnails/`, `ORIG/Thumbnails`).
    """
    key = unquote_plus(encoded)
    name = key.removeprefix(ORIGINALS)
    if name == key:
        raise RefusedError(f"'{key}' is not under {ORIGINALS}")
    segments = _decoded(name).replace("\\", "/").split("/")
    if any(part.strip().casefold() in {"", ".", "..", "orig", "thumbnails"} for part in segments):
        raise RefusedError(f"'{key}' does not name an original plainly")
    return THUMBNAILS + name


def _decoded(text: str) -> str:
    # Each round that changes anything makes the text shorter, or turns its last `+` to spaces.
    while (further := unquote_plus(text)) != text:
        text = further
    return text
