"""Makes a thumbnail of every image that arrives under `orig/`.

`orig/NAME` becomes `thumbnails/NAME`, never anything else. The function is started by writes to
the bucket that it writes to, so its own thumbnails must never start it: the notification's prefix
and the role's policy see to that, and the guard here holds even if both were wrong.
"""

from __future__ import annotations

import functools
import io
import logging
import os
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import unquote_plus

from PIL import Image, ImageOps, UnidentifiedImageError

ORIGINALS: Final = "orig/"
THUMBNAILS: Final = "thumbnails/"
BOX: Final = (320, 480)
"""No thumbnail is wider or higher; posters are three to two."""

MOST_BYTES: Final = 32 * 2**20
MOST_PIXELS: Final = 50_000_000
"""Decoded they fill 200 MB of the function's memory. Pillow alone only warns, up to 179 million."""

_READS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_WRITES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


class RefusedError(Exception):
    """A record for which no thumbnail is to be made. Trying again would change nothing."""


class Store(Protocol):
    """The two calls of boto3's S3 client that this needs."""

    def get_object(self, **request: str) -> Mapping[str, Any]:
        """Read an object, of one version where there are versions."""

    def put_object(self, **request: str | bytes) -> object:
        """Write an object."""


@functools.cache
def _store() -> Store:
    # Here and not above: the thumbnail's own logic is tested where there is no boto3.
    import boto3  # noqa: PLC0415

    client: Store = boto3.client("s3")
    return client


def handle(event: Mapping[str, Any], _context: object) -> None:
    """Lambda's entry point: an S3 event, any number of records.

    Every record is tried. Those that failed for a reason that may pass are raised together at
    the end, so that Lambda tries again, and then puts the event into the dead-letter queue.
    Making the same thumbnail twice does no harm.
    """
    failures = []
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        try:
            written = make_thumbnail(record["s3"], _store(), os.environ["CINEMA_IMAGE_BUCKET"])
        except RefusedError as reason:
            _report(logging.WARNING, "refused", bucket=bucket, key=key, reason=str(reason))
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other records go on
            _report(logging.ERROR, "failed", bucket=bucket, key=key, reason=repr(failure))
            failures.append(failure)
        else:
            _report(logging.INFO, "made", bucket=bucket, key=key, thumbnail=written)
    if failures:
        raise ExceptionGroup("thumbnails failed", failures)


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


def make_thumbnail(source: Mapping[str, Any], store: Store, bucket: str) -> str:
    """Make the thumbnail for the `s3` part of a record; returns its key."""
    if source["bucket"]["name"] != bucket:
        raise RefusedError(f"'{source['bucket']['name']}' is not the bucket of images")
    target = thumbnail_key(source["object"]["key"])
    request = {"Bucket": bucket, "Key": unquote_plus(source["object"]["key"])}
    if "versionId" in source["object"]:
        request["VersionId"] = source["object"]["versionId"]
    original = store.get_object(**request)
    if original["ContentLength"] > MOST_BYTES:
        raise RefusedError(f"{original['ContentLength']} bytes are more than {MOST_BYTES}")
    body, content_type = shrink(original["Body"].read())
    store.put_object(
        Bucket=bucket,
        Key=target,
        Body=body,
        ContentType=content_type,
        CacheControl="public, max-age=31536000",
    )
    return target


def shrink(data: bytes) -> tuple[bytes, str]:
    """A thumbnail and its content type, in the original's format where browsers show that.

    Raises RefusedError for what is not an image, not of a format we take, or too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_READS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise RefusedError(f"{image.width} x {image.height} pixels are too many")
            kind = image.format if image.format in _WRITES else "PNG"
            # Decodes a JPEG at the smallest eighth that is large enough: before anything loads it.
            image.draft("RGB", (2 * max(BOX), 2 * max(BOX)))
            # A camera's picture stands upright by a note beside it, which a thumbnail loses.
            upright = _eight_bit(ImageOps.exif_transpose(image), kind)
    except (UnidentifiedImageError, Image.DecompressionBombError) as problem:
        raise RefusedError(str(problem)) from problem
    except (OSError, SyntaxError, ValueError) as problem:
        # Pillow's ways to say that a file is cut short or broken inside.
        raise RefusedError(f"the image is damaged: {problem}") from problem
    upright.thumbnail(BOX, Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    if kind == "JPEG":
        upright.save(out, kind, quality=85, optimize=True, progressive=True)
    else:
        upright.save(out, kind)
    return out.getvalue(), _WRITES[kind]


def _eight_bit(image: Image.Image, kind: str) -> Image.Image:
    """The image in a mode that can be resized smoothly and that the format can hold."""
    if image.mode.startswith(("I", "F")):
        # Sixteen bits of grey: `convert` would clip them to white, so take the upper eight.
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in {"RGB", "L"}:
        return image.copy()
    transparent = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    return image.convert("RGBA" if transparent and kind != "JPEG" else "RGB")


def _report(level: int, outcome: str, **facts: str) -> None:
    # Lambda's JSON log format makes a field of each of these.
    _log.log(level, "thumbnail %s", outcome, extra=facts)
