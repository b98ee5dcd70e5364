"""The schema files are made from the classes, and admit what the loader admits."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from stackproof import schemas
from tests.policy.contract.test_loading import WHOLE


def contract() -> Any:  # noqa: ANN401 - any YAML
    """WHOLE as an editor's YAML server gives it to the schema: dates are text."""
    return json.loads(json.dumps(yaml.safe_load(WHOLE), default=str))


@pytest.mark.parametrize(("path", "text"), schemas.files().items(), ids=lambda x: str(x)[-22:-12])
def test_the_files_are_up_to_date(path: Any, text: str) -> None:  # noqa: ANN401 - pytest's ids
    assert path.read_text(encoding="utf-8") == text, "run python -m stackproof.schemas"


def test_a_contract_that_loads_is_valid() -> None:
    jsonschema.validate(contract(), schemas.contract_schema())


def test_an_overlay_needs_no_groups_and_nothing_else_may_lack_them() -> None:
    jsonschema.validate({"extends": "contract.yaml"}, schemas.contract_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"network": {}}, schemas.contract_schema())


def test_a_typo_is_not_valid() -> None:
    wrong = contract()
    wrong["groups"]["api"] = {"typ": "x"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schemas.contract_schema())


def test_editors_show_what_a_class_and_a_key_mean() -> None:
    definitions = schemas.contract_schema()["$defs"]
    assert "Traffic that must be possible" in definitions["Flow"]["description"]
    assert "unless this says" in definitions["Group"]["properties"]["optional"]["description"]
