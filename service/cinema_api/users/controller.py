"""The routes of users, and the login."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Final

from litestar import Controller, MediaType, Request, Response, delete, get, post, put
from litestar.exceptions import NotAuthorizedException
from litestar.params import FromPath
from msgspec import UNSET

from cinema_api.authentication import require_login, require_self
from cinema_api.bodies import read_fields
from cinema_api.limits import Limit
from cinema_api.openapi import LOGIN, RATE, answer, operation, refusals, texts
from cinema_api.parts import Parts, parts
from cinema_api.problems import Problem, TextError
from cinema_api.users import checks, documents
from cinema_api.users.store import TakenError
from cinema_api.users.structs import (
    Account,
    Credentials,
    FieldErrors,
    LoggedIn,
    LoginRefused,
    User,
    UserCreate,
    UserUpdate,
    public,
)

_NOT_KEPT: Final = {"Cache-Control": "no-store"}

AsUser = Request[Account, Any, Any]


def _invalid(_: Request[Any, Any, Any], error: checks.InvalidError) -> Response[FieldErrors]:
    return Response(
        FieldErrors(error.errors),
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY,
        media_type=MediaType.JSON,
    )


class LoginController(Controller):
    """The login."""

    path = "/login"
    tags = ("users",)

    @post(
        operation_id="logIn",
        status_code=HTTPStatus.OK,
        responses={
            **answer(LoggedIn, "The user and a token for seven days."),
            **answer(LoginRefused | Problem, "It is wrong, and not said what.", status=400),
            **refusals(408, 413, 415, 429, 503),
        },
        operation_class=operation(body=documents.LOGIN, headers=RATE),
    )
    async def log_in(
        self, request: Request[Any, Any, Any]
    ) -> Response[LoggedIn] | Response[LoginRefused]:
        """A token for a name and a password, from the body or from the query."""
        fields = {**request.query_params, **await read_fields(request)}
        username, password = fields.get("Username"), fields.get("Password")
        if not (isinstance(username, str) and isinstance(password, str) and username and password):
            return _refused("Missing credentials", {})
        cinema = parts(request)
        limit = Limit("login", cinema.settings.login_limit)
        # By address against one who tries many names, by name against many who try one.
        left = await cinema.limits.take(limit, f"address {cinema.proxies.client(request.scope)}")
        await cinema.limits.take(limit, f"name {username}")
        logged_in = await _log_in(cinema, Credentials(username=username, password=password))
        if logged_in is None:
            return _refused("Incorrect username or password.", left)
        return Response(logged_in, headers={**_NOT_KEPT, **left})


async def _log_in(cinema: Parts, given: Credentials) -> LoggedIn | None:
    if len(given.password) > checks.LONGEST_PASSWORD:
        return None
    account = await cinema.users.by_name(given.username)
    known = None if account is None else account.password_hash
    if not await cinema.passwords.verify(known, given.password) or account is None:
        return None
    if cinema.passwords.outdated(account.password_hash):
        await cinema.users.change(
            account.id, password_hash=await cinema.passwords.hash(given.password)
        )
    token = cinema.keyring.issue(username=account.username, user_id=account.id)
    return LoggedIn(user=public(account), token=token)


def _refused(message: str, left: Mapping[str, str]) -> Response[LoginRefused]:
    return Response(
        LoginRefused(message=message),
        status_code=HTTPStatus.BAD_REQUEST,
        headers={**_NOT_KEPT, **left},
    )


class UsersController(Controller):
    """Registration, and what users may do with themselves."""

    path = "/users"
    tags = ("users",)
    exception_handlers = {checks.InvalidError: _invalid}  # noqa: RUF012 - Litestar's attribute

    @post(
        operation_id="register",
        responses={
            **answer(User, "The new user.", status=201),
            **answer(FieldErrors, "Every field that cannot be kept.", status=422),
            **refusals(400, 408, 413, 415, 429, 503),
        },
        operation_class=operation(body=documents.REGISTRATION, headers=RATE, or_text=(400,)),
    )
    async def register(self, request: Request[Any, Any, Any]) -> Response[User]:
        """A new user."""
        new: UserCreate = checks.registration(await read_fields(request), _today())
        cinema = parts(request)
        limit = Limit("registration", cinema.settings.registration_limit)
        left = await cinema.limits.take(limit, f"address {cinema.proxies.client(request.scope)}")
        # Asked first, so that the hash of a name that is taken costs nothing; the index decides.
        if await cinema.users.by_name(new.username) is not None:
            raise _taken(new.username)
        try:
            account = await cinema.users.add(
                username=new.username,
                password_hash=await cinema.passwords.hash(new.password),
                email=new.email,
                birthday=new.birthday,
            )
        except TakenError:
            raise _taken(new.username) from None
        return Response(public(account), headers={**_NOT_KEPT, **left})

    @get(
        "/{username:str}",
        operation_id="getUser",
        guards=[require_login],
        security=LOGIN,
        responses={**answer(User, "The user."), **refusals(400, 401, 403, 503)},
    )
    async def get_user(self, request: AsUser, username: FromPath[str]) -> Response[User]:
        """The user, to that user."""
        return _own(require_self(request, username))

    @put(
        "/{username:str}",
        operation_id="updateUser",
        guards=[require_login],
        security=LOGIN,
        responses={
            **answer(User, "The user as they are now."),
            **answer(FieldErrors, "Every field that cannot be kept.", status=422),
            **refusals(400, 401, 403, 408, 413, 415, 503),
        },
        operation_class=operation(body=documents.CHANGES, or_text=(400,)),
    )
    async def update_user(self, request: AsUser, username: FromPath[str]) -> Response[User]:
        """The user with what is given changed; empty fields stay as they are."""
        account = require_self(request, username)
        update: UserUpdate = checks.changes(await read_fields(request), _today())
        cinema = parts(request)
        hashed: str | Any = UNSET
        if update.password is not UNSET:
            hashed = await cinema.passwords.hash(str(update.password))
        try:
            changed = await cinema.users.change(
                account.id,
                username=update.username,
                password_hash=hashed,
                email=update.email,
                birthday=update.birthday,
            )
        except TakenError:
            raise _taken(str(update.username)) from None
        return _own(changed)

    @delete(
        "/{username:str}",
        operation_id="deleteUser",
        guards=[require_login],
        status_code=HTTPStatus.OK,
        media_type=MediaType.TEXT,
        security=LOGIN,
        responses=refusals(400, 401, 403, 503),
    )
    async def delete_user(self, request: AsUser, username: FromPath[str]) -> str:
        """The user is gone, and with them every token of theirs."""
        account = require_self(request, username)
        await parts(request).users.remove(account.id)
        return f"{username} was deleted."

    @post(
        "/{username:str}/FavoriteMovies/{movie_id:str}",
        operation_id="addFavorite",
        guards=[require_login],
        security=LOGIN,
        responses={
            **answer(User, "The user as they are now."),
            **texts(404),
            **refusals(400, 401, 403, 503),
        },
        status_code=HTTPStatus.OK,
    )
    async def add_favorite(
        self, request: AsUser, username: FromPath[str], movie_id: FromPath[str]
    ) -> Response[User]:
        """The film is a favourite from now on. Adding it twice is no error."""
        account = require_self(request, username)
        await _require_movie(parts(request), movie_id)
        return _own(await parts(request).users.add_favorite(account.id, movie_id))

    @delete(
        "/{username:str}/FavoriteMovies/{movie_id:str}",
        operation_id="removeFavorite",
        guards=[require_login],
        security=LOGIN,
        responses={**answer(User, "The user as they are now."), **refusals(400, 401, 403, 503)},
        status_code=HTTPStatus.OK,
    )
    async def remove_favorite(
        self, request: AsUser, username: FromPath[str], movie_id: FromPath[str]
    ) -> Response[User]:
        """The film is no favourite any more; if it was none, nothing changes."""
        account = require_self(request, username)
        return _own(await parts(request).users.remove_favorite(account.id, movie_id))


def _own(account: Account | None) -> Response[User]:
    if account is None:
        # Deleted by another request of theirs, between the guard and here.
        raise NotAuthorizedException("Please log in.", headers={"WWW-Authenticate": "Bearer"})
    return Response(public(account), headers=_NOT_KEPT)


def _taken(username: FromPath[str]) -> TextError:
    return TextError(HTTPStatus.BAD_REQUEST, f"{username} already exists")


async def _require_movie(cinema: Parts, movie_id: str) -> None:
    if not await cinema.movies.exists(movie_id):
        raise TextError(HTTPStatus.NOT_FOUND, "There is no film with this id.")


def _today() -> date:
    return datetime.now(UTC).date()
