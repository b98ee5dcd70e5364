"""Answers with an ETag, and `304 Not Modified` to who has the answer already (RFC 9110, 13.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response

PRIVATE = "private, no-cache"
"""Keep it, and ask each time whether it is still so."""


def etag_of(body: bytes) -> str:
    """A strong ETag: other bytes, another tag."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def matches(if_none_match: str, etag: str) -> bool:
    """Whether the client has it already. The comparison is weak, as the RFC asks for here."""
    if if_none_match.strip() == "*":
        return True
    plain = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") == plain for tag in if_none_match.split(","))


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client says that it takes gzip (RFC 9110, 12.5.3), by name and not at `q=0`."""
    for offer in accept_encoding.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return False


def conditional(
    request: Request[Any, Any, Any],
    body: bytes,
    *,
    media_type: str = "application/json",
    cache: str = PRIVATE,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """The body, or 304 without one. Headers that are given win over those made here."""
    given = headers or {}
    etag = given.get("ETag") or etag_of(body)
    answer = {"ETag": etag, "Cache-Control": cache, **given}
    known = request.headers.get("if-none-match")
    if known is not None and matches(known, etag):
        return Response(
            b"", status_code=HTTPStatus.NOT_MODIFIED, headers=answer, media_type=media_type
        )
    return Response(body, headers=answer, media_type=media_type)
