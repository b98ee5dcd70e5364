"""A stack is made, agrees with its Graph, is changed and taken down, against an emulator of AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.install import Installation
from tests.engine.mutations import Change as Edit
from tests.rehearsal.changes import CHANGES
from tests.rehearsal.rehearsal import rehearse, rehearsing
from tests.rehearsal.table import WIDTH, lines

# One server in a process: moto's state is the process's.
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("rehearsal")]


def test_a_stack_goes_up_agrees_with_the_graph_and_goes_down(
    installation: Installation, tmp_path: Path
) -> None:
    with rehearsing("prod", installation, tmp_path) as rehearsal:
        findings = rehearse(rehearsal, CHANGES[:1])
    text = "\n".join(lines(findings))
    assert findings.problems == [], text
    rows = findings.compared.values()
    assert all(row.read for row in rows)
    assert sum(row.compared for row in rows) > 700, text
    assert findings.created.total() > 150
    assert max(map(len, text.splitlines())) <= WIDTH


def test_an_argument_that_aws_refuses_is_reported_with_its_line(
    installation: Installation, tmp_path: Path
) -> None:
    wrong = Edit(
        "stack/cinema/network.py", "cidr_block=str(planned.cidr)", 'cidr_block="192.168.7.0/24"'
    )
    with rehearsing("seed", installation, tmp_path, alter=wrong.apply) as rehearsal:
        findings = rehearse(rehearsal, ())
    (first, *_) = [one for one in findings.problems if "InvalidSubnet.Range" in one]
    assert first.startswith("up: stack/cinema/network.py:")
    assert "192.168.7.0/24" in first
    assert not [one for one in findings.problems if "`destroy` left" in one]
