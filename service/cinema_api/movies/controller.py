"""The routes of films."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec.structs import replace

from cinema_api.authentication import require_login
from cinema_api.conditional import conditional
from cinema_api.movies.structs import (
    LARGEST_PAGE,
    MOST_MOVIES,
    Movie,
    MoviePage,
    MovieQuery,
    Order,
)
from cinema_api.parts import parts
from cinema_api.problems import TextError

_encoder = msgspec.json.Encoder()
_LONGEST_TEXT = 200
_LAST_PAGE = 1_000_000

Text = Annotated[str | None, QueryParameter(max_length=_LONGEST_TEXT)]


class MoviesController(Controller):
    """Films, their genres and their directors, for users who are logged in."""

    path = "/movies"
    tags = ("movies",)
    guards = (require_login,)

    @get(operation_id="listMovies")
    async def list_movies(  # noqa: PLR0913, PLR0917 - one argument for each query parameter
        self,
        request: Request[Any, Any, Any],
        search: Text = None,
        genre: Text = None,
        director: Text = None,
        featured: FromQuery[bool | None] = None,
        sort: FromQuery[Order] = Order.TITLE,
        page: Annotated[int | None, QueryParameter(ge=1, le=_LAST_PAGE)] = None,
        page_size: Annotated[int, QueryParameter(name="pageSize", ge=1, le=LARGEST_PAGE)] = 20,
    ) -> Response[bytes]:
        """All films that match, or a page of them. How many there are in all is in the headers."""
        size = MOST_MOVIES if page is None else page_size
        query = MovieQuery(
            search=search,
            genre=genre,
            director=director,
            featured=featured,
            order=sort,
            skip=0 if page is None else (page - 1) * size,
            limit=size,
        )
        found = await parts(request).movies.page(query)
        return conditional(
            request,
            encode(found.movies, parts(request).proxies.origin(request.scope)),
            headers=_paging(request, found, page or 1, size),
        )

    @get("/{title:path}", operation_id="getMovie")
    async def get_movie(
        self, request: Request[Any, Any, Any], title: FromPath[PurePath]
    ) -> Response[bytes]:
        """The film with this title."""
        movie = await parts(request).movies.by_title(_name(title))
        if movie is None:
            raise TextError(HTTPStatus.NOT_FOUND, "There is no film with this title.")
        return conditional(
            request,
            _encoder.encode(absolute(movie, parts(request).proxies.origin(request.scope))),
        )

    @get("/genres/{name:path}", operation_id="getGenre")
    async def get_genre(
        self, request: Request[Any, Any, Any], name: FromPath[PurePath]
    ) -> Response[bytes]:
        """The description of a genre, as text."""
        movie = await parts(request).movies.of_genre(_name(name))
        if movie is None:
            raise TextError(HTTPStatus.NOT_FOUND, "There is no film of this genre.")
        return conditional(request, movie.genre.description.encode(), media_type="text/plain")

    @get("/directors/{name:path}", operation_id="getDirector")
    async def get_director(
        self, request: Request[Any, Any, Any], name: FromPath[PurePath]
    ) -> Response[bytes]:
        """A director."""
        movie = await parts(request).movies.of_director(_name(name))
        if movie is None:
            raise TextError(HTTPStatus.NOT_FOUND, "There is no film of this director.")
        return conditional(request, _encoder.encode(movie.director))


def absolute(movie: Movie, origin: str) -> Movie:
    """The film with its poster's address as the old client's <img> needs it."""
    if not movie.image_path.startswith("/"):
        return movie
    return replace(movie, image_path=origin + movie.image_path)


def encode(movies: Iterable[Movie], origin: str) -> bytes:
    """A JSON array."""
    return _encoder.encode([absolute(movie, origin) for movie in movies])


def _name(path: PurePath) -> str:
    # A path, because a title may hold a slash, which arrives decoded.
    return str(path).lstrip("/")


def _paging(
    request: Request[Any, Any, Any], found: MoviePage, page: int, size: int
) -> dict[str, str]:
    headers = {
        "X-Total-Count": str(found.total),
        "X-Page": str(page),
        "X-Page-Size": str(size),
    }
    links = []
    if page * size < found.total:
        links.append((page + 1, "next"))
    if page > 1:
        links.append((min(page - 1, -(-found.total // size) or 1), "prev"))
    if links:
        headers["Link"] = ", ".join(
            f'<{_address(request, number, size)}>; rel="{relation}"' for number, relation in links
        )
    return headers


def _address(request: Request[Any, Any, Any], page: int, size: int) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name in {"search", "genre", "director", "featured", "sort"}
    ]
    return "/movies?" + urlencode([*kept, ("page", page), ("pageSize", size)])
