"""What the README shows is what the commands print; `STACKPROOF_GOLDEN=write` rewrites it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CAPTURE = re.compile(r"(?<=```console\n)\$ (?P<command>[^\n]+)\n(?P<output>.*?)(?=```)", re.DOTALL)

ANCHOR = '        SecurityFlow("database", "database", 27017, "Replication and elections"),\n'
BAD_CHANGE = """\
        SecurityFlow(IPv4Network("0.0.0.0/1"), "database", 27017, "Debugging"),
        SecurityFlow(IPv4Network("128.0.0.0/1"), "database", 27017, "Debugging"),
"""
LINKED = (
    "policy", "service", "thumbnailer", "client_dist", ".venv", "Pulumi.yaml", "Pulumi.prod.yaml",
)  # fmt: skip


def project(folder: Path, *, changed: bool) -> Path:
    """This project; with the bad change of the README when `changed`."""
    shutil.copytree(ROOT / "stack", folder / "stack", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        "policy",
        "service",
        "thumbnailer",
        "client_dist",
        ".venv",
        "Pulumi.yaml",
        "Pulumi.prod.yaml",
    ):
        (folder / name).symlink_to(ROOT / name)
    if changed:
        security = folder / "stack" / "cinema" / "security.py"
        text = security.read_text()
        assert text.count(ANCHOR) == 1
        security.write_text(text.replace(ANCHOR, ANCHOR + BAD_CHANGE))
    return folder


def printed(command: str, folder: Path) -> str:
    words = shlex.split("stackproof check --stack prod" if command == "make run" else command)
    assert words[0] == "stackproof"
    run = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in {0, 1}, run.stderr
    # What is waived and the assumptions follow; the README links to them.
    return re.split("\nWAIVED|\nASSUMPTIONS", run.stdout)[0].rstrip("\n") + "\n"


@pytest.mark.parametrize("index", range(len(CAPTURE.findall(README.read_text()))))
def test_the_readme_shows_what_the_command_prints(index: int, tmp_path: Path) -> None:
    text = README.read_text()
    capture = list(CAPTURE.finditer(text))[index]
    # The one after the headline about a bad change is of the program with that change.
    changed = "## A bad change" in text[: capture.start()] and "explain" not in capture["command"]
    found = printed(capture["command"], project(tmp_path, changed=changed))
    if os.environ.get("STACKPROOF_GOLDEN") == "write":
        README.write_text(text[: capture.start("output")] + found + text[capture.end("output") :])
    else:
        assert capture["output"] == found
