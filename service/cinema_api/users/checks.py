"""Decides whether what somebody wrote about themself can be kept. No input or output here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from msgspec import UNSET

from cinema_api.users.structs import FieldError, UserCreate, UserUpdate

T = TypeVar("T")
D = TypeVar("D")

_USERNAME: Final = re.compile(r"[A-Za-z0-9]+")
SHORTEST_USERNAME, LONGEST_USERNAME = 5, 64
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 256
LONGEST_EMAIL: Final = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_EMAIL: Final = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}"
)
_EARLIEST: Final = date(1900, 1, 1)


class InvalidError(Exception):
    """Fields that cannot be kept, each with its reason."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(f"{len(errors)} fields are not valid")
        self.errors = errors


def registration(fields: Mapping[str, Any], today: date) -> UserCreate:
    """A new user; raises InvalidError with everything that is wrong."""
    checking = _Checking(fields)
    new = UserCreate(
        username=checking.required("Username", _username),
        password=checking.required("Password", _password),
        email=checking.required("Email", _email),
        birthday=checking.optional("Birthday", lambda value: _birthday(value, today), None),
    )
    checking.finish()
    return new


def changes(fields: Mapping[str, Any], today: date) -> UserUpdate:
    """Changes to a user; fields that are empty or missing stay as they are."""
    checking = _Checking(fields)
    update = UserUpdate(
        username=checking.optional("Username", _username, UNSET),
        password=checking.optional("Password", _password, UNSET),
        email=checking.optional("Email", _email, UNSET),
        birthday=checking.optional("Birthday", lambda value: _birthday(value, today), UNSET),
    )
    checking.finish()
    return update


@dataclass(frozen=True)
class _Checking:
    """Collects what is wrong, so that the answer names all of it at once."""

    fields: Mapping[str, Any]
    errors: list[FieldError] = field(default_factory=list)

    def required(self, name: str, parse: Callable[[str], str]) -> str:
        return self._parse(name, self.fields.get(name, ""), parse, "")

    def optional(self, name: str, parse: Callable[[str], T], default: D) -> T | D:
        value = self.fields.get(name)
        return default if value is None or value == "" else self._parse(name, value, parse, default)

    def finish(self) -> None:
        if self.errors:
            raise InvalidError(tuple(self.errors))

    def _parse(self, name: str, value: object, parse: Callable[[str], T], default: D) -> T | D:
        # After an error it goes on with the default, to find the other errors; then it is over.
        if not isinstance(value, str):
            self.errors.append(self._error(name, f"{name} must be text."))
            return default
        try:
            return parse(value)
        except _Wrong as wrong:
            self.errors.extend(self._error(name, message) for message in wrong.args)
            return default

    def _error(self, name: str, message: str) -> FieldError:
        error = FieldError(msg=message, param=name, location="body")
        if name == "Password" or name not in self.fields:
            return error
        return FieldError(value=self.fields[name], msg=message, param=name, location="body")


class _Wrong(Exception):  # noqa: N818 - its arguments are the messages, it never leaves this module
    pass


def _username(value: str) -> str:
    problems = []
    if not SHORTEST_USERNAME <= len(value) <= LONGEST_USERNAME:
        problems.append(f"Username must have {SHORTEST_USERNAME} to {LONGEST_USERNAME} characters.")
    if _USERNAME.fullmatch(value) is None:
        problems.append("Username contains non alphanumeric characters - not allowed.")
    if problems:
        raise _Wrong(*problems)
    return value


def _password(value: str) -> str:
    if not SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD:
        raise _Wrong(f"Password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    return value


def _email(value: str) -> str:
    if len(value) > LONGEST_EMAIL or _EMAIL.fullmatch(value) is None or ".." in value:
        raise _Wrong("Email does not appear to be valid.")
    return value


def _birthday(value: str, today: date) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _Wrong("Birthday must be a date like 1990-05-17.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        day = moment.astimezone(UTC).date()
    except OverflowError:
        raise _Wrong("Birthday must be a date like 1990-05-17.") from None
    if not _EARLIEST <= day <= today:
        raise _Wrong("Birthday must lie between 1900 and today.")
    return moment
