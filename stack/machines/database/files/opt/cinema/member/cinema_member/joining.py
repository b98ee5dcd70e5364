"""From a mongod that runs to a member of a set that knows its users: again and again, until it is.

Every step may be repeated, by this member or by another one at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cinema_member.first_values import Login, Secrets
from cinema_member.member import Member, MemberError
from cinema_member.replica_set import (
    Config,
    Initiate,
    Join,
    Refuse,
    Settled,
    View,
    Wait,
    next_step,
)
from cinema_member.users import Plan, plan


class Set(Protocol):
    """What is asked of the members; `server.Servers` asks MongoDB."""

    @property
    def member(self) -> Member: ...  # noqa: D102 - as in server.Servers, like all below
    def views(self) -> dict[str, View]: ...  # noqa: D102
    def initiate(self, config: Config) -> None: ...  # noqa: D102
    def join(self, primary: str, admin: Login) -> None: ...  # noqa: D102
    def take_vote(self, admin: Login) -> bool: ...  # noqa: D102
    def admits(self, login: Login) -> bool: ...  # noqa: D102
    def leads(self) -> bool: ...  # noqa: D102
    def make_admin(self, admin: Login) -> None: ...  # noqa: D102
    def users(self, admin: Login) -> tuple[str, ...]: ...  # noqa: D102
    def apply(self, admin: Login, plan: Plan) -> None: ...  # noqa: D102
    def change_password(self, old: Login, new: Login) -> None: ...  # noqa: D102


def become_a_member(servers: Set, store: Secrets, *, wait: Callable[[str], None]) -> None:
    """Return when this member is in the set and the set has its users.

    `wait` is told why, and returns after a while. Raises MemberError where a person must look.
    """
    admin = login(store, "database-admin")
    while True:
        step = next_step(servers.member, servers.views())
        match step:
            case Settled():
                break
            case Initiate(config):
                servers.initiate(config)
            case Join(primary):
                servers.join(primary, admin)
                wait(f"{primary} has taken this member in")
            case Wait(why):
                wait(why)
            case Refuse(why):
                raise MemberError(why)
    while not know_users(servers, store):
        wait("the set has no administrator yet")
    while not servers.take_vote(admin):
        wait("this member still copies, and has no vote")


def know_users(servers: Set, store: Secrets) -> bool:
    """Make the users what the secrets say; False where only the primary can, and this is not it."""
    admin = login(store, "database-admin")
    if not servers.admits(admin):
        previous = _previous(store, "database-admin")
        if not servers.leads():
            return False
        if previous is not None and servers.admits(previous):
            servers.change_password(previous, admin)
        else:
            servers.make_admin(admin)
    if servers.leads():
        wanted = login(store, "database-credentials")
        before = _previous(store, "database-credentials")
        servers.apply(admin, plan(servers.users(admin), wanted, before))
    return True


def login(store: Secrets, part: str) -> Login:
    """The user that a secret holds."""
    return Login.parse(store.needed(part))


def _previous(store: Secrets, part: str) -> Login | None:
    text = store.text(part, "AWSPREVIOUS")
    return None if text is None else Login.parse(text)
