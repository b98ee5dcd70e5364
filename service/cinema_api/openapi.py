"""What the OpenAPI document says of a route beside what Litestar can see.

Handlers read bodies themselves, bounded in size and time, and answer with bytes that are ready:
so they declare here what goes in, and what comes out with which status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)

from cinema_api.problems import Problem

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
TEXT: Final = "text/plain"
LOGIN: Final[list[dict[str, list[str]]]] = [{"bearer": []}]
LOGIN_OR_SIGNED: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {}]
"""A bearer, or a signed URL, or nothing at all where the settings say public."""

RATE: Final = {
    "RateLimit-Limit": "How often it may be done a minute.",
    "RateLimit-Remaining": "How often it may still be done in this minute.",
    "RateLimit-Reset": "Seconds until the next minute begins.",
}
ETAG: Final = {"ETag": "Of exactly these bytes.", "Cache-Control": "How long it may be kept."}

_REFUSALS: Final = {
    400: "The request is not valid.",
    401: "Nobody is logged in.",
    403: "It is for another user alone.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body has a type that is not taken.",
    416: "There is no such part.",
    422: "It cannot be kept as it is.",
    429: "It was done too often; Retry-After says when to try again.",
    503: "The database or the bucket cannot be reached; trying again may help.",
}

Responses = dict[int, ResponseSpec]


def answer(
    data: Any,  # noqa: ANN401 - any type that describes what comes
    description: str,
    *,
    status: int = 200,
    media_type: str = JSON,
) -> Responses:
    """The answer of a request that went well."""
    return {
        status: ResponseSpec(
            data, generate_examples=False, description=description, media_type=media_type
        )
    }


def unchanged() -> Responses:
    """The answer to who has it already."""
    return {
        304: ResponseSpec(
            None, generate_examples=False, description="It is what If-None-Match names."
        )
    }


def refusals(*statuses: int) -> Responses:
    """Answers that are problems in JSON."""
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=_REFUSALS[status])
        for status in statuses
    }


def texts(*statuses: int) -> Responses:
    """Refusals whose text the old client shows as it is."""
    return {
        status: ResponseSpec(
            str, generate_examples=False, description=_REFUSALS[status], media_type=TEXT
        )
        for status in statuses
    }


def operation(
    *,
    body: RequestBody | None = None,
    headers: Mapping[str, str] | None = None,
    or_text: tuple[int, ...] = (),
) -> type[Operation]:
    """An operation with a body, with headers on what went well, and texts beside problems."""

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            self.request_body = body
            for status, response in (self.responses or {}).items():
                if not isinstance(response, OpenAPIResponse):
                    continue
                if status.startswith("2") and headers:
                    response.headers = {name: _header(text) for name, text in headers.items()}
                if int(status) in or_text and response.content is not None:
                    response.content[TEXT] = OpenAPIMediaType(
                        schema=Schema(type=OpenAPIType.STRING)
                    )

    return Described


def fields(schema: Schema, *, required: bool = True) -> RequestBody:
    """A body of a few fields, as JSON or as a form."""
    return RequestBody(
        content={name: OpenAPIMediaType(schema=schema) for name in (JSON, FORM)},
        required=required,
    )


def text(description: str, **rules: Any) -> Schema:  # noqa: ANN401 - passed through
    """A text with its rules."""
    return Schema(type=OpenAPIType.STRING, description=description, **rules)


def of(properties: Mapping[str, Schema], *required: str) -> Schema:
    """An object."""
    return Schema(
        type=OpenAPIType.OBJECT, properties=dict(properties), required=list(required) or None
    )


def _header(description: str) -> OpenAPIHeader:
    return OpenAPIHeader(description=description, schema=Schema(type=OpenAPIType.STRING))
