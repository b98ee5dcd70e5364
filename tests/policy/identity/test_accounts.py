"""An account that is spelt out may be the unknown one: nothing is hidden, nobody accused."""

from __future__ import annotations

import msgspec
import pytest

from stackproof.contract import Contract
from stackproof.model import Graph, Obligation, Resource
from stackproof.proofs.accounts import in_every_account
from tests.policy.graphs import ACCOUNT
from tests.policy.identity.worlds import (
    FAILED,
    IMAGES,
    MAKE_THUMBNAILS,
    MAY,
    QUEUE,
    ROLE,
    THUMBNAILS,
    allow,
    contract,
    decided,
    declared,
    document,
    permission,
    role,
    thumbnail_policy,
    verdicts,
    world,
)

OTHER = "999988887777"
FROM_GRAPH = MAKE_THUMBNAILS[:2]


def nowhere(graph: Graph) -> Graph:
    """The same program, whose configuration does not tell the account."""
    return msgspec.structs.replace(graph, account=None)


def plain(*changed: Resource) -> Graph:
    """A world that spells out no account, but for what is changed."""
    unsaid = permission(sourceAccount=None)
    del unsaid.inputs["sourceAccount"]
    return nowhere(world(thumbnail_policy(*FROM_GRAPH), unsaid, *changed))


def plain_contract(*may: dict[str, object]) -> Contract:
    admission = {
        "who": {"service": "s3.amazonaws.com"},
        "actions": ["lambda:InvokeFunction"],
        "when": {"ArnLike": {"aws:SourceArn": "images"}},
    }
    return contract(
        {"thumbnails": THUMBNAILS | {"may": [*MAY[:2], *may]}}, {"thumbnails": [admission]}
    )


def test_an_account_that_nothing_spells_out_need_not_be_known() -> None:
    assert verdicts(plain(), plain_contract()) == {}


def test_a_literal_queue_may_be_the_one_that_is_made_here() -> None:
    sends = plain(thumbnail_policy(*FROM_GRAPH, allow("sqs:SendMessage", FAILED)))
    grant: dict[str, object] = {"actions": ["sqs:SendMessage"], "resources": ["failed"]}
    found = verdicts(sends, plain_contract(grant))
    # In that account it is the grant; in any other it is something else, and the grant is missing.
    assert found == {
        "identity.grant.thumbnails.3": "unproven",
        "identity.closed.thumbnails": "unproven",
    }
    decision = decided(sends, plain_contract(grant))["identity.grant.thumbnails.3"]
    assert ACCOUNT in decision.evidence.summary
    assert "aws:allowedAccountIds" in decision.mend


def test_the_same_literal_on_both_sides_needs_no_account() -> None:
    sends = plain(thumbnail_policy(*FROM_GRAPH, allow("sqs:SendMessage", FAILED)))
    grant: dict[str, object] = {"actions": ["sqs:SendMessage"], "resources": [FAILED]}
    assert verdicts(sends, plain_contract(grant)) == {}


def test_an_excess_in_every_account_is_one() -> None:
    more = plain(
        thumbnail_policy(
            *FROM_GRAPH, allow("sqs:SendMessage", FAILED), allow("s3:PutObject", f"{IMAGES}/orig/*")
        )
    )
    grant: dict[str, object] = {"actions": ["sqs:SendMessage"], "resources": [FAILED]}
    assert verdicts(more, plain_contract(grant)) == {"identity.closed.thumbnails": "violated"}


@pytest.mark.parametrize("spelt", [ACCOUNT, OTHER])
def test_a_literal_role_may_be_the_one_that_is_made_here(spelt: str) -> None:
    """Assuming a role by its literal ARN is an escalation if the account is that one."""
    statement = allow("sts:AssumeRole", f"arn:aws:iam::{spelt}:role/admin")
    admin = role("admin", {"AWS": spelt}, document(allow("*")))
    wanted = msgspec.to_builtins(plain_contract())
    wanted["groups"]["admins"] = {"type": ROLE, "name": "admin"}
    thumbnails = wanted["identity"]["principals"]["thumbnails"]
    thumbnails["may"] = [
        *thumbnails["may"],
        {"actions": ["sts:AssumeRole"], "resources": [statement["Resource"]]},
    ]
    wanted["identity"]["principals"]["admin"] = {
        "role": "admins",
        "assumed_by": [{"account": spelt}],
        "may": [{"actions": ["*"], "resources": ["*"]}],
    }
    graph = plain(thumbnail_policy(*FROM_GRAPH, statement), *admin)
    found = verdicts(graph, msgspec.convert(wanted, Contract))
    assert found["identity.escalation.thumbnails"] == "unproven"


def test_a_queue_open_to_a_literal_account_is_open_to_others_or_to_ones_own() -> None:
    text = document(allow("sqs:SendMessage", "*", Principal={"AWS": OTHER}))
    shared = declared(QUEUE, "failed", {"name": "failed", "policy": text})
    decision = decided(plain(shared), plain_contract())["identity.admits.failed"]
    # Its own account's root admits nobody by itself; a stranger's does.
    assert decision.verdict == "unproven"


def test_a_known_account_is_asked_about_once() -> None:
    asked: list[Graph] = []

    def decide(graph: Graph) -> list[Obligation]:
        asked.append(graph)
        return []

    graph = world()
    in_every_account(graph, contract(), decide)
    assert asked == [graph]
