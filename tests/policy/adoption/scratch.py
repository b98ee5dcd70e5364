"""Other people's Pulumi projects, made for real in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
REQUIREMENT = "pulumi>=3.250,<4"

PROGRAM = """\
import sys
from pathlib import Path
import pulumi

class Bucket(pulumi.CustomResource):
    def __init__(self, name, **inputs):
        super().__init__("aws:s3/bucket:Bucket", name, inputs)

# It says which environment it runs in.
Bucket("site", bucket=Path(sys.prefix).parent.name + "-" + Path(sys.prefix).name.strip("."))
"""


def uv() -> str:
    """Where uv is: `uv run` says it, or it is on PATH, or `make` has got it."""
    found = os.environ.get("UV") or shutil.which("uv") or str(ROOT / "build/uv/bin/uv")
    assert Path(found).exists(), "uv is needed: make build/uv/bin/uv"
    return found


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run what must succeed."""
    told = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=outside() if env is None else env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert told.returncode == 0, f"{command}\n{told.stdout}{told.stderr}"
    return told.stdout


def outside(**more: str) -> dict[str, str]:
    """An environment in which no virtual environment is active, and no stack is named."""
    hidden = {"VIRTUAL_ENV", "PULUMI_STACK", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH", "UV"}
    return {k: v for k, v in os.environ.items() if k not in hidden} | more


def stackproof(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this checkout's command in a folder that knows nothing of it."""
    return subprocess.run(
        [sys.executable, "-m", "stackproof", *map(str, arguments)],
        cwd=cwd,
        env=outside() if env is None else env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def project(
    folder: Path,
    options: str = "{}",
    *,
    name: str = "shop",
    main: str = ".",
    program: str = PROGRAM,
) -> Path:
    """A Pulumi project with the stack `dev`; `options` are those of its runtime."""
    (folder / main).mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(
        f"name: {name}\nmain: {main}\nruntime: {{name: python, options: {options}}}\n"
    )
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (folder / main / "__main__.py").write_text(program)
    return folder


def pyproject(folder: Path) -> None:
    """What uv and poetry make an environment from."""
    (folder / "pyproject.toml").write_text(
        "[project]\n"
        'name = "shop"\n'
        'version = "0.1.0"\n'
        'requires-python = ">=3.11,<3.14"\n'
        f'dependencies = ["{REQUIREMENT}"]\n'
        "[tool.poetry]\n"
        "package-mode = false\n"
    )


def environment(folder: Path) -> Path:
    """A plain virtual environment with pulumi, made by Python's own venv."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    run(uv(), "pip", "install", "--quiet", "--python", python, REQUIREMENT, cwd=folder.parent)
    return folder
