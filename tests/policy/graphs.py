"""Small Graphs written by hand, for tests that need no Pulumi program."""

from __future__ import annotations

from stackproof.model import Graph, Location, Reference, Resource, Value, references

ACCOUNT = "123456789012"


def urn(type_: str, name: str) -> str:
    """The URN that `resource` gives."""
    return f"urn:pulumi:test::test::{type_}::{name}"


def ref(type_: str, name: str, property_: str = "id") -> Reference:
    """An output of the resource that `resource(type_, name)` makes."""
    return Reference(urn(type_, name), property_)


def resource(
    type_: str, name: str, /, *, depends_on: tuple[str, ...] = (), **inputs: Value
) -> Resource:
    """One resource; its dependencies are those of its references and `depends_on` (URNs)."""
    by_property = {
        key: tuple(sorted({r.urn for r in references(value)})) for key, value in inputs.items()
    }
    return Resource(
        urn=urn(type_, name),
        type=type_,
        name=name,
        inputs=inputs,
        property_dependencies={k: v for k, v in by_property.items() if v},
        dependencies=tuple(
            sorted({u for us in by_property.values() for u in us} | set(depends_on))
        ),
        location=Location("stack/__main__.py", 1 + sum(map(ord, name)) % 99),
    )


def graph(*resources: Resource) -> Graph:
    """A Graph of `resources` in us-east-1."""
    return Graph(
        project="test",
        stack="test",
        source="program",
        resources=tuple(sorted(resources, key=lambda r: r.urn)),
        account=ACCOUNT,
        region="us-east-1",
    )
