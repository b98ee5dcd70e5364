"""The systemd units that machines carry, and what systemd thinks of their sandboxes.

    python -m tests.machines.units

writes the table in docs/machines.md anew.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.stack.engine_double import ROOT

MACHINES = ROOT / "stack" / "machines"
PAGE = ROOT / "docs" / "machines.md"
_BEGIN, _END = "<!-- scores -->", "<!-- /scores -->"


def units() -> list[Path]:
    """Every unit of ours, by machine and name."""
    return sorted(MACHINES.glob("*/files/etc/systemd/system/*.service"))


def setting(unit: Path, name: str) -> str:
    """The only value that a unit gives to a setting."""
    (value,) = re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)
    return str(value)


def score(unit: Path) -> str:
    """How exposed a unit is, from 0 to 10, as `systemd-analyze security` counts."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stderr or done.stdout)
    return found[1]


def table() -> str:
    """The scores, as a table of markdown."""
    lines = ["| unit | of | runs as | exposure |", "|---|---|---|---|"]
    for unit in units():
        machine = unit.relative_to(MACHINES).parts[0]
        found = re.search(r"^User=(.*)$", unit.read_text(), re.MULTILINE)
        lines.append(
            f"| `{unit.name}` | {machine} | {found[1] if found else 'root'} | {score(unit)} |"
        )
    return "\n".join(lines) + "\n"


def written(page: str) -> str:
    """The page with the table of today."""
    before, _, rest = page.partition(f"{_BEGIN}\n")
    _, _, after = rest.partition(f"{_END}\n")
    return f"{before}{_BEGIN}\n{table()}{_END}\n{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
