"""What the API says when it cannot do what was asked.

Problems are JSON, except where the old client shows the text of an answer as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap, Send

_log = structlog.get_logger()


class UnavailableError(Exception):
    """Something that the API needs cannot be reached just now; trying again later may help."""

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TextError(Exception):
    """A refusal whose body is plain text, for the old client."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of an answer that says what went wrong."""

    status_code: int
    detail: str
    extra: Any = None


def problem(
    status: int, detail: str, *, extra: object = None, headers: Mapping[str, str] | None = None
) -> Response[Problem]:
    """A problem as JSON."""
    return Response(
        Problem(status_code=status, detail=detail, extra=extra),
        status_code=status,
        media_type=MediaType.JSON,
        headers=headers,
    )


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(error.status_code, HTTPStatus(error.status_code).phrase)
    return problem(
        error.status_code, error.detail, extra=error.extra or None, headers=error.headers
    )


def _validation(_: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    # Litestar's own text quotes the whole URL, and with it what may be personal.
    return problem(error.status_code, "The request is not valid.", extra=error.extra or None)


def _unavailable(_: Request[Any, Any, Any] | None, error: UnavailableError) -> Response[Problem]:
    _log.warning("unavailable", reason=str(error), cause=type(error.__cause__).__name__)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service cannot answer just now. Please try again.",
        headers={"Retry-After": str(error.retry_after)},
    )


async def send_unavailable(error: UnavailableError, send: Send) -> None:
    """The same answer, where no framework is around."""
    answer = _unavailable(None, error)
    body = msgspec.json.encode(answer.content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    await send(
        {"type": "http.response.start", "status": answer.status_code or 503, "headers": headers}
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _text(_: Request[Any, Any, Any], error: TextError) -> Response[str]:
    return Response(str(error), status_code=error.status, media_type=MediaType.TEXT)


def _unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    # The traceback names lines of code. The error's own text may quote what a person sent.
    _log.error("unexpected", error=type(error).__name__, where=_frames(error))
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side.")


def _frames(error: BaseException) -> list[str]:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-8:]


HANDLERS: ExceptionHandlersMap = {
    ValidationException: _validation,
    HTTPException: _http,
    UnavailableError: _unavailable,
    TextError: _text,
    Exception: _unexpected,
}
