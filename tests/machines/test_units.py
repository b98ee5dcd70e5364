"""Units are understood by systemd, sandboxed, and as the documentation says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machines.units import PAGE, score, units, written

if shutil.which("systemd-analyze") is None and os.environ.get("CINEMA_MACHINES") != "required":
    pytest.skip("there is no systemd-analyze", allow_module_level=True)

_MOST_EXPOSED = 2.0
_MORE_EXPOSED = {
    # Root, to become mongod; on a machine that was made for it, and turns itself off.
    "cinema-rehearsal.service": 3.5,
}
RUNS = re.compile(r"^(Exec\w+=).*")


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_systemd_understands_a_unit(unit: Path, tmp_path: Path) -> None:
    # What it names of its own machine is beside it. The programs are on the machine, not here: that
    # they are there is a check of the machine's own.
    for other in unit.parent.iterdir():
        if other.is_file():
            lines = other.read_text().splitlines()
            (tmp_path / other.name).write_text(
                "\n".join(RUNS.sub(r"\g<1>/bin/true", line) for line in lines)
            )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert unit.name not in done.stderr, done.stderr


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_a_unit_of_ours_is_in_a_sandbox(unit: Path) -> None:
    if unit.name.startswith("cinema-"):
        assert float(score(unit)) < _MORE_EXPOSED.get(unit.name, _MOST_EXPOSED)


def test_the_scores_in_the_documentation_are_those_of_today() -> None:
    page = PAGE.read_text()
    assert written(page) == page, "run python -m tests.machines.units"
