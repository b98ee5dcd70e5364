"""A document of Systems Manager that only waits to be asked for; others are not understood."""

from __future__ import annotations

import pytest

from stackproof.aws.events import event_facts
from stackproof.aws.identity import identity_facts
from stackproof.model import NotModelled, Unknown, Value
from tests.policy.graphs import graph
from tests.policy.identity.worlds import declared

DOCUMENT = "aws:ssm/document:Document"


def missing(**inputs: Value) -> tuple[NotModelled, ...]:
    of = graph(declared(DOCUMENT, "preferences", {"content": "{}"} | inputs))
    return (*identity_facts(of).not_modelled, *event_facts(of).not_modelled)


@pytest.mark.parametrize("kind", ["Session", "Command"])
def test_what_somebody_must_be_allowed_to_run_does_nothing_by_itself(kind: str) -> None:
    assert missing(documentType=kind) == ()


@pytest.mark.parametrize(
    "inputs",
    [
        {"documentType": "Automation"},
        {"documentType": Unknown("another stack")},
        {},
        {"documentType": "Session", "permissions": {"type": "Share", "accountIds": "All"}},
        {"documentType": "Session", "permissions": Unknown("another stack")},
    ],
    ids=["automation", "unknown", "none", "shared", "perhaps-shared"],
)
def test_what_may_be_more_leaves_both_families_open(inputs: dict[str, Value]) -> None:
    assert {m.family.value for m in missing(**inputs)} == {"identity", "recursion"}
