"""Films as they go over the wire, and the questions that may be asked about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MOST_MOVIES: Final = 1000
"""What an old client gets at most, which asks for no page."""
LARGEST_PAGE: Final = 100


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


class Order(StrEnum):
    """How films are sorted."""

    TITLE = "title"
    TITLE_DOWN = "-title"


class MovieQuery(msgspec.Struct, frozen=True):
    """Which films: all that match everything that is given, a slice of them."""

    search: str | None = None
    genre: str | None = None
    director: str | None = None
    featured: bool | None = None
    order: Order = Order.TITLE
    skip: int = 0
    limit: int = MOST_MOVIES


class MoviePage(msgspec.Struct, frozen=True):
    """A slice of the films that match, and how many match in all."""

    movies: tuple[Movie, ...]
    total: int
