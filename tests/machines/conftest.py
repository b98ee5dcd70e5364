from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.machines.rootfs import NoNamespaceError, Rootfs
from tests.machines.sshd import NoServerError
from tests.stack.engine_double import ROOT

# As Pulumi runs the program: its folder is first on the path.
sys.path.insert(0, str(ROOT / "stack"))

from tests.machines.building import bare, fetch, settings, steps

REQUIRED = "CINEMA_MACHINES"
"""Set to `required`, a machine that cannot be made fails instead of skipping."""

Built: TypeAlias = Callable[[str], Rootfs]


def made(folder: Path) -> Rootfs:
    """A bare machine; else the test is skipped, or fails where machines are required."""
    try:
        return bare(folder)
    except (NoNamespaceError, NoServerError) as error:
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{REQUIRED}=required: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A machine by its name, built once as Image Builder would."""
    known: dict[str, Rootfs] = {}

    def build(name: str) -> Rootfs:
        if name not in known:
            machine = made(tmp_path_factory.mktemp(name))
            what = settings(name)
            fetch(machine, what)
            done = machine.run(steps(name, what)["build"])
            assert done.returncode == 0, done.stdout
            known[name] = machine
        return known[name]

    return build
