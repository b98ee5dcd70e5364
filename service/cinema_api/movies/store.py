"""Where films are kept: the interface, and MongoDB behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.collection import AsyncCollection

from cinema_api.database import available
from cinema_api.movies.structs import Facets, Movie, MoviePage, MovieQuery, Order
from cinema_api.shared_reads import SharedReads

INDEXES = (
    IndexModel([("Title", ASCENDING)], name="title", unique=True),
    IndexModel([("Genre.Name", ASCENDING)], name="genre"),
    IndexModel([("Director.Name", ASCENDING)], name="director"),
)

_SEARCHED = ("Title", "Description", "Genre.Name", "Director.Name")


class MovieStore(Protocol):
    """Films. Every method raises UnavailableError while the store cannot be reached."""

    async def page(self, query: MovieQuery) -> MoviePage:
        """The films that match, sorted, and how many there are."""

    async def by_title(self, title: str) -> Movie | None:
        """The film with exactly this title."""

    async def of_genre(self, name: str) -> Movie | None:
        """Any film of this genre: it holds the genre's description."""

    async def of_director(self, name: str) -> Movie | None:
        """Any film of this director: it holds the director."""

    async def exists(self, movie_id: str) -> bool:
        """Whether there is a film with this id, which may be any text."""

    async def facets(self) -> Facets:
        """What all films can be told apart by."""

    async def put(self, movie: Movie) -> None:
        """Add the film, or bring the one with its title up to date; it keeps its id."""


class MongoMovies:
    """Films in a collection of MongoDB."""

    def __init__(self, collection: AsyncCollection[dict[str, Any]]) -> None:
        self._collection = collection
        self._pages: SharedReads[MoviePage] = SharedReads()
        self._totals: SharedReads[int] = SharedReads()
        self._facets: SharedReads[Facets] = SharedReads()

    async def page(self, query: MovieQuery) -> MoviePage:
        """The films that match; those who ask the same at the same time share one read."""
        return await self._pages.read(query, lambda: self._page(query))

    async def _page(self, query: MovieQuery) -> MoviePage:
        wanted = _filter(query)
        direction = DESCENDING if query.order is Order.TITLE_DOWN else ASCENDING
        with available():
            cursor = self._collection.find(wanted, skip=query.skip, limit=query.limit)
            found, total = await asyncio.gather(
                cursor.sort("Title", direction).to_list(),
                # It is the same for every page, and costs the database as much as one.
                self._totals.read(
                    (query.search, query.genre, query.director, query.featured),
                    lambda: self._collection.count_documents(wanted),
                ),
            )
        return MoviePage(movies=tuple(_movie(document) for document in found), total=total)

    async def by_title(self, title: str) -> Movie | None:
        """The film with exactly this title."""
        return await self._one({"Title": title})

    async def of_genre(self, name: str) -> Movie | None:
        """Any film of this genre."""
        return await self._one({"Genre.Name": name})

    async def of_director(self, name: str) -> Movie | None:
        """Any film of this director."""
        return await self._one({"Director.Name": name})

    async def exists(self, movie_id: str) -> bool:
        """Whether there is a film with this id."""
        try:
            wanted = ObjectId(movie_id)
        except InvalidId:
            return False
        with available():
            return await self._collection.find_one({"_id": wanted}, {"_id": 1}) is not None

    async def facets(self) -> Facets:
        """What all films can be told apart by; those who ask at the same time share one read."""
        return await self._facets.read(None, self._read_facets)

    async def _read_facets(self) -> Facets:
        with available():
            genres, directors, featured = await asyncio.gather(
                self._collection.distinct("Genre.Name"),
                self._collection.distinct("Director.Name"),
                self._collection.count_documents({"Featured": True}),
            )
        return Facets(tuple(sorted(genres)), tuple(sorted(directors)), featured)

    async def put(self, movie: Movie) -> None:
        """Add the film, or bring the one with its title up to date."""
        document = msgspec.to_builtins(movie)
        del document["_id"]
        with available():
            await self._collection.update_one(
                {"Title": movie.title}, {"$set": document}, upsert=True
            )

    async def _one(self, wanted: Mapping[str, str]) -> Movie | None:
        with available():
            found = await self._collection.find_one(wanted)
        return None if found is None else _movie(found)


def _filter(query: MovieQuery) -> dict[str, Any]:
    # Only text that msgspec has typed as text gets here, so no value can be an operator.
    wanted: dict[str, Any] = {}
    if query.search:
        # MongoDB takes no NUL in a pattern, and PCRE knows another spelling of it.
        escaped = re.escape(query.search).replace("\0", r"\x00")
        pattern = {"$regex": escaped, "$options": "i"}
        wanted["$or"] = [{field: pattern} for field in _SEARCHED]
    if query.genre is not None:
        wanted["Genre.Name"] = query.genre
    if query.director is not None:
        wanted["Director.Name"] = query.director
    if query.featured is not None:
        # Films from before there was the field are not featured.
        wanted["Featured"] = True if query.featured else {"$ne": True}
    return wanted


def _movie(document: dict[str, Any]) -> Movie:
    document["_id"] = str(document["_id"])
    return msgspec.convert(document, Movie)
