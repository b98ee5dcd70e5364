"""The routes of films."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from cinema_api.authentication import require_login
from cinema_api.conditional import conditional, takes_gzip
from cinema_api.movies.pages import absolute
from cinema_api.movies.structs import (
    LARGEST_PAGE,
    LAST_PAGE,
    LONGEST_TEXT,
    USUAL_PAGE,
    Director,
    Facets,
    Movie,
    MovieQuery,
    Order,
)
from cinema_api.openapi import (
    ETAG,
    LOGIN,
    TEXT,
    answer,
    operation,
    refusals,
    texts,
    unchanged,
)
from cinema_api.parts import parts
from cinema_api.problems import TextError

_encoder = msgspec.json.Encoder()

_ONE_REFUSED = {**texts(404), **refusals(400, 401, 503)}
_PAGING = {
    "X-Total-Count": "How many films match in all.",
    "X-Page": "Which page this is.",
    "X-Page-Size": "How many films a page has at most.",
    "Link": "The next page and the one before, where there is one (RFC 8288).",
}

Text = Annotated[str | None, QueryParameter(max_length=LONGEST_TEXT)]


class MoviesController(Controller):
    """Films, their genres and their directors, for users who are logged in."""

    path = "/movies"
    tags = ("movies",)
    guards = (require_login,)

    @get(
        operation_id="listMovies",
        security=LOGIN,
        responses={
            **answer(list[Movie], "The films."),
            **unchanged(),
            **refusals(400, 401, 503),
        },
        operation_class=operation(headers={**ETAG, **_PAGING}),
    )
    async def list_movies(  # noqa: PLR0913, PLR0917 - one argument for each query parameter
        self,
        request: Request[Any, Any, Any],
        search: Text = None,
        genre: Text = None,
        director: Text = None,
        featured: FromQuery[bool | None] = None,
        sort: FromQuery[Order] = Order.TITLE,
        page: Annotated[int | None, QueryParameter(ge=1, le=LAST_PAGE)] = None,
        page_size: Annotated[
            int, QueryParameter(name="pageSize", ge=1, le=LARGEST_PAGE)
        ] = USUAL_PAGE,
    ) -> Response[bytes]:
        """All films that match, or a page of them. How many there are in all is in the headers."""
        query = MovieQuery(
            search=search,
            genre=genre,
            director=director,
            featured=featured,
            order=sort,
            page=page,
            page_size=page_size,
        )
        cinema = parts(request)
        found = await cinema.movies.page(query)
        rendered = cinema.pages.render(found, query, cinema.proxies.origin(request.scope))
        if takes_gzip(request.headers.get("accept-encoding", "")):
            rendered = rendered.zipped
        return conditional(request, rendered.body, headers=rendered.headers)

    @get(
        "/{title:path}",
        operation_id="getMovie",
        security=LOGIN,
        responses={**answer(Movie, "The film."), **unchanged(), **_ONE_REFUSED},
        operation_class=operation(headers=ETAG),
    )
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

    @get(
        "/genres/{name:path}",
        operation_id="getGenre",
        security=LOGIN,
        responses={
            **answer(str, "What kind of film it is.", media_type=TEXT),
            **unchanged(),
            **_ONE_REFUSED,
        },
        operation_class=operation(headers=ETAG),
    )
    async def get_genre(
        self, request: Request[Any, Any, Any], name: FromPath[PurePath]
    ) -> Response[bytes]:
        """The description of a genre, as text."""
        movie = await parts(request).movies.of_genre(_name(name))
        if movie is None:
            raise TextError(HTTPStatus.NOT_FOUND, "There is no film of this genre.")
        return conditional(request, movie.genre.description.encode(), media_type="text/plain")

    @get(
        "/directors/{name:path}",
        operation_id="getDirector",
        security=LOGIN,
        responses={**answer(Director, "The director."), **unchanged(), **_ONE_REFUSED},
        operation_class=operation(headers=ETAG),
    )
    async def get_director(
        self, request: Request[Any, Any, Any], name: FromPath[PurePath]
    ) -> Response[bytes]:
        """A director."""
        movie = await parts(request).movies.of_director(_name(name))
        if movie is None:
            raise TextError(HTTPStatus.NOT_FOUND, "There is no film of this director.")
        return conditional(request, _encoder.encode(movie.director))


class FacetsController(Controller):
    """What films can be narrowed down by, for users who are logged in."""

    path = "/facets"
    tags = ("movies",)
    guards = (require_login,)

    @get(
        operation_id="getFacets",
        security=LOGIN,
        responses={**answer(Facets, "The names."), **unchanged(), **refusals(401, 503)},
        operation_class=operation(headers=ETAG),
    )
    async def get_facets(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The genres and directors of all films, and how many films are featured."""
        return conditional(request, _encoder.encode(await parts(request).movies.facets()))


def _name(path: PurePath) -> str:
    # A path, because a title may hold a slash, which arrives decoded.
    return str(path).lstrip("/")
