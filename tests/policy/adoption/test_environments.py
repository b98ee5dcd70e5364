"""In somebody else's project: whatever made its environment, and from wherever it is asked for.

The environments are real. Each program says which one it runs in.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.policy.adoption.scratch import (
    environment,
    outside,
    project,
    pyproject,
    run,
    stackproof,
    uv,
)


def bucket(told: str) -> str:
    """The name that the program gave its bucket."""
    (found,) = (r["inputs"]["bucket"] for r in json.loads(told)["resources"] if r["name"] == "site")
    return str(found)


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain environment, for the projects that name it or have it active."""
    return environment(tmp_path_factory.mktemp("plain") / "venv")


def test_a_project_of_uv(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "{toolchain: uv}", main="infra")
    pyproject(folder)
    run(uv(), "sync", "--quiet", cwd=folder)
    # From the project, from a folder in it, and from outside by its name.
    (folder / "infra" / "deep").mkdir()
    for cwd, arguments in (
        (folder, ()),
        (folder / "infra" / "deep", ()),
        (tmp_path, ("shop",)),
        (tmp_path, (folder / "infra",)),
    ):
        told = stackproof("graph", *arguments, cwd=cwd)
        assert told.returncode == 0, told.stderr
        assert bucket(told.stdout) == "shop-venv"


def test_a_workspace_of_uv_keeps_one_environment_for_all(tmp_path: Path) -> None:
    workspace = tmp_path / "mono"
    workspace.mkdir()
    pyproject(workspace)
    run(uv(), "sync", "--quiet", cwd=workspace)
    for name in ("network", "shop"):
        project(workspace / "infra" / name, "{toolchain: uv}", name=name)
    told = stackproof("graph", cwd=workspace / "infra" / "shop")
    assert told.returncode == 0, told.stderr
    assert bucket(told.stdout) == "mono-venv"


def test_an_environment_that_the_project_names(tmp_path: Path, venv: Path) -> None:
    folder = project(tmp_path / "shop", f"{{virtualenv: {venv}}}")
    told = stackproof("graph", cwd=folder)
    assert bucket(told.stdout) == f"{venv.parent.name}-venv"


def test_an_environment_that_is_active(tmp_path: Path, venv: Path) -> None:
    folder = project(tmp_path / "shop")
    told = stackproof("graph", cwd=folder, env=outside(VIRTUAL_ENV=str(venv)))
    assert bucket(told.stdout) == f"{venv.parent.name}-venv"


def test_an_environment_that_is_not_there_is_named_with_the_command_that_makes_it(
    tmp_path: Path,
) -> None:
    for options, mend in (
        ("{virtualenv: venv}", "`pulumi install`"),
        ("{toolchain: uv}", "`uv sync`"),
        ("{toolchain: poetry}", "`poetry install`"),
    ):
        folder = project(tmp_path / "shop", options)
        told = stackproof("check", cwd=folder)
        assert told.returncode == 2
        assert told.stderr.startswith("error: ")
        assert mend in told.stderr


def test_an_environment_without_pulumi_is_said(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "{virtualenv: venv}")
    run(uv(), "venv", "--quiet", "venv", cwd=folder)
    told = stackproof("check", cwd=folder)
    assert told.returncode == 2
    assert "pulumi" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.fixture(scope="module")
def poetry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Poetry, from the package index, in an environment of its own."""
    folder = tmp_path_factory.mktemp("poetry")
    run(uv(), "venv", "--quiet", "tool", cwd=folder)
    python = folder / "tool" / "bin" / "python"
    run(uv(), "pip", "install", "--quiet", "--python", python, "poetry>=2,<3", cwd=folder)
    return folder / "tool" / "bin"


@pytest.mark.parametrize("inside", [True, False], ids=["in the project", "in poetry's cache"])
def test_a_project_of_poetry(tmp_path: Path, poetry: Path, *, inside: bool) -> None:
    folder = project(tmp_path / "shop", "{toolchain: poetry}")
    pyproject(folder)
    env = outside(
        PATH=f"{poetry}:{outside()['PATH']}",
        POETRY_VIRTUALENVS_IN_PROJECT=str(inside).lower(),
        POETRY_VIRTUALENVS_PATH=str(tmp_path / "cache"),
        POETRY_KEYRING_ENABLED="false",
    )
    # Poetry makes the environment; uv fills it, from the index or the cache that all tests use.
    run(poetry / "poetry", "env", "use", shutil.which("python3") or "python3", cwd=folder, env=env)
    home = Path(run(poetry / "poetry", "env", "info", "--path", cwd=folder, env=env).strip())
    run(
        uv(),
        "pip",
        "install",
        "--quiet",
        "--python",
        home / "bin" / "python",
        "pulumi<4",
        cwd=folder,
    )
    told = stackproof("graph", cwd=folder, env=env)
    assert told.returncode == 0, told.stderr
    expected = "shop-venv" if inside else f"cache-{home.name}"
    assert bucket(told.stdout) == expected
