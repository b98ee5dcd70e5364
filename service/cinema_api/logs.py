"""Logs: one JSON object a line on standard output, with nothing about persons in it.

No names, addresses, query strings or bodies: a line names the route, not the path.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Final

import msgspec
import structlog

REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id")
"""The id of the request that is being answered; every line that it causes has it."""


def configure(level: str) -> None:
    """Send what the API has to say to standard output; the libraries' warnings as well."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


def _with_request_id(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    request_id = REQUEST_ID.get(None)
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _to_json(event: object, **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)
