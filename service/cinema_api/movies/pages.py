"""Puts lists of films into bytes, once for each list that the store gives."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from cinema_api.conditional import PRIVATE, etag_of
from cinema_api.movies.structs import LARGEST_PAGE, MOST_MOVIES, Movie, MoviePage, MovieQuery, Order

_MOST_KEPT: Final = 64
_MOST_BYTES: Final = 64 * 1024
"""Of one answer that is kept: a page of a hundred. Everything at once is put together anew."""

_GZIP_LEVEL: Final = 1
"""Higher ones take three times as long and save a tenth."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, eq=False)
class Rendered:
    """An answer as it goes out: the array, and the headers that say what it is of."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        """The tag of the body."""
        return self.headers["ETag"]

    @cached_property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers as ASGI has them, with the content's type."""
        raw = ((name.lower(), value) for name, value in self.headers.items())
        return (
            *((name.encode(), value.encode("latin-1")) for name, value in raw),
            (b"content-type", b"application/json"),
        )

    @cached_property
    def zipped(self) -> Rendered:
        """It by gzip. Films are no secret: nothing is given away by how well they compress.

        Its tag is a weak one, for the same films in other bytes.
        """
        headers = {**self.headers, "ETag": f"W/{self.etag}", "Content-Encoding": "gzip"}
        return Rendered(gzip.compress(self.body, _GZIP_LEVEL, mtime=0), headers)


class Pages:
    """Renders pages, and keeps those whose films the store gives again unchanged.

    It asks the store each time, and keeps only what follows from the very object that it gave:
    nobody sees an older page than the store has.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[MovieQuery, str], tuple[MoviePage, Rendered]] = {}

    def render(self, found: MoviePage, query: MovieQuery, origin: str) -> Rendered:
        """What was found, for who addresses us by `origin`."""
        key = (query, origin)
        kept = self._kept.get(key)
        if kept is not None and kept[0] is found:
            return kept[1]
        rendered = _rendered(found, query, origin)
        if len(rendered.body) <= _MOST_BYTES:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (found, rendered)
        return rendered


def absolute(movie: Movie, origin: str) -> Movie:
    """The film with its poster's address as the old client's <img> needs it."""
    if not movie.image_path.startswith("/"):
        return movie
    return replace(movie, image_path=origin + movie.image_path)


def encode(movies: Iterable[Movie], origin: str) -> bytes:
    """A JSON array."""
    return _encoder.encode([absolute(movie, origin) for movie in movies])


def _rendered(found: MoviePage, query: MovieQuery, origin: str) -> Rendered:
    body = encode(found.movies, origin)
    headers = {
        "ETag": etag_of(body),
        "Cache-Control": PRIVATE,
        "Vary": "Accept-Encoding",
        **_paging(found.total, query),
    }
    return Rendered(body, headers)


def _paging(total: int, query: MovieQuery) -> dict[str, str]:
    page, size = (1, MOST_MOVIES) if query.page is None else (query.page, query.page_size)
    headers = {"X-Total-Count": str(total), "X-Page": str(page), "X-Page-Size": str(size)}
    links = []
    if page * size < total:
        # What everything at once leaves out comes in pages, which may not be as large.
        after = (page + 1, size) if query.page else (size // LARGEST_PAGE + 1, LARGEST_PAGE)
        links.append((*after, "next"))
    if page > 1:
        links.append((min(page - 1, -(-total // size) or 1), size, "prev"))
    if links:
        headers["Link"] = ", ".join(
            f'<{_address(query, number, most)}>; rel="{relation}"'
            for number, most, relation in links
        )
    return headers


def _address(query: MovieQuery, page: int, size: int) -> str:
    given = {
        "search": query.search,
        "genre": query.genre,
        "director": query.director,
        "featured": None if query.featured is None else str(query.featured).lower(),
        "sort": None if query.order is Order.TITLE else query.order.value,
        "page": page,
        "pageSize": size,
    }
    return "/movies?" + urlencode({name: value for name, value in given.items() if value})
