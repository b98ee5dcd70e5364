"""Which resources the contract's groups mean in one Graph."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase

import msgspec

from stackproof.contract import INTERNET, Contract, Group
from stackproof.model import Graph, Resource

__all__ = ["INTERNET", "Members", "SelectorError", "select"]

_SHOWN = 8
"""Names listed in a message; more would hide what it says."""


class SelectorError(Exception):
    """A selector matches nothing, or is not exactly one kind. `group` names its key."""

    def __init__(self, group: str, message: str) -> None:
        super().__init__(message)
        self.group = group


class Members(msgspec.Struct, frozen=True):
    """What one group means: resources of the graph, or addresses outside it, or an AWS service."""

    group: str
    resources: tuple[Resource, ...] = ()
    cidrs: tuple[str, ...] = ()
    service: str | None = None


def _chosen(group: Group, resource: Resource) -> bool:
    if group.urn is not None:
        return fnmatchcase(resource.urn, group.urn)
    return resource.type == group.type and fnmatchcase(resource.name, group.name or "*")


def _instead(group: Group, graph: Graph) -> str:
    """What the selector may have meant: resources of its type, or types like it."""
    if group.urn is not None:
        close = get_close_matches(group.urn, [r.urn for r in graph.resources], n=1, cutoff=0.5)
        return f"; the nearest is {close[0]}" if close else ""
    names = sorted({r.name for r in graph.of_type(group.type or "")})
    if names:
        more = ", ..." if len(names) > _SHOWN else ""
        return f"; of this type there is {', '.join(names[:_SHOWN])}{more}"
    types = sorted({r.type for r in graph.resources})
    close = get_close_matches(group.type or "", types, n=3)
    return f"; nothing has this type, but there is {', '.join(close)}" if close else ""


def select(contract: Contract, graph: Graph) -> dict[str, Members]:
    """Resolve every group; `internet` is among them.

    Raises SelectorError for a selector that matches no resource (unless `optional`) or that is
    not exactly one of type, urn, cidr, service: a claim about nothing must not pass.
    """
    found = {INTERNET: Members(INTERNET, cidrs=("0.0.0.0/0", "::/0"))}
    for name, group in contract.groups.items():
        kinds = [k for k in ("type", "urn", "cidr", "service") if getattr(group, k) is not None]
        if len(kinds) != 1 or (group.name is not None and group.type is None):
            raise SelectorError(
                name,
                f"group '{name}' has not exactly one of type (with name), urn, cidr or service",
            )
        resources = tuple(r for r in graph.resources if _chosen(group, r))
        if kinds[0] in {"type", "urn"} and not resources and not group.optional:
            wanted = group.urn or f"{group.type} named '{group.name or '*'}'"
            message = f"group '{name}' matches no resource of stack {graph.stack}: {wanted}"
            raise SelectorError(name, message + _instead(group, graph))
        found[name] = Members(name, resources, group.cidr or (), group.service)
    return found
