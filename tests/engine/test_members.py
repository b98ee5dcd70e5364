"""A member of the database is renewed alone, and its data restored, as docs/database.md says."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine import Engine, copy_of_the_project
from tests.engine.install import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "stack"))
from operations import restore
from operations.backups import Backup
from operations.stacks import Stack

pytestmark = pytest.mark.engine

INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
REPLACING = {"replace", "create-replacement", "delete-replaced"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path / "project")


def made(engine: Engine, project: Path, type_: str) -> dict[str, dict[str, Any]]:
    """What the state has of a type, by name."""
    exported = engine.run(project, "stack", "export", "--stack", "prod")
    assert exported.code == 0, exported
    found = json.loads(exported.stdout)["deployment"]["resources"]
    return {r["urn"].rpartition("::")[2]: r for r in found if r["type"] == type_}


def test_a_member_is_renewed_alone_and_with_the_new_image(engine: Engine, project: Path) -> None:
    old, new = "ami-0d000000000000001", "ami-0d000000000000002"
    config = project / "Pulumi.prod.yaml"
    text = config.read_text().replace("databaseImage: build", f"databaseImage: {old}")
    config.write_text(text)
    engine.stack(project, "prod")
    first = engine.up(project, "prod", "--skip-preview")
    assert first.code == 0, first.stdout[-2500:] + first.stderr[-500:]
    members = made(engine, project, INSTANCE)
    text = config.read_text().replace(old, new)
    config.write_text(text.replace("databaseSnapshot: none", "databaseSnapshot: snap-0a1b2c3d"))

    # The image alone, and the snapshot alone, change nothing.
    untouched = engine.preview(project, "prod")
    of_members = {op for urn, op in untouched.operations.items() if "::database-us-east-" in urn}
    assert of_members == {"same"}, untouched.stdout

    # As stack/operations/replace_member.py runs it.
    name = "database-us-east-1b"
    renewing = ("--skip-preview", "--target-replace", members[name]["urn"], "--target-dependents")
    renewed = engine.up(project, "prod", *renewing)
    assert renewed.code == 0, renewed
    images = {n: r["inputs"]["ami"] for n, r in made(engine, project, INSTANCE).items()}
    assert {n for n, image in images.items() if image == new} == {name}
    changed = {urn for urn, op in renewed.operations.items() if op not in {"same", "read"}}
    assert {urn.rpartition("::")[2] for urn in changed} == {name}

    # Its data are kept: not even by name is a protected volume replaced.
    volume = made(engine, project, VOLUME)[name]["urn"]
    refused = engine.up(project, "prod", "--skip-preview", "--target-replace", volume)
    assert refused.code != 0
    assert "marked for protection" in refused.stdout + refused.stderr


def test_a_restore_begins_every_member_anew_with_one_snapshot(
    engine: Engine, project: Path
) -> None:
    engine.stack(project, "prod")
    assert engine.up(project, "prod", "--skip-preview").code == 0
    stack = Stack.read("prod", project)
    before = {type_: made(engine, project, type_) for type_ in (INSTANCE, VOLUME)}

    steps = restore.steps(stack, Backup(dt.datetime(2026, 12, 1, tzinfo=dt.UTC), "snap-0a1b2c3d"))
    *preparing, up = [step[1:] for step in steps]
    for step in preparing:
        done = engine.run(project, *step)
        assert done.code == 0, done
    assert up[0] == "up"
    restored = engine.operate(project, "up", "prod", *up[1 : up.index("--stack")])
    assert restored.code == 0, restored

    volumes = made(engine, project, VOLUME)
    assert {r["inputs"].get("snapshotId") for r in volumes.values()} == {"snap-0a1b2c3d"}
    # They are as well protected as before, and nothing else was replaced.
    assert {r.get("protect") for r in volumes.values()} == {True}
    replaced = {u for u, op in restored.operations.items() if op in REPLACING}
    members = {
        r["urn"] for type_ in before for r in before[type_].values() if "database" in r["urn"]
    }
    assert {u for u in replaced if "volumeAttachment" not in u} == members
