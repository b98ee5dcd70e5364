"""What a member does next about its set, decided from what all members say. Nothing is done here.

A set must never be begun twice. So only one member begins it, only while every other one answers,
and only when each says that it is in no set: one that is silent may be in the old one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cinema_member.member import Member, number

Config: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class View:
    """What one member says of itself; one that does not answer has no view.

    `set_name` is empty while it is in no set, and `members` are then none.
    """

    set_name: str = ""
    members: tuple[str, ...] = ()
    primary: str = ""

    @classmethod
    def of_hello(cls, answer: Mapping[str, Any]) -> View:
        """From the answer to `hello` (MongoDB Manual, "hello")."""
        members = (*answer.get("hosts", ()), *answer.get("passives", ()))
        return cls(str(answer.get("setName", "")), members, str(answer.get("primary", "")))


@dataclass(frozen=True)
class Settled:
    """The member is in its set."""


@dataclass(frozen=True)
class Wait:
    """Somebody else has to do something first."""

    why: str


@dataclass(frozen=True)
class Refuse:
    """Going on would do harm: a person must look."""

    why: str


@dataclass(frozen=True)
class Initiate:
    """Begin the set."""

    config: Config


@dataclass(frozen=True)
class Join:
    """Have the primary of the set that there is take this member in."""

    primary: str


Step: TypeAlias = Settled | Wait | Refuse | Initiate | Join


def next_step(member: Member, views: Mapping[str, View]) -> Step:
    """What to do, given the views of those members that answer, this one's own among them."""
    for host, view in sorted(views.items()):
        if view.set_name not in {"", member.replica_set}:
            return Refuse(f"{host} is in the set {view.set_name}, not {member.replica_set}")
    mine = views.get(member.me)
    if mine is None:
        return Wait("this member's own mongod does not answer yet")
    if mine.set_name:
        return Settled()
    others = {host: view for host, view in views.items() if host != member.me and view.set_name}
    if others:
        return _into(member, others)
    return _begin(member, views)


def _begin(member: Member, views: Mapping[str, View]) -> Step:
    if member.me != member.founder:
        return Wait(f"{member.founder} begins the set")
    silent = [host for host in member.hosts if host not in views]
    if silent:
        return Wait(f"{silent[0]} does not answer, and may be in a set")
    return Initiate(first_config(member))


def _into(member: Member, others: Mapping[str, View]) -> Step:
    if any(member.me in view.members for view in others.values()):
        return Wait("the set knows this member, and will tell it")
    primary = next((view.primary for view in others.values() if view.primary), "")
    return Join(primary) if primary else Wait("the set has no primary")


def first_config(member: Member) -> Config:
    """The set as it begins: every member votes."""
    return {
        "_id": member.replica_set,
        "members": [{"_id": number(host), "host": host} for host in member.hosts],
    }


def with_newcomer(config: Config, host: str) -> Config | None:
    """`config` with one member more, which has no vote while it copies; None if it has it already.

    (MongoDB Manual, "Add Members to a Self-Managed Replica Set".)
    """
    if any(member["host"] == host for member in config["members"]):
        return None
    newcomer = {"_id": number(host), "host": host, "votes": 0, "priority": 0}
    return _next(config, [*config["members"], newcomer])


def with_vote(config: Config, host: str) -> Config | None:
    """`config` where `host` votes and may lead; None where it does already, or is not in it."""
    members = config["members"]
    if not any(member["host"] == host and not member.get("votes", 1) for member in members):
        return None
    return _next(
        config,
        [m | {"votes": 1, "priority": 1} if m["host"] == host else m for m in members],
    )


def _next(config: Config, members: Sequence[Mapping[str, Any]]) -> Config:
    return {**config, "version": config["version"] + 1, "members": [dict(m) for m in members]}
