"""docs/service.md names every setting, route and metric, and none that there is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute
from prometheus_client import REGISTRY

from cinema_api.settings import Settings
from tests.service.in_memory import application
from tests.service.neighbours import KEY

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
LEAST = {
    "CINEMA_DATABASE_URI": "mongodb://127.0.0.1/",
    "CINEMA_JWT_KEYS": KEY,
    "CINEMA_IMAGE_BUCKET": "images",
}


class Asked(Mapping[str, str]):
    """An environment that remembers which variables it was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.names: set[str] = set()
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def rows(section: str) -> list[list[str]]:
    """The cells of the first table of a section, but for its head."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(section: str) -> list[str]:
    return [row[0].strip("`") for row in rows(section)]


def defaults() -> list[tuple[str, str]]:
    return [(row[0].strip("`"), row[1].strip("`")) for row in rows("Settings") if row[1]]


def test_every_setting_is_documented_and_no_other() -> None:
    asked = Asked(LEAST)
    Settings.read(asked)
    assert sorted(names("Settings")) == sorted(asked.names)


@pytest.mark.parametrize(("variable", "default"), defaults())
def test_a_default_that_is_set_changes_nothing(variable: str, default: str) -> None:
    assert Settings.read({**LEAST, variable: default}) == Settings.read(LEAST)


def test_every_route_is_documented_and_no_other() -> None:
    routes = {
        f"{method} {route.path_format}"
        for route in application().routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS"}
    }
    # What the framework answers with 404 below its page.
    routes.remove("GET /schema/{path}")
    assert sorted(names("Routes")) == sorted(routes)


def test_who_needs_a_login_is_documented() -> None:
    document = application().openapi_schema.to_schema()["paths"]
    for route, login, _ in rows("Routes"):
        method, path = route.strip("`").split()
        if path.startswith("/schema"):
            continue
        needs = document[path][method.lower()].get("security")
        assert bool(needs) == (login not in {"", "(2)"}), route


def test_every_metric_is_documented_and_no_other() -> None:
    metrics = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in REGISTRY.collect()
        if metric.name.startswith("cinema_")
    }
    assert sorted(names("Metrics")) == sorted(metrics)
