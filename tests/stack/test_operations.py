"""What a person runs now and then, against moto, and against a double where it has none."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from cinema_member import first_values
from cinema_member.authority import Authority
from operations import replace_member, restore, rotate
from operations.backups import Backup, newest
from operations.rehearse_restore import rehearse, user_data
from operations.replace_member import why_not
from operations.stacks import CannotError, Stack, State, newest_state
from stackproof.sources.program import evaluate
from tests.stack.engine_double import ROOT

NOW = dt.datetime.now(dt.UTC)
PROD = Stack.read("prod")
GROUP = PROD.names.log_group("database")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def client(service: str) -> Any:  # noqa: ANN401 - boto3 has no types
    return boto3.client(service, region_name="us-east-1")


def says(*messages: dict[str, Any], at: dt.datetime = NOW, stream: str = "i-1") -> None:
    """Write lines into the members' log."""
    logs = client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    stamp = int(at.timestamp() * 1000)
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName=stream,
        logEvents=[{"timestamp": stamp, "message": json.dumps(m)} for m in messages],
    )


def state(healthy: int, missing: int, lag: float = 0, at: dt.datetime = NOW) -> dict[str, Any]:
    return {
        "_aws": {"Timestamp": int(at.timestamp() * 1000)},
        "event": "replica-set",
        "HealthyMembers": healthy,
        "MissingMembers": missing,
        "ReplicationLag": lag,
    }


def test_the_names_are_those_of_the_program() -> None:
    urns = {r.urn for r in evaluate(ROOT, "prod").resources}
    for zone in PROD.zones:
        assert PROD.urn(replace_member.INSTANCE, zone) in urns
        assert PROD.urn(restore.VOLUME, zone) in urns
    with pytest.raises(CannotError, match=r"no Pulumi\.staging\.yaml"):
        Stack.read("staging")


# ── replacing a member ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("healthy", "missing", "lag", "members", "why"),
    [
        (3, 0, 0, 3, ""),
        (2, 1, 0, 3, ""),
        (1, 2, 0, 3, "2 members are missing"),
        (3, 0, 60, 3, "a member is 60 seconds behind"),
        (2, 0, 0, 3, "the set has 2 members, not 3"),
        (1, 0, 0, 1, ""),
    ],
)
def test_a_member_is_taken_away_only_where_the_others_serve(
    healthy: int, missing: int, lag: float, members: int, why: str
) -> None:
    assert why_not(State(NOW, healthy, missing, lag), members) == why


def test_where_nobody_speaks_nothing_is_done() -> None:
    assert why_not(None, 3) == "no member has said anything for five minutes"


def test_the_newest_word_of_any_member_counts() -> None:
    old = NOW - dt.timedelta(minutes=2)
    says({"event": "other"}, state(3, 0, at=old), at=old)
    says(state(2, 1), stream="i-2")
    found = newest_state(client("logs"), GROUP, NOW + dt.timedelta(seconds=5))
    assert found is not None
    assert (found.healthy, found.missing) == (2, 1)
    assert newest_state(client("logs"), GROUP, NOW + dt.timedelta(minutes=30)) is None


def replaced(*words: State | None, zone: str = "us-east-1b", waits: int = 5) -> list[list[str]]:
    """The commands that are run while the members say these words, one after the other."""
    said, left = list(words), waits
    ran: list[list[str]] = []

    def look() -> State | None:
        return said.pop(0) if len(said) > 1 else said[0]

    def run(command: Sequence[str]) -> None:
        ran.append(list(command))

    def wait() -> bool:
        nonlocal left
        left -= 1
        return left > 0

    replace_member.replace(PROD, zone, look, run, wait)
    return ran


LATER = NOW + dt.timedelta(hours=1)


def test_a_member_is_replaced_by_name_and_waited_for() -> None:
    ran = replaced(
        State(NOW, 3, 0, 0),
        State(LATER, 2, 1, 0),
        None,
        State(LATER, 3, 0, 90),
        State(LATER, 3, 0, 0),
    )
    (command,) = ran
    assert command[:3] == ["pulumi", "up", "--yes"]
    assert PROD.urn(replace_member.INSTANCE, "us-east-1b") in command
    assert not any("volume" in word for word in command)


def test_nothing_is_run_where_the_set_could_not_bear_it() -> None:
    with pytest.raises(CannotError, match="not now: 2 members are missing"):
        replaced(State(NOW, 1, 2, 0))
    with pytest.raises(CannotError, match="us-east-1f is not among"):
        replaced(State(NOW, 3, 0, 0), zone="us-east-1f")


def test_a_member_that_does_not_come_back_is_told() -> None:
    with pytest.raises(CannotError, match="did not come back"):
        replaced(State(NOW, 3, 0, 0), State(LATER, 2, 1, 0))


# ── backups ─────────────────────────────────────────────────────────────────────────────────────


class Points:
    """A **test double** of AWS Backup's listing, which moto has not."""

    def __init__(self, *points: tuple[str, dt.datetime, str]) -> None:
        self.points = points

    def get_paginator(self, name: str) -> Points:
        assert name == "list_recovery_points_by_backup_vault"
        return self

    def paginate(self, **arguments: str) -> list[dict[str, Any]]:
        assert arguments == {"BackupVaultName": "cinema-prod-database"}
        return [
            {
                "RecoveryPoints": [
                    {
                        "RecoveryPointArn": f"arn:aws:ec2:us-east-1::snapshot/{snapshot}",
                        "CreationDate": at,
                        "Status": status,
                    }
                ]
            }
            for snapshot, at, status in self.points
        ]


DAY = dt.timedelta(days=1)
POINTS = Points(
    ("snap-2", NOW - DAY, "COMPLETED"),
    ("snap-1", NOW - 2 * DAY, "COMPLETED"),
    ("snap-3", NOW, "PARTIAL"),
)


def test_the_newest_whole_backup_is_taken_or_the_newest_before_a_moment() -> None:
    vault = PROD.names.vault("database")
    assert newest(POINTS, vault).snapshot == "snap-2"
    assert newest(POINTS, vault, NOW - DAY).snapshot == "snap-1"
    with pytest.raises(CannotError, match="holds no backup of before"):
        newest(POINTS, vault, NOW - 5 * DAY)
    with pytest.raises(CannotError, match="holds no backup"):
        newest(Points(), vault)


def test_a_restore_replaces_every_member_by_one_snapshot_and_nothing_else() -> None:
    steps = restore.steps(PROD, Backup(NOW, "snap-2"))
    assert steps[0][:5] == ("pulumi", "config", "set", "cinema:databaseSnapshot", "snap-2")
    unprotected = [step[4] for step in steps if step[1:3] == ("state", "unprotect")]
    up = steps[-1]
    targets = [word for before, word in itertools.pairwise(up) if before == "--target-replace"]
    assert unprotected == [PROD.urn(restore.VOLUME, zone) for zone in PROD.zones]
    assert targets == unprotected + [PROD.urn(restore.INSTANCE, zone) for zone in PROD.zones]
    assert all(step[-2:] == ("--stack", "prod") for step in steps)


def test_a_restore_is_not_done_by_accident(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(boto3, "client", lambda *_, **__: POINTS)
    monkeypatch.setattr(restore, "run", pytest.fail)
    assert restore.main(["prod"]) == 0
    assert "would run: pulumi up" in capsys.readouterr().out


@pytest.fixture
def member() -> dict[str, Any]:
    """A running member, and a snapshot of its volume."""
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    tags = [{"Key": "Name", "Value": "cinema-prod-database-us-east-1a"}]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(
        ImageId=image, InstanceType="r8g.large", MinCount=1, MaxCount=1, SubnetId=subnet,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )  # fmt: skip
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    found: dict[str, Any] = made["Instances"][0]
    return {**found, "snapshot": snapshot}


@pytest.mark.parametrize(
    ("documents", "refusal"),
    [({"movies": 48}, ""), ({}, "without a collection"), (None, "in time")],
)
def test_a_rehearsal_starts_one_machine_hears_it_and_leaves_nothing(
    member: dict[str, Any], documents: dict[str, int] | None, refusal: str
) -> None:
    clients = {n: client(n) for n in ("ec2", "logs")}
    clients["backup"] = Points((member["snapshot"], NOW - DAY, "COMPLETED"))
    says({"event": "rehearsal", "name": "another", "documents": {"movies": 1}, "until": None})
    seen: list[dict[str, Any]] = []

    def wait() -> bool:
        """Meanwhile: look at the machine, and let it speak."""
        for reservation in clients["ec2"].describe_instances()["Reservations"]:
            seen.extend(
                i for i in reservation["Instances"] if i["InstanceId"] != member["InstanceId"]
            )
        if documents is not None:
            line = {"event": "rehearsal", "name": "r-1", "documents": documents, "until": "then"}
            says(line, at=dt.datetime.now(dt.UTC), stream="i-9")
        return documents is not None

    if refusal:
        with pytest.raises(CannotError, match=refusal):
            rehearse(clients, PROD, "r-1", wait)
    else:
        found = rehearse(clients, PROD, "r-1", wait)
        assert found["documents"] == documents
        assert found["snapshot"] == member["snapshot"]
    (machine,) = seen
    assert machine["SubnetId"] == member["SubnetId"]
    assert machine["ImageId"] == member["ImageId"]
    states = [
        i["State"]["Name"]
        for r in clients["ec2"].describe_instances(InstanceIds=[machine["InstanceId"]])[
            "Reservations"
        ]
        for i in r["Instances"]
    ]
    assert states == ["terminated"]
    running = clients["ec2"].describe_instances(InstanceIds=[member["InstanceId"]])
    assert running["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"


def test_a_machine_that_rehearses_knows_that_it_is_no_member() -> None:
    files = {f["path"]: f["content"] for f in yaml.safe_load(user_data(PROD, "r-1"))["write_files"]}
    assert files["/etc/cinema/rehearsal"] == "r-1\n"
    assert "CINEMA_REHEARSAL=r-1\n" in files["/etc/cinema/environment"]
    assert "CINEMA_REPLICA_SET" not in files["/etc/cinema/environment"]


# ── rotation ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rotation() -> rotate.Rotation:
    """Secrets with the first values that the members make."""
    manager = client("secretsmanager")
    authority = Authority.founded(PROD.names.domain, NOW)
    for part, text in (
        ("session-keys", first_values.new_key()),
        ("database-credentials", first_values.credentials(first_values.API)),
        ("database-admin", first_values.credentials(first_values.ADMIN)),
        ("database-keyfile", first_values.new_keyfile()),
        ("database-authority", authority.text),
        ("database-ca", authority.certificate),
    ):
        manager.create_secret(Name=PROD.names.secret(part), SecretString=text)
    return rotate.Rotation(manager, PROD)


def value(part: str, stage: str = "AWSCURRENT") -> str:
    manager = client("secretsmanager")
    found = manager.get_secret_value(SecretId=PROD.names.secret(part), VersionStage=stage)
    return str(found["SecretString"])


def test_the_session_key_before_still_tells_who_is_logged_in(rotation: rotate.Rotation) -> None:
    first = value("session-keys")
    rotation.run("session-keys", "now")
    second = value("session-keys").splitlines()
    assert second[1:] == [first]
    rotation.run("session-keys", "now")
    assert value("session-keys").splitlines()[1:] == second[:1]


def test_the_apis_users_take_turns(rotation: rotate.Rotation) -> None:
    seen = [json.loads(value("database-credentials"))]
    for _ in range(2):
        rotation.run("database-credentials", "now")
        seen.append(json.loads(value("database-credentials")))
    assert [s["username"] for s in seen] == ["cinema-api-a", "cinema-api-b", "cinema-api-a"]
    assert len({s["password"] for s in seen}) == 3
    # The members keep the one before by this stage.
    assert json.loads(value("database-credentials", "AWSPREVIOUS")) == seen[1]


def test_a_keyfile_has_both_keys_between_its_steps(rotation: rotate.Rotation) -> None:
    old = value("database-keyfile")
    with pytest.raises(CannotError, match="begin first"):
        rotation.run("database-keyfile", "finish")
    rotation.run("database-keyfile", "begin")
    both = yaml.safe_load(value("database-keyfile"))
    assert both[0] == old
    with pytest.raises(CannotError, match="restart every member"):
        rotation.run("database-keyfile", "begin")
    rotation.run("database-keyfile", "finish")
    assert value("database-keyfile") == both[1] != old


def test_an_authority_is_believed_before_it_signs_and_alone_at_last(
    rotation: rotate.Rotation,
) -> None:
    old = Authority.parse(value("database-authority"))
    for step in ("switch", "finish"):
        with pytest.raises(CannotError):
            rotation.run("database-authority", step)
    rotation.run("database-authority", "begin")
    assert Authority.parse(value("database-authority")) == old
    assert value("database-ca").count("BEGIN CERTIFICATE") == 2
    with pytest.raises(CannotError, match="switch first"):
        rotation.run("database-authority", "finish")
    rotation.run("database-authority", "switch")
    new = Authority.parse(value("database-authority"))
    assert new != old
    assert old.certificate in value("database-ca")
    rotation.run("database-authority", "finish")
    assert value("database-ca") == new.certificate


@pytest.mark.parametrize("command", ["replace_member", "restore", "rehearse_restore", "rotate"])
def test_each_command_starts_and_explains_itself(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"operations.{command}", "--help"],
        cwd=ROOT / "stack", check=False, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")
