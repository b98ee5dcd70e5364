"""The function's package: built from the present sources, or no update."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from cinema.config import ConfigError
from cinema.digest import SOURCES, digest
from cinema.package import archive
from tests.stack.engine_double import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "thumbnailer").mkdir()
    (tmp_path / "build").mkdir()
    for name in SOURCES:
        (tmp_path / "thumbnailer" / name).write_text(name)
    return tmp_path


def stamp(project: Path) -> None:
    (project / "build" / "thumbnailer.sha256").write_text(digest(project / "thumbnailer") + "\n")


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_package_of_the_present_sources_is_deployed(project: Path, *, dry_run: bool) -> None:
    stamp(project)
    package = archive(project, dry_run=dry_run)
    assert isinstance(package, pulumi.FileArchive)
    assert package.path == "../build/thumbnailer"


@pytest.mark.parametrize("name", SOURCES)
def test_a_package_of_other_sources_is_never_deployed(project: Path, name: str) -> None:
    stamp(project)
    (project / "thumbnailer" / name).write_text("changed")
    with pytest.raises(ConfigError, match="uv run thumbnailer/build"):
        archive(project, dry_run=False)


def test_a_preview_without_the_package_shows_the_sources(project: Path) -> None:
    package = archive(project, dry_run=True)
    assert isinstance(package, pulumi.AssetArchive)
    assert set(package.assets) == set(SOURCES)


def test_the_requirements_are_pinned_by_hash() -> None:
    lines = (ROOT / "thumbnailer" / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in line for line in pins)
    assert sum("--hash=sha256:" in line for line in lines) >= len(pins)


def test_what_is_built_runs_where_the_function_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds the real package; needs uv, and the package index or uv's cache."""
    where = ROOT / "thumbnailer" / "build.py"
    spec = importlib.util.spec_from_file_location("build_thumbnailer", where)
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    target = tmp_path / "thumbnailer"
    builder.build(target)
    (native,) = target.glob("PIL/_imaging.*.so")
    assert native.name == "_imaging.cpython-313-aarch64-linux-gnu.so"
    assert (target / "handler.py").read_bytes() == (
        ROOT / "thumbnailer" / "handler.py"
    ).read_bytes()
    assert (tmp_path / "thumbnailer.sha256").read_text().strip() == digest(ROOT / "thumbnailer")
    first = listing(target)
    builder.build(target)
    assert listing(target) == first


def listing(folder: Path) -> str:
    command = "find . -type f | LC_ALL=C sort | xargs sha256sum"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
