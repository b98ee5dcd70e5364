"""A first contract says everything that is possible, and what of it is not proven.

Of whatever architecture: the file is the contract, nothing that is possible goes unsaid, and each
claim that is not proven stands in a comment.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from stackproof.beginning import Beginning, begin, written
from stackproof.contract import read
from stackproof.model import Graph, Unknown, Verdict
from tests.policy.graphs import ACCOUNT, graph, ref, resource
from tests.policy.identity import worlds
from tests.policy.identity.worlds import allow, declared, deny, document, role
from tests.policy.network.world import CASES, case, three_tiers
from tests.policy.recursion import stacks

EC2 = {"Service": "ec2.amazonaws.com"}
LAMBDA = {"Service": "lambda.amazonaws.com"}

_SAYING = (
    "network.closed.",
    "network.grouped",
    "identity.closed.",
    "identity.trust.",
    "identity.admits.",
    "identity.runs.",
    "identity.principals",
    "identity.workloads",
    "events.closed",
)
"""Claims that nothing is possible but what is declared."""

NO_WORDS = "identity.trust.people"
"""Whoever has no ARN, no account and is no service of AWS: a contract cannot name it."""


def round_trip(of: Graph, folder: Path) -> Beginning:
    """What is begun of a graph, when its file says the same and all that is amiss."""
    begun = begin(of)
    text = written(begun, of)
    path = folder / "contract.yaml"
    path.write_text(text, encoding="utf-8")
    assert read(path).contract == begun.contract
    assert written(begin(of), of) == text
    comments = " ".join(line.strip().strip("#") for line in text.splitlines() if "#" in line)
    listed = " ".join(comments.split())
    for claim in begun.open:
        assert " ".join(claim.evidence.summary.split()) in listed
        unsaid = claim.id.startswith(_SAYING) and claim.verdict is Verdict.VIOLATED
        assert not unsaid or claim.id == NO_WORDS, claim
    assert all(len(line) <= 130 for line in text.splitlines())
    return begun


def opened(of: Graph, folder: Path) -> dict[str, str]:
    return {c.id: c.verdict.value for c in round_trip(of, folder).open}


# ── network ─────────────────────────────────────────────────────────────────────────────────────

WHOLE = {
    "api-egress-to-database-missing",
    "bastion-by-interface",
    "database-admits-the-vpc",
    "database-alone",
    "database-gets-a-nat-route",
    "default-security-group",
    "endpoint-rule-missing",
    "function-outside",
    "halves-make-a-flow",
    "internal-source-of-a-public-port",
    "ipv6-rule-is-dead",
    "later-deny-is-dead",
    "main-route-table",
    "service-behind-the-balancer",
    "service-by-prefix-list-only",
}
"""Cases in which all that is possible is also whole: replies come back, listeners answer."""


def test_three_tiers_are_proven_whole(tmp_path: Path) -> None:
    begun = round_trip(three_tiers().graph(), tmp_path)
    assert begun.open == ()
    network = begun.contract.network
    assert network is not None
    assert [(f.source, f.to, f.allow) for f in network.flows] == [
        ("internet", "front", ("tcp/80", "tcp/443")),
        ("api", "internet", ("tcp/443",)),
        ("api", "database", ("tcp/27017",)),
        ("api", "logs-endpoint", ("tcp/443",)),
        ("bastion", "api", ("tcp/22",)),
        ("bastion", "database", ("tcp/22",)),
        ("database", "database", ("tcp/27017",)),
        ("front", "api", ("tcp/8081",)),
        ("net-203-0-113-0-24", "bastion", ("tcp/22",)),
    ]
    assert network.isolated == ("database",)
    assert ("internet", "database", "any") in [(n.source, n.to, n.path) for n in network.never]


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_network_case(path: Path, tmp_path: Path) -> None:
    begun = round_trip(case(path).world.graph(), tmp_path)
    assert (path.stem in WHOLE) == (not begun.open)


def test_a_type_that_is_not_modelled_is_said_once_a_section(tmp_path: Path) -> None:
    world = three_tiers()
    world.add("unheard-of", "strange")
    of = world.graph()
    assert round_trip(of, tmp_path).open
    text = written(begin(of), of)
    assert 0 < text.count("aws:new/thing:Thing is not classified") <= 8


# ── identity ────────────────────────────────────────────────────────────────────────────────────


def test_the_thumbnails_are_proven_whole(tmp_path: Path) -> None:
    begun = round_trip(worlds.world(), tmp_path)
    assert begun.open == ()
    identity = begun.contract.identity
    assert identity is not None
    assert [g.actions for g in identity.principals["thumbnails"].may] == [
        ("s3:GetObject", "s3:GetObjectVersion"),
        ("s3:PutObject",),
        ("sqs:SendMessage",),
    ]
    assert identity.principals["thumbnails"].runs == ("thumbnails-function",)
    (admission,) = identity.resources["thumbnails-function"]
    assert admission.when["ArnLike"] == {"aws:SourceArn": "images"}


def one_role(*policies: object, **more: object) -> Callable[[], Graph]:
    return lambda: graph(*role("api", EC2, *policies, **more))  # type: ignore[arg-type]


IDENTITIES: dict[str, tuple[Callable[[], Graph], set[str]]] = {
    "everything": (one_role(document(allow("*"))), set()),
    "a deny beside it": (
        one_role(document(allow("s3:*"), deny("s3:DeleteObject"))),
        {"identity.grant.api.1"},
    ),
    "all but some actions": (
        one_role(document({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"})),
        {"identity.grant.api.1"},
    ),
    "all but some resources": (
        one_role(
            document({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": ["arn:x/*"]})
        ),
        {"identity.grant.api.1"},
    ),
    "a policy variable": (
        one_role(document(allow("s3:GetObject", "arn:aws:s3:::homes/${aws:username}/*"))),
        {"identity.grant.api.1"},
    ),
    "a condition that is decided": (
        one_role(
            document(
                allow("s3:GetObject", Condition={"StringEquals": {"aws:ResourceAccount": ACCOUNT}})
            )
        ),
        set(),
    ),
    "a condition that is not": (
        one_role(
            document(allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
        ),
        set(),
    ),
    "a document that is not known": (one_role(Unknown("later")), {"identity.grant.api.1"}),
    "a boundary": (
        lambda: graph(
            resource(worlds.POLICY, "cap", name="cap", policy=document(allow("s3:Get*"))),
            *role("api", EC2, document(allow("s3:*")),
                  permissionsBoundary=ref(worlds.POLICY, "cap", "arn")),
        ),
        {"identity.grant.api.1"},
    ),
    "trust of accounts, of each other and of anyone": (
        lambda: graph(
            *role("a", {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::999999999999:root"]}),
            *role("b", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/a"}),
            *role("c", "*"),
        ),
        set(),
    ),
    "trust of a provider that is not an ARN": (
        lambda: graph(*role("people", {"Federated": "cognito-identity.amazonaws.com"})),
        {NO_WORDS},
    ),
    "who may write policies": (
        one_role(document(allow("iam:PutRolePolicy"))),
        {"identity.escalation.api"},
    ),
    "two resources of one name": (
        lambda: graph(
            *role("api", EC2),
            resource(worlds.QUEUE, "api", name="api"),
            *role("queue", EC2, document(allow("sqs:*", ref(worlds.QUEUE, "api", "arn").property))),
        ),
        {"identity.grant.queue.1"},
    ),
    "a bucket that anybody may read": (
        lambda: graph(
            resource(worlds.BUCKET, "site", bucket="site"),
            declared(worlds.BLOCK, "site", {
                "bucket": ref(worlds.BUCKET, "site"),
                "blockPublicPolicy": False,
                "restrictPublicBuckets": False,
            }),
            resource(worlds.BUCKET_POLICY, "site", bucket=ref(worlds.BUCKET, "site"),
                     policy=document(allow("s3:GetObject", "arn:aws:s3:::site/*", Principal="*"))),
        ),
        set(),
    ),
    "a bucket that keeps some of it back": (
        lambda: graph(
            resource(worlds.BUCKET, "images", bucket="images"),
            resource(worlds.BUCKET_POLICY, "images", bucket=ref(worlds.BUCKET, "images"),
                     policy=document(deny(
                         "s3:GetObject*", "arn:aws:s3:::images/*", Principal="*",
                         Condition={"StringEquals": {"s3:ExistingObjectTag/scan": "bad"}},
                     ))),
            *role("api", EC2, document(
                allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::images/orig/*"),
            )),
        ),
        set(),
    ),
    "a key that names an administrator": (
        lambda: graph(
            *role("admin", EC2),
            resource(worlds.KEY, "k", policy=document(
                allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
                allow("kms:Decrypt", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/admin"}),
            )),
        ),
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities(name: str, tmp_path: Path) -> None:
    make, expected = IDENTITIES[name]
    found = set(opened(make(), tmp_path))
    # Whoever may do everything may also become more; that is said too.
    assert {i for i in found if "escalation" not in i or i in expected} == expected


# ── events and names ────────────────────────────────────────────────────────────────────────────


def test_a_notification_becomes_a_trigger(tmp_path: Path) -> None:
    begun = round_trip(worlds.world(stacks.notify(to="thumbnails")), tmp_path)
    # The notification does not wait for the permission; that is not the contract's to mend.
    assert [c.id for c in begun.open] == ["availability.order.images"]
    events = begun.contract.events
    assert events is not None
    assert [(t.source, t.to) for t in events.triggers] == [("images/orig/*", "thumbnails-function")]


def test_a_queue_that_starts_a_function(tmp_path: Path) -> None:
    queue = resource(stacks.QUEUE, "jobs", name="jobs")
    mapping = resource(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "jobs",
        eventSourceArn=ref(stacks.QUEUE, "jobs", "arn"),
        functionName=ref(stacks.FUNCTION, "worker", "arn"),
    )
    worker = resource(
        stacks.FUNCTION, "worker", name="worker", role=ref(stacks.ROLE, "worker", "arn")
    )
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    made = role("worker", LAMBDA, document(allow("sqs:*", arn)))
    begun = round_trip(graph(queue, mapping, worker, *made), tmp_path)
    events = begun.contract.events
    assert events is not None
    assert [(t.source, t.to) for t in events.triggers] == [("jobs", "worker-function")]


def test_strange_names_are_read_back(tmp_path: Path) -> None:
    names = ("a*b[1]", "yes", "1st", "x-to-y", "internet", "größe", "a b")
    made = [r for name in names for r in role(name, EC2)]
    begun = round_trip(graph(*made), tmp_path)
    assert begun.open == ()
    assert len(begun.contract.groups) == len(names)


def test_two_of_one_type_and_name_are_told_apart_by_urn(tmp_path: Path) -> None:
    first = resource(worlds.QUEUE, "jobs", name="one", policy=document(
        allow("sqs:SendMessage", Principal={"AWS": "arn:aws:iam::999999999999:root"})
    ))  # fmt: skip
    second = msgspec.structs.replace(
        first,
        urn=first.urn.replace("aws:sqs", "shop:index:Jobs$aws:sqs"),
        inputs=first.inputs | {"name": "two"},
    )
    begun = round_trip(graph(first, second), tmp_path)
    assert begun.open == ()
    assert sorted(g.urn is not None for g in begun.contract.groups.values()) == [True, True]
