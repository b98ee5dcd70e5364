from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.conftest import REQUIRED
from tests.engine.install import Installation, NotInstallableError, install


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The real engine with the double that calls the emulator; else the tests are skipped."""
    stubs: Path = tmp_path_factory.mktemp("rehearsal-bin")
    try:
        return install(stubs, provider="tests.rehearsal.provider")
    except NotInstallableError as error:
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{REQUIRED}=required: {error}")
        pytest.skip(str(error))
