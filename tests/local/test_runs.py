"""How a run begins and ends, and what it leaves."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cinema_local import state
from cinema_local.failures import ComponentError
from cinema_local.ports import LOOPBACK
from stackproof.model import Graph
from tests.local.client import eventually, picture
from tests.local.conftest import ROOT, SomebodyAt, Start


def without(graph: Graph, name: str) -> Graph:
    """The Graph as if the program did not attach the policy `name`."""
    kept = tuple(
        r
        for r in graph.resources
        if not (r.type.endswith(":RolePolicyAttachment") and r.name == name)
    )
    assert len(kept) == len(graph.resources) - 1
    return msgspec.structs.replace(graph, resources=kept)


def test_data_is_kept_from_run_to_run_until_it_is_forgotten(
    start: Start, somebody_at: SomebodyAt, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    with start(folder) as first:
        somebody = somebody_at(first.api)
        made = somebody.upload(picture(), "kept.jpg").json()
        assert eventually(lambda: made["ThumbnailKey"] in somebody.stored())
        with pytest.raises(state.RunningError, match=rf"running already \(process {os.getpid()}\)"):
            state.forget(folder)
    with start(folder) as second:
        again = somebody_at(second.api, somebody.username)
        assert {made["Key"], made["ThumbnailKey"]} <= set(again.stored())
        # The keys that sign tokens are kept too: nobody is logged out by a restart.
        again.http.headers["Authorization"] = somebody.http.headers["Authorization"]
        assert again.http.get("/movies?page=1").status_code == 200
        assert (folder / "data" / "jwt-keys").stat().st_mode & 0o777 == 0o600
    assert state.forget(folder)
    assert not folder.exists()


def test_a_policy_that_is_missing_shows(
    start: Start, graph: Graph, somebody_at: SomebodyAt, tmp_path: Path
) -> None:
    with start(tmp_path, graph=without(graph, "api-write-images")) as faulty:
        assert not faulty.proven
        somebody = somebody_at(faulty.api)
        refused = somebody.upload(picture())
        assert refused.status_code == 503
        assert "PutObject" in (faulty.state.logs / "api-1.log").read_text() + "".join(
            (faulty.state.logs / f"api-{n}.log").read_text() for n in (2, 3)
        )
        assert "not" in refused.json()["detail"]
        # What the other policies permit goes on.
        assert somebody.stored() == []


def test_a_port_that_is_taken_is_not_needed(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((LOOPBACK, 0)) as holder:
        port = holder.getsockname()[1]
        with start(tmp_path, site_port=port) as whole:
            assert f":{port}/" not in whole.landing
    said = capfd.readouterr().err
    assert re.search(rf"the site is on port \d+ instead of port {port}, which .+ holds", said)


def test_a_part_that_fails_ends_the_run_and_is_named(start: Start, tmp_path: Path) -> None:
    with start(tmp_path) as whole:
        (emulator,) = [
            int(folder.name)
            for folder in Path("/proc").glob("[0-9]*")
            if b"ministack.app:app" in command_of(folder)
            and str(whole.state.scratch).encode() in command_of(folder)
        ]
        os.kill(emulator, signal.SIGKILL)
        problem = whole.wait(10)
    assert isinstance(problem, ComponentError)
    assert str(problem) == "emulator was ended by SIGKILL"


def command_of(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def mentioning(folder: Path) -> list[str]:
    """The commands of processes that have to do with `folder`."""
    mark = str(folder).encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        command = command_of(process)
        if int(process.name) != os.getpid() and (mark in environment or mark in command):
            found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, up and running, in a session of its own as a terminal gives it."""
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cinema_local", "--site-port", "0", "--api-port", "0"),
            *("--data", str(tmp_path / "data")),
        ],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Open http://localhost:"):
                break
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait(30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(
    run: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    assert any("cinema_api" in command for command in mentioning(tmp_path))
    run.send_signal(number)
    assert run.wait(30) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    deadline = time.monotonic() + 15
    while (left := mentioning(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert list((tmp_path / "tmp").iterdir()) == []
