"""Secrets get their first value from the members, once, whoever comes first."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cinema_member.authority import Authority
from cinema_member.first_values import Login, Secrets, give_first_values
from tests.machines.database.members import ENVIRONMENT, Vault, member, store

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
PARTS = {
    "session-keys",
    "database-keyfile",
    "database-admin",
    "database-credentials",
    "database-authority",
    "database-ca",
}


def values(vault: Vault) -> dict[str, str]:
    return {
        arn.rpartition("/")[2]: vault.versions[arn][stages["AWSCURRENT"]]
        for arn, stages in vault.stages.items()
    }


def test_the_first_member_makes_every_value_and_the_next_one_none() -> None:
    vault = Vault()
    assert set(give_first_values(store(vault, "b"), NOW)) == PARTS
    before = values(vault)
    assert give_first_values(store(vault, "a"), NOW) == ()
    assert values(vault) == before


def test_members_that_start_at_once_agree_on_whose_value_it_is() -> None:
    class Late(Vault):
        """Says, as AWS may to somebody who asks at the same moment, that there is none yet."""

        def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: ARG002, N803
            return {}

    vault = Late()
    assert set(give_first_values(store(vault, "a"), NOW)) == PARTS
    before = values(vault)
    # The certificate of one and the same authority is the same: put again, it is no change.
    assert set(give_first_values(store(vault, "c"), NOW)) <= {"database-ca"}
    assert values(vault) == before
    authority = Authority.parse(before["database-authority"])
    assert before["database-ca"] == authority.certificate


def test_a_value_that_somebody_has_rotated_stays() -> None:
    vault = Vault()
    give_first_values(store(vault), NOW)
    vault.rotate(member(), "session-keys", "another")
    assert give_first_values(store(vault, "b"), NOW) == ()
    assert values(vault)["session-keys"] == "another"


def test_the_session_keys_are_made_and_never_read() -> None:
    vault = Vault()
    give_first_values(store(vault), NOW)
    assert "session-keys" not in vault.reads
    # What the API asks of a key (cinema_api.settings.parse_jwt_keys).
    assert len(values(vault)["session-keys"].encode()) >= 32


def test_the_values_are_what_their_readers_take() -> None:
    vault = Vault()
    give_first_values(store(vault), NOW)
    found = values(vault)
    # (MongoDB Manual, "Keyfiles"): 6 to 1,024 characters of base64.
    assert re.fullmatch(r"[A-Za-z0-9+/=]{6,1024}", found["database-keyfile"])
    for part in ("database-admin", "database-credentials"):
        assert set(json.loads(found[part])) == {"username", "password"}
        assert len(Login.parse(found[part]).password) >= 40
    assert len(set(found.values())) == len(found)


def test_what_is_no_user_is_refused_without_being_quoted() -> None:
    with pytest.raises(ValueError, match="is not a user") as refused:
        Login.parse('{"username": "a", "pass": "hunter2"}')
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(Login("a", "hunter2"))


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto's Secrets Manager, with the secrets as the program declares them: without a value."""
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        for part in PARTS:
            client.create_secret(Name=f"cinema-prod/{part}")
        yield client


def test_the_calls_are_those_that_aws_takes(secrets_manager: Any) -> None:  # noqa: ANN401 - boto3 has no types
    # moto makes ARNs with a suffix, and finds a secret by name: names stand for partial ARNs.
    name = ENVIRONMENT["CINEMA_SECRETS"].rpartition(":")[2]
    here = Secrets(secrets_manager, member())
    object.__setattr__(here.member, "secrets", name)
    assert set(give_first_values(here, NOW)) == PARTS
    assert give_first_values(here, NOW) == ()
    assert here.text("database-admin", "AWSPREVIOUS") is None
    Authority.parse(here.needed("database-authority"))
