"""What can start what: declared triggers exist, no others do, and nothing starts itself for ever.

A function's handler is not looked at: if its role may write a key that starts it, that is a cycle,
whatever guard its code has. Key languages are exact (`proofs.languages`), so 'no common key' is a
proof that one thing does not start another.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from stackproof.aws.events.facts import EventFacts
from stackproof.contract import Contract
from stackproof.model import Family, Kinds, Obligation
from stackproof.proofs.recursion.closed import closed, notification
from stackproof.proofs.recursion.cycles import cycles
from stackproof.proofs.recursion.triggers import Permitted, trigger, trigger_id
from stackproof.selection import Members

__all__ = ["KINDS", "Permitted", "obligations"]


def obligations(
    facts: EventFacts, contract: Contract, members: Mapping[str, Members], permitted: Permitted
) -> list[Obligation]:
    """The claims about events; none when the contract has no `events`."""
    events = contract.events
    if events is None:
        return []
    found = [
        Obligation(
            trigger_id(declared),
            Family.RECURSION,
            f"writing {declared.source} starts {declared.to}",
            partial(trigger, facts, members, declared, permitted),
        )
        for declared in events.triggers
    ]
    found.append(
        Obligation(
            "events.closed",
            Family.RECURSION,
            "nothing starts anything but by the declared triggers",
            partial(closed, facts, members, events.triggers),
        )
    )
    found.append(
        Obligation(
            "events.cycles",
            Family.RECURSION,
            "nothing that a trigger starts can set off that trigger again",
            partial(cycles, facts, members, events.writes, permitted),
        )
    )
    groups = {
        group.resources[0].urn: name
        for name, group in sorted(members.items(), reverse=True)
        if len(group.resources) == 1
    }
    found += [
        Obligation(
            f"events.notification.{groups.get(bucket, facts.names[bucket])}",
            Family.RECURSION,
            f"bucket {facts.names[bucket]} has one notification configuration",
            partial(notification, facts, bucket),
        )
        for bucket, configurations in sorted(facts.notifications.items())
        if configurations
    ]
    return found


KINDS: Kinds = {
    "events.trigger": trigger,
    "events.closed": closed,
    "events.cycles": cycles,
    "events.notification": notification,
}
