"""Makes a thumbnail of every image that arrives under `orig/`: what Lambda calls.

What S3 tells of a write is when to look, not what to make: notifications come late, twice, and in
any order. So the function makes the thumbnail of the version that is current, and looks again
after it wrote: docs/thumbnails.md says what follows from that.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import unquote_plus

from guard import RefusedError, thumbnail_key
from shrink import shrink

MOST_BYTES: Final = 32 * 2**20

_CACHE: Final = "private, max-age=86400"
"""A name may get another original, if never by the API; and who may see it, the API decides."""

_ROUNDS: Final = 3
"""How often an original may change while its thumbnail is made, before Lambda is to try later."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


class ChangingError(Exception):
    """The original changed again and again."""


class Store(Protocol):
    """The three calls of boto3's S3 client that this needs."""

    def head_object(self, **request: str) -> Mapping[str, Any]:
        """Ask about an object."""

    def get_object(self, **request: str) -> Mapping[str, Any]:
        """Read an object, of one version where there are versions."""

    def put_object(self, **request: str | bytes | Mapping[str, str]) -> object:
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
    for record in event.get("Records", [{}]):
        facts = {"bucket": "", "key": ""}
        try:
            facts["bucket"], facts["key"] = _named(record)
            facts |= make_thumbnail(**facts, store=_store(), own=os.environ["CINEMA_IMAGE_BUCKET"])
        except RefusedError as reason:
            _report(logging.WARNING, "refused", **facts, reason=str(reason))
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other records go on
            _report(logging.ERROR, "failed", **facts, reason=repr(failure))
            failures.append(failure)
        else:
            _report(logging.INFO, "made", **facts)
    if failures:
        raise ExceptionGroup("thumbnails failed", failures)


def _named(record: Mapping[str, Any]) -> tuple[str, str]:
    try:
        return str(record["s3"]["bucket"]["name"]), str(record["s3"]["object"]["key"])
    except (KeyError, TypeError) as problem:
        # S3 itself sends such a thing when a notification is set up (`s3:TestEvent`).
        raise RefusedError("the record names no object") from problem


def make_thumbnail(bucket: str, key: str, store: Store, own: str) -> dict[str, str]:
    """Make the thumbnail of the object that an event calls `key`; returns what there is to report.

    Whoever writes last has seen after its write that it wrote the current version's thumbnail, or
    would have written again: in the end the thumbnail is the current version's, whatever the order
    of events, and however many copies of the function ran at once.
    """
    if bucket != own:
        raise RefusedError(f"'{bucket}' is not the bucket of images")
    target = thumbnail_key(key)
    source = {"Bucket": bucket, "Key": unquote_plus(key)}
    current = store.head_object(**source)
    for _ in range(_ROUNDS):
        if current["ContentLength"] > MOST_BYTES:
            raise RefusedError(f"{current['ContentLength']} bytes are more than {MOST_BYTES}")
        version = _version(current)
        body, content_type = shrink(store.get_object(**source, **version)["Body"].read())
        store.put_object(
            Bucket=bucket,
            Key=target,
            Body=body,
            ContentType=content_type,
            CacheControl=_CACHE,
            Metadata=_origin(current),
        )
        current = store.head_object(**source)
        if _version(current) == version:
            return {"thumbnail": target, **version}
    raise ChangingError(f"'{source['Key']}' changed {_ROUNDS} times meanwhile")


def _version(current: Mapping[str, Any]) -> dict[str, str]:
    # How to read these very bytes and no others. A bucket without versions has no version's name.
    version = current.get("VersionId")
    return {"VersionId": version} if version else {"IfMatch": current["ETag"]}


def _origin(current: Mapping[str, Any]) -> dict[str, str]:
    # For people who ask what a thumbnail was made of; the function's role cannot read it again.
    etag = current["ETag"].strip('"')
    return {"source-etag": etag, "source-version": current.get("VersionId", "null")}


def _report(level: int, outcome: str, **facts: str) -> None:
    # Lambda's JSON log format makes a field of each of these.
    _log.log(level, "thumbnail %s", outcome, extra=facts)
