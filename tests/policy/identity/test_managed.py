"""The documents of AWS-managed policies are AWS's own, as moto carries them."""

from __future__ import annotations

import json

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from stackproof.aws.identity.managed import MANAGED
from stackproof.model import Value

PUBLISHED = json.loads(aws_managed_policies_data)


def _in_order(document: dict[str, Value]) -> list[tuple[object, ...]]:
    """The statements; one action is the same as a list of one."""
    statements = document["Statement"]
    assert isinstance(statements, list)
    found: list[tuple[object, ...]] = []
    for statement in statements:
        assert isinstance(statement, dict)
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource"}
        actions = statement["Action"]
        listed = actions if isinstance(actions, list) else [actions]
        found.append((statement["Effect"], statement["Resource"], listed, document["Version"]))
    return found


@pytest.mark.parametrize("name", sorted(MANAGED))
def test_a_document_says_what_aws_publishes(name: str) -> None:
    path, _, last = f"/{name}".rpartition("/")
    published = PUBLISHED[last]
    assert published["Path"] == f"{path}/"
    assert _in_order(MANAGED[name]) == _in_order(published["Document"])
