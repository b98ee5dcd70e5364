"""Users as they are stored, as they are sent, and as they are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user with the hash of the password. It never leaves the process: see `User`."""

    id: str
    username: str
    password_hash: str
    email: str
    birthday: datetime | None = None
    favorite_movies: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without anything personal, so that no log can show it by accident."""
        return f"Account(id={self.id!r})"


class User(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """A user on the wire."""

    id: str = msgspec.field(name="_id")
    username: str
    email: str
    birthday: str | None
    favorite_movies: tuple[str, ...]


class UserCreate(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """A registration that has been checked."""

    username: str
    password: str
    email: str
    birthday: datetime | None = None


class UserUpdate(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """Changes that have been checked; what is UNSET stays as it is."""

    username: str | msgspec.UnsetType = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    birthday: datetime | msgspec.UnsetType = msgspec.UNSET


class Credentials(msgspec.Struct, rename="pascal", frozen=True, kw_only=True):
    """A login."""

    username: str
    password: str


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a login."""

    user: User
    token: str


class LoginRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a login with a name or password that is wrong. It does not say which."""

    message: str
    user: bool = False


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a field, as express-validator says it.

    `value` is what was sent, and is left out for passwords and where nothing was.
    """

    msg: str
    param: str
    location: str
    value: Any = msgspec.UNSET


class FieldErrors(msgspec.Struct, frozen=True):
    """The body of a 422."""

    errors: tuple[FieldError, ...]


def public(account: Account) -> User:
    """What the user may see of an account."""
    return User(
        id=account.id,
        username=account.username,
        email=account.email,
        birthday=None if account.birthday is None else iso(account.birthday),
        favorite_movies=account.favorite_movies,
    )


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as JavaScript writes dates."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
