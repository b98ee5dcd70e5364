"""Reads the small bodies of requests: bounded in size and in time, JSON or a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

MOST_BYTES: Final = 64 * 1024
_SECONDS: Final = 10
_MOST_FIELDS: Final = 50


async def read_fields(request: Request[Any, Any, Any]) -> Mapping[str, Any]:
    """The fields of a JSON object or of a form; an empty body has none.

    Raises 400, 408, 413 or 415. Values are whatever JSON can hold: check them.
    """
    body = await _read(request)
    if not body:
        return {}
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        return _from_json(body)
    if content_type == "application/x-www-form-urlencoded":
        return _from_form(body)
    raise HTTPException(
        "Send application/json or application/x-www-form-urlencoded.",
        status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    )


async def chunks(
    request: Request[Any, Any, Any], *, seconds: float, stall: float
) -> AsyncIterator[bytes]:
    """The body as it comes: all of it within `seconds`, and never silent for longer than `stall`.

    Raises 400 where the client goes away, and 408 where it is too slow.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    more = True
    while more:
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + stall)):
                event = await request.receive()
        except TimeoutError:
            raise HTTPException(
                "The body did not arrive in time.", status_code=HTTPStatus.REQUEST_TIMEOUT
            ) from None
        if event["type"] != "http.request":
            raise HTTPException("The body ended early.", status_code=HTTPStatus.BAD_REQUEST)
        if event["body"]:
            yield event["body"]
        more = event.get("more_body", False)


async def _read(request: Request[Any, Any, Any]) -> bytes:
    body = bytearray()
    async for chunk in chunks(request, seconds=_SECONDS, stall=_SECONDS):
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(
                f"The body may have {MOST_BYTES} bytes at most.",
                status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
    return bytes(body)


def _from_json(body: bytes) -> Mapping[str, Any]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise HTTPException("The body is not JSON.", status_code=HTTPStatus.BAD_REQUEST) from None
    if not isinstance(fields, dict):
        raise HTTPException("The body must be a JSON object.", status_code=HTTPStatus.BAD_REQUEST)
    return fields


def _from_form(body: bytes) -> Mapping[str, Any]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException("The body is not a form.", status_code=HTTPStatus.BAD_REQUEST) from None
