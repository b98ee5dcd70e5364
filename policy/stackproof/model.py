"""The words of stackproof: what a program declares (Graph) and what is proven of it (Claim).

Everything here is plain data. Sources build a Graph, `aws` reads it, `proofs` decide claims about
it, `reports` show them; no other module is imported by this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

GRAPH_VERSION = 1


class Location(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A line of the Pulumi program. `path` is relative to the project's folder, with `/`."""

    path: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


# ── values ──────────────────────────────────────────────────────────────────────────────────────


class Reference(msgspec.Struct, frozen=True, order=True):
    """The output `property` (camelCase, as on Pulumi's wire; `id`, `arn`...) of resource `urn`."""

    urn: str
    property: str


class Unknown(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A value that the source cannot know, and why. Secrets are Unknown too, so none is stored.

    `reason` is a short sentence for people; `depends_on` the URNs whose outputs it was made from.
    """

    reason: str
    depends_on: tuple[str, ...] = ()


class Template(msgspec.Struct, frozen=True):
    """A string in which outputs or unknowns stand between known text, in order, never empty."""

    parts: tuple[str | Reference | Unknown, ...]


class Asset(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file or an archive given to a resource: `kind` is `file`, `text`, `remote` or `archive`."""

    kind: str
    path: str = ""
    sha256: str = ""


Value: TypeAlias = (
    "bool | int | float | str | list[Value] | dict[str, Value]"
    " | Reference | Template | Unknown | Asset | None"
)
"""What a property holds. Whole numbers are `int`, whatever the wire made of them."""


def walk(value: Value) -> Iterator[Value]:
    """Yield `value` and everything nested in it, depth first; the parts of a Template too."""
    yield value
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from walk(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
    elif isinstance(value, Template):
        yield from value.parts


def references(value: Value) -> tuple[Reference, ...]:
    """Every Reference in `value`, in order of first appearance."""
    return tuple(dict.fromkeys(v for v in walk(value) if isinstance(v, Reference)))


def unknowns(value: Value) -> tuple[Unknown, ...]:
    """Every Unknown in `value`, in order of first appearance."""
    return tuple(dict.fromkeys(v for v in walk(value) if isinstance(v, Unknown)))


# ── the graph ───────────────────────────────────────────────────────────────────────────────────


class Resource(msgspec.Struct, frozen=True):
    """One resource as the program declares it.

    `inputs` has Pulumi's wire names (camelCase); an input that was not given is absent.
    `type` is Pulumi's token (`aws:ec2/vpc:Vpc`), `name` its logical name.
    `custom` is False for ComponentResources, which exist in Pulumi only.
    `external` is True for what is read, not made (`.get()`, StackReference): its inputs are
    whatever is known of it, and its behaviour is not.
    """

    urn: str
    type: str
    name: str
    inputs: dict[str, Value] = msgspec.field(default_factory=dict)
    custom: bool = True
    external: bool = False
    parent: str | None = None
    provider: str | None = None
    dependencies: tuple[str, ...] = ()
    """Everything it waits for: `depends_on`, references, sorted. Not the parent."""
    property_dependencies: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """For each top-level input, the URNs it depends on. It does not mean 'equals'."""
    location: Location | None = None
    """The nearest line of the project that declared it."""
    call_stack: tuple[Location, ...] = ()
    """The project's frames, innermost first; `location` is the first of them."""
    region: str | None = None
    """The AWS region it lives in, when the resource or its provider names one."""
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()


class Graph(msgspec.Struct, frozen=True):
    """What one evaluation of one stack declared. `resources` is sorted by URN, URNs are unique."""

    project: str
    stack: str
    source: str
    """`program`, `preview`, `export` or `pack`."""
    resources: tuple[Resource, ...]
    account: str | None = None
    """The twelve digits of the AWS account, from `aws:allowedAccountIds` when it names just one."""
    region: str | None = None
    """The default region, from `aws:region`."""
    assumptions: tuple[str, ...] = ()
    """What the source took for granted: unanswered invokes, resources read but not declared."""
    version: int = GRAPH_VERSION

    def by_urn(self) -> dict[str, Resource]:
        """Resources by URN."""
        return {r.urn: r for r in self.resources}

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """The resources whose type is one of `types`, sorted by URN."""
        return tuple(r for r in self.resources if r.type in types)


# ── claims ──────────────────────────────────────────────────────────────────────────────────────


class Verdict(StrEnum):
    """What was found of a claim."""

    PROVEN = "proven"
    VIOLATED = "violated"
    UNPROVEN = "unproven"
    WAIVED = "waived"


class Family(StrEnum):
    """The kinds of proof, as the report groups them."""

    CONTRACT = "contract"
    NETWORK = "network"
    IDENTITY = "identity"
    PLACEMENT = "placement"
    RECURSION = "recursion"
    HARDENING = "hardening"


class Hop(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a path or of an argument: what permits or blocks, which resource, which line."""

    what: str
    permits: bool = True
    urn: str = ""
    location: Location | None = None


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a verdict holds.

    `kind` is one of: `witness` (violated: a counterexample), `exhaustive` (proven: every case was
    checked), `permitted` (proven: a path or grant that exists), `unknown` (unproven: what was not
    known), `exception` (unproven: the proof crashed).
    `summary` is one sentence. `witness` is the counterexample as data that a test can replay (a
    packet, a request, a zone, a cycle). `hops` lead through it.
    """

    kind: str
    summary: str
    witness: dict[str, object] = msgspec.field(default_factory=dict)
    hops: tuple[Hop, ...] = ()


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What deciding an Obligation gave: proven, violated or unproven, never waived."""

    verdict: Verdict
    evidence: Evidence
    resources: tuple[str, ...] = ()
    """URNs of every resource on the evidence, most to blame first."""
    mend: str = ""
    """What to change, in one sentence, when it is not proven."""


class Obligation(msgspec.Struct, frozen=True):
    """A claim that is still to be decided. Deciding may raise: the caller makes that a finding."""

    id: str
    """Stable and dotted: `network.flow.internet-to-load-balancer`."""
    family: Family
    title: str
    """The claim as a sentence that is true when it is proven."""
    decide: Callable[[], Decision]


class Claim(msgspec.Struct, frozen=True):
    """A decided claim, as reports show it."""

    id: str
    """Stable. Its first two words are its kind, which `stackproof claims KIND` explains."""
    family: Family
    title: str
    verdict: Verdict
    evidence: Evidence
    resources: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    mend: str = ""
    waiver: str = ""
    """The waiver's reason, owner and date when the verdict is `waived`."""

    @property
    def kind(self) -> str:
        """What kind of claim it is, as its id says: `network.closed` of what `a-to-b` follows."""
        return ".".join(self.id.split(".")[:2]).partition("#")[0]


Kinds: TypeAlias = Mapping[str, Callable[..., object]]
"""Kinds of claims, each with the function that decides it: its docstring documents the kind."""


class Explanation(msgspec.Struct, frozen=True):
    """The answer to one question of `stackproof explain`."""

    answer: str
    """`yes`, `no` or `unknown`."""
    because: str
    path: tuple[Hop, ...] = ()
    blocked_by: tuple[Hop, ...] = ()


class NotModelled(msgspec.Struct, frozen=True, order=True):
    """A resource that a family could be affected by and does not understand."""

    urn: str
    type: str
    family: Family
    why: str


def locations_of(urns: Sequence[str], resources: Mapping[str, Resource]) -> tuple[Location, ...]:
    """The lines that declare `urns`, in their order, each once; unlocated URNs are left out."""
    found = (resources[urn].location for urn in urns if urn in resources)
    return tuple(dict.fromkeys(place for place in found if place is not None))
