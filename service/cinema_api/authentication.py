"""Decides who sent a request, from its bearer token."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from cinema_api.parts import parts
from cinema_api.users.structs import Account

_SCHEME = b"bearer "


async def require_login(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """A guard: the request's user is known from here on."""
    connection.scope["user"] = await logged_in(connection)


async def logged_in(connection: ASGIConnection[Any, Any, Any, Any]) -> Account:
    """The account whose token came along; raises 401 where there is none that counts.

    The account is read each time, so the token of a user who is gone opens nothing.
    """
    token = bearer_of(connection.scope)
    if token is not None:
        claims = parts(connection).keyring.verify(token)
        if claims is not None:
            account = await parts(connection).users.by_id(claims.user_id)
            if account is not None:
                return account
    raise NotAuthorizedException("Please log in.", headers={"WWW-Authenticate": "Bearer"})


def bearer_of(scope: Scope) -> str | None:
    """The token of the Authorization header, if that is what it holds."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            if value[: len(_SCHEME)].lower() != _SCHEME:
                return None
            return value[len(_SCHEME) :].strip().decode("latin-1")
    return None


def require_self(request: Request[Account, Any, Any], username: str) -> Account:
    """The user of the request, if that is who the path names; raises 403."""
    if request.user.username != username:
        raise PermissionDeniedException("This is for that user alone.")
    return request.user
