"""The command as people and scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from stackproof import __version__, schemas
from stackproof.cli import main
from stackproof.sources import graph_json
from tests.policy import graphs
from tests.policy.check.worlds import GRAPH

CONTRACT = """\
groups:
  database: {type: "aws:ec2/instance:Instance", name: database-*}
events: {}
"""
"""Claims that nothing triggers anything, which holds of GRAPH."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a contract and GRAPH as graph.json; it is the current one."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "contract.yaml").write_text(CONTRACT)
    (tmp_path / "graph.json").write_bytes(graph_json.encode(GRAPH))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def waive(project: Path, claim: str, expires: str) -> None:
    waiver = f"{{claim: {claim}, reason: r, owner: o, expires: {expires}}}"
    (project / "policy" / "contract.yaml").write_text(f"{CONTRACT}waivers:\n  - {waiver}\n")


def test_a_stack_that_keeps_its_contract_exits_0(project: Path) -> None:
    assert project
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 0
    assert "claims proven" in result.stdout
    assert not result.stderr


def test_an_expired_waiver_is_a_finding_and_exits_1(project: Path) -> None:
    waive(project, "events.cycles", "2020-01-01")
    result = run("check", "--from", "graph.json", "--format", "json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    (finding,) = [c for c in report["claims"] if c["verdict"] == "violated"]
    assert finding["id"] == "contract.waiver.events.cycles"
    assert finding["locations"] == [{"path": "policy/contract.yaml", "line": 5}]


def test_the_stacks_own_contract_goes_before_the_projects(project: Path) -> None:
    (project / "policy" / "contract.test.yaml").write_text("groups: {}\n")
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: the contract claims nothing: it has no section network, identity, availability,"
        " events, hardening\n"
    )
    assert run("check", "--from", "graph.json", "--contract", "policy/contract.yaml").exit_code == 0


def test_without_a_contract_the_baseline_is_decided_and_said(project: Path) -> None:
    (project / "policy" / "contract.yaml").unlink()
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 1
    assert "claims of the baseline" in result.stdout.splitlines()[0]
    assert "There is no contract" in result.stdout
    assert "`stackproof contract`" in result.stdout
    printed = run("check", "--from", "graph.json", "--format", "json").stdout
    assert json.loads(printed)["baseline"] is True
    jsonschema.validate(json.loads(printed), schemas.report_schema())


def test_a_selector_that_matches_nothing_exits_2_at_its_line(project: Path) -> None:
    text = CONTRACT.replace("database-*", "databse-*")
    (project / "policy" / "contract.yaml").write_text(text)
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: policy/contract.yaml:2:3: groups.database: group 'database' matches no resource"
        " of stack test: aws:ec2/instance:Instance named 'databse-*'; of this type there is"
        " bastion, database-a\n"
    )


def test_a_contract_with_several_mistakes_lists_them(project: Path) -> None:
    text = CONTRACT.replace("type:", "typ:").replace("events", "event")
    (project / "policy" / "contract.yaml").write_text(text)
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: the contract has 2 problems\n"
        "  policy/contract.yaml:2:14: groups.database.typ: unknown key; did you mean 'type'?\n"
        "  policy/contract.yaml:3:1: event: unknown key; did you mean 'events'?\n"
    )


def test_json_is_valid_and_the_same_in_each_run(project: Path) -> None:
    assert project
    first = run("check", "--from", "graph.json", "--format", "json").stdout
    assert first == run("check", "--from", "graph.json", "--format", "json").stdout
    jsonschema.validate(json.loads(first), schemas.report_schema())
    assert str(project) not in first


def test_each_format_may_go_to_a_file_as_well(project: Path) -> None:
    arguments = ("check", "--from", "graph.json", "--color", "always")
    result = run(*arguments, "--output", "json=r.json", "--output", "text=r.txt")
    assert json.loads((project / "r.json").read_text())["stack"] == "test"
    assert "\x1b[" in result.stdout
    assert "\x1b[" not in (project / "r.txt").read_text()


@pytest.mark.parametrize("output", ["json", "xml=a", "json=", "json=no/such/folder/r.json"])
def test_an_output_that_cannot_be_written_is_refused_first(project: Path, output: str) -> None:
    assert project
    result = run("check", "--from", "nothing.json", "--output", output)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: --output {output}: ")


def test_an_output_that_fails_exits_2_and_the_report_is_printed_all_the_same(project: Path) -> None:
    (project / "r.json").mkdir()
    result = run("check", "--from", "graph.json", "--output", "json=r.json")
    assert result.exit_code == 2
    assert "claims proven" in result.stdout
    assert result.stderr == "error: r.json cannot be written: Is a directory\n"


def test_a_graph_is_read_from_the_standard_input(project: Path) -> None:
    graph = (project / "graph.json").read_bytes()
    result = CliRunner().invoke(main, ["check", "--from", "-"], input=graph)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == run("check", "--from", "graph.json").stdout


def test_a_message_that_quotes_a_stranger_does_nothing_to_the_terminal(project: Path) -> None:
    contract = project / "policy" / "contract.yaml"
    contract.write_text(CONTRACT.replace("database:", '"a\\e[2J":', 1).replace("-*", "-none"))
    result = run("check", "--from", "graph.json")
    assert result.exit_code == 2
    assert "a\\x1b[2J" in result.stderr
    assert "\x1b" not in result.stderr


def test_an_action_without_its_service_is_refused(project: Path) -> None:
    assert project
    result = run("explain", "permission", "api", "GetObject", "*", "-C", ".")
    assert result.exit_code == 2
    assert "s3:GetObject" in result.stderr


def test_a_terminal_without_unicode_gets_signs_that_cannot_be_mistaken(project: Path) -> None:
    command = [sys.executable, "-m", "stackproof", "check", "--from", "graph.json"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
    assert done.stdout.decode("ascii").startswith("+ ")
    assert b"?" not in done.stdout


def test_only_one_family_is_proven_when_asked(project: Path) -> None:
    assert project
    result = run("check", "--from", "graph.json", "--only", "recursion", "--format", "json")
    families = {claim["family"] for claim in json.loads(result.stdout)["claims"]}
    assert families == {"recursion"}


def test_verbose_lists_what_is_proven(project: Path) -> None:
    assert project
    assert "✓ events.cycles" in run("check", "--from", "graph.json", "-v").stdout
    assert "✓ events.cycles" not in run("check", "--from", "graph.json").stdout


def test_a_graph_printed_is_a_graph_read(project: Path) -> None:
    assert project
    printed = run("graph", "--from", "graph.json").stdout
    assert graph_json.decode(printed) == GRAPH


def test_a_graph_of_another_stack_than_named_is_refused(project: Path) -> None:
    assert project
    result = run("graph", "--from", "graph.json", "--stack", "prod")
    assert result.exit_code == 2
    assert result.stderr == "error: graph.json is of stack test, not prod\n"


@pytest.mark.parametrize("name", ["contract", "graph", "report"])
def test_schemas_are_printed(name: str) -> None:
    assert "$schema" in json.loads(run("schema", name).stdout)


def test_a_kind_of_claim_is_explained_by_the_id_of_a_claim_too() -> None:
    told = run("claims", "network.closed").stdout
    assert told.startswith("# network.closed\n\nNothing passes between two groups but ")
    assert run("claims", "network.closed.vpc-to-database#2").stdout == told
    assert "network.closed\n  Nothing passes" in run("claims").stdout
    assert "## network.closed\n" in run("claims", "--markdown").stdout


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest() -> None:
    result = run("claims", "network.close")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: KIND network.close: there is no such kind of claim; did you mean network.closed?\n"
    )


def test_a_permission_is_explained(project: Path) -> None:
    role = graphs.resource(
        "aws:iam/role:Role",
        "reader",
        name="reader",
        assumeRolePolicy='{"Version":"2012-10-17","Statement":[]}',
    )
    (project / "graph.json").write_bytes(graph_json.encode(graphs.graph(role)))
    (project / "policy" / "contract.yaml").unlink()
    question = ("explain", "permission", "reader", "s3:GetObject", "arn:aws:s3:::b/k")
    result = run(*question, "--from", "graph.json", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["answer"] == "no"
    assert answer["blocked_by"]
    assert run(*question, "--from", "graph.json").stdout.startswith("No  reader, s3:GetObject on")


def test_a_flow_is_explained(project: Path) -> None:
    assert project
    result = run("explain", "flow", "internet", "nowhere", "443", "--from", "graph.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: 'nowhere' is no group, resource or address")
    result = run("explain", "flow", "internet", "10.0.0.1", "99x", "--from", "graph.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: PORT 99x: ")


def test_help_teaches_and_fits_80_columns() -> None:
    for arguments in (
        ("--help",),
        ("check", "--help"),
        ("graph", "-h"),
        ("explain", "--help"),
        ("explain", "flow", "--help"),
        ("explain", "permission", "--help"),
        ("claims", "--help"),
        ("schema", "--help"),
    ):
        result = run(*arguments)
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert "stackproof" in result.stdout


def test_the_version_is_told() -> None:
    assert run("--version").stdout.split()[-1] == __version__


def test_the_command_alone_shows_its_help() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Commands:" in result.output


def test_a_wrong_option_is_one_line(project: Path) -> None:
    assert project
    result = run("check", "--form", "json")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: No such option '--form'")
    assert len(result.stderr.splitlines()) == 1


def test_an_interrupt_exits_130(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stackproof.cli.commands.graph_of", interrupted)
    result = run("check")
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def test_a_defect_is_one_line_and_a_traceback_only_when_asked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project

    def defective(*_: object) -> None:
        raise IndexError("what")

    monkeypatch.setattr("stackproof.cli.commands.graph_of", defective)
    result = run("check")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: IndexError: what at test_commands.py:")
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback (most recent call last)" in run("--debug", "check").stderr


def stackproof(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "stackproof", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_reader_that_leaves_early_is_no_error(project: Path) -> None:
    with stackproof("check", "--from", "graph.json", cwd=project) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_report_needs_no_rich_as_json_and_no_pulumi_at_all(project: Path) -> None:
    script = (
        "import sys; from stackproof.cli import main\n"
        "try: main(['check', '--from', 'graph.json', '--format', 'json'])\n"
        "except SystemExit as done: assert done.code == 0\n"
        "assert not {'pulumi', 'grpc', 'rich', 'z3'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=project, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_first_contract_is_written_and_holds(project: Path) -> None:
    (project / "policy" / "contract.yaml").unlink()
    result = run("contract", "--from", "graph.json")
    assert result.exit_code == 0
    assert not result.stdout
    assert result.stderr.startswith("wrote policy/contract.yaml: ")
    again = run("contract", "--from", "graph.json", "--to", "-")
    assert again.stdout == (project / "policy" / "contract.yaml").read_text(encoding="utf-8")
    report = json.loads(run("check", "--from", "graph.json", "--format", "json").stdout)
    assert report["baseline"] is False
    assert {c["id"] for c in report["claims"] if c["verdict"] == "violated"} == set()


def test_no_contract_is_written_over_unless_told(project: Path) -> None:
    result = run("contract", "--from", "graph.json")
    assert result.exit_code == 2
    assert "policy/contract.yaml exists" in result.stderr
    assert (project / "policy" / "contract.yaml").read_text() == CONTRACT
    assert run("contract", "--from", "graph.json", "--force").exit_code == 0
    assert (project / "policy" / "contract.yaml").read_text() != CONTRACT


def test_a_first_contract_makes_the_folder_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graph.json").write_bytes(graph_json.encode(GRAPH))
    monkeypatch.chdir(tmp_path)
    assert run("contract", "--from", "graph.json").exit_code == 0
    assert (tmp_path / "policy" / "contract.yaml").is_file()
    refused = run("contract", "--from", "graph.json", "--to", "no/such/contract.yaml")
    assert refused.exit_code == 2
    assert "no/such/contract.yaml cannot be written" in refused.stderr


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


def test_the_graph_is_drawn_in_the_groups_of_the_contract(project: Path) -> None:
    assert project
    result = run("graph", "--from", "graph.json", "--svg")
    assert result.exit_code == 0
    assert result.stdout.startswith("<svg ")
    assert ">database<" in result.stdout
    assert ">bastion<" in result.stdout
    assert result.stdout == run("graph", "--from", "graph.json", "--svg").stdout


def test_without_a_contract_each_resource_is_drawn_by_itself(project: Path) -> None:
    (project / "policy" / "contract.yaml").unlink()
    result = run("graph", "--from", "graph.json", "--svg")
    assert result.exit_code == 0
    assert ">database-a<" in result.stdout


def test_json_has_no_groups_to_be_named(project: Path) -> None:
    assert project
    result = run("graph", "--from", "graph.json", "--contract", "policy/contract.yaml")
    assert result.exit_code == 2
    assert "--svg" in result.stderr


def test_a_page_comes_about_even_where_the_facts_cannot_be_read(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("no such thing")

    assert project
    monkeypatch.setattr("stackproof.overview.network", broken)
    result = run("check", "--from", "graph.json", "--format", "html")
    assert "The network cannot be shown: ZeroDivisionError: no such thing" in result.stdout
    assert "events.cycles" in result.stdout
