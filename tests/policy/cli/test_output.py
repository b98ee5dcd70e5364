"""Reports go to files whole or not at all, several formats from one evaluation."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stackproof.cli import output
from stackproof.cli.errors import InputError
from stackproof.cli.inputs import Given, graph_of
from stackproof.model import Graph
from tests.policy.cli.test_commands import project, run

__all__ = ["project"]

KINDS = ["text", "json", "markdown", "sarif", "junit", "html"]
CHECK = ("check", "--from", "graph.json")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_is_printed_and_is_the_same_in_a_file(kind: str, project: Path) -> None:
    printed = run(*CHECK, "--format", kind, "--output", f"{kind}=report")
    assert printed.exit_code == 0, printed.stderr
    assert (project / "report").read_text("utf-8") == printed.stdout
    assert printed.stdout == run(*CHECK, "--format", kind).stdout


def test_every_format_comes_of_one_evaluation(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated: list[Given] = []

    def counted(given: Given) -> Graph:
        evaluated.append(given)
        return graph_of(given)

    monkeypatch.setattr("stackproof.cli.commands.graph_of", counted)
    outputs = [word for kind in KINDS for word in ("--output", f"{kind}=r.{kind}")]
    assert run(*CHECK, *outputs).exit_code == 0
    assert len(evaluated) == 1
    assert {f"r.{kind}" for kind in KINDS} <= names(project)
    assert json.loads((project / "r.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["xml=r"], "expected KIND=PATH, KIND one of text, json, markdown, sarif, junit, html"),
        (["json=no/r.json"], "there is no folder no"),
        (["json=r", "sarif=./r"], "./r is named twice"),
        (["json=r", "junit=link"], "link is named twice"),
    ],
)
def test_what_cannot_be_written_is_one_message_before_anything_is_done(
    outputs: list[str], message: str, project: Path
) -> None:
    (project / "link").symlink_to("r")
    before = names(project)
    words = [word for one in outputs for word in ("--output", one)]
    result = run("check", "--from", "nothing.json", *words)
    assert result.exit_code == 2
    assert result.stderr == f"error: --output {outputs[-1]}: {message}\n"
    assert names(project) == before


def test_a_folder_that_may_not_be_written_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project / "closed"
    folder.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    if os.geteuid() == 0:
        # Root may write everywhere: a test double of the system gives the answer of others.
        monkeypatch.setattr(os, "access", lambda where, _: Path(where).name != "closed")
    result = run(*CHECK, "--output", "json=closed/r.json")
    assert result.exit_code == 2
    assert result.stderr.endswith("nothing can be written in closed\n")


def test_when_one_file_cannot_be_written_none_is_and_nothing_is_left(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("as it was")
    (tmp_path / "folder").mkdir()
    before = names(tmp_path)
    with pytest.raises(InputError, match="folder cannot be written: Is a directory"):
        output.write([(old, "new"), (tmp_path / "new", "n"), (tmp_path / "folder", "f")])
    assert names(tmp_path) == before
    assert old.read_text() == "as it was"


def test_a_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "link").symlink_to("target")
    output.write([(tmp_path / "link", "new")])
    assert (tmp_path / "link").is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        output.write([(pipe, "report")])
        assert os.read(reader, 100) == b"report"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == {"pipe"}


def test_no_format_but_text_needs_rich(project: Path) -> None:
    outputs = [word for kind in KINDS[1:] for word in ("--output", f"{kind}=r.{kind}")]
    script = (
        "import sys; from stackproof.cli import main\n"
        f"try: main([*{CHECK!r}, '--format', 'json', *{outputs!r}])\n"
        "except SystemExit as done: assert done.code == 0\n"
        "assert not {'pulumi', 'grpc', 'rich', 'xml.etree'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=project, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
