"""What every answer has, whatever gave it: a request id, safe headers, a metric, a log line."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import structlog
from litestar.types import HTTPScope, Message, Receive, Send

from cinema_api import logs, metrics
from cinema_api.cors import Cors

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_POLICY: Final = b"content-security-policy"
_SAFE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    # The site is on another origin than the API, and its <img> must be able to show images.
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_STRICT: Final = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")

Answers: TypeAlias = Callable[[HTTPScope, Receive, Send], Awaitable[None]]

_log = structlog.get_logger()


class Edge:
    """The outermost layer, around routing and errors too."""

    def __init__(self, app: Answers, cors: Cors) -> None:
        self._app = app
        self._cors = cors

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        begun = time.perf_counter()
        method = scope["method"]
        request_id, origin, preflight = _read(scope)
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        head = method == "HEAD"
        if head:
            # What GET would say, without its body (RFC 9110, 9.3.2). Express does the same.
            scope["method"] = "GET"
            scope["cinema.head"] = True  # type: ignore[typeddict-unknown-key]

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                given: Any = message.get("headers", ())
                headers = [*given, *_SAFE, *self._cors.headers(origin)]
                headers.append((b"x-request-id", request_id))
                if not any(name == _POLICY for name, _ in given):
                    headers.append(_STRICT)
                message["headers"] = headers
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        known = logs.REQUEST_ID.set(request_id.decode())
        metrics.IN_PROGRESS.inc()
        try:
            if preflight and origin is not None and method == "OPTIONS":
                await self._cors.preflight(origin, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        finally:
            metrics.IN_PROGRESS.dec()
            seconds = time.perf_counter() - begun
            route = str(scope.get("path_template", "none"))
            metrics.answered(method, route, status, seconds)
            _log.info(
                "request", method=method, route=route, status=status, ms=round(seconds * 1000, 1)
            )
            logs.REQUEST_ID.reset(known)


def _read(scope: HTTPScope) -> tuple[bytes, bytes | None, bool]:
    request_id = origin = None
    preflight = False
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            request_id = value if _REQUEST_ID.fullmatch(value) else None
        elif name == b"origin":
            origin = value
        elif name == b"access-control-request-method":
            preflight = True
    return request_id or os.urandom(16).hex().encode(), origin, preflight
