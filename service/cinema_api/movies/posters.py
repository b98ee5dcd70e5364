"""The posters of the films that the API comes with. They are no secret, and never change."""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from cinema_api.conditional import conditional
from cinema_api.openapi import ETAG, answer, operation, refusals, texts, unchanged
from cinema_api.problems import TextError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.svg")
_TYPE: Final = "image/svg+xml"
_CACHE: Final = "public, max-age=604800"
# A drawing may hold styles, and nothing that runs or is fetched.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


class PostersController(Controller):
    """Posters, open to everybody: the old client shows them with a plain `<img>`."""

    path = "/posters"
    tags = ("movies",)

    @get(
        "/{name:str}",
        operation_id="getPoster",
        responses={
            **answer(str, "The poster.", media_type=_TYPE),
            **unchanged(),
            **texts(404),
            **refusals(400),
        },
        operation_class=operation(headers=ETAG),
    )
    async def get_poster(
        self, request: Request[Any, Any, Any], name: FromPath[str]
    ) -> Response[bytes]:
        """A poster as SVG."""
        drawing = _drawing(name) if _NAME.fullmatch(name) else None
        if drawing is None:
            raise TextError(HTTPStatus.NOT_FOUND, "There is no such poster.")
        return conditional(
            request,
            drawing,
            media_type=_TYPE,
            cache=_CACHE,
            headers={"Content-Security-Policy": _POLICY},
        )


@lru_cache(256)
def _drawing(name: str) -> bytes | None:
    file = files("cinema_api.seed").joinpath("posters", name)
    return file.read_bytes() if file.is_file() else None
