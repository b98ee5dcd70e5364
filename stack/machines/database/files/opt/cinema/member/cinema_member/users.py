"""The API's users of the database: which to make, change and drop. Nothing is done here.

Two users take turns: while the API's instances change over to a new one, the one before still
works (AWS Secrets Manager User Guide, "Rotation strategy: alternating users").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cinema_member.first_values import Login

ROLES = [{"role": "readWrite", "db": "cinema"}]
"""What the API may do: its own database, with its indexes, and nothing else."""

_PREFIX = "cinema-api-"


@dataclass(frozen=True)
class Plan:
    """Users to make, users to give this password and role, names of users to drop."""

    make: tuple[Login, ...]
    change: tuple[Login, ...]
    drop: tuple[str, ...]


def plan(existing: Iterable[str], current: Login, previous: Login | None) -> Plan:
    """What makes the API's users those of the secret's two newest versions.

    Only names of our own pattern are ever dropped.
    """
    names = set(existing)
    kept = {current.username} | ({previous.username} if previous else set())
    return Plan(
        make=() if current.username in names else (current,),
        change=(current,) if current.username in names else (),
        drop=tuple(sorted(n for n in names - kept if n.startswith(_PREFIX))),
    )


def command(verb: str, login: Login, roles: list[dict[str, str]]) -> dict[str, Any]:
    """`createUser` or `updateUser`; the verb must come first."""
    return {verb: login.username, "pwd": login.password, "roles": roles}
