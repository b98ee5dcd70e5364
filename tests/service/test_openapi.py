"""The OpenAPI document says what the API does, and the API does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from litestar.testing import TestClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.in_memory import application
from tests.service.neighbours import Api, Served, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return application().openapi_schema.to_schema()


@pytest.fixture(scope="module")
def served(environment: Mapping[str, str]) -> Iterator[Served]:
    with serving(environment) as served:
        yield served


OPERATIONS = sorted(
    (path, method)
    for path, item in application().openapi_schema.to_schema()["paths"].items()
    for method, operation in item.items()
    if isinstance(operation, dict)
)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_asked_is_answered_as_documented(
    path: str, method: str, served: Served, http: httpx.Client
) -> None:
    schema = schemathesis.openapi.from_url(f"{served.base}/schema/openapi.json")
    somebody = Api.joined(http, served.base)

    @given(case=schema[path][method.upper()].as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        if "username" in case.path_parameters and method != "delete":
            # Strangers are refused before anything else is looked at.
            case.path_parameters["username"] = somebody.username
        headers = {} if path in {"/login", "/users"} else somebody.bearer
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)

    ask()


def test_every_operation_is_described(document: Mapping[str, Any]) -> None:
    names = set()
    for path, method in OPERATIONS:
        operation = document["paths"][path][method]
        assert operation["description"].endswith("."), path
        assert operation["tags"], path
        names.add(operation["operationId"])
        for status, answer in operation["responses"].items():
            assert answer["description"], (path, status)
        if operation.get("security") == [{"bearer": []}]:
            assert {"401", "503"} <= set(operation["responses"]), path
        if "requestBody" in operation:
            assert {"408", "413", "415"} <= set(operation["responses"]), path
    assert len(names) == len(OPERATIONS)


def test_people_read_it_without_scripts_or_other_servers() -> None:
    with TestClient(application()) as client:
        page = client.get("/schema")
        document = client.get("/schema/openapi.json")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert re.findall(r"(?:src|href)=\"([^\"]*)", page.text) == ["/schema/openapi.json"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path, method in OPERATIONS:
        assert f"{method.upper()} {path}" in page.text
    assert document.json()["openapi"].startswith("3.")
