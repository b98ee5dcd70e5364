"""Answers `GET /movies` without the framework's machinery, which costs more than the answer.

It is what clients ask most. Only what is plain is answered here: a query that is valid, with a
login. Everything else goes on to the controller, which says what is wrong with it; the parameters,
the rules and the bytes are the same, and a test asks both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar.types import ASGIApp, HTTPScope, Receive, Send

from cinema_api.authentication import bearer_of
from cinema_api.conditional import matches, takes_gzip
from cinema_api.movies.structs import (
    LARGEST_PAGE,
    LAST_PAGE,
    LONGEST_TEXT,
    MovieQuery,
    Order,
)
from cinema_api.parts import STATE_KEY, Parts
from cinema_api.problems import UnavailableError, send_unavailable
from cinema_api.proxies import header, plain_host

_ROUTE: Final = "/movies"
_TEXTS: Final = frozenset({"search", "genre", "director"})
_LONGEST_QUERY: Final = 2048
_ORDERS: Final = {order.value: order for order in Order}
_FLAGS: Final = {"true": True, "false": False}
_KNOWN: Final = {"page": "page", "pageSize": "page_size", "featured": "featured", "sort": "order"}


class LeanMovies:
    """Stands between the edge and the framework; `state` is the application's."""

    def __init__(self, app: ASGIApp, state: Mapping[str, Any]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Handle one request, or pass it on."""
        if scope["path"] != _ROUTE or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        cinema: Parts = self._state[STATE_KEY]
        query = plain_query(scope["query_string"])
        token = bearer_of(scope)
        if query is None or token is None or not plain_host(scope):
            await self._app(scope, receive, send)
            return
        try:
            claims = cinema.keyring.verify(token)
            if claims is None or await cinema.users.by_id(claims.user_id) is None:
                await self._app(scope, receive, send)
                return
            found = await cinema.movies.page(query)
        except UnavailableError as error:
            scope["path_template"] = _ROUTE
            await send_unavailable(error, send)
            return
        scope["path_template"] = _ROUTE
        rendered = cinema.pages.render(found, query, cinema.proxies.origin(scope))
        if takes_gzip(header(scope, b"accept-encoding")):
            rendered = rendered.zipped
        known = header(scope, b"if-none-match")
        if known and matches(known, rendered.etag):
            status, body = 304, b""
        else:
            status, body = 200, rendered.body
        length = (b"content-length", str(len(body)).encode())
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*rendered.raw_headers, length],
            }
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})


@lru_cache(1024)
def plain_query(query: bytes) -> MovieQuery | None:
    """The question that a query string asks; None where that takes a closer look."""
    if len(query) > _LONGEST_QUERY:
        return None
    try:
        given = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
        )
    except ValueError:
        return None
    values: dict[str, Any] = {}
    for name, text in given:
        value = text if name in _TEXTS and 0 < len(text) <= LONGEST_TEXT else _value(name, text)
        if value is None or name in values:
            return None
        values[name] = value
    return MovieQuery(**{_KNOWN.get(name, name): value for name, value in values.items()})


def _value(name: str, text: str) -> int | bool | Order | None:
    match name:
        case "page":
            return _number(text, LAST_PAGE)
        case "pageSize":
            return _number(text, LARGEST_PAGE)
        case "featured":
            return _FLAGS.get(text)
        case "sort":
            return _ORDERS.get(text)
        case _:
            return None


def _number(text: str, most: int) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(most)):
        return None
    return number if 1 <= (number := int(text)) <= most else None
