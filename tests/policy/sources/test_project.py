"""Which interpreter and which config Pulumi would use."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.sources import project as projects
from stackproof.sources.errors import SourceError


def make(folder: Path, runtime: str, main: str = ".") -> projects.Project:
    (folder / "Pulumi.yaml").write_text(f"name: shop\nruntime: {runtime}\nmain: {main}\n")
    program = folder / main
    program.mkdir(exist_ok=True)
    (program / "__main__.py").write_text("")
    return projects.find_project(folder)


def environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("")
    return python


def test_a_named_virtual_environment_lies_beside_the_project_file(tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    project = make(tmp_path, "{name: python, options: {virtualenv: venv}}", main="infra")
    assert projects.interpreter(project) == python


def test_uv_keeps_the_environment_beside_its_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    python = environment(tmp_path / ".venv")
    (tmp_path / "uv.lock").write_text("")
    folder = tmp_path / "deploy"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    project = make(folder, "{name: python, options: {toolchain: uv}}", main="infra")
    assert projects.interpreter(project) == python


def test_poetry_may_keep_it_in_the_project(tmp_path: Path) -> None:
    python = environment(tmp_path / ".venv")
    project = make(tmp_path, "{name: python, options: {toolchain: poetry}}")
    assert projects.interpreter(project) == python


@pytest.mark.parametrize(
    ("value", "account"),
    [
        ('["012345678901"]', "012345678901"),
        ("[12345678901]", "012345678901"),
        ('"123456789012"', "123456789012"),
        ('["123456789012", "210987654321"]', None),
        ("{secure: v1:abc}", None),
    ],
)
def test_the_account_is_the_only_one_that_is_allowed(
    value: str, account: str | None, tmp_path: Path
) -> None:
    project = make(tmp_path, "python")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  aws:allowedAccountIds: {value}\n")
    assert projects.account_of(projects.read_config(project, "dev", {})) == account


def test_a_project_without_a_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nmain: infra\n")
    with pytest.raises(SourceError, match=r"program is in 'infra'.*no __main__\.py"):
        projects.find_project(tmp_path)


def test_a_file_that_is_not_a_project_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("- a list\n")
    with pytest.raises(SourceError, match="has no `name`"):
        projects.find_project(tmp_path)


def test_config_that_is_not_a_mapping_is_named(tmp_path: Path) -> None:
    project = make(tmp_path, "python")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: [1]\n")
    with pytest.raises(SourceError, match=r"Pulumi\.dev\.yaml: `config` must be a mapping"):
        projects.read_config(project, "dev", {})
