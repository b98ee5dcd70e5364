"""Lets sites of other origins use the API: those that the settings name, and no others.

It stands at the edge, so that every answer says the same, whatever gave it (Fetch Standard, 3.2).
No cookies are used, so none are allowed.
"""

from __future__ import annotations

from typing import Final

from litestar.types import Send

Headers = list[tuple[bytes, bytes]]

_METHODS: Final = b"GET, HEAD, POST, PUT, DELETE"
_ACCEPTED: Final = (
    b"Authorization, Content-Type, If-Modified-Since, If-None-Match, Range, X-Request-Id"
)
_EXPOSED: Final = (
    b"Accept-Ranges, Content-Range, ETag, Link, Location, RateLimit-Limit, RateLimit-Remaining, "
    b"RateLimit-Reset, Retry-After, X-Page, X-Page-Size, X-Request-Id, X-Total-Count"
)
_KEPT_SECONDS: Final = b"3600"
# Whatever keeps an answer must not show one site's to another, or one without to a site.
_VARY: Final = (b"vary", b"Origin")


class Cors:
    """Which origins may read answers."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, origin: bytes | None) -> Headers:
        """What an answer to this origin says beside its own headers."""
        if origin is None or origin not in self._origins:
            return [_VARY]
        return [
            _VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
        ]

    async def preflight(self, origin: bytes, send: Send) -> None:
        """Answer a browser that asks what a site may do. To a stranger it names nothing."""
        headers: Headers = []
        if origin in self._origins:
            headers = [
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _ACCEPTED),
                (b"access-control-max-age", _KEPT_SECONDS),
            ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
