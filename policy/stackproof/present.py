"""What a contract says of a graph in which some of its optional groups have no member.

`optional: true` says that nothing is fine. Then a flow, a grant or a trigger of what is not there
is no claim at all: it can be neither kept nor broken. So one contract serves a program with
switches, and the closed world still refuses whatever is there and not declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from stackproof.contract import (
    Admission,
    Availability,
    Contract,
    Events,
    Grant,
    Identity,
    KeepFlows,
    Network,
    Principal,
    Trustee,
)
from stackproof.selection import Members


def of_what_is_there(contract: Contract, members: Mapping[str, Members]) -> Contract:
    """`contract` without what it says of optional groups that are empty."""
    absent = frozenset(
        name
        for name, group in contract.groups.items()
        if group.optional
        and (group.type is not None or group.urn is not None)
        and not members[name].resources
    )
    if not absent:
        return contract

    def there(text: str) -> bool:
        """Whether a group, or `GROUP/REST`, or anything else, is not about what is absent."""
        return text.partition("/")[0] not in absent

    return msgspec.structs.replace(
        contract,
        network=contract.network and _network(contract.network, there),
        identity=contract.identity and _identity(contract.identity, there),
        availability=contract.availability and _availability(contract.availability, there),
        events=contract.events and _events(contract.events, there),
    )


_There = Callable[[str], bool]


def _some(texts: Iterable[str], there: _There) -> tuple[str, ...]:
    return tuple(text for text in texts if there(text))


def _network(network: Network, there: _There) -> Network:
    return Network(
        flows=tuple(f for f in network.flows if there(f.source) and there(f.to)),
        never=tuple(n for n in network.never if there(n.source) and there(n.to)),
        isolated=_some(network.isolated, there),
    )


def _identity(identity: Identity, there: _There) -> Identity:
    gone = {name for name, p in identity.principals.items() if not there(p.role)}

    def known(who: Trustee) -> bool:
        return who.principal is None or who.principal not in gone

    def granted(grant: Grant | Admission) -> bool:
        if grant.only_with is not None and not there(grant.only_with):
            return False
        return not grant.resources or any(map(there, grant.resources))

    principals = {
        name: Principal(
            role=p.role,
            assumed_by=tuple(who for who in p.assumed_by if known(who)),
            runs=_some(p.runs, there),
            may=tuple(grant for grant in p.may if granted(grant)),
        )
        for name, p in identity.principals.items()
        if name not in gone
    }
    resources = {
        group: tuple(a for a in admissions if known(a.who) and granted(a))
        for group, admissions in identity.resources.items()
        if there(group)
    }
    return Identity(principals=principals, resources=resources)


def _availability(availability: Availability, there: _There) -> Availability:
    flows = availability.flows and KeepFlows(
        exceptions=tuple(
            e for e in availability.flows.exceptions if there(e.source) and there(e.to)
        )
    )
    return msgspec.structs.replace(
        availability,
        keep={group: keep for group, keep in availability.keep.items() if there(group)},
        flows=flows,
        boot=_some(availability.boot, there),
    )


def _events(events: Events, there: _There) -> Events:
    return msgspec.structs.replace(
        events,
        triggers=tuple(t for t in events.triggers if there(t.source) and there(t.to)),
        writes=tuple(t for t in events.writes if there(t.source) and there(t.to)),
    )
