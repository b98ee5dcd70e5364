"""The Graph as JSON: nothing is lost, nothing is ambiguous, and bad input is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stackproof import sources
from stackproof.model import (
    Asset,
    Graph,
    Location,
    Reference,
    Resource,
    Template,
    Unknown,
    Value,
)
from stackproof.sources import graph_json
from stackproof.sources.errors import SourceError
from tests.policy.graphs import graph, ref, resource

SCHEMA = json.loads(files("stackproof").joinpath("schemas/graph.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)

texts = st.text(max_size=8)
keys = st.one_of(
    st.sampled_from(["$reference", "$unknown", "$template", "$asset", "$literal", "urn"]), texts
)
references = st.builds(Reference, st.text(min_size=1, max_size=8), texts)
unknown_values = st.builds(
    Unknown, texts, st.lists(st.text(min_size=1, max_size=8), max_size=2).map(tuple)
)
templates = st.builds(
    Template,
    st.lists(st.one_of(texts, references, unknown_values), min_size=1, max_size=4).map(tuple),
)
assets = st.builds(Asset, st.sampled_from(["file", "text", "remote", "archive"]), texts, texts)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values: st.SearchStrategy[Value] = st.recursive(
    st.one_of(scalars, references, unknown_values, templates, assets),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)
locations = st.builds(Location, texts, st.integers(1, 9999), texts)
resources = st.builds(
    Resource,
    urn=st.text(min_size=1, max_size=8),
    type=texts,
    name=texts,
    inputs=st.dictionaries(keys, values, max_size=3),
    custom=st.booleans(),
    external=st.booleans(),
    provider=st.none() | texts,
    dependencies=st.lists(st.text(min_size=1, max_size=8), max_size=2).map(tuple),
    location=st.none() | locations,
    call_stack=st.lists(locations, max_size=2).map(tuple),
    region=st.none() | texts,
    protect=st.booleans(),
    ignore_changes=st.lists(texts, max_size=2).map(tuple),
)


def as_graph(found: list[Resource]) -> Graph:
    return Graph(
        project="p",
        stack="s",
        source="program",
        resources=tuple(sorted(found, key=lambda r: r.urn)),
        account="000000000012",
        region=None,
        assumptions=("one.", "two."),
    )


graphs = st.lists(resources, min_size=1, max_size=3, unique_by=lambda r: r.urn).map(as_graph)


@given(graphs)
def test_every_graph_comes_back_as_it_was(original: Graph) -> None:
    assert graph_json.decode(graph_json.encode(original)) == original


@given(graphs)
def test_what_is_written_follows_the_schema(original: Graph) -> None:
    VALIDATOR.validate(json.loads(graph_json.encode(original)))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_an_object_that_looks_like_a_tag_is_not_taken_for_one() -> None:
    looks: Value = {"$reference": {"urn": "u", "property": "p"}}
    original = graph(resource("t", "n", tags=looks, real=ref("t", "other")))
    (back,) = graph_json.decode(graph_json.encode(original)).resources
    assert back.inputs["tags"] == looks
    assert back.inputs["real"] == ref("t", "other")


# ── bad input ───────────────────────────────────────────────────────────────────────────────────

GOOD: dict[str, Any] = json.loads(
    graph_json.encode(graph(resource("t", "a"), resource("t", "b", x=ref("t", "a"))))
)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = json.loads(json.dumps(GOOD))
    change(content)
    return json.dumps(content).encode()


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is not JSON, or was cut off"),
    "cut off": (json.dumps(GOOD).encode()[:-40], "is not JSON, or was cut off"),
    "a list": (b"[]", "of another tool"),
    "Terraform": (b'{"planned_values": {}, "resources": []}', "a plan of Terraform"),
    "CloudFormation": (b'{"Resources": {}}', "a template of CloudFormation"),
    "empty": (changed(lambda g: g.update(resources=[])), "has no resource"),
    "another version": (changed(lambda g: g.update(version=2)), "has version 2"),
    "an unknown field": (changed(lambda g: g.update(extra=1)), "extra"),
    "a wrong type": (
        changed(lambda g: g["resources"][1].update(name=3)),
        r"\$\.resources\[1\]\.name",
    ),
    "twice": (
        changed(lambda g: g["resources"].append(g["resources"][0])),
        "two resources with the URN",
    ),
    "its own parent": (
        changed(lambda g: g["resources"][0].update(parent=g["resources"][0]["urn"])),
        "its own ancestor",
    ),
    "parents in a circle": (
        changed(
            lambda g: (
                g["resources"][0].update(parent=g["resources"][1]["urn"]),
                g["resources"][1].update(parent=g["resources"][0]["urn"]),
            )
        ),
        "its own ancestor",
    ),
    "a malformed tag": (
        changed(lambda g: g["resources"][1]["inputs"].update(x={"$reference": {"urn": 1}})),
        r"\$reference at \$\.resources\[1\]\.inputs\.x",
    ),
    "an empty template": (
        changed(lambda g: g["resources"][1]["inputs"].update(x={"$template": []})),
        r"\$template at",
    ),
    "deep values": (
        changed(lambda g: g["resources"][1]["inputs"].update(x=json.loads(nested(150)))),
        "nested deeper than 100",
    ),
    "very deep": (nested(100_000).encode(), "nested too deeply"),
    "not text": (b'{"project": "\xff\xfe"}', "is not UTF-8"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_refused_with_the_place(what: str, tmp_path: Path) -> None:
    data, message = BAD[what]
    path = tmp_path / "graph.json"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=message) as caught:
        sources.load(path)
    assert "graph.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_that_other_shells_wrote_are_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(GOOD), encoding=encoding)
    assert len(sources.load(path).resources) == 2


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    with pytest.raises(SourceError, match="larger than 64 MB"):
        sources.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.json cannot be read: No such file"):
        sources.load(tmp_path / "gone.json")
