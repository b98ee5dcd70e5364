"""A member of the database is renewed alone, and its data restored, as docs/database.md says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine import Engine, copy_of_the_project

pytestmark = pytest.mark.engine

INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"


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
    engine.stack(project, "prod")
    assert engine.up(project, "prod", "--skip-preview").code == 0
    members = made(engine, project, INSTANCE)
    config = project / "Pulumi.prod.yaml"
    old, new = "ami-0d000000000000001", "ami-0d000000000000002"
    text = config.read_text().replace(old, new)
    config.write_text(text.replace("databaseSnapshot: none", "databaseSnapshot: snap-0a1b2c3d"))

    # The image alone, and the snapshot alone, change nothing.
    untouched = engine.preview(project, "prod", "--expect-no-changes")
    assert set(untouched.operations.values()) == {"same"}, untouched.stdout

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
    restoring = ("--skip-preview", "--target-replace", volume, "--target-dependents")
    refused = engine.up(project, "prod", *restoring)
    assert refused.code != 0
    assert "marked for protection" in refused.stdout + refused.stderr

    # As stack/operations/restore.py runs it.
    assert engine.run(project, "state", "unprotect", volume, "--yes", "--stack", "prod").code == 0
    restored = engine.up(project, "prod", *restoring)
    assert restored.code == 0, restored
    snapshots = {n: r["inputs"].get("snapshotId") for n, r in made(engine, project, VOLUME).items()}
    assert snapshots == {
        "database-us-east-1a": None,
        "database-us-east-1b": "snap-0a1b2c3d",
        "database-us-east-1c": None,
    }
