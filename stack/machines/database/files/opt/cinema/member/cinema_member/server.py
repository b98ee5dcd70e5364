"""The members, spoken to: hello, the set's commands, users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cinema_member.authority import LOCALHOST
from cinema_member.first_values import Login
from cinema_member.member import Member
from cinema_member.replica_set import Config, View, with_newcomer, with_vote
from cinema_member.users import ROLES, Plan, command

Client: TypeAlias = "MongoClient[dict[str, Any]]"
_AUTHENTICATION_FAILED = 18
_USER_EXISTS = 51003
_ALREADY_INITIALIZED = 23
_SECONDARY = 2
_PATIENCE_MS = 3000


@dataclass(frozen=True)
class Servers:
    """How to reach the members: by TLS, to whom the authority vouches for."""

    member: Member
    authorities: Path

    @contextmanager
    def client(self, host: str, login: Login | None = None) -> Iterator[Client]:
        """A client of one member alone, whatever its state."""
        client: Client = MongoClient(
            f"mongodb://{host}",
            appname="cinema-member",
            directConnection=True,
            serverSelectionTimeoutMS=_PATIENCE_MS,
            connectTimeoutMS=_PATIENCE_MS,
            tls=True,
            tlsCAFile=str(self.authorities),
            authSource="admin",
            username=login.username if login else None,
            password=login.password if login else None,
        )
        with client:
            yield client

    @property
    def here(self) -> str:
        """The member itself, by the address from which it admits the first user."""
        return f"{LOCALHOST}:{self.member.me.rpartition(':')[2]}"

    def views(self) -> dict[str, View]:
        """What each member says that answers."""
        found = {}
        for host in self.member.hosts:
            try:
                with self.client(host) as client:
                    found[host] = View.of_hello(client.admin.command("hello"))
            except PyMongoError:
                continue
        return found

    def initiate(self, config: Config) -> None:
        """Begin the set; that somebody began it just now is no failure."""
        with self.client(self.here) as client:
            try:
                client.admin.command("replSetInitiate", config)
            except OperationFailure as problem:
                if problem.code != _ALREADY_INITIALIZED:
                    raise

    def join(self, primary: str, admin: Login) -> None:
        """Have the primary take this member in, without a vote."""
        with self.client(primary, admin) as client:
            config = client.admin.command("replSetGetConfig")["config"]
            changed = with_newcomer(config, self.member.me)
            if changed is not None:
                client.admin.command("replSetReconfig", changed)

    def take_vote(self, admin: Login) -> bool:
        """Give this member its vote once it has copied all; True when it has it."""
        with self.client(self.here, admin) as client:
            config = client.admin.command("replSetGetConfig")["config"]
            changed = with_vote(config, self.member.me)
            if changed is None:
                return True
            status = client.admin.command("replSetGetStatus")
            primary = client.admin.command("hello").get("primary")
        if status["myState"] != _SECONDARY or not primary:
            return False
        with self.client(primary, admin) as client:
            client.admin.command("replSetReconfig", changed)
        return True

    def admits(self, login: Login) -> bool:
        """Whether this member knows the user with that password."""
        try:
            with self.client(self.here, login) as client:
                client.admin.command("ping")
        except OperationFailure as problem:
            if problem.code == _AUTHENTICATION_FAILED:
                return False
            raise
        return True

    def leads(self) -> bool:
        """Whether this member is the primary."""
        with self.client(self.here) as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))

    def make_admin(self, admin: Login) -> None:
        """Make the first user. MongoDB admits that from the machine itself, and only once."""
        with self.client(self.here) as client:
            roles = [{"role": "root", "db": "admin"}]
            try:
                client.admin.command(command("createUser", admin, roles))
            except OperationFailure as problem:
                if problem.code != _USER_EXISTS:
                    raise

    def users(self, admin: Login) -> tuple[str, ...]:
        """The names of the users that there are."""
        with self.client(self.here, admin) as client:
            found = client.admin.command("usersInfo", 1)["users"]
            return tuple(sorted(user["user"] for user in found))

    def apply(self, admin: Login, plan: Plan) -> None:
        """Make, change and drop the API's users. On the primary only."""
        with self.client(self.here, admin) as client:
            for login in plan.make:
                client.admin.command(command("createUser", login, ROLES))
            for login in plan.change:
                client.admin.command(command("updateUser", login, ROLES))
            for name in plan.drop:
                client.admin.command("dropUser", name)

    def change_password(self, old: Login, new: Login) -> None:
        """Give the administrator the password of the secret's newest version."""
        with self.client(self.here, old) as client:
            client.admin.command({"updateUser": new.username, "pwd": new.password})

    def read_certificates(self, admin: Login) -> None:
        """Let mongod read its certificate and its authorities anew, with no connection lost.

        (MongoDB Manual, "rotateCertificates".)
        """
        with self.client(self.here, admin) as client:
            client.admin.command("rotateCertificates", 1)

    def status(self, admin: Login) -> dict[str, Any]:
        """The set, as this member sees it."""
        with self.client(self.here, admin) as client:
            return client.admin.command("replSetGetStatus")
