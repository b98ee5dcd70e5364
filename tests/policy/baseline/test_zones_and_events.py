"""What the loss of a zone ends and what sets itself off, when no contract says what may."""

from __future__ import annotations

import datetime as dt

import pytest

from stackproof.check import Report, check
from stackproof.contract import Contract
from stackproof.model import Family, Graph
from tests.policy.check.worlds import TODAY
from tests.policy.graphs import graph, ref, resource
from tests.policy.identity.worlds import allow, document, role
from tests.policy.network.world import three_tiers
from tests.policy.recursion.stacks import BUCKET, FUNCTION, PERMISSION, ROLE, notify

BALANCED = {"capacityDistributionStrategy": "balanced-only"}


def verdicts(found: Graph) -> dict[str, str]:
    return {c.id: c.verdict.value for c in check(found, None, today=TODAY).claims}


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"minSize": 2, "availabilityZoneDistribution": BALANCED}, "proven"),
        # By best effort all three may be in one of two zones.
        ({"minSize": 3}, "violated"),
        ({"minSize": 1}, "violated"),
        ({"minSize": "@unknown"}, "unproven"),
        ({"minSize": 2, "vpcZoneIdentifiers": ["@private-a"]}, None),
        ({"minSize": 0}, None),
    ],
)
def test_a_group_in_several_zones_goes_on(inputs: dict[str, object], found: str | None) -> None:
    world = three_tiers()
    world.declared["api"][1].update(inputs)
    assert verdicts(world.graph()).get("baseline.zones.api") == found


def test_its_way_out_must_go_on_too() -> None:
    world = three_tiers()
    world.declared["api"][1].update(minSize=2, availabilityZoneDistribution=BALANCED)
    world.declared["to-nat-b"][1]["natGatewayId"] = "@nat-a"
    report = check(world.graph(), None, today=TODAY)
    (claim,) = [c for c in report.claims if c.id == "baseline.zones.api"]
    assert claim.verdict.value == "violated"
    assert claim.evidence.witness["zone"] == "us-east-1a"
    assert "availability" not in claim.mend


def test_a_load_balancer_in_several_zones_goes_on() -> None:
    world = three_tiers()
    world.declared["api"][1].update(minSize=2, availabilityZoneDistribution=BALANCED)
    assert verdicts(world.graph())["baseline.zones.front"] == "proven"
    # All its targets are in one zone.
    world.declared["api"][1]["vpcZoneIdentifiers"] = ["@private-a"]
    assert verdicts(world.graph())["baseline.zones.front"] == "violated"


def images(writes: str, *more: str) -> Graph:
    arn = "arn:aws:s3:::images"
    return graph(
        resource(BUCKET, "images", bucket="images"),
        *role("thumbnailer", {"Service": "lambda.amazonaws.com"},
              document(allow("s3:PutObject", f"{arn}/{writes}"))),
        resource(FUNCTION, "thumbnailer", name="thumbnailer", role=ref(ROLE, "thumbnailer", "arn")),
        resource(
            PERMISSION,
            "thumbnailer",
            action="lambda:InvokeFunction",
            function=ref(FUNCTION, "thumbnailer", "name"),
            principal="s3.amazonaws.com",
            sourceArn=ref(BUCKET, "images", "arn"),
        ),
        notify(),
        *(resource(type_, "orders") for type_ in more),
    )  # fmt: skip


def test_what_sets_itself_off_for_ever() -> None:
    assert verdicts(images("*"))["baseline.cycles"] == "violated"
    assert verdicts(images("thumbnails/*"))["baseline.cycles"] == "proven"
    assert verdicts(images("thumbnails/*"))["baseline.notification.images"] == "proven"


def test_a_database_sets_nothing_off_and_a_container_may() -> None:
    beside = images("thumbnails/*", "aws:rds/instance:Instance")
    assert verdicts(beside)["baseline.cycles"] == "proven"
    container = images("thumbnails/*", "aws:ecs/service:Service")
    assert verdicts(container)["baseline.cycles"] == "unproven"
    alone = graph(resource("aws:ecs/service:Service", "orders"))
    assert verdicts(alone)["baseline.cycles"] == "proven"


# ── the report ──────────────────────────────────────────────────────────────────────────────────


def report(*, only: set[Family] | None = None) -> Report:
    return check(three_tiers().graph(), None, today=TODAY, only=only)


def test_the_report_says_that_there_is_no_contract() -> None:
    assert report().baseline
    assert any("`stackproof contract` begins one" in a for a in report().assumptions)
    with_contract = check(
        three_tiers().graph(),
        Contract(groups={}, events={}),  # type: ignore[arg-type]
        today=dt.date(2026, 1, 1),
    )
    assert not with_contract.baseline


def test_it_may_be_narrowed_to_a_family() -> None:
    found = report(only={Family.NETWORK})
    assert {c.family for c in found.claims} == {Family.NETWORK}
    assert any("family identity was not checked" in a for a in found.assumptions)


def test_every_claim_has_an_id_of_the_baseline_or_is_about_coverage() -> None:
    assert all(c.id.startswith("baseline.") or c.id.endswith(".coverage") for c in report().claims)


def test_the_same_graph_gives_the_same_report() -> None:
    assert report() == report()
