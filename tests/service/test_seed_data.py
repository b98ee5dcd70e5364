"""What the seed data promises: complete, free to use, and posters that are safe to serve."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as ET

import msgspec
import pytest

SEED = Path(__file__).parents[2] / "service/cinema_api/seed"
POSTERS = sorted((SEED / "posters").iterdir())
LAST_YEAR_OF_THE_95 = 1930  # public domain since 1 January 2026

Text = Annotated[str, msgspec.Meta(min_length=3)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}(-\d{2}-\d{2})?$")]


class Genre(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    name: Text
    description: Text


class Director(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    name: Text
    bio: Text
    birth: Day
    death: Day


class Film(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    title: Text
    description: Text
    genre: Genre
    director: Director
    poster: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+\.svg$")]
    year: Annotated[int, msgspec.Meta(ge=1895)]
    featured: bool


FILMS = msgspec.json.decode((SEED / "movies.json").read_bytes(), type=list[Film])


def test_there_are_enough_films_to_page_through() -> None:
    assert len(FILMS) >= 40
    assert 0 < sum(film.featured for film in FILMS) <= 10


def test_a_title_names_one_film_and_fits_into_a_path() -> None:
    titles = [film.title.casefold() for film in FILMS]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "/" in title or title != title.strip()]


def test_a_genre_or_director_is_told_the_same_way_everywhere() -> None:
    told: dict[str, set[Genre | Director]] = defaultdict(set)
    for film in FILMS:
        told[film.genre.name].add(film.genre)
        told[film.director.name].add(film.director)
    assert not [name for name, versions in told.items() if len(versions) > 1]


def test_filters_have_something_to_tell_apart() -> None:
    genres = defaultdict(list)
    directors = defaultdict(list)
    for film in FILMS:
        genres[film.genre.name].append(film.title)
        directors[film.director.name].append(film.title)
    assert len(genres) >= 6
    assert min(map(len, genres.values())) >= 2
    assert sum(len(titles) > 1 for titles in directors.values()) >= 5


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.title)
def test_a_director_lived_when_the_film_came_out(film: Film) -> None:
    assert int(film.director.birth[:4]) + 18 <= film.year <= int(film.director.death[:4])


def test_the_readme_says_of_every_film_why_it_is_free() -> None:
    row = re.compile(r"^\| (?P<title>.+) \| (?P<year>\d{4}) \| (?P<why>.+) \|$", re.MULTILINE)
    stated = {
        found["title"]: (int(found["year"]), found["why"])
        for found in row.finditer((SEED / "README.md").read_text(encoding="utf-8"))
    }
    assert {title: year for title, (year, _) in stated.items()} == {
        film.title: film.year for film in FILMS
    }
    for year, why in stated.values():
        if year <= LAST_YEAR_OF_THE_95:
            assert why == f"95 years, to the end of {year + 95}"
        else:
            assert why.startswith("no notice: ")


def test_every_film_has_its_own_poster_and_no_poster_is_left_over() -> None:
    assert sorted(film.poster for film in FILMS) == [path.name for path in POSTERS]


# What a poster may be made of. `href`, `style`, `on...`, scripts, images and foreign objects are
# not forbidden one by one: whatever is not listed is refused.
ELEMENTS = {"circle", "clipPath", "defs", "ellipse", "g", "path", "rect", "svg", "text", "title"}
ATTRIBUTES = {
    *("aria-labelledby", "clip-path", "cx", "cy", "d", "fill", "font-family", "font-size"),
    *("font-weight", "height", "id", "lengthAdjust", "r", "role", "rx", "ry", "stroke"),
    *("stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-width", "textLength"),
    *("transform", "viewBox", "width", "x", "y"),
}
SVG = "{http://www.w3.org/2000/svg}"


def parsed(path: Path) -> ET.Element:
    return ET.fromstring(path.read_bytes())  # noqa: S314  it is our own file


@pytest.mark.parametrize("path", POSTERS, ids=lambda path: path.stem)
def test_a_poster_is_small_and_holds_nothing_but_shapes_and_text(path: Path) -> None:
    source = path.read_bytes()
    assert len(source) <= 6_000
    assert b"<!" not in source, "neither a document type, entities nor comments"
    assert b"<?" not in source
    root = parsed(path)
    assert root.get("viewBox") == "0 0 320 480"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ELEMENTS
        assert element.attrib.keys() <= ATTRIBUTES
        for value in element.attrib.values():
            assert "url(" not in value or re.fullmatch(r"url\(#\w+\)", value)
        assert element.get("font-family") in {None, "sans-serif"}


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.title)
def test_the_lettering_says_which_film_it_is_and_stays_inside_the_frame(film: Film) -> None:
    root = parsed(SEED / "posters" / film.poster)
    assert root.findtext(f"{SVG}title") == film.title
    lettering = [text for text in root.iter(f"{SVG}text") if text.get("textLength")]
    *title, director, year = ("".join(text.itertext()) for text in lettering)
    assert " ".join(title).replace("’", "'") == film.title.upper()  # noqa: RUF001  the typographic one
    assert (director, year) == (film.director.name, str(film.year))
    for text in lettering:
        left, width = float(text.get("x", "")), float(text.get("textLength", ""))
        assert left >= 16
        assert left + width <= 304
