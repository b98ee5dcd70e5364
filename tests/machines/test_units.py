"""Units are understood by systemd, sandboxed, and as the documentation says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machines.units import PAGE, score, units, written

if shutil.which("systemd-analyze") is None and os.environ.get("CINEMA_MACHINES") != "required":
    pytest.skip("there is no systemd-analyze", allow_module_level=True)

_MOST_EXPOSED = 2.0


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_systemd_understands_a_unit(unit: Path, tmp_path: Path) -> None:
    # The program is on the machine, not here: that it is there is a check of the machine's own.
    text = "\n".join(
        "ExecStart=/bin/true" if line.startswith("ExecStart=") else line
        for line in unit.read_text().splitlines()
    )
    copy = tmp_path / unit.name
    copy.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], check=False, capture_output=True, text=True
    )
    assert unit.name not in done.stderr, done.stderr


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_a_unit_of_ours_is_in_a_sandbox(unit: Path) -> None:
    if unit.name.startswith("cinema-"):
        assert float(score(unit)) < _MOST_EXPOSED


def test_the_scores_in_the_documentation_are_those_of_today() -> None:
    page = PAGE.read_text()
    assert written(page) == page, "run python -m tests.machines.units"
