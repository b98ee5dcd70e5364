"""Films as they go over the wire, and the questions that may be asked about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MOST_MOVIES: Final = 1000
"""What an old client gets at most, which asks for no page."""
LARGEST_PAGE: Final = 100
USUAL_PAGE: Final = 20
LAST_PAGE: Final = 1_000_000
LONGEST_TEXT: Final = 200
"""Of what is searched for, in characters."""


class Genre(msgspec.Struct, rename="pascal", frozen=True):
    """What kind of film it is."""

    name: str
    description: str


class Director(msgspec.Struct, rename="pascal", frozen=True):
    """Who made it. Dates are ISO 8601, of a day or only of a year; who lives has no death."""

    name: str
    bio: str
    birth: str | None = None
    death: str | None = None


class Movie(msgspec.Struct, rename="pascal", frozen=True):
    """A film. `image_path` is a path on this API in the store, and an absolute URL in answers."""

    title: str
    description: str
    genre: Genre
    director: Director
    image_path: str
    featured: bool = False
    year: int | None = None
    id: str = msgspec.field(name="_id", default="")


class Facets(msgspec.Struct, rename="pascal", frozen=True):
    """What films can be told apart by: names in order, and how many films are featured."""

    genres: tuple[str, ...]
    directors: tuple[str, ...]
    featured: int


class Order(StrEnum):
    """How films are sorted."""

    TITLE = "title"
    TITLE_DOWN = "-title"


class MovieQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which films: all that match everything that is given; a page of them, or the first 1,000."""

    search: str | None = None
    genre: str | None = None
    director: str | None = None
    featured: bool | None = None
    order: Order = Order.TITLE
    page: int | None = None
    page_size: int = USUAL_PAGE

    @property
    def skip(self) -> int:
        """How many films come before."""
        return 0 if self.page is None else (self.page - 1) * self.page_size

    @property
    def limit(self) -> int:
        """How many films at most."""
        return MOST_MOVIES if self.page is None else self.page_size


class MoviePage(msgspec.Struct, frozen=True, eq=False):
    """A slice of the films that match, and how many match in all."""

    movies: tuple[Movie, ...]
    total: int
