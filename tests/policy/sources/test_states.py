"""Previews and exported deployments: the engine's words, read back into the program's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackproof import sources
from stackproof.model import Asset, Graph, Reference, Resource, Template, Unknown, Value
from stackproof.sources import undecided
from stackproof.sources.errors import SourceError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
STACK = "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"
DEFAULT = "urn:pulumi:prod::shop::pulumi:providers:aws::default_7_51_1"


Wrap = Callable[..., dict[str, Any]]


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::shop::{type_}::{name}"


VPC = urn("aws:ec2/vpc:Vpc", "main")
BUCKET = urn("aws:s3/bucket:Bucket", "images")
ROLE = urn("aws:iam/role:Role", "api")


def state(type_: str, name: str, **more: object) -> dict[str, Any]:
    return {
        "urn": urn(type_, name),
        "type": type_,
        "custom": True,
        "parent": STACK,
        "provider": f"{DEFAULT}::{UNKNOWN}",
        **more,
    }


PROVIDER = {
    "urn": DEFAULT,
    "type": "pulumi:providers:aws",
    "custom": True,
    "inputs": {"region": "eu-west-1", "allowedAccountIds": '["123456789012"]'},
}
ROOT = {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False}


def previewed(*states: dict[str, Any], **more: object) -> dict[str, Any]:
    steps = [{"op": "create", "urn": s["urn"], "newState": s} for s in (ROOT, PROVIDER, *states)]
    return {"steps": steps, "changeSummary": {"create": len(steps)}, **more}


def exported(*states: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": [ROOT, PROVIDER, *states], **more}}


def load(content: dict[str, Any], tmp_path: Path) -> Graph:
    path = tmp_path / "content.json"
    path.write_text(json.dumps(content))
    return sources.load(path)


def only(content: dict[str, Any], tmp_path: Path, name: str) -> Resource:
    (found,) = (r for r in load(content, tmp_path).resources if r.name == name)
    return found


# ── both ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_the_stack_and_default_providers_are_left_out(wrap: Wrap, tmp_path: Path) -> None:
    graph = load(wrap(state("aws:ec2/vpc:Vpc", "main")), tmp_path)
    assert [r.name for r in graph.resources] == ["main"]
    assert (graph.project, graph.stack) == ("shop", "prod")
    assert (graph.account, graph.region) == ("123456789012", "eu-west-1")
    assert graph.resources[0].parent is None
    assert graph.resources[0].provider is None


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_what_the_provider_filled_in_is_left_out(wrap: Wrap, tmp_path: Path) -> None:
    inputs = {
        "__defaults": ["acl", "bucket"],
        "acl": "private",
        "bucket": "images-1a2b3c4",
        "tags": {"a": "b", "__defaults": []},
    }
    found = only(wrap(state("aws:s3/bucket:Bucket", "images", inputs=inputs)), tmp_path, "images")
    assert found.inputs == {"tags": {"a": "b"}}


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_secrets_assets_and_numbers_are_read(wrap: Wrap, tmp_path: Path) -> None:
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "/home/me/x.html", "hash": "ab"}
    inputs = {
        "masked": "[secret]",
        "sealed": {SIGNATURE: SECRET, "ciphertext": "v1:abc"},
        "source": asset,
        "port": 80.0,
    }
    found = only(wrap(state("t:t:T", "x", inputs=inputs)), tmp_path, "x")
    assert found.inputs == {
        "masked": Unknown("secret"),
        "sealed": Unknown("secret"),
        "source": Asset("file", "x.html", "ab"),
        "port": 80,
    }
    assert isinstance(found.inputs["port"], int)


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_lines_are_those_of_the_project(wrap: Wrap, tmp_path: Path) -> None:
    made = state(
        "t:t:T",
        "x",
        sourcePosition="project:///stack/network.py#12",
        stackTrace=[
            {"sourcePosition": "project:///stack/network.py#12"},
            {"sourcePosition": "project:///.venv/lib/python3.11/site-packages/pulumi/x.py#3"},
            {"sourcePosition": "project:///../elsewhere.py#4"},
            {"sourcePosition": "project:///stack/__main__.py#7"},
        ],
    )
    found = only(wrap(made), tmp_path, "x")
    assert str(found.location) == "stack/network.py:12"
    assert [str(f) for f in found.call_stack] == ["stack/network.py:12", "stack/__main__.py:7"]


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_what_is_read_is_external(wrap: Wrap, tmp_path: Path) -> None:
    content = wrap(
        state("aws:ec2/vpc:Vpc", "main", external=True, id="vpc-0123456789abcdef0"),
        state(
            "aws:ec2/subnet:Subnet",
            "own",
            inputs={"vpcId": "vpc-0123456789abcdef0"},
            propertyDependencies={"vpcId": [VPC]},
        ),
    )
    main = only(content, tmp_path, "main")
    assert main.external
    assert main.inputs == {"id": "vpc-0123456789abcdef0"}
    # As in the program, where `get` was given the id.
    assert only(content, tmp_path, "own").inputs["vpcId"] == "vpc-0123456789abcdef0"


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_explicit_providers_stay_and_give_the_region(wrap: Wrap, tmp_path: Path) -> None:
    provider = state("pulumi:providers:aws", "ireland", inputs={"region": "eu-west-1"})
    content = wrap(provider, state("t:t:T", "x", provider=f"{provider['urn']}::1b2c", parent=STACK))
    found = only(content, tmp_path, "x")
    assert (found.provider, found.region) == (provider["urn"], "eu-west-1")


@pytest.mark.parametrize("wrap", [previewed, exported])
def test_nothing_but_the_stack_is_nothing_to_check(wrap: Wrap, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to check"):
        load(wrap(), tmp_path)


# ── previews ────────────────────────────────────────────────────────────────────────────────────


def lone(type_: str, inputs: dict[str, Any], on: dict[str, list[str]], tmp_path: Path) -> Resource:
    content = previewed(
        state("aws:ec2/vpc:Vpc", "main"),
        state("aws:s3/bucket:Bucket", "images"),
        state("aws:iam/role:Role", "api"),
        state(type_, "it", inputs=inputs, propertyDependencies=on),
    )
    return only(content, tmp_path, "it")


SUBNET = "aws:ec2/subnet:Subnet"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
FUNCTION = "aws:lambda/function:Function"


@pytest.mark.parametrize(
    ("type_", "key", "given", "depends_on", "value"),
    [
        (SUBNET, "vpcId", UNKNOWN, [VPC], Reference(VPC, "id")),
        (SUBNET, "vpcId", UNKNOWN, [VPC, BUCKET], Unknown),
        (SUBNET, "vpcId", UNKNOWN, [BUCKET], Unknown),
        (SUBNET, "vpcId", UNKNOWN, [], Unknown),
        (SUBNET, "cidrBlock", UNKNOWN, [VPC], Unknown),
        (ATTACHMENT, "role", UNKNOWN, [ROLE], Reference(ROLE, "name")),
        (FUNCTION, "role", UNKNOWN, [ROLE], Reference(ROLE, "arn")),
        ("t:t:T", "role", UNKNOWN, [ROLE], Unknown),
        ("t:t:T", "list", [UNKNOWN, UNKNOWN], [VPC], list),
        ("t:t:T", "x", {"vpcId": UNKNOWN, "y": 1}, [VPC], {"vpcId": Reference(VPC, "id"), "y": 1}),
    ],
)
def test_a_lone_unknown_is_a_reference_only_where_it_can_be_nothing_else(  # noqa: PLR0913, PLR0917  a table's columns
    type_: str,
    key: str,
    given: object,
    depends_on: list[str],
    value: Value | type,
    tmp_path: Path,
) -> None:
    found = lone(type_, {key: given}, {key: depends_on}, tmp_path).inputs[key]
    if isinstance(value, type):
        assert isinstance(found, value)
    else:
        assert found == value
    if isinstance(found, Unknown):
        assert found.depends_on == tuple(sorted(depends_on))


def test_steps_that_end_a_resource_are_not_resources(tmp_path: Path) -> None:
    content = previewed(state("aws:ec2/vpc:Vpc", "main"))
    old = state("aws:s3/bucket:Bucket", "old")
    content["steps"].append({"op": "delete", "urn": old["urn"], "oldState": old})
    replaced = state("aws:s3/bucket:Bucket", "images")
    content["steps"] += [
        {"op": "create-replacement", "urn": replaced["urn"], "newState": replaced},
        {"op": "delete-replaced", "urn": replaced["urn"], "newState": replaced},
    ]
    assert [r.name for r in load(content, tmp_path).resources] == ["main", "images"]


def test_a_preview_of_changes_only_is_refused(tmp_path: Path) -> None:
    content = previewed(state("aws:ec2/vpc:Vpc", "main"), changeSummary={"create": 3, "same": 40})
    with pytest.raises(SourceError, match=r"leaves out 40 resources.*--show-sames"):
        load(content, tmp_path)


def test_a_preview_that_failed_is_refused(tmp_path: Path) -> None:
    content = previewed(
        state("aws:ec2/vpc:Vpc", "main"),
        diagnostics=[{"severity": "error", "message": "boom\n  at line 3"}],
    )
    with pytest.raises(SourceError, match=r"failed.*boom at line 3"):
        load(content, tmp_path)


# ── exports ─────────────────────────────────────────────────────────────────────────────────────

DEPLOYED = (
    state(
        "aws:s3/bucket:Bucket",
        "images",
        id="images-1a2b3c4",
        inputs={"bucket": "images-1a2b3c4", "__defaults": ["bucket"]},
        outputs={
            "arn": "arn:aws:s3:::images-1a2b3c4",
            "bucket": "images-1a2b3c4",
            "region": "eu-west-1",
        },
    ),
    state(
        "aws:iam/role:Role",
        "api",
        id="api",
        inputs={"name": "api"},
        outputs={"arn": "arn:aws:iam::123456789012:role/api", "name": "api"},
    ),
)


def deployed(inputs: dict[str, Any], on: dict[str, list[str]], tmp_path: Path) -> Resource:
    it = state("t:t:T", "it", inputs=inputs, propertyDependencies=on)
    return only(exported(*DEPLOYED, it), tmp_path, "it")


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("images-1a2b3c4", Reference(BUCKET, "id")),
        ("arn:aws:s3:::images-1a2b3c4", Reference(BUCKET, "arn")),
        ("arn:aws:s3:::images-1a2b3c4/*", Template((Reference(BUCKET, "arn"), "/*"))),
        (
            '{"Resource": "arn:aws:s3:::images-1a2b3c4", "Sid": "eu-west-1"}',
            Template(
                ('{"Resource": "', Reference(BUCKET, "arn"), '", "Sid": "eu-west-1"}'),
            ),
        ),
        ("s3://images-1a2b3c4/x", Template(("s3://", Reference(BUCKET, "id"), "/x"))),
        (["images-1a2b3c4", "other"], [Reference(BUCKET, "id"), "other"]),
        ("images", "images"),
    ],
)
def test_known_outputs_become_references_again(given: object, value: Value, tmp_path: Path) -> None:
    assert deployed({"x": given}, {"x": [BUCKET]}, tmp_path).inputs["x"] == value


def test_a_text_is_no_reference_to_what_the_input_does_not_depend_on(tmp_path: Path) -> None:
    assert deployed({"x": "images-1a2b3c4"}, {}, tmp_path).inputs["x"] == "images-1a2b3c4"
    found = deployed({"x": "images-1a2b3c4"}, {"x": [ROLE]}, tmp_path)
    assert found.inputs["x"] == "images-1a2b3c4"


def test_a_short_name_within_a_text_is_just_text(tmp_path: Path) -> None:
    assert deployed({"x": "api"}, {"x": [ROLE]}, tmp_path).inputs["x"] == Reference(ROLE, "id")
    assert deployed({"x": "the api role"}, {"x": [ROLE]}, tmp_path).inputs["x"] == "the api role"


def test_a_text_that_two_resources_put_out_is_left_alone(tmp_path: Path) -> None:
    twin = state("aws:iam/instanceProfile:InstanceProfile", "twin", id="api")
    it = state("t:t:T", "it", inputs={"x": "api"}, propertyDependencies={"x": [ROLE, twin["urn"]]})
    assert only(exported(*DEPLOYED, twin, it), tmp_path, "it").inputs["x"] == "api"


def test_what_waits_for_its_deletion_is_left_out(tmp_path: Path) -> None:
    gone = state("aws:s3/bucket:Bucket", "images", delete=True, inputs={"acl": "public-read"})
    kept = state("aws:s3/bucket:Bucket", "images", inputs={"acl": "private"})
    assert only(exported(kept, gone), tmp_path, "images").inputs == {"acl": "private"}


@pytest.mark.parametrize(
    ("mark", "said"),
    [("delete", "still there"), ("pendingReplacement", "awaits its replacement")],
)
def test_what_a_replacement_left_behind_leaves_a_doubt(
    mark: str, said: str, tmp_path: Path
) -> None:
    # The old security group rule, say, still lets packets through.
    old = {**state("aws:sns/topic:Topic", "old", id="old-1a2b3c4"), mark: True}
    pending = [{"type": "creating", "resource": {"urn": BUCKET}}]
    graph = load(exported(*DEPLOYED, old, pending_operations=pending), tmp_path)
    reasons = [str(doubt.inputs["why"]) for doubt in graph.of_type(undecided.TYPE)]
    assert len(reasons) == 2
    assert any("old (aws:sns/topic:Topic)" in why and said in why for why in reasons)


def test_an_interrupted_deployment_leaves_a_doubt(tmp_path: Path) -> None:
    pending = [{"type": "creating", "resource": {"urn": BUCKET}}]
    graph = load(exported(*DEPLOYED, pending_operations=pending), tmp_path)
    (doubt,) = graph.of_type(undecided.TYPE)
    assert "interrupted while creating images" in str(doubt.inputs["why"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"version": 1, "deployment": {}}, "version 1"),
        ({"version": 3, "deployment": {"manifest": {}}}, "never deployed"),
        ({"version": 3, "deployment": {"resources": 1}}, "must be a list"),
        ({"version": 3, "deployment": {"resources": [{"urn": 3}]}}, r"resources\[0\] is malformed"),
        ({"steps": [{"newState": 3, "op": "create"}]}, r"steps\[0\].newState is malformed"),
        (exported(state("t:t:T", "x", parent=urn("t:t:T", "x"))), "its own ancestor"),
        (exported(state("t:t:T", "x"), state("t:t:T", "x")), "two resources with the URN"),
        ({"steps": [3]}, "must be a list of objects"),
    ],
)
def test_malformed_files_are_refused(content: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        load(content, tmp_path)
