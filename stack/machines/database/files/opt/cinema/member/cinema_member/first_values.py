"""Secrets: read, and given a first value where they have none.

All members may try at once. Each puts its own value under one and the same version id, and Secrets
Manager refuses a second value for an id that it knows (AWS Secrets Manager API Reference,
"PutSecretValue", ClientRequestToken): the first one wins, and all read what it put.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from cinema_member.authority import Authority
from cinema_member.member import Member

ADMIN, API = "cinema-admin", "cinema-api-a"
_KEYFILE_BYTES = 756
"""In base64 these are 1,008 characters, of 1,024 at most (MongoDB Manual, "Keyfiles")."""


class SecretsManager(Protocol):
    """The calls of botocore's client that are made here."""

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]: ...  # noqa: D102, N803 - AWS's
    def get_secret_value(self, **arguments: str) -> dict[str, Any]: ...  # noqa: D102 - AWS's
    def put_secret_value(self, **arguments: str) -> dict[str, Any]: ...  # noqa: D102 - AWS's


@dataclass(frozen=True)
class Secrets:
    """The secrets of a member's stack."""

    client: SecretsManager
    member: Member

    def text(self, part: str, stage: str = "AWSCURRENT") -> str | None:
        """The value of a secret, None where it has none at that stage."""
        try:
            found = self.client.get_secret_value(
                SecretId=self.member.secret(part), VersionStage=stage
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return str(found["SecretString"])

    def needed(self, part: str) -> str:
        """The value of a secret that must have one by now; raises LookupError otherwise."""
        text = self.text(part)
        if text is None:
            raise LookupError(f"{part} has no value yet")
        return text

    def give_first_value(self, part: str, make: Callable[[], str]) -> bool:
        """Make the value of a secret that has none; True where ours is the one.

        Whether there is one tells DescribeSecret, which shows none: of the session keys a member
        may not know more.
        """
        arn = self.member.secret(part)
        versions = self.client.describe_secret(SecretId=arn).get("VersionIdsToStages", {})
        if any("AWSCURRENT" in stages for stages in versions.values()):
            return False
        try:
            self.client.put_secret_value(
                SecretId=arn,
                SecretString=make(),
                # The same for every member, whoever comes first.
                ClientRequestToken=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}#first")),
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ResourceExistsException":
                return False
            raise
        return True


def give_first_values(store: Secrets, now: dt.datetime) -> tuple[str, ...]:
    """Make whatever has no value yet, and tell what was made."""
    domain = store.member.domain
    makers: dict[str, Callable[[], str]] = {
        "session-keys": new_key,
        "database-keyfile": new_keyfile,
        "database-admin": lambda: credentials(ADMIN),
        "database-credentials": lambda: credentials(API),
        "database-authority": lambda: Authority.founded(domain, now).text,
        # Of the authority that won, whoever made it.
        "database-ca": lambda: Authority.parse(store.needed("database-authority")).certificate,
    }
    return tuple(part for part, make in makers.items() if store.give_first_value(part, make))


def new_key() -> str:
    """A key for the API's sessions."""
    return secrets.token_urlsafe(48)


def new_keyfile() -> str:
    """A key by which the members know each other."""
    return base64.b64encode(secrets.token_bytes(_KEYFILE_BYTES)).decode()


def credentials(username: str) -> str:
    """A user with a password that nobody knows."""
    return json.dumps({"username": username, "password": secrets.token_urlsafe(32)})


@dataclass(frozen=True)
class Login:
    """A user of the database."""

    username: str
    password: str

    @classmethod
    def parse(cls, text: str) -> Login:
        """From the text of its secret; raises ValueError without ever quoting it."""
        try:
            found = json.loads(text)
            return cls(found["username"], found["password"])
        except (ValueError, TypeError, KeyError):
            raise ValueError("is not a user with a password") from None

    def __repr__(self) -> str:
        return f"Login({self.username!r})"
