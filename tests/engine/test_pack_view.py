"""What the engine shows is held against what was proven, without an engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.contract import Contract, Group
from stackproof.model import (
    Claim,
    Evidence,
    Family,
    Graph,
    Hop,
    Location,
    Reference,
    Resource,
    Template,
    Unknown,
    Value,
    Verdict,
    references,
)
from stackproof.pack import Finding, contract_of, findings, is_mandatory, project_folder
from stackproof.sources import pack
from stackproof.sources.errors import SourceError
from stackproof.sources.pack import Shown
from stackproof.sources.wire import IS_SECRET, SECRET, SIGNATURE, UNKNOWN
from tests.policy.graphs import graph, ref, resource

BUCKET, POLICY, ROLE = "aws:s3/bucket:Bucket", "aws:iam/policy:Policy", "aws:iam/role:Role"
ROLE_NAME = ref(ROLE, "r", "name")
SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.booleans(), st.integers(-5, 70000), st.text("ab1.*", max_size=4)
)
LEAVES: st.SearchStrategy[Value] = st.one_of(
    SCALARS,
    st.just(ROLE_NAME),
    st.just(Template(("a-", ROLE_NAME))),
    st.just(Unknown(IS_SECRET)),
)


def _nested(leaves: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    inner: st.SearchStrategy[Value] = st.lists(leaves, max_size=3) | st.dictionaries(
        st.sampled_from("pqr"), leaves, max_size=3
    )
    return inner


VALUES = st.recursive(LEAVES, _nested, max_leaves=8)


def wire(value: Value) -> Any:  # noqa: ANN401 -- JSON
    """`value` as the engine shows it in the preview of a first deployment."""
    if isinstance(value, Reference | Template):
        return UNKNOWN
    if isinstance(value, Unknown):
        return {SIGNATURE: SECRET, "value": "hidden"}
    if isinstance(value, list):
        return [wire(item) for item in value]
    if isinstance(value, dict):
        return {key: wire(item) for key, item in value.items()}
    return value


def shown(declared: Resource) -> Shown:
    return Shown(
        urn=declared.urn,
        type=declared.type,
        name=declared.name,
        provider="urn:pulumi:test::test::pulumi:providers:aws::default_7_0_0",
        dependencies=declared.dependencies,
        property_dependencies=declared.property_dependencies,
        ignore_changes=declared.ignore_changes,
    )


def engine_view(declared: Graph, **inputs: dict[str, Any]) -> Graph:
    """The engine's view of `declared`; `inputs` replace those of the resource with that name."""
    analyzed = {
        r.urn: inputs.get(r.name, {key: wire(value) for key, value in r.inputs.items()})
        for r in declared.resources
    }
    return pack.graph("test", "test", [shown(r) for r in declared.resources], analyzed, {})


def what(program: Graph, engine: Graph) -> list[str]:
    return [found.what for found in pack.disagreements(program, engine)]


@given(VALUES)
def test_an_engine_that_shows_the_same_agrees(value: Value) -> None:
    program = graph(resource(ROLE, "r"), resource(POLICY, "p", policy=value))
    assert what(program, engine_view(program)) == []


@given(VALUES, VALUES)
def test_a_known_value_that_differs_is_always_noticed(one: Value, other: Value) -> None:
    if isinstance(one, Unknown) or wire(one) == wire(other):
        return
    known = json.dumps(wire(one)).lower().replace('"', "")
    if known == json.dumps(wire(other)).lower().replace('"', ""):
        return  # text and number that a provider may coerce into each other
    if any(isinstance(v, Unknown) for v in _leaves(one)):
        return  # what the program does not know proves nothing, and claims nothing
    if references(one):
        return  # what a reference will be, nobody knows
    program = graph(resource(ROLE, "r"), resource(POLICY, "p", policy=one))
    engine = engine_view(program, p={"policy": wire(other)})
    assert what(program, engine) != []


def _leaves(value: Value) -> list[Value]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def test_a_value_that_only_the_program_knows_is_not_proven_of_the_engine() -> None:
    program = graph(resource(BUCKET, "b", bucket="images"))
    assert what(program, engine_view(program, b={"bucket": UNKNOWN})) == [
        'bucket is "images" in the program and not known in the engine'
    ]


def test_an_unknown_that_is_made_of_another_resource_is_noticed() -> None:
    program = graph(resource(ROLE, "r"), resource(ROLE, "s"), resource(POLICY, "p", role=ROLE_NAME))
    engine = pack.graph(
        "test",
        "test",
        [
            msgspec.structs.replace(shown(r), property_dependencies={"role": (ref(ROLE, "s").urn,)})
            if r.name == "p"
            else shown(r)
            for r in program.resources
        ],
        {r.urn: {k: wire(v) for k, v in r.inputs.items()} for r in program.resources},
        {},
    )
    assert "role is made of r in the program and of s in the engine" in what(program, engine)


def test_after_a_transform_what_the_whole_resource_depends_on_is_enough() -> None:
    program = graph(resource(ROLE, "r"), resource(ROLE, "s"), resource(POLICY, "p", role=ROLE_NAME))

    def transformed(*dependencies: str) -> Graph:
        view = [
            msgspec.structs.replace(
                shown(r),
                property_dependencies={},
                dependencies=tuple(ref(ROLE, name).urn for name in dependencies),
            )
            if r.name == "p"
            else shown(r)
            for r in program.resources
        ]
        analyzed = {r.urn: {k: wire(v) for k, v in r.inputs.items()} for r in program.resources}
        return pack.graph("test", "test", view, analyzed, {})

    assert what(program, transformed("r")) == []
    assert what(program, transformed("s")) != []


def test_what_stands_in_a_template_must_stand_in_the_deployed_text() -> None:
    program = graph(
        resource(ROLE, "r"), resource(POLICY, "p", description=Template(("for ", ROLE_NAME)))
    )
    assert what(program, engine_view(program, p={"description": "for api"})) == []
    assert what(program, engine_view(program, p={"description": "of api"})) != []


def test_defaults_of_the_provider_are_left_out_and_nothing_else_is() -> None:
    program = graph(resource(BUCKET, "b", rule={"prefix": "orig/"}))
    (bucket,) = program.resources
    analyzed = {"rule": {"prefix": "orig/", "enabled": True}, "forceDestroy": False}
    noted = {"rule": {"__defaults": ["enabled"]}, "__defaults": ["forceDestroy"]}
    with_notes = pack.graph(
        "test", "test", [shown(bucket)], {bucket.urn: analyzed}, {bucket.urn: noted}
    )
    assert what(program, with_notes) == []
    without = pack.graph("test", "test", [shown(bucket)], {bucket.urn: analyzed}, {})
    assert what(program, without) == [
        "forceDestroy is absent in the program and false in the engine",
        "rule.enabled is absent in the program and true in the engine",
    ]


def test_the_region_and_tags_that_the_provider_fills_in_are_not_the_programs() -> None:
    program = graph(resource(BUCKET, "b", tags={"a": "b"}))
    (bucket,) = program.resources
    view = msgspec.structs.replace(shown(bucket), region="us-east-1")
    filled = {"tags": {"a": "b"}, "tagsAll": {"a": "b", "c": "d"}, "region": "us-east-1"}
    same = pack.graph("test", "test", [view], {bucket.urn: filled}, {})
    assert what(program, same) == []
    elsewhere = pack.graph(
        "test", "test", [view], {bucket.urn: filled | {"region": "eu-west-1"}}, {}
    )
    assert what(program, elsewhere) == [
        'region is absent in the program and "eu-west-1" in the engine'
    ]


def test_text_that_a_provider_coerces_or_respaces_is_the_same() -> None:
    program = graph(resource(POLICY, "p", port="443", on=True, policy='{"a": 1}'))
    engine = engine_view(program, p={"port": 443.0, "on": "true", "policy": '{"a":1}'})
    assert what(program, engine) == []


def test_the_deployed_value_stands_where_changes_are_ignored() -> None:
    declared = msgspec.structs.replace(
        resource(BUCKET, "b", ami="new", size=1), ignore_changes=("ami",)
    )
    program = graph(declared)
    assert what(program, engine_view(program, b={"ami": "old", "size": 1})) == []
    assert what(program, engine_view(program, b={"ami": "old", "size": 2})) != []


def test_a_resource_that_waits_for_less_is_noticed_and_one_that_waits_for_more_is_not() -> None:
    after = resource(POLICY, "p", depends_on=(ref(ROLE, "r").urn,))
    program = graph(resource(ROLE, "r"), after)
    less = graph(resource(ROLE, "r"), resource(POLICY, "p"))
    assert what(program, engine_view(less)) == ["the engine does not make it wait for r"]
    assert what(less, engine_view(program)) == []


def test_a_resource_on_one_side_only_is_noticed() -> None:
    one, two = graph(resource(ROLE, "r")), graph(resource(ROLE, "r"), resource(BUCKET, "b"))
    (unseen,) = what(two, engine_view(one))
    assert unseen.startswith("the program declares it and the engine does not show it")
    assert what(one, engine_view(two)) == [
        "the engine shows it and the evaluated program does not declare it"
    ]


def test_in_an_update_a_resource_is_held_against_the_program_before_it_is_made() -> None:
    program = graph(resource(BUCKET, "b", bucket="images"))
    (bucket,) = program.resources
    about_to = msgspec.structs.replace(shown(bucket), dependencies=None)
    assert pack.disagreements_of(program, about_to, {"bucket": "images"}, {}) == ()
    assert pack.disagreements_of(program, about_to, {"bucket": "other"}, {}) != ()


# ── findings ────────────────────────────────────────────────────────────────────────────────────

CONTRACT = Contract(groups={"b": Group(type=BUCKET)})
CLAIM = Claim(
    id="network.never.internet-to-database",
    family=Family.NETWORK,
    title="internet never reaches database",
    verdict=Verdict.VIOLATED,
    evidence=Evidence(
        kind="witness",
        summary="tcp/27017 from 198.51.100.1 arrives.",
        hops=(Hop("security group database admits it", location=Location("stack/a.py", 7)),),
    ),
    resources=("urn:pulumi:test::test::t::database",),
    locations=(Location("stack/a.py", 7),),
    mend="Remove the rule.",
)


def test_a_message_has_the_claim_the_witness_the_line_and_the_mend() -> None:
    (finding,) = findings([CLAIM], CONTRACT)
    assert (finding.claim, finding.urn, finding.mandatory) == (CLAIM.id, CLAIM.resources[0], True)
    for part in (CLAIM.title, CLAIM.evidence.summary, "stack/a.py:7", "Mend: Remove the rule."):
        assert part in finding.message


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.VIOLATED, [True]),
        (Verdict.UNPROVEN, [True]),
        (Verdict.WAIVED, [False]),
        (Verdict.PROVEN, []),
    ],
)
def test_what_is_not_proven_is_mandatory_unless_it_is_waived(
    verdict: Verdict, expected: list[bool]
) -> None:
    claim = msgspec.structs.replace(CLAIM, verdict=verdict)
    assert [f.mandatory for f in findings([claim], CONTRACT)] == expected


def test_the_longest_glob_decides_the_level() -> None:
    contract = Contract(
        groups={},
        levels={"*": "advisory", "network.*": "mandatory", "network.never.a*": "advisory"},
    )
    decided = {
        claim: is_mandatory(claim, contract)
        for claim in ("network.never.b", "network.never.a-to-b", "events.cycles")
    }
    assert decided == {
        "network.never.b": True,
        "network.never.a-to-b": False,
        "events.cycles": False,
    }
    assert is_mandatory("anything", None)


def test_findings_are_in_one_order_whatever_the_claims_order() -> None:
    other = msgspec.structs.replace(CLAIM, id="events.cycles")
    assert findings([CLAIM, other], CONTRACT) == findings([other, CLAIM], CONTRACT)
    assert isinstance(findings([CLAIM], CONTRACT)[0], Finding)


# ── where things are ────────────────────────────────────────────────────────────────────────────


def test_a_stack_uses_its_own_contract_when_it_has_one(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").touch()
    (tmp_path / "contract.dev.yaml").touch()
    assert contract_of(tmp_path, "dev").name == "contract.dev.yaml"
    assert contract_of(tmp_path, "prod").name == "contract.yaml"


def test_the_project_is_found_by_its_name_from_the_program_or_from_the_pack(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "policy").mkdir(parents=True)
        (tmp_path / name / "__main__.py").touch()
        (tmp_path / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    one, two = tmp_path / "one", tmp_path / "two"
    assert project_folder("two", one, two / "policy") == two
    with pytest.raises(SourceError, match="of project three"):
        project_folder("three", one, two / "policy")
