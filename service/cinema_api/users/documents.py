"""The bodies that people send about themselves, for the OpenAPI document."""

from __future__ import annotations

from typing import Final

from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, RequestBody, Schema

from cinema_api.openapi import fields, of, text
from cinema_api.users.checks import (
    LONGEST_EMAIL,
    LONGEST_PASSWORD,
    LONGEST_USERNAME,
    SHORTEST_PASSWORD,
    SHORTEST_USERNAME,
)

_USERNAME: Final = text(
    "Letters of ASCII and digits.",
    min_length=SHORTEST_USERNAME,
    max_length=LONGEST_USERNAME,
    pattern="^[A-Za-z0-9]+$",
)
_PASSWORD: Final = text(
    "Any text; it is kept as an argon2id hash.",
    min_length=SHORTEST_PASSWORD,
    max_length=LONGEST_PASSWORD,
)
_EMAIL: Final = Schema(
    type=OpenAPIType.STRING, format=OpenAPIFormat.EMAIL, max_length=LONGEST_EMAIL
)
_BIRTHDAY: Final = Schema(
    type=[OpenAPIType.STRING, OpenAPIType.NULL],
    description="ISO 8601, from 1900 to today; a time is taken, and not needed.",
)
_PROFILE: Final = {
    "Username": _USERNAME,
    "Password": _PASSWORD,
    "Email": _EMAIL,
    "Birthday": _BIRTHDAY,
}

LOGIN: Final[RequestBody] = fields(
    of({"Username": text("The name."), "Password": text("The password.")}),
    # An old client sends both as parameters of the query.
    required=False,
)
REGISTRATION: Final[RequestBody] = fields(of(_PROFILE, "Username", "Password", "Email"))
CHANGES: Final[RequestBody] = fields(of(_PROFILE), required=False)
