"""The API's wheel: assembled from its sources, so that nothing has to be built beforehand.

A wheel of pure Python is an archive of the package and four small files (Python Packaging User
Guide, "Binary distribution format"). Pulumi makes the same archive of the same files everywhere.
That a build with the package's own backend would put the same into it is a test.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cinema.artifacts import Artifact, tree

_WHEEL = "Wheel-Version: 1.0\nGenerator: cinema\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel(project: Path) -> Artifact:
    """The wheel of the Python project in the folder `project`, which is of one package."""
    about = tomllib.loads((project / "pyproject.toml").read_text())
    name = about["project"]["name"].replace("-", "_")
    version = about["project"]["version"]
    info = f"{name}-{version}.dist-info"
    files: dict[str, Path | str] = {
        f"{name}/{path}": file for path, file in tree(project / name).items()
    }
    files |= {
        f"{info}/METADATA": _metadata(about["project"]),
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": _entry_points(about["project"]["scripts"]),
    }
    files[f"{info}/RECORD"] = "".join(_record(files, f"{info}/RECORD"))
    return Artifact(f"{name}-{version}-py3-none-any.whl", files)


def _metadata(project: Mapping[str, Any]) -> str:
    fields = [
        ("Metadata-Version", "2.4"),
        ("Name", project["name"]),
        ("Version", project["version"]),
        ("Summary", project["description"]),
        ("License-Expression", project["license"]),
        ("Requires-Python", project["requires-python"]),
        *(("Requires-Dist", requirement) for requirement in project["dependencies"]),
    ]
    return "".join(f"{name}: {value}\n" for name, value in fields)


def _entry_points(scripts: Mapping[str, str]) -> str:
    lines = (f"{name} = {target}\n" for name, target in sorted(scripts.items()))
    return "[console_scripts]\n" + "".join(lines)


def _record(files: Mapping[str, Path | str], itself: str) -> Iterator[str]:
    for path, content in sorted(files.items()):
        data = content.encode() if isinstance(content, str) else content.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        yield f"{path},sha256={digest},{len(data)}\n"
    yield f"{itself},,\n"
