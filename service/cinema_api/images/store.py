"""Where images are kept: the interface, and S3 behind it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.utils import parse_timestamp

from cinema_api.images.names import Name, readable
from cinema_api.images.structs import ORIGINALS, Entry, Listing
from cinema_api.problems import UnavailableError
from cinema_api.shared_reads import SharedReads

_CHUNK_BYTES: Final = 64 * 1024
_MOST_TRIES: Final = 20

_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_TAKEN: Final = frozenset({"412", "PreconditionFailed"})
# Two who store the same name at the same moment: S3 tells one of them to try again.
_CONFLICT: Final = frozenset({"409", "ConditionalRequestConflict"})
_RANGE: Final = frozenset({"416", "InvalidRange"})
_DENIED: Final = frozenset({"403", "AccessDenied"})


class MissingError(Exception):
    """There is no such object."""


class RangeError(Exception):
    """The object has no such part."""


class BadTokenError(Exception):
    """The continuation token is not one that the store gave."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of an object without reading it."""

    etag: str
    last_modified: datetime
    content_type: str
    size: int
    content_range: str | None = None


@dataclass(frozen=True)
class Content:
    """An object, or a part of it, on its way. Whoever has it reads or closes it."""

    facts: Facts
    body: Any

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, a chunk at a time; the connection goes back when they end, in any way."""
        async with self.body as stream:
            async for chunk in stream.iter_chunks(_CHUNK_BYTES):
                yield chunk


class ImageStore(Protocol):
    """Images. Every method raises UnavailableError while the store cannot be reached."""

    async def list(self, *, prefix: str, most: int, token: str | None) -> Listing:
        """Objects whose key begins with `prefix`, in the order of their keys."""

    async def facts(self, key: str) -> Facts:
        """What is known of an object; raises MissingError."""

    async def open(self, key: str, byte_range: str | None) -> Content:
        """An object or a part of it; raises MissingError or RangeError."""

    async def add(self, name: Name, file: BinaryIO, *, content_type: str, sha256: bytes) -> str:
        """Store an original under the first free name; returns its key once it is safe."""

    async def ready(self) -> bool:
        """Whether the store answers."""


class S3Images:
    """Images in a bucket. It needs no more than ListBucket, GetObject and PutObject."""

    def __init__(self, client: Any, bucket: str) -> None:  # noqa: ANN401 - made at run time
        self._client = client
        self._bucket = bucket
        self._lists: SharedReads[Listing] = SharedReads()

    async def list(self, *, prefix: str, most: int, token: str | None) -> Listing:
        """Objects whose key begins with `prefix`; overlapping requests for the same share a read.

        The SDK needs tens of milliseconds to read a long list, and nobody else is answered then.
        """
        return await self._lists.read(
            (prefix, most, token), lambda: self._list(prefix, most, token)
        )

    async def _list(self, prefix: str, most: int, token: str | None) -> Listing:
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix, "MaxKeys": most}
        if token is not None:
            request["ContinuationToken"] = token
        try:
            with _answers():
                found = await self._client.list_objects_v2(**request)
        except ClientError as problem:
            if token is not None and _code(problem) in {"400", "InvalidArgument"}:
                raise BadTokenError from None
            raise
        contents = tuple(
            Entry(
                key=item["Key"],
                last_modified=item["LastModified"].astimezone(UTC),
                e_tag=item["ETag"],
                size=item["Size"],
                storage_class=item.get("StorageClass", "STANDARD"),
            )
            for item in found.get("Contents", ())
            if readable(item["Key"])
        )
        return Listing(
            name=self._bucket,
            prefix=prefix,
            max_keys=most,
            key_count=len(contents),
            is_truncated=found.get("IsTruncated", False),
            contents=contents,
            continuation_token=token,
            next_continuation_token=found.get("NextContinuationToken"),
        )

    async def facts(self, key: str) -> Facts:
        """What is known of an object."""
        with _answers(), _found():
            return _facts(await self._client.head_object(Bucket=self._bucket, Key=key))

    async def open(self, key: str, byte_range: str | None) -> Content:
        """An object or a part of it."""
        request = {"Bucket": self._bucket, "Key": key}
        if byte_range is not None:
            request["Range"] = byte_range
        with _answers(), _found():
            answer = await self._client.get_object(**request)
        return Content(_facts(answer), answer["Body"])

    async def add(self, name: Name, file: BinaryIO, *, content_type: str, sha256: bytes) -> str:
        """Store an original. S3 itself refuses to overwrite, and checks that all bytes came."""
        candidates = name.candidates(await self._taken(name))
        for tries, candidate in enumerate(candidates, 1):
            try:
                await self._put(ORIGINALS + candidate, file, content_type, sha256)
            except ClientError as problem:
                if _code(problem) not in _TAKEN | _CONFLICT or tries == _MOST_TRIES:
                    raise
            else:
                return ORIGINALS + candidate
        raise AssertionError("there is always another name")

    async def ready(self) -> bool:
        """Whether the bucket answers."""
        with _answers():
            await self._client.head_bucket(Bucket=self._bucket)
        return True

    async def _taken(self, name: Name) -> frozenset[str]:
        # Only so that a popular name does not cost a whole upload for each number that is taken.
        with _answers():
            found = await self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=ORIGINALS + name.stem
            )
        return frozenset(item["Key"].removeprefix(ORIGINALS) for item in found.get("Contents", ()))

    async def _put(self, key: str, file: BinaryIO, content_type: str, sha256: bytes) -> None:
        file.seek(0)
        with _answers():
            await self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=file,
                ContentType=content_type,
                ChecksumSHA256=base64.b64encode(sha256).decode(),
                IfNoneMatch="*",
            )


@contextmanager
def _answers() -> Iterator[None]:
    """Turns the SDK's ways to say 'not now' into UnavailableError, and lets the others through."""
    try:
        yield
    except ClientError as problem:
        code = _code(problem)
        if code in _DENIED:
            raise UnavailableError(
                f"S3 does not let the API do {problem.operation_name} ({code})"
            ) from problem
        if problem.response["ResponseMetadata"].get("HTTPStatusCode", 500) >= 500:  # noqa: PLR2004
            raise UnavailableError(f"S3 cannot do {problem.operation_name} ({code})") from problem
        if code in {"NoSuchBucket", "SlowDown", "RequestTimeout", "ExpiredToken"}:
            raise UnavailableError(f"S3 cannot do {problem.operation_name} ({code})") from problem
        raise
    except (BotoCoreError, HTTPClientError, OSError) as problem:
        raise UnavailableError("S3 cannot be reached") from problem


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except ClientError as problem:
        if _code(problem) in _MISSING:
            raise MissingError from None
        if _code(problem) in _RANGE:
            raise RangeError from None
        raise


def moment(value: Any) -> datetime:  # noqa: ANN401 - the SDK's interface
    """A date as the SDK's parser of answers hands it over.

    S3 writes ISO 8601 in lists, a thousand of them in one. The SDK's own way takes any date there
    is, and two fifths of the time that a list takes; it serves for what stands in headers.
    """
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return parse_timestamp(value)  # type: ignore[no-any-return]


def _code(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))


def _facts(answer: Any) -> Facts:  # noqa: ANN401 - the SDK's answers have no types
    return Facts(
        etag=answer["ETag"],
        # The SDK's UTC is one of its own, which no formatter of HTTP dates takes for UTC.
        last_modified=answer["LastModified"].astimezone(UTC),
        content_type=answer.get("ContentType", ""),
        size=answer["ContentLength"],
        content_range=answer.get("ContentRange"),
    )
