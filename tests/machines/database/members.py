"""What the tests of a member share: members, a store of secrets, a set of doubles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cinema_member.first_values import Login, Secrets
from cinema_member.member import Member
from cinema_member.replica_set import Config, View, with_newcomer, with_vote
from cinema_member.users import Plan

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "CINEMA_DATABASE_HOSTS": ",".join(
        f"database-us-east-1{letter}.cinema-prod.internal:27017" for letter in "abc"
    ),
    "CINEMA_DATABASE_SELF": "database-us-east-1a.cinema-prod.internal:27017",
    "CINEMA_REPLICA_SET": "cinema-prod",
    "CINEMA_SECRETS": "arn:aws:secretsmanager:us-east-1:123456789012:secret:cinema-prod/",
}


def member(letter: str = "a", letters: str = "abc") -> Member:
    """The member in a zone, of a set in these zones."""
    hosts = [host(each) for each in letters]
    changes = {
        "CINEMA_DATABASE_HOSTS": ",".join(hosts),
        "CINEMA_DATABASE_SELF": host(letter),
    }
    return Member.read(ENVIRONMENT | changes)


def host(letter: str) -> str:
    return f"database-us-east-1{letter}.cinema-prod.internal:27017"


@dataclass
class Vault:
    """A **test double** of Secrets Manager: versions by id, the newest current, as AWS documents.

    A second value under an id that it knows is refused; the same one again is no change. Of
    another account's policies, keys and delays it knows nothing.
    """

    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    stages: dict[str, dict[str, str]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        found: dict[str, list[str]] = {}
        for stage, version in self.stages.get(SecretId, {}).items():
            found.setdefault(version, []).append(stage)
        # A secret that never had a value has no such key.
        return {"VersionIdsToStages": found} if found else {}

    def get_secret_value(self, **arguments: str) -> dict[str, Any]:
        arn, stage = arguments["SecretId"], arguments["VersionStage"]
        self.reads.append(arn.rpartition("/")[2])
        version = self.stages.get(arn, {}).get(stage)
        if version is None:
            raise _refusal("ResourceNotFoundException", "GetSecretValue")
        return {"SecretString": self.versions[arn][version]}

    def put_secret_value(self, **arguments: str) -> dict[str, Any]:
        arn, version = arguments["SecretId"], arguments["ClientRequestToken"]
        known = self.versions.setdefault(arn, {})
        if version in known:
            if known[version] != arguments["SecretString"]:
                raise _refusal("ResourceExistsException", "PutSecretValue")
            return {}
        known[version] = arguments["SecretString"]
        stages = self.stages.setdefault(arn, {})
        if "AWSCURRENT" in stages:
            stages["AWSPREVIOUS"] = stages["AWSCURRENT"]
        stages["AWSCURRENT"] = version
        return {}

    def rotate(self, member_: Member, part: str, text: str) -> None:
        """What a person or a script does to give a secret another value."""
        arn = member_.secret(part)
        self.put_secret_value(
            SecretId=arn,
            SecretString=text,
            ClientRequestToken=f"rotation-{len(self.versions[arn])}",
        )


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def store(vault: Vault, letter: str = "a") -> Secrets:
    return Secrets(vault, member(letter))


@dataclass
class Cluster:
    """A **test double** of mongods that speak to each other: who is in which set, and its users.

    It elects the first member of the set, knows no lag, and replicates at once. Of MongoDB's own
    refusals it has three: a set is begun only where every member named is in none, only the
    primary takes a reconfiguration, and the first user is made only while there is none.
    """

    up: set[str]
    config: Config | None = None
    known: dict[str, str] = field(default_factory=dict)
    copying: set[str] = field(default_factory=set)
    begun: int = 0

    def begin(self, config: Config) -> None:
        assert self.config is None, "a second set"
        assert {m["host"] for m in config["members"]} <= self.up, "somebody was silent"
        self.begun += 1
        self.config = {**config, "version": 1}

    @property
    def primary(self) -> str:
        names = [] if self.config is None else [m["host"] for m in self.config["members"]]
        alive = [name for name in names if name in self.up and name not in self.copying]
        return alive[0] if len(alive) * 2 > len(names) else ""

    def reconfigure(self, config: Config | None) -> None:
        if config is not None:
            assert self.config is not None
            assert config["version"] == self.config["version"] + 1
            self.config = config


@dataclass
class Connection:
    """A member's way to the cluster; it has what `server.Servers` has."""

    cluster: Cluster
    member: Member

    def views(self) -> dict[str, View]:
        found = {}
        config = self.cluster.config
        names = () if config is None else tuple(m["host"] for m in config["members"])
        for name in self.member.hosts:
            if name in self.cluster.up:
                inside = config is not None and name in names
                found[name] = (
                    View(self.member.replica_set, names, self.cluster.primary) if inside else View()
                )
        return found

    def initiate(self, config: Config) -> None:
        self.cluster.begin(config)

    def join(self, primary: str, admin: Login) -> None:
        assert primary == self.cluster.primary
        assert self.admits(admin)
        assert self.cluster.config is not None
        self.cluster.reconfigure(with_newcomer(self.cluster.config, self.member.me))
        self.cluster.copying.add(self.member.me)

    def take_vote(self, admin: Login) -> bool:
        assert self.admits(admin)
        assert self.cluster.config is not None
        if self.member.me in self.cluster.copying:
            self.cluster.copying.discard(self.member.me)
            return False
        self.cluster.reconfigure(with_vote(self.cluster.config, self.member.me))
        return True

    def admits(self, login: Login) -> bool:
        return self.cluster.known.get(login.username) == login.password

    def leads(self) -> bool:
        return self.cluster.primary == self.member.me

    def make_admin(self, admin: Login) -> None:
        assert self.leads()
        assert not self.cluster.known, "MongoDB admits the first user only"
        self.cluster.known[admin.username] = admin.password

    def users(self, admin: Login) -> tuple[str, ...]:
        assert self.admits(admin)
        return tuple(sorted(self.cluster.known))

    def apply(self, admin: Login, plan: Plan) -> None:
        assert self.admits(admin)
        assert self.leads()
        for login in (*plan.make, *plan.change):
            self.cluster.known[login.username] = login.password
        for name in plan.drop:
            del self.cluster.known[name]

    def change_password(self, old: Login, new: Login) -> None:
        assert self.admits(old)
        self.cluster.known[new.username] = new.password


def connected(cluster: Cluster, letter: str, letters: str = "abc") -> Connection:
    return Connection(cluster, member(letter, letters))
