"""A first contract as a file for people: each section says what it is, and what is not proven."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from stackproof.beginning.proposal import Beginning
from stackproof.contract import (
    Admission,
    Availability,
    Events,
    Grant,
    Group,
    Identity,
    Network,
    Trustee,
)
from stackproof.model import Claim, Family, Graph
from stackproof.reports.visible import visible

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_SHOWN = 4

_HEAD = """\
# yaml-language-server: $schema=stackproof/schemas/contract.schema.json
#
# What {project} permits today, as stack {stack} declares it. It is a beginning: whatever stands
# here may be so, and whatever does not is violated by a program that permits it. Take out what
# should not be, rename groups, say why; `stackproof check` then names what the program must change.
# {verdict}
"""

_TEXTS = {
    "groups": "Everything that the rest speaks of. The names are yours to change.",
    "network": (
        "Who can reach whom. A flow is declared where one is possible; anything else is closed."
        " What is declared from the internet is open to everybody inside too."
    ),
    "identity": (
        "Who may do what: every permission that a policy gives. `assumed_by` is who may become the"
        " role, `runs` what runs as it. Under `resources`: whom a resource's own policy lets in."
    ),
    "availability": (
        "What must go on when a zone is lost. `keep` has what is left today in the worst case."
        " `boot`: what has all that it needs in place when it starts."
    ),
    "events": "What starts what. Nothing else may, and nothing may set itself off.",
}


def written(beginning: Beginning, graph: Graph) -> str:
    """The text of the file. The same graph gives the same bytes."""
    contract = beginning.contract
    count = beginning.total - len(beginning.open)
    verdict = f"Of its {beginning.total} claims {count} are proven"
    verdict += "." if not beginning.open else "; the others are listed where they belong."
    parts = [
        _HEAD.format(project=visible(graph.project), stack=visible(graph.stack), verdict=verdict),
        *_section("groups", (), _groups(contract.groups)),
    ]
    amiss = {family: [c for c in beginning.open if c.family is family] for family in Family}
    if contract.network is not None:
        parts += _section("network", amiss[Family.NETWORK], _network(contract.network))
    if contract.identity is not None:
        parts += _section("identity", amiss[Family.IDENTITY], _identity(contract.identity))
    if contract.availability is not None:
        lines = _availability(contract.availability, beginning.left_out)
        parts += _section("availability", amiss[Family.PLACEMENT], lines)
    if contract.events is not None:
        parts += _section("events", amiss[Family.RECURSION], _events(contract.events))
    return "\n".join(parts).rstrip("\n") + "\n"


def _section(name: str, amiss: Sequence[Claim], lines: Iterable[str]) -> Iterator[str]:
    yield from _comment(_TEXTS[name])
    yield from _not_proven(amiss)
    yield f"{name}:"
    yield from (f"  {line}" for line in lines)
    yield ""


def _comment(text: str, indent: str = "") -> Iterator[str]:
    line = f"{indent}#"
    for word in text.split():
        if len(line) + len(word) + 1 > _WIDTH:
            yield line
            line = f"{indent}#"
        line += f" {word}"
    yield line


def _not_proven(amiss: Sequence[Claim]) -> Iterator[str]:
    """Why claims are not proven: those with one reason together."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for claim in amiss:
        reason = (claim.verdict.value, claim.evidence.summary)
        by_reason.setdefault(reason, []).append(claim.id)
    for (verdict, summary), ids in by_reason.items():
        shown = ", ".join(ids[:_SHOWN])
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        yield "#"
        yield from _comment(visible(f"Not proven: {shown}{more} ({verdict}): {summary}"))


# ── the sections ────────────────────────────────────────────────────────────────────────────────


def _groups(groups: Mapping[str, Group]) -> Iterator[str]:
    width = max((len(name) for name in groups), default=0) + 1
    for name, group in groups.items():
        yield f"{f'{name}:':<{width}} {_flow(msgspec.to_builtins(group))}"
    if not groups:
        yield "{}"


def _network(network: Network) -> Iterator[str]:
    yield "flows:" if network.flows else "flows: []"
    for flow in network.flows:
        yield f"  - {_flow(msgspec.to_builtins(flow))}"
    if network.never:
        yield from _comment("Implied already; named because people ask.")
        yield "never:"
        yield from (f"  - {_flow(msgspec.to_builtins(never))}" for never in network.never)
    if network.isolated:
        yield from _comment("No route of their subnets leads out of the VPC.")
        yield f"isolated: {_flow(list(network.isolated))}"


def _identity(identity: Identity) -> Iterator[str]:
    yield "principals:" if identity.principals else "principals: {}"
    for name, principal in identity.principals.items():
        yield f"  {_scalar(name)}:"
        yield f"    role: {_scalar(principal.role)}"
        yield from _items("assumed_by", [_who(t) for t in principal.assumed_by], "    ")
        if principal.runs:
            yield f"    runs: {_flow(list(principal.runs))}"
        yield from _items("may", [_grant(g) for g in principal.may], "    ")
    if identity.resources:
        yield "resources:"
        for name, admissions in identity.resources.items():
            yield from _items(name, [_admission(a) for a in admissions], "  ")


def _items(key: str, items: Sequence[Mapping[str, object]], indent: str) -> Iterator[str]:
    if not items:
        yield f"{indent}{_scalar(key)}: []"
        return
    yield f"{indent}{_scalar(key)}:"
    for item in items:
        line = f"{indent}  - {_flow(item)}"
        if len(line) + 2 <= _WIDTH:
            yield line
            continue
        lead = f"{indent}  - "
        for name, value in item.items():
            yield from _wrapped(f"{lead}{name}:", value, f"{indent}    ")
            lead = f"{indent}    "


def _wrapped(lead: str, value: object, indent: str) -> Iterator[str]:
    line = f"{lead} {_flow(value)}"
    if len(line) <= _WIDTH or not isinstance(value, list | tuple | Mapping):
        yield line
        return
    yield lead
    if isinstance(value, Mapping):
        for name, under in value.items():
            yield from _wrapped(f"{indent}  {_scalar(str(name))}:", under, f"{indent}  ")
    else:
        yield from (f"{indent}  - {_flow(item)}" for item in value)


def _grant(grant: Grant) -> dict[str, object]:
    return _plain(msgspec.to_builtins(grant))


def _who(trustee: Trustee) -> dict[str, object]:
    return _plain(msgspec.to_builtins(trustee))


def _admission(admission: Admission) -> dict[str, object]:
    return _plain(msgspec.to_builtins(admission))


def _plain(found: object) -> dict[str, object]:
    return dict(found) if isinstance(found, dict) else {}


def _availability(availability: Availability, left_out: Mapping[str, str]) -> Iterator[str]:
    yield f"survive: {availability.survive}"
    if availability.keep:
        yield "keep:"
        for name, keep in availability.keep.items():
            yield f"  {_scalar(name)}: {_flow(msgspec.to_builtins(keep))}"
    if availability.flows is not None:
        if availability.flows.exceptions:
            yield "flows:"
            yield "  except:"
            for one in availability.flows.exceptions:
                yield f"    - {_flow(msgspec.to_builtins(one))}"
        else:
            yield "flows: {}"
    for group, why in left_out.items():
        yield from _comment(visible(f"Not under `boot`: {group}: {why}"))
    if availability.boot:
        yield f"boot: {_flow(list(availability.boot))}"


def _events(events: Events) -> Iterator[str]:
    if events.triggers:
        yield "triggers:"
        yield from (f"  - {_flow(msgspec.to_builtins(t))}" for t in events.triggers)
    yield f"cycles: {events.cycles}"


# ── YAML ────────────────────────────────────────────────────────────────────────────────────────


def _flow(value: object) -> str:
    """`value` in YAML's flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _scalar(value) if isinstance(value, str) else str(value)


def _scalar(text: str) -> str:
    """A text, in quotes unless it is plain whatever version of YAML reads it."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)
