"""What every answer has, whatever gave it: a request id, safe headers, a metric, a log line."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any, Final

import structlog
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_SAFE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    # The site is on another origin than the API, and its <img> must be able to show images.
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

_log = structlog.get_logger()


class Edge:
    """The outermost layer, around routing and errors too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        begun = time.perf_counter()
        request_id = _request_id(scope)
        status = 500
        head = scope["method"] == "HEAD"
        if head:
            # What GET would say, without its body (RFC 9110, 9.3.2). Express does the same.
            scope["method"] = "GET"
            scope["cinema.head"] = True  # type: ignore[typeddict-unknown-key]

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers: list[Any] = [*message.get("headers", ()), *_SAFE]
                headers.append((b"x-request-id", request_id))
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers.append(_POLICY)
                message["headers"] = headers
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
            try:
                await self._app(scope, receive, send_with_headers)
            finally:
                _log.info(
                    "request",
                    method="HEAD" if head else scope["method"],
                    route=scope.get("path_template", ""),
                    status=status,
                    ms=round((time.perf_counter() - begun) * 1000, 1),
                )


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return value
    return uuid.uuid4().hex.encode()
