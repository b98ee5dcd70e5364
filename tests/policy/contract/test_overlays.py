"""An overlay says only what differs, and its mistakes are shown in the file that has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.contract import Group, Place, load, read
from tests.policy.contract.test_loading import WHOLE, problems, written


@pytest.fixture
def base(tmp_path: Path) -> Path:
    written(tmp_path, WHOLE)
    return tmp_path


def test_mappings_merge_lists_replace_and_null_deletes(base: Path) -> None:
    overlay = """\
extends: contract.yaml
groups:
  api: {name: api-*}
  admin: null
network:
  never: []
availability:
  keep: {api: {instances: 1}}
"""
    below, contract = load(base / "contract.yaml"), load(written(base, overlay, "dev.yaml"))
    assert contract.groups["api"] == Group(type="aws:autoscaling/group:Group", name="api-*")
    assert set(below.groups) - set(contract.groups) == {"admin"}
    assert below.network is not None
    assert contract.network is not None
    assert contract.network.never == ()
    assert contract.network.flows == below.network.flows
    assert contract.availability is not None
    assert contract.availability.keep["api"].instances == 1
    assert contract.identity == below.identity


def test_waivers_are_added_to_those_below(base: Path) -> None:
    overlay = (
        "extends: contract.yaml\n"
        "waivers: [{claim: events.cycles, reason: r, owner: o, expires: 2027-01-01}]\n"
    )
    located = read(written(base, overlay, "dev.yaml"))
    claims = [waiver.claim for waiver in located.contract.waivers]
    assert claims == ["availability.keep.api", "events.cycles"]
    assert located.place("waivers", 0) == Place(str(base / "contract.yaml"), 37, 5)
    assert located.place("waivers", 1) == Place(str(base / "dev.yaml"), 2, 11)


def test_a_flow_replaces_the_one_between_the_same_groups_and_no_other(base: Path) -> None:
    overlay = """\
extends: contract.yaml
network:
  flows:
    - {from: load-balancer, to: api, allow: [tcp/8443]}
    - {from: api, to: internet, allow: [tcp/443]}
"""
    below, contract = load(base / "contract.yaml"), load(written(base, overlay, "dev.yaml"))
    assert below.network is not None
    assert contract.network is not None
    assert {(f.source, f.to): f.allow for f in contract.network.flows} == {
        **{(f.source, f.to): f.allow for f in below.network.flows},
        ("load-balancer", "api"): ("tcp/8443",),
        ("api", "internet"): ("tcp/443",),
    }
    assert len(contract.network.flows) > len(below.network.flows)


def test_a_flow_that_allows_null_takes_the_one_below_away(base: Path) -> None:
    overlay = """\
extends: contract.yaml
network:
  flows:
    - {from: load-balancer, to: api, allow: null}
availability: null
"""
    below, contract = load(base / "contract.yaml"), load(written(base, overlay, "dev.yaml"))
    assert below.network is not None
    assert contract.network is not None
    gone = {*below.network.flows} - {*contract.network.flows}
    assert {(f.source, f.to) for f in gone} == {("load-balancer", "api")}
    assert {*contract.network.flows} <= {*below.network.flows}


def test_a_flow_that_is_not_below_cannot_be_taken_away(base: Path) -> None:
    overlay = (
        "extends: contract.yaml\nnetwork: {flows: [{from: api, to: load-balancer, allow: null}]}\n"
    )
    (found,) = problems(written(base, overlay, "dev.yaml"))
    assert found.startswith("dev.yaml:2:")
    assert "which has none between the two" in found


def test_what_is_no_flow_is_refused_where_it_stands(base: Path) -> None:
    overlay = "extends: contract.yaml\nnetwork:\n  flows: [{from: [a], to: {b: c}}, 7]\n"
    found = problems(written(base, overlay, "dev.yaml"))
    assert found
    assert all(problem.startswith("dev.yaml:3:") for problem in found)


def test_a_mistake_below_is_shown_in_the_file_below(base: Path) -> None:
    written(base, WHOLE.replace("tcp/8081", "tcp/0x1"))
    overlay = "extends: contract.yaml\ngroups:\n  admin: {cidr: [x]}\n"
    assert [p.split(": ")[0] for p in problems(written(base, overlay, "dev.yaml"))] == [
        "contract.yaml:13:46",
        "dev.yaml:3:18",
    ]


def test_overlays_may_lie_on_overlays_in_other_folders(base: Path) -> None:
    (base / "over").mkdir()
    written(base, "extends: contract.yaml\nevents: null\n", "middle.yaml")
    top = written(base / "over", "extends: ../middle.yaml\navailability: null\n", "top.yaml")
    contract = load(top)
    assert contract.events is None
    assert contract.availability is None
    assert contract.network is not None


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ("extends: dev.yaml\n", "dev.yaml:1:10: extends: 'dev.yaml' extends this contract in turn"),
        ("extends: loop.yaml\n", "loop.yaml:1:10: extends: 'dev.yaml' extends this contract in"),
        ("extends: none.yaml\n", "dev.yaml:1:10: extends: there is no file "),
        ("extends: [a]\n", "dev.yaml:1:10: extends: expected the path of a contract"),
        (
            "extends: contract.yaml\ngroups:\n  apy: null\n",
            "dev.yaml:3:3: groups.apy: null deletes a key of the contract below, which has no",
        ),
    ],
)
def test_an_overlay_of_nothing_is_refused(base: Path, overlay: str, expected: str) -> None:
    written(base, "extends: dev.yaml\n", "loop.yaml")
    (problem,) = problems(written(base, overlay, "dev.yaml"))
    assert expected in problem
