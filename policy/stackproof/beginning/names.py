"""Groups and their names: one for each resource that the contract speaks of, or for its siblings.

What the contract speaks of is only known when it is made, so it is made twice: a first time to
collect, a second time with the names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from stackproof.aws.network.facts import NetworkFacts, Range
from stackproof.contract import INTERNET, Group
from stackproof.model import Graph, Resource
from stackproof.proofs.baseline.network import spelt

_INSTANCE = "aws:ec2/instance:Instance"
_MEMBER = re.compile(r"-(?:[a-z]{2}(?:-[a-z]+)+-)?\d*[a-z]?$")
"""What tells siblings apart at the end of their names: `-a`, `-2`, `-us-east-1a`."""

_KINDS = {
    "aws:autoscaling/group:Group": "group",
    "aws:cloudwatch/eventRule:EventRule": "rule",
    "aws:cloudwatch/logGroup:LogGroup": "log",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "endpoint",
    "aws:iam/role:Role": "role",
    "aws:iam/user:User": "user",
}
_ALWAYS = frozenset({"aws:iam/role:Role", "aws:iam/user:User", "aws:ec2/vpcEndpoint:VpcEndpoint"})
"""Types whose group says its kind: what runs as a role usually has the role's name."""


def kind_of(type_: str) -> str:
    """`load-balancer` for a load balancer."""
    token = type_.rpartition(":")[2]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", token).lower()
    return _KINDS.get(type_, words)


def plain(name: str) -> str:
    """`name` as a group may be called."""
    text = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    text = re.sub(r"-to-", "-for-", text)
    return text if text[:1].isalpha() else f"g-{text}".rstrip("-")


def escaped(name: str) -> str:
    """`name` as a glob that matches nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def siblings(graph: Graph, network: NetworkFacts) -> dict[str, tuple[str, ...]]:
    """Instances that are one thing in several copies: URN of each -> URNs of all, in order.

    They have one stem, the same security groups, and no other instance has the stem.
    """
    by_stem: dict[str, list[Resource]] = {}
    for resource in graph.of_type(_INSTANCE):
        stem = _MEMBER.sub("", resource.name)
        if stem != resource.name:
            by_stem.setdefault(stem, []).append(resource)
    filters = {i.owner: i.security_groups for i in network.interfaces}
    found: dict[str, tuple[str, ...]] = {}
    for stem, listed in by_stem.items():
        alike = {filters.get(r.urn) for r in listed}
        stems = [r for r in graph.of_type(_INSTANCE) if r.name.startswith(f"{stem}-")]
        if len(listed) > 1 and len(alike) == 1 and len(stems) == len(listed):
            urns = tuple(r.urn for r in listed)
            found.update(dict.fromkeys(urns, urns))
    return found


class Names:
    """The groups of the contract that is being made."""

    def __init__(
        self,
        graph: Graph,
        together: Mapping[str, tuple[str, ...]],
        given: Mapping[str, str] | None = None,
    ) -> None:
        self.graph = graph
        self.resources = graph.by_urn()
        self.together = together
        self.used: set[str] = set()
        self.addresses: dict[Range, str] = {}
        self.services: set[str] = set()
        self._given = given

    def of(self, urn: str) -> str:
        """The group of a resource."""
        first = self.together.get(urn, (urn,))[0]
        self.used.add(first)
        return first if self._given is None else self._given[first]

    def assigned(self) -> dict[str, str]:
        """A name for everything that was asked for, each different."""
        taken = {INTERNET, "vpc", *self.addresses.values(), *self.services}
        wanted = {urn: self._simple(urn) for urn in sorted(self.used)}
        counts = Counter(wanted.values())
        found: dict[str, str] = {}
        for urn, name in wanted.items():
            kind = kind_of(self.resources[urn].type)
            says = name == kind or name.endswith(f"-{kind}")
            plural = counts[name] > 1 or name in taken or self.resources[urn].type in _ALWAYS
            base = f"{name}-{kind}" if plural and not says else name
            number, unique = 1, base
            while unique in taken:
                number += 1
                unique = f"{base}-{number}"
            taken.add(unique)
            found[urn] = unique
        return found

    def _simple(self, urn: str) -> str:
        name = self.resources[urn].name
        return plain(_MEMBER.sub("", name) if urn in self.together else name)

    def groups(self) -> dict[str, Group]:
        """The groups section: addresses, services, then resources by type and name."""
        found = {
            name: Group(cidr=tuple(spelt([block]).split(", ")))
            for block, name in sorted(self.addresses.items())
        }
        found |= {name: Group(service=name) for name in sorted(self.services)}
        order = sorted(self.used, key=lambda u: (self.resources[u].type, self.of(u)))
        return found | {self.of(urn): self._group(urn) for urn in order}

    def _group(self, urn: str) -> Group:
        resource = self.resources[urn]
        if urn in self.together:
            stem = escaped(_MEMBER.sub("", resource.name))
            return Group(type=resource.type, name=f"{stem}-*")
        same = [r for r in self.graph.of_type(resource.type) if r.name == resource.name]
        if len(same) > 1:
            head, _, rest = urn.partition("::")
            scheme = head.rpartition(":")[0]
            return Group(urn=f"{scheme}:*::{escaped(rest)}")
        return Group(type=resource.type, name=escaped(resource.name))


def address_name(block: Range, named: Iterable[tuple[str, Range]]) -> str:
    """What a range of addresses is called: as its VPC or subnet, or by its numbers."""
    for name, own in named:
        if own == block:
            return name
    first, *others = spelt([block]).split(", ")
    name = re.sub(r"[./]", "-", first)
    return f"net-{name}-and-on" if others else f"net-{name}"
