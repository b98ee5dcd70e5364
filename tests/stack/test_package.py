"""The function's package: built from the present sources, or no update."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import zipfile
from pathlib import Path
from types import ModuleType

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


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [*sys.path])
    where = ROOT / "thumbnailer" / "build.py"
    spec = importlib.util.spec_from_file_location("build_thumbnailer", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packed(folder: Path) -> bytes:
    """The archive as Pulumi makes it of a folder: names in order, contents, and one date for all.

    See addNextFileToZIP in Pulumi's sdk/go/common/resource/archive/archive.go: neither times nor
    permissions of the files are in it.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archived:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            entry = zipfile.ZipInfo(name, (1990, 1, 1, 0, 0, 0))
            archived.writestr(entry, path.read_bytes())
    return out.getvalue()


def test_what_is_built_runs_where_the_function_runs_and_is_always_the_same(
    tmp_path: Path, builder: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds the real package; needs uv, and the package index or uv's cache."""
    target = tmp_path / "thumbnailer"
    builder.build(target)
    (native,) = target.glob("PIL/_imaging.*.so")
    assert native.name == "_imaging.cpython-313-aarch64-linux-gnu.so"
    for name in SOURCES:
        if name.endswith(".py"):
            assert (target / name).read_bytes() == (ROOT / "thumbnailer" / name).read_bytes()
    stamp = (tmp_path / "thumbnailer.sha256").read_text()
    assert stamp.strip() == digest(ROOT / "thumbnailer")
    assert {path.name for path in tmp_path.iterdir()} == {"thumbnailer", "thumbnailer.sha256"}

    # Again: elsewhere, over what lies there, as another user would.
    other = tmp_path / "elsewhere" / "package"
    (other / "PIL").mkdir(parents=True)
    (other / "PIL" / "left_over.py").write_text("")
    monkeypatch.setenv("UV_LINK_MODE", "copy")
    mask = os.umask(0o077)
    try:
        builder.build(other)
    finally:
        os.umask(mask)
    assert packed(other) == packed(target)
    assert other.with_suffix(".sha256").read_text() == stamp


@pytest.mark.parametrize("missing", ["uv", "the index"])
def test_a_package_that_cannot_be_built_says_in_a_line_how_to_mend_that(
    tmp_path: Path, builder: ModuleType, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    before = tmp_path / "thumbnailer" / "handler.py"
    before.parent.mkdir()
    before.write_text("built before")
    if missing == "uv":
        monkeypatch.setenv("UV", str(tmp_path / "no-uv"))
    else:
        monkeypatch.setenv("UV_OFFLINE", "1")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("UV_FIND_LINKS", "")
    with pytest.raises(builder.BuildError, match="`make package`") as failed:
        builder.build(before.parent)
    assert "\n" not in str(failed.value)
    assert before.read_text() == "built before"
    assert not before.parent.with_suffix(".part").exists()


def test_the_digest_covers_every_module_of_the_function() -> None:
    modules = {path.name for path in (ROOT / "thumbnailer").glob("*.py")} - {"build.py"}
    assert modules | {"requirements.txt"} == set(SOURCES)
