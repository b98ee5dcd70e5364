"""What user data told this member."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HOST = re.compile(r"[a-z0-9-]+([a-z])((?:\.[a-z0-9-]+)+):\d{1,5}")


class MemberError(Exception):
    """Something that waiting does not mend. The message is for the log."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """`hosts` are all members as `name:port`, in an order that every member knows alike.

    `secrets` is what the ARN of each secret begins with.
    """

    region: str
    hosts: tuple[str, ...]
    me: str
    replica_set: str
    secrets: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Member:
        """From the environment; raises MemberError with the name of the variable to mend."""

        def text(name: str) -> str:
            value = environ.get(name, "")
            if not value:
                raise MemberError(f"{name} is not set")
            return value

        hosts = tuple(sorted(text("CINEMA_DATABASE_HOSTS").split(",")))
        for host in hosts:
            if _HOST.fullmatch(host) is None:
                raise MemberError(f"CINEMA_DATABASE_HOSTS: '{host}' names no zone and port")
        if len({number(host) for host in hosts}) != len(hosts):
            raise MemberError("CINEMA_DATABASE_HOSTS names a zone twice")
        me = text("CINEMA_DATABASE_SELF")
        if me not in hosts:
            raise MemberError("CINEMA_DATABASE_SELF is not among CINEMA_DATABASE_HOSTS")
        return cls(
            region=text("AWS_REGION"),
            hosts=hosts,
            me=me,
            replica_set=text("CINEMA_REPLICA_SET"),
            secrets=text("CINEMA_SECRETS"),
        )

    @property
    def founder(self) -> str:
        """The one member that may begin a set: two could begin two."""
        return self.hosts[0]

    @property
    def name(self) -> str:
        """What this member is called, without its port."""
        return self.me.rpartition(":")[0]

    @property
    def domain(self) -> str:
        """The zone that the members' names are in."""
        return self.name.partition(".")[2]

    def secret(self, part: str) -> str:
        """The ARN of a secret, without the characters that Secrets Manager adds."""
        return f"{self.secrets}{part}"


def number(host: str) -> int:
    """A member's id in its set: the place of its zone's letter, which no other zone moves."""
    return ord(host.partition(".")[0][-1]) - ord("a")
