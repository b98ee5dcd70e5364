"""Receives an upload: one file of a multipart form, to disk, bounded in size and in time."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, Final

from litestar import Request
from litestar.exceptions import HTTPException
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from cinema_api.bodies import chunks
from cinema_api.problems import UnavailableError

FIELD: Final = "image"
_FORM_BYTES: Final = 64 * 1024
"""What a form may have beside the file: boundaries, headers, other fields."""
_WRITE_BYTES: Final = 256 * 1024
_MOST_PARTS: Final = 16
_STALL_SECONDS: Final = 15


@dataclass(frozen=True)
class Received:
    """A file as it came: what its sender calls it, and what came."""

    claimed_name: str
    file: BinaryIO
    size: int
    sha256: bytes


@asynccontextmanager
async def receive(
    request: Request[Any, Any, Any], *, most_bytes: int, seconds: float
) -> AsyncIterator[Received]:
    """The file of the field `image`; it is gone when the context ends.

    Raises 400, 408, 413 or 415, and UnavailableError where the disk takes no more.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != "multipart/form-data" or not options.get("boundary"):
        raise HTTPException(
            f"Send multipart/form-data with the file in the field '{FIELD}'.",
            status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes + _FORM_BYTES:
        raise _too_large(most_bytes)
    # On disk, not in memory: many may upload at once.
    with tempfile.TemporaryFile() as file:
        form = _Form(file, most_bytes)
        try:
            parser = PushMultipartParser(
                options["boundary"],
                max_segment_count=_MOST_PARTS,
                max_segment_size=most_bytes,
                strict=True,
            )
            async for chunk in chunks(request, seconds=seconds, stall=_STALL_SECONDS):
                for event in parser.parse(chunk):
                    form.take(event)
                if form.waiting >= _WRITE_BYTES:
                    await asyncio.to_thread(form.write)
            parser.close()
            await asyncio.to_thread(form.write)
        except ParserLimitReached:
            raise _too_large(most_bytes) from None
        except MultipartError:
            raise HTTPException(
                "The form is not valid multipart/form-data.", status_code=HTTPStatus.BAD_REQUEST
            ) from None
        except OSError as problem:
            if problem.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise UnavailableError("there is no room on disk for an upload") from problem
            raise
        yield form.received()


class _Form:
    """Takes the parser's events; keeps the one file, counts everything."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._digest = hashlib.sha256()
        self._pending: list[bytes] = []
        self._segment: MultipartSegment | None = None
        self._name: str | None = None
        self._beside = 0
        self._size = 0
        self.waiting = 0

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is not None:
            self._add(bytes(event))

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment = segment
        if segment.name != FIELD:
            return
        if self._name is not None:
            raise _bad(f"There is more than one field '{FIELD}'.")
        if segment.filename is None:
            raise _bad(f"The field '{FIELD}' is not a file.")
        self._name = segment.filename

    def _add(self, data: bytes) -> None:
        if self._segment is not None and self._segment.name == FIELD:
            self._size += len(data)
            if self._size > self._most_bytes:
                raise _too_large(self._most_bytes)
            self._pending.append(data)
            self.waiting += len(data)
        else:
            self._beside += len(data)
            if self._beside > _FORM_BYTES:
                raise _too_large(self._most_bytes)

    def write(self) -> None:
        """Put what waits onto the disk. It may block, so it runs on a thread."""
        for data in self._pending:
            self._digest.update(data)
            self._file.write(data)
        self._file.flush()
        self._pending.clear()
        self.waiting = 0

    def received(self) -> Received:
        if self._name is None:
            raise _bad(f"There is no field '{FIELD}'.")
        return Received(self._name, self._file, self._size, self._digest.digest())


def _bad(detail: str) -> HTTPException:
    return HTTPException(detail, status_code=HTTPStatus.BAD_REQUEST)


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(
        f"The file is too large: {most_bytes} bytes are the most.",
        status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        extra={"most_bytes": most_bytes},
    )
