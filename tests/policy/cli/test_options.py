"""Options from a file: the nearest one counts, the command line wins, mistakes are named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from stackproof.cli import main
from stackproof.cli.options import Options
from stackproof.sources import graph_json
from tests.policy.check.worlds import GRAPH
from tests.policy.cli.test_commands import CONTRACT, run

DOCS = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a Pulumi project in `infra`, which is the current folder."""
    infra = tmp_path / "repository" / "infra"
    (infra / "policy").mkdir(parents=True)
    (infra.parent / ".git").mkdir()
    (infra / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (infra / "__main__.py").write_text("")
    (infra / "policy" / "contract.yaml").write_text(CONTRACT)
    (infra / "graph.json").write_bytes(graph_json.encode(GRAPH))
    monkeypatch.chdir(infra)
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    return infra


def check(*arguments: str) -> object:
    result = run("check", "--from", "graph.json", *arguments)
    assert result.exit_code in {0, 1}, result.stderr
    return json.loads(result.stdout) if result.stdout.startswith("{") else result.stdout


def test_its_own_file_says_what_to_print(project: Path) -> None:
    (project / "stackproof.toml").write_text('format = "json"\n')
    assert isinstance(check(), dict)
    assert isinstance(check("--format", "text"), str)


def test_a_table_in_pyproject_serves_as_well(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.stackproof]\nformat = "json"\n')
    assert isinstance(check(), dict)


def test_the_file_of_stackproof_goes_before_pyproject(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.stackproof]\nformat = "json"\n')
    (project / "stackproof.toml").write_text("")
    assert isinstance(check(), str)


def test_the_nearest_file_counts_and_none_beyond_the_repository(project: Path) -> None:
    (project.parents[1] / "stackproof.toml").write_text('format = "json"\n')
    assert isinstance(check(), str)
    (project.parent / "stackproof.toml").write_text('format = "json"\n')
    assert isinstance(check(), dict)
    (project / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    assert isinstance(check(), dict)
    (project / "stackproof.toml").write_text("verbose = true\n")
    assert isinstance(check(), str)


def test_outside_of_a_repository_only_the_projects_own_folder_counts(project: Path) -> None:
    (project.parent / ".git").rmdir()
    (project.parent / "stackproof.toml").write_text('format = "json"\n')
    assert isinstance(check(), str)
    (project / "stackproof.toml").write_text('format = "json"\n')
    assert isinstance(check(), dict)


def test_paths_are_relative_to_the_file(project: Path) -> None:
    (project.parent / "contracts").mkdir()
    (project / "policy" / "contract.yaml").rename(project.parent / "contracts" / "shop.yaml")
    (project.parent / "stackproof.toml").write_text(
        'contract = "contracts/shop.yaml"\noutput = ["json=report.json"]\n'
    )
    check()
    assert json.loads((project.parent / "report.json").read_text())["baseline"] is False


def test_a_named_contract_that_is_missing_is_no_baseline(project: Path) -> None:
    (project / "stackproof.toml").write_text('contract = "gone.yaml"\n')
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 2
    assert "gone.yaml:1:1: " in result.stderr


def test_families_may_be_chosen(project: Path) -> None:
    (project / "stackproof.toml").write_text('only = ["recursion"]\nformat = "json"\n')
    found = check()
    assert isinstance(found, dict)
    assert {c["family"] for c in found["claims"]} == {"recursion"}


def test_a_file_that_is_read_says_which_stack_it_is(project: Path) -> None:
    (project / "stackproof.toml").write_text('stack = "prod"\n')
    check()


def test_what_is_for_the_reports_of_check_disturbs_no_other_command(project: Path) -> None:
    (project / "stackproof.toml").write_text(
        'stack = "prod"\nformat = "sarif"\noutput = ["sarif=report.sarif"]\nonly = ["network"]\n'
    )
    told = run("diff", "graph.json", "graph.json")
    assert told.exit_code == 0, told.stderr
    assert not (project / "report.sarif").exists()
    assert run("contract", "--from", "graph.json", "--to", "-").exit_code == 0
    assert (
        run("explain", "flow", "internet", "bastion", "22", "--from", "graph.json").exit_code == 0
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stack = 3", "stackproof.toml: stack: expected text, got a number"),
        ('only = "network"', "stackproof.toml: only: expected a list, got text"),
        ("only = [1]", "stackproof.toml: only[0]: expected text, got a number"),
        ('only = ["netwrk"]', "stackproof.toml: only: 'netwrk' is not one of"),
        ('format = "xml"', "stackproof.toml: format: 'xml' is not one of"),
        ("time-limit = 0", "stackproof.toml: time-limit: 0.0 is not in the range x>0"),
        ('time-limit = "1m"', "stackproof.toml: time-limit: expected a number, got text"),
        ("verbose = 1", "stackproof.toml: verbose: expected true or false, got a number"),
        ("time_limit = 3", "stackproof.toml: time_limit: there is no such option; did you mean"),
        ("unheard-of = 3", "stackproof.toml: unheard-of: there is no such option; known: stack,"),
        ("stack = ", "stackproof.toml cannot be parsed: "),
        ('output = ["xml=a"]', "--output xml=a: expected KIND=PATH"),
    ],
)
def test_a_mistake_names_the_file_and_the_key(project: Path, text: str, told: str) -> None:
    (project / "stackproof.toml").write_text(text)
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 2
    assert not result.stdout
    assert result.stderr.startswith("error: ")
    assert told in result.stderr


def test_a_mistake_in_pyproject_names_the_table(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.stackproof]\nstack = 3\n")
    told = "error: pyproject.toml: tool.stackproof.stack: expected text, got a number"
    assert run("check", "--from", "graph.json").stderr.startswith(told)
    (project / "pyproject.toml").write_text('[tool]\nstackproof = "yes"\n')
    told = "error: pyproject.toml: tool.stackproof: expected a table"
    assert run("check", "--from", "graph.json").stderr.startswith(told)


def test_every_key_is_an_option_and_is_documented() -> None:
    spelt = {o for p in main.commands["check"].params for o in p.opts}
    for key in Options.__struct_encode_fields__:
        assert f"--{key}" in spelt
        assert f"| `{key}` |" in DOCS


# ── help and completion ─────────────────────────────────────────────────────────────────────────


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        inner = isinstance(command, click.Group)
        found += every_command(command, (*path, name)) if inner else [(*path, name)]  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("command", every_command(main), ids=" ".join)
def test_the_help_of_each_command_has_an_example_of_it(command: tuple[str, ...]) -> None:
    text = run(*command, "--help").stdout
    assert "Example" in text
    assert f"stackproof {' '.join(command)}" in text.partition("Example")[2]
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_is_printed(shell: str) -> None:
    text = run("completion", shell).stdout
    assert f"_STACKPROOF_COMPLETE={shell}_complete" in text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("stackproof ch", {"check"}),
        ("stackproof check --ou", {"--output"}),
        ("stackproof check --format sa", {"sarif"}),
        ("stackproof check --stack p", {"prod"}),
    ],
)
def test_the_shell_completes(project: Path, line: str, expected: set[str]) -> None:
    for stack in ("dev", "prod"):
        (project / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    told = subprocess.run(
        [sys.executable, "-m", "stackproof"],
        env={**os.environ, **asked, "_STACKPROOF_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert {item.partition(",")[2] for item in told.splitlines()} == expected
