"""Loads the films that come with the API. Loading them again changes nothing."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import msgspec

from cinema_api.database import connected, index
from cinema_api.movies.store import INDEXES, MongoMovies, MovieStore
from cinema_api.movies.structs import Director, Genre, Movie
from cinema_api.settings import DatabaseSettings

POSTERS: Final = "/posters/"


class SeedMovie(msgspec.Struct, rename="pascal", frozen=True, forbid_unknown_fields=True):
    """A film in movies.json. `poster` is the name of a file in posters/."""

    title: str
    description: str
    genre: Genre
    director: Director
    poster: str
    year: int
    featured: bool = False

    def movie(self) -> Movie:
        """The film as the store keeps it."""
        return Movie(
            title=self.title,
            description=self.description,
            genre=self.genre,
            director=self.director,
            image_path=POSTERS + self.poster,
            featured=self.featured,
            year=self.year,
        )


def read() -> list[SeedMovie]:
    """The films of movies.json."""
    data = files("cinema_api.seed").joinpath("movies.json").read_bytes()
    return msgspec.json.decode(data, type=list[SeedMovie])


async def load(settings: DatabaseSettings) -> int:
    """Put all films into the database; returns how many. Raises UnavailableError without it."""
    async with connected(settings) as database:
        movies = database["movies"]
        # The API may never have run: titles are unique from the first film on.
        await index(movies, INDEXES)
        return await put_all(MongoMovies(movies))


async def put_all(store: MovieStore) -> int:
    """Put all films into the store; a film with the same title is brought up to date."""
    movies = read()
    for film in movies:
        await store.put(film.movie())
    return len(movies)
