from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.engine import Engine
from tests.engine.install import Installation, NotInstallableError, install

REQUIRED = "STACKPROOF_ENGINE"
"""Set to `required`, the absence of the engine fails instead of skipping."""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The real engine on this machine, built when it must be; else the tests are skipped."""
    try:
        return install(tmp_path_factory.mktemp("engine-bin"))
    except NotInstallableError as error:
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{REQUIRED}=required: {error}")
        pytest.skip(str(error))


@pytest.fixture
def engine(installation: Installation, tmp_path: Path) -> Engine:
    """A Pulumi home and a backend for one test."""
    home = tmp_path / "engine"
    home.mkdir()
    return Engine(installation, home)
