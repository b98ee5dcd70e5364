"""The short way and the long way to films say the same."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from cinema_api.movies.lean import plain_query
from cinema_api.movies.structs import MovieQuery, Order
from tests.service.in_memory import application, somebodys_token


@pytest.fixture(scope="module")
def app() -> Litestar:
    return application()


@pytest.fixture(scope="module")
def client(app: Litestar) -> Iterator[httpx.Client]:
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {somebodys_token()}"
        yield client


@pytest.mark.parametrize(
    "query",
    [
        "",
        "page=1&pageSize=20",
        "page=50&pageSize=20",
        "page=51",
        "page=7&pageSize=1&sort=-title",
        "search=film+000&page=1",
        "search=FILM%20000&page=1",
        "search=%C3%BC",
        "genre=Drama&director=Somebody&featured=true&page=2",
        "featured=false&sort=title&page=3",
    ],
)
def test_both_ways_give_the_same(client: httpx.Client, query: str) -> None:
    assert plain_query(query.encode()) is not None
    short = client.get(f"/movies?{query}")
    # A slash at the end is the same route, and not what the short way looks for.
    long = client.get(f"/movies/?{query}")
    assert short.status_code == long.status_code == 200
    assert short.content == long.content
    different = {"x-request-id"}
    assert {k: v for k, v in short.headers.items() if k not in different} == {
        k: v for k, v in long.headers.items() if k not in different
    }
    for path in ("/movies", "/movies/"):
        again = client.get(f"{path}?{query}", headers={"If-None-Match": short.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "query",
    [
        b"page=0",
        b"page=1000001",
        b"page=01x",
        b"page=%D9%A1",
        b"page=1&page=2",
        b"pageSize=101",
        b"page=",
        b"page",
        b"search=",
        b"search=%FF",
        b"search=\xff",
        b"search=" + b"x" * 201,
        b"sort=year",
        b"featured=1",
        b"featured=",
        b"page[$gt]=1",
        b"order=title",
        b"page_size=3",
        b"unknown=1",
        b"x" * 3000,
    ],
)
def test_what_is_not_plain_takes_the_long_way(query: bytes) -> None:
    assert plain_query(query) is None


def test_a_plain_question_is_understood() -> None:
    assert plain_query(b"page=2&pageSize=5&sort=-title&featured=false&search=a+b%26") == MovieQuery(
        search="a b&", featured=False, order=Order.TITLE_DOWN, page=2, page_size=5
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {somebodys_token()}"},
    ],
)
def test_without_a_login_both_ways_are_closed(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    for path in ("/movies?page=1", "/movies/?page=1"):
        assert client.get(path, headers=headers).status_code == 401


def test_a_host_that_cannot_stand_in_a_url_is_refused(client: httpx.Client) -> None:
    for path in ("/movies?page=1", "/movies/?page=1"):
        answer = client.get(path, headers={"Host": 'a"><script>'})
        assert answer.status_code == 400


def test_everything_that_is_too_much_links_to_the_rest(client: httpx.Client) -> None:
    answer = client.get("/movies")
    assert len(answer.json()) == 1000 == int(answer.headers["x-total-count"])
    assert "link" not in answer.headers
