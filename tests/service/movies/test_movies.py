"""What anybody who is logged in may ask about films."""

from __future__ import annotations

import pytest

from tests.service.neighbours import Api, Film

WIRE = {"_id", "Title", "Description", "Genre", "Director", "ImagePath", "Featured", "Year"}


def test_without_a_page_everything_comes_as_a_plain_array(api: Api) -> None:
    answer = api.get("/movies")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    titles = [movie["Title"] for movie in answer.json()]
    assert len(titles) == 45
    assert titles == sorted(titles)
    assert answer.headers["x-total-count"] == "45"


def test_a_movie_has_the_names_that_the_old_client_reads(film: Film) -> None:
    assert set(film) == WIRE
    assert len(film["_id"]) == 24
    assert int(film["_id"], 16) >= 0
    assert set(film["Genre"]) == {"Name", "Description"}
    assert set(film["Director"]) == {"Name", "Bio", "Birth", "Death"}


def test_a_poster_has_an_address_that_an_img_of_another_site_can_show(film: Film) -> None:
    assert film["ImagePath"] == "http://testserver.local/posters/metropolis.svg"


def test_pages_say_how_many_there_are_and_link_to_each_other(api: Api) -> None:
    first, second, third, beyond = (
        api.get(f"/movies?page={page}&pageSize=20&genre=Drama") for page in (1, 2, 3, 4)
    )
    assert [len(page.json()) for page in (first, second, third, beyond)] == [20, 3, 0, 0]
    assert first.headers["x-total-count"] == "23"
    assert first.headers["x-page"] == "1"
    assert first.headers["x-page-size"] == "20"
    assert first.headers["link"] == '</movies?genre=Drama&page=2&pageSize=20>; rel="next"'
    assert second.headers["link"] == '</movies?genre=Drama&page=1&pageSize=20>; rel="prev"'
    assert beyond.headers["link"] == '</movies?genre=Drama&page=2&pageSize=20>; rel="prev"'


def test_the_pages_together_are_everything_once(api: Api) -> None:
    pages = [api.get(f"/movies?page={page}&pageSize=7").json() for page in range(1, 8)]
    assert [movie for page in pages for movie in page] == api.get("/movies").json()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("search=fIlM 0", 9),
        ("search=$ and a .*", 23),
        ("search=.*.*", 0),
        ("search=director 3", 9),
        ("search=comedy", 22),
        ("search=", 45),
        ("search=(1.5) [x]", 1),
        ("genre=Drama", 23),
        ("genre=drama", 0),
        ("director=Director 1", 9),
        ("featured=true", 5),
        ("featured=false", 40),
        ("search=quiet&featured=true&genre=Comedy", 2),
    ],
)
def test_films_are_found(api: Api, query: str, count: int) -> None:
    answer = api.get(f"/movies?{query}")
    assert len(answer.json()) == count == int(answer.headers["x-total-count"])


def test_films_are_sorted_either_way(api: Api) -> None:
    up, down = (api.get(f"/movies?sort={order}").json() for order in ("title", "-title"))
    assert up == down[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "pageSize=101&page=1",
        "sort=year",
        "featured=perhaps",
        f"search={'x' * 201}",
    ],
)
def test_a_query_that_means_nothing_is_refused(api: Api, query: str) -> None:
    answer = api.get(f"/movies?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The request is not valid."
    assert "extra" in answer.json()


def test_a_movie_is_found_by_its_title(api: Api) -> None:
    answer = api.get("/movies/Film%2001")
    assert answer.status_code == 200
    assert answer.json()["Title"] == "Film 01"


def test_a_title_may_hold_a_slash(api: Api) -> None:
    answer = api.get("/movies/Face%2FOff%20(1.5)%20%5Bx%5D")
    assert answer.json()["Title"] == "Face/Off (1.5) [x]"


@pytest.mark.parametrize("path", ["/movies/No%20such", "/movies/genres/x", "/movies/directors/x"])
def test_what_is_not_there_is_said_as_text(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("There is no film")


def test_a_genre_is_its_description_as_text(api: Api) -> None:
    answer = api.get("/movies/genres/Drama")
    assert answer.text == "What it is."
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_director_is_an_object(api: Api) -> None:
    assert api.get("/movies/directors/Director%202").json() == {
        "Name": "Director 2",
        "Bio": "Made films.",
        "Birth": "1900",
        "Death": None,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/movies",
        "/movies?page=2",
        "/movies/Film%2001",
        "/movies/genres/Drama",
        "/movies/directors/Director%202",
    ],
)
def test_who_has_it_already_gets_only_a_304(api: Api, path: str) -> None:
    first = api.get(path)
    tag = first.headers["etag"].removeprefix("W/")
    again = api.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_says_what_get_would(api: Api) -> None:
    get, head = api.get("/movies"), api.request("HEAD", "/movies")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]


@pytest.mark.parametrize(
    "path",
    ["/movies", "/movies/Film%2001", "/movies/genres/Drama", "/movies/directors/Director%202"],
)
def test_films_need_a_login(api: Api, path: str) -> None:
    answer = api.client.request("GET", path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {"status_code": 401, "detail": "Please log in."}


def test_the_names_that_films_can_be_narrowed_down_by_come_in_order(api: Api) -> None:
    films = api.get("/movies").json()
    found = api.get("/facets").json()
    assert found["Genres"] == sorted({film["Genre"]["Name"] for film in films})
    assert found["Directors"] == sorted({film["Director"]["Name"] for film in films})
    assert found["Featured"] == sum(film["Featured"] for film in films)


@pytest.mark.parametrize(
    ("offered", "zipped"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("query", ["", "?search=&page=1"])
def test_films_come_compressed_to_who_takes_that(
    api: Api, offered: str, query: str, *, zipped: bool
) -> None:
    plain = api.get(f"/movies{query}", headers={"Accept-Encoding": "identity"})
    answer = api.get(f"/movies{query}", headers={"Accept-Encoding": offered})
    assert answer.headers.get("content-encoding") == ("gzip" if zipped else None)
    assert "Accept-Encoding" in answer.headers.get_list("vary", split_commas=True)
    assert answer.json() == plain.json()
    assert answer.headers["etag"] == ("W/" if zipped else "") + plain.headers["etag"]
    known = {"Accept-Encoding": offered, "If-None-Match": answer.headers["etag"]}
    assert api.get(f"/movies{query}", headers=known).status_code == 304
