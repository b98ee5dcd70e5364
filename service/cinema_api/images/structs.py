"""Pictures as they go over the wire. Listings are those of S3's ListObjectsV2, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

ORIGINALS: Final = "orig/"
THUMBNAILS: Final = "thumbnails/"
"""The thumbnail of `orig/NAME` is `thumbnails/NAME`, made by the function, not by us."""


class Entry(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """An object of the bucket. `url` is relative to the API, and signed where reading needs it."""

    key: str
    last_modified: datetime
    e_tag: str = msgspec.field(name="ETag")
    size: int
    storage_class: str
    url: str = ""


class Listing(msgspec.Struct, rename="pascal", frozen=True, kw_only=True, omit_defaults=True):
    """One answer of ListObjectsV2. There is a token where there is more."""

    name: str
    prefix: str
    max_keys: int
    key_count: int
    is_truncated: bool
    contents: tuple[Entry, ...]
    continuation_token: str | None = None
    next_continuation_token: str | None = None


class Uploaded(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """The answer to an upload. The thumbnail's URL works as soon as there is a thumbnail."""

    key: str
    thumbnail_key: str
    name: str
    content_type: str
    size: int
    width: int
    height: int
    url: str
    thumbnail_url: str
