"""The API's tests once more, over another server that speaks MongoDB's protocol.

FerretDB shares no code with the embedded database of the other tests: a quirk of one that the API
had come to rely on fails here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.neighbours import DATABASE_URI

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REQUIRED = "CINEMA_SECOND_DATABASE"
"""Set to `required`, the absence of Go fails instead of skipping."""


def missing(reason: str) -> None:
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{REQUIRED}=required: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def ferretdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a FerretDB with SQLite, and its log; Go's own cache keeps what is built."""
    if shutil.which("go") is None:
        missing("Go is not installed, and the second database is built with it")
    folder = tmp_path_factory.mktemp("ferretdb")
    built = subprocess.run(
        ["go", "build", "-o", str(folder / "server"), "."],
        cwd=HERE,
        check=False,
        capture_output=True,
        text=True,
    )
    if built.returncode:
        missing(f"Go could not build the second database: {built.stderr.strip()[-500:]}")
    data = folder / "data"
    data.mkdir()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [folder / "server", str(data)], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    try:
        uri = server.stdout.readline().strip()
        assert uri.startswith("mongodb://127.0.0.1:"), (folder / "log").read_text()
        # FerretDB refuses a limit of time for some commands, and the driver would send it.
        yield f"{uri}?timeoutMS=0", folder / "log"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


def test_the_api_works_the_same_over_another_database(ferretdb: tuple[str, Path]) -> None:
    uri, log = ferretdb
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "tests/service",
        ],
        cwd=ROOT,
        env={**os.environ, DATABASE_URI: uri, "PYTEST_ADDOPTS": ""},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, f"{run.stdout[-6000:]}\nThe server said:\n{log.read_text()[-3000:]}"
    assert " passed" in run.stdout
