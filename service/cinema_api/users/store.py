"""Where users are kept: the interface, and MongoDB behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from bson import ObjectId
from bson.errors import InvalidId
from msgspec import UNSET, UnsetType
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from cinema_api.database import available
from cinema_api.shared_reads import SharedReads
from cinema_api.users.structs import Account

INDEXES = (IndexModel([("Username", ASCENDING)], name="username", unique=True),)


class TakenError(Exception):
    """Another user has this name."""


class UserStore(Protocol):
    """Users. Every method raises UnavailableError while the store cannot be reached."""

    async def add(
        self, *, username: str, password_hash: str, email: str, birthday: datetime | None
    ) -> Account:
        """A new user; raises TakenError."""

    async def by_id(self, user_id: str) -> Account | None:
        """The user with this id, which may be any text."""

    async def by_name(self, username: str) -> Account | None:
        """The user with exactly this name."""

    async def change(
        self,
        user_id: str,
        *,
        username: str | UnsetType = UNSET,
        password_hash: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        birthday: datetime | UnsetType = UNSET,
    ) -> Account | None:
        """The user with what is set changed; None where there is none. Raises TakenError."""

    async def add_favorite(self, user_id: str, movie_id: str) -> Account | None:
        """The user with this film among the favourites, once."""

    async def remove_favorite(self, user_id: str, movie_id: str) -> Account | None:
        """The user without this film among the favourites."""

    async def remove(self, user_id: str) -> bool:
        """Whether there was such a user, who is gone now."""


class MongoUsers:
    """Users in a collection of MongoDB."""

    def __init__(self, collection: AsyncCollection[dict[str, Any]]) -> None:
        self._collection = collection
        self._by_id: SharedReads[Account | None] = SharedReads()

    async def add(
        self, *, username: str, password_hash: str, email: str, birthday: datetime | None
    ) -> Account:
        """A new user; the unique index decides who was first."""
        document: dict[str, Any] = {
            "_id": ObjectId(),
            "Username": username,
            "Password": password_hash,
            "Email": email,
            "Birthday": birthday,
            "FavoriteMovies": [],
        }
        try:
            with available():
                await self._collection.insert_one(document)
        except DuplicateKeyError:
            raise TakenError from None
        return _account(document)

    async def by_id(self, user_id: str) -> Account | None:
        """The user with this id; overlapping requests of one user share a read."""
        if (wanted := _object_id(user_id)) is None:
            return None
        return await self._by_id.read(user_id, lambda: self._one({"_id": wanted}))

    async def by_name(self, username: str) -> Account | None:
        """The user with exactly this name."""
        return await self._one({"Username": username})

    async def change(
        self,
        user_id: str,
        *,
        username: str | UnsetType = UNSET,
        password_hash: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        birthday: datetime | UnsetType = UNSET,
    ) -> Account | None:
        """The user with what is set changed."""
        fields = {
            "Username": username,
            "Password": password_hash,
            "Email": email,
            "Birthday": birthday,
        }
        changed = {name: value for name, value in fields.items() if value is not UNSET}
        if not changed:
            return await self.by_id(user_id)
        if username is not UNSET:
            # The index below decides between two who ask at once. Asked first, because not every
            # server says of an update that it was the index which refused it.
            holder = await self.by_name(username)
            if holder is not None and holder.id != user_id:
                raise TakenError
        try:
            return await self._update(user_id, {"$set": changed})
        except DuplicateKeyError:
            raise TakenError from None

    async def add_favorite(self, user_id: str, movie_id: str) -> Account | None:
        """The user with this film among the favourites."""
        return await self._update(user_id, {"$addToSet": {"FavoriteMovies": ObjectId(movie_id)}})

    async def remove_favorite(self, user_id: str, movie_id: str) -> Account | None:
        """The user without this film among the favourites."""
        if (movie := _object_id(movie_id)) is None:
            return await self.by_id(user_id)
        return await self._update(user_id, {"$pull": {"FavoriteMovies": movie}})

    async def remove(self, user_id: str) -> bool:
        """Whether there was such a user."""
        with available():
            result = await self._collection.delete_one({"_id": _object_id(user_id)})
        return result.deleted_count == 1

    async def _one(self, wanted: Mapping[str, Any]) -> Account | None:
        with available():
            found = await self._collection.find_one(wanted)
        return None if found is None else _account(found)

    async def _update(self, user_id: str, update: Mapping[str, Any]) -> Account | None:
        with available():
            found: dict[str, Any] | None = await self._collection.find_one_and_update(
                {"_id": _object_id(user_id)}, update, return_document=ReturnDocument.AFTER
            )
        return None if found is None else _account(found)


def _object_id(text: str) -> ObjectId | None:
    try:
        return ObjectId(text)
    except InvalidId:
        return None


def _account(document: Mapping[str, Any]) -> Account:
    return Account(
        id=str(document["_id"]),
        username=document["Username"],
        password_hash=document["Password"],
        email=document["Email"],
        birthday=document.get("Birthday"),
        favorite_movies=tuple(str(movie) for movie in document.get("FavoriteMovies", ())),
    )
