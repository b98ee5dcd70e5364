"""Registration, login, and what users may do with themselves."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from tests.service.neighbours import PASSWORD, Api, Film, credentials, registration


def _name() -> str:
    return f"user{secrets.token_hex(6)}"


def test_a_registration_answers_with_the_user(client: httpx.Client) -> None:
    name = _name()
    answer = client.post("/users", json=registration(name))
    assert answer.status_code == 201
    user = answer.json()
    assert len(user.pop("_id")) == 24
    assert user == {
        "Username": name,
        "Email": f"{name}@example.com",
        "Birthday": "1990-05-17T00:00:00.000Z",
        "FavoriteMovies": [],
    }


def test_a_registration_may_come_as_a_form(client: httpx.Client) -> None:
    assert client.post("/users", data=registration(_name())).status_code == 201


def test_a_name_is_given_once(client: httpx.Client) -> None:
    name = _name()
    client.post("/users", json=registration(name))
    again = client.post("/users", json=registration(name))
    assert again.status_code == 400
    assert again.headers["content-type"] == "text/plain; charset=utf-8"
    assert again.text == f"{name} already exists"


@pytest.mark.parametrize(
    ("field", "value", "messages"),
    [
        ("Username", "abcd", ["Username must have 5 to 64 characters."]),
        ("Username", "ab cd ef", ["Username contains non alphanumeric characters - not allowed."]),
        ("Username", "jürgen", ["Username contains non alphanumeric characters - not allowed."]),
        ("Username", "abcde\n", ["Username contains non alphanumeric characters - not allowed."]),
        ("Username", "a" * 65, ["Username must have 5 to 64 characters."]),
        ("Username", {"$gt": ""}, ["Username must be text."]),
        ("Username", 12345, ["Username must be text."]),
        ("Password", "1234567", ["Password must have 8 to 256 characters."]),
        ("Password", "x" * 257, ["Password must have 8 to 256 characters."]),
        ("Password", {"$ne": 1}, ["Password must be text."]),
        ("Email", "nobody", ["Email does not appear to be valid."]),
        ("Email", "a@b", ["Email does not appear to be valid."]),
        ("Email", "a b@example.com", ["Email does not appear to be valid."]),
        ("Email", "a@example..com", ["Email does not appear to be valid."]),
        ("Email", f"{'a' * 250}@example.com", ["Email does not appear to be valid."]),
        ("Birthday", "yesterday", ["Birthday must be a date like 1990-05-17."]),
        ("Birthday", "0001-01-01T00:00:00+14:00", ["Birthday must be a date like 1990-05-17."]),
        ("Birthday", "1899-12-31", ["Birthday must lie between 1900 and today."]),
        ("Birthday", "2999-01-01", ["Birthday must lie between 1900 and today."]),
    ],
)
def test_a_field_that_cannot_be_kept_is_named(
    client: httpx.Client, field: str, value: object, messages: list[str]
) -> None:
    answer = client.post("/users", json={**registration(_name()), field: value})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [error["msg"] for error in errors] == messages
    assert {error["param"] for error in errors} == {field}
    assert {error["location"] for error in errors} == {"body"}
    if field == "Password":
        assert all("value" not in error for error in errors)
    else:
        assert all(error["value"] == value for error in errors)


def test_all_that_is_missing_is_named_at_once(client: httpx.Client) -> None:
    answer = client.post("/users", json={})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert {error["param"] for error in errors} == {"Username", "Password", "Email"}
    assert all("value" not in error for error in errors)


@pytest.mark.parametrize("email", ["ünïcode@exämple.com", "a.b+c@sub.example.co", "o'neil@x-y.org"])
def test_addresses_that_people_have_are_taken(client: httpx.Client, email: str) -> None:
    assert client.post("/users", json={**registration(_name()), "Email": email}).status_code == 201


@pytest.mark.parametrize("birthday", [None, ""])
def test_a_birthday_is_nobodys_business(client: httpx.Client, birthday: object) -> None:
    answer = client.post("/users", json={**registration(_name()), "Birthday": birthday})
    assert answer.status_code == 201
    assert answer.json()["Birthday"] is None


@pytest.mark.parametrize("way", ["json", "data", "params"])
def test_a_login_gives_the_user_and_a_token(client: httpx.Client, way: str) -> None:
    name = _name()
    client.post("/users", json=registration(name))
    given: dict[str, Any] = {way: credentials(name)}
    answer = client.request("POST", "/login", **given)
    assert answer.status_code == 200
    assert set(answer.json()) == {"user", "token"}
    assert answer.json()["user"]["Username"] == name
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["token"]
    got = client.get(f"/users/{name}", headers={"Authorization": f"Bearer {token}"})
    assert got.json() == answer.json()["user"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Missing credentials"),
        ({"Username": "somebody"}, "Missing credentials"),
        ({"Username": "somebody", "Password": {"$ne": ""}}, "Missing credentials"),
        ({"Username": {"$gt": ""}, "Password": PASSWORD}, "Missing credentials"),
        ({"Username": "nobody", "Password": PASSWORD}, "Incorrect username or password."),
        ({"Username": "nobody", "Password": "x" * 300}, "Incorrect username or password."),
    ],
)
def test_a_login_that_is_wrong_is_refused(
    client: httpx.Client, given: dict[str, Any], message: str
) -> None:
    answer = client.post("/login", json=given)
    assert answer.status_code == 400
    assert answer.json() == {"message": message, "user": False}


def test_a_wrong_password_sounds_like_an_unknown_user(api: Api) -> None:
    wrong = api.client.request(
        "POST", "/login", json={"Username": api.username, "Password": "wrong password"}
    )
    unknown = api.client.request(
        "POST", "/login", json={"Username": _name(), "Password": "wrong password"}
    )
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)


def test_what_is_empty_stays_as_it_is(api: Api) -> None:
    before = api.get(api.home).json()
    answer = api.put(api.home, json={"Username": "", "Password": "", "Email": "", "Birthday": None})
    assert answer.status_code == 200
    assert answer.json() == before
    assert Api.logged_in(api.client, api.username)


def test_a_profile_changes(api: Api) -> None:
    answer = api.put(api.home, json={"Email": "new@example.org", "Birthday": "2000-02-29"})
    assert answer.status_code == 200
    assert answer.json()["Email"] == "new@example.org"
    assert answer.json()["Birthday"] == "2000-02-29T00:00:00.000Z"
    assert answer.json() == api.get(api.home).json()


def test_the_answer_to_a_change_can_be_sent_back(api: Api) -> None:
    user = api.get(api.home).json()
    assert api.put(api.home, json=user).json() == user


def test_a_new_password_counts_and_the_old_one_does_not(api: Api) -> None:
    api.put(api.home, json={"Password": "another horse"})
    new, old = (
        api.client.request("POST", "/login", json={"Username": api.username, "Password": word})
        for word in ("another horse", PASSWORD)
    )
    assert (new.status_code, old.status_code) == (200, 400)


def test_who_takes_another_name_stays_logged_in_under_it(api: Api) -> None:
    name = _name()
    assert api.put(api.home, json={"Username": name}).json()["Username"] == name
    assert api.get(f"/users/{name}").status_code == 200
    assert api.get(api.home).status_code == 403
    assert Api.logged_in(api.client, name)


def test_a_name_that_is_taken_cannot_be_taken_over(api: Api) -> None:
    other = Api.joined(api.client)
    answer = api.put(api.home, json={"Username": other.username})
    assert answer.status_code == 400
    assert answer.text == f"{other.username} already exists"
    assert api.get(api.home).status_code == 200


def test_a_change_that_cannot_be_kept_changes_nothing(api: Api) -> None:
    before = api.get(api.home).json()
    answer = api.put(api.home, json={"Email": "good@example.org", "Username": "no"})
    assert answer.status_code == 422
    assert [error["param"] for error in answer.json()["errors"]] == ["Username"]
    assert api.get(api.home).json() == before


def test_who_is_deleted_is_gone(api: Api) -> None:
    answer = api.delete(api.home)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == f"{api.username} was deleted."
    assert api.get("/movies").status_code == 401
    refused = api.client.request("POST", "/login", json=credentials(api.username))
    assert refused.status_code == 400


def test_a_favourite_is_kept_once(api: Api, film: Film) -> None:
    path = f"{api.home}/FavoriteMovies/{film['_id']}"
    for _ in range(2):
        answer = api.post(path)
        assert answer.status_code == 200
        assert answer.json()["FavoriteMovies"] == [film["_id"]]
    for _ in range(2):
        answer = api.delete(path)
        assert answer.status_code == 200
        assert answer.json()["FavoriteMovies"] == []


@pytest.mark.parametrize("movie", ["0" * 24, "nonsense", "%24ne"])
def test_a_film_that_is_not_there_is_no_favourite(api: Api, movie: str) -> None:
    answer = api.post(f"{api.home}/FavoriteMovies/{movie}")
    assert answer.status_code == 404
    assert answer.text == "There is no film with this id."
    assert api.get(api.home).json()["FavoriteMovies"] == []
    assert api.delete(f"{api.home}/FavoriteMovies/{movie}").status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"Username": "\xff"}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b"\xff=1", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(60)), "application/x-www-form-urlencoded", 400),
        (b"Username=somebody", "text/plain", 415),
        (b"<xml/>", "application/xml", 415),
        (b"x", "", 415),
        (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(
    client: httpx.Client, body: bytes, content_type: str, status: int
) -> None:
    answer = client.post("/users", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
