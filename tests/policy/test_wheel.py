"""The wheel, in a clean environment that knows nothing of this repository."""

from __future__ import annotations

import email
import json
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from stackproof import __version__
from stackproof.sources import graph_json
from tests.policy.adoption.scratch import ROOT, environment, outside, project, run, uv
from tests.policy.network.world import three_tiers


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(uv(), "build", "--quiet", "--out-dir", folder, ROOT / "policy", cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh environment with the wheel and what it needs, and no Pulumi."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    run(uv(), "pip", "install", "--quiet", "--python", python, wheel, cwd=folder.parent)
    return folder / "bin"


def stackproof(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed / "stackproof", *arguments],
        cwd=cwd,
        env=outside(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


# ── what is in it ───────────────────────────────────────────────────────────────────────────────


def test_it_has_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "policy" / "stackproof"
    expected = {
        path.relative_to(ROOT / "policy").as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {n for n in names(wheel) if ".dist-info/" not in n}
    assert found == expected
    assert {
        "stackproof/py.typed",
        "stackproof/schemas/contract.schema.json",
        "stackproof/schemas/graph.schema.json",
        "stackproof/schemas/report.schema.json",
        "stackproof/sources/recorder.py",
    } <= found


def test_its_metadata_is_whole(wheel: Path) -> None:
    told = metadata(wheel)
    assert told["Name"] == "stackproof"
    assert told["Version"] == __version__
    assert told["License-Expression"] == "Apache-2.0"
    assert told["License-File"] == "LICENSE"
    assert told["Requires-Python"] == "<3.14,>=3.11"
    assert told["Description-Content-Type"] == "text/markdown"
    assert "uvx stackproof check" in told.get_payload()
    assert told.get_all("Provides-Extra") is not None
    assert "pack" in told.get_all("Provides-Extra", [])
    needed = {r.split(">")[0] for r in told.get_all("Requires-Dist", []) if "extra" not in r}
    assert needed == {"click", "msgspec", "pyyaml", "rich"}
    assert "Typing :: Typed" in told.get_all("Classifier", [])


def test_its_licence_is_the_repositorys() -> None:
    assert (ROOT / "policy" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


# ── what it does ────────────────────────────────────────────────────────────────────────────────


def test_it_says_its_version_and_its_schemas(installed: Path, tmp_path: Path) -> None:
    told = stackproof(installed, "--version", cwd=tmp_path)
    assert told.stdout == f"stackproof {__version__}\n"
    for name in ("contract", "graph", "report"):
        assert json.loads(stackproof(installed, "schema", name, cwd=tmp_path).stdout)
    assert "network.closed" in stackproof(installed, "claims", cwd=tmp_path).stdout


def test_it_is_not_this_checkout(installed: Path, tmp_path: Path) -> None:
    where = run(
        installed / "python", "-c", "import stackproof; print(stackproof.__file__)", cwd=tmp_path
    )
    assert Path(where).is_relative_to(installed.parent)


def test_it_checks_a_graph_and_begins_its_contract(installed: Path, tmp_path: Path) -> None:
    world = three_tiers()
    balanced = {"capacityDistributionStrategy": "balanced-only"}
    world.declared["api"][1].update(minSize=2, availabilityZoneDistribution=balanced)
    (tmp_path / "graph.json").write_bytes(graph_json.encode(world.graph()))
    told = stackproof(installed, "check", "--from", "graph.json", cwd=tmp_path)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "claims of the baseline proven" in told.stdout
    told = stackproof(installed, "contract", "--from", "graph.json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    told = stackproof(installed, "check", "--from", "graph.json", "--format", "json", cwd=tmp_path)
    assert told.returncode == 0, told.stdout
    report = json.loads(told.stdout)
    assert report["baseline"] is False
    assert report["summary"]["proven"] == len(report["claims"]) > 80
    asked = ("explain", "flow", "internet", "database", "27017", "--from", "graph.json", "--json")
    assert json.loads(stackproof(installed, *asked, cwd=tmp_path).stdout)["answer"] == "no"


def test_it_checks_a_program_in_an_environment_of_its_own(installed: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "{virtualenv: venv}")
    environment(folder / "venv")
    told = stackproof(installed, "check", cwd=folder)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("✓ 7 of 7 claims of the baseline proven")
    assert stackproof(installed, "contract", cwd=folder).returncode == 0
    told = stackproof(installed, "check", cwd=folder)
    assert told.returncode == 0, told.stdout
    assert "baseline" not in told.stdout


def test_every_format_is_made_by_what_is_installed(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_bytes(graph_json.encode(three_tiers().graph()))
    for kind in ("text", "json", "markdown", "sarif", "junit"):
        told = stackproof(
            installed, "check", "--from", "graph.json", "--format", kind, cwd=tmp_path
        )
        # Nobody says how small the group may be.
        assert told.returncode == 1, (kind, told.stderr)
        assert "baseline.zones.api" in told.stdout


def test_the_policy_pack_comes_with_its_extra(installed: Path, wheel: Path, tmp_path: Path) -> None:
    """Without it a sentence says so; with it the pack serves."""
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=tmp_path)
    requirement = f"stackproof[pack] @ {wheel.as_uri()}"
    run(uv(), "pip", "install", "--quiet", "--python", python, requirement, cwd=tmp_path)
    told = run(
        python, "-c", "from stackproof.pack import serve; print(serve.__name__)", cwd=tmp_path
    )
    assert told == "serve\n"
    without = subprocess.run(
        [installed / "python", "-c", "import stackproof.pack"],
        cwd=tmp_path,
        env=outside(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert without.returncode == 1
    assert "ModuleNotFoundError" in without.stderr
