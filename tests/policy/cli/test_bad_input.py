"""Whatever is given, a person gets one message that says what, where, and the mend: exit 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.policy.cli.test_commands import CONTRACT, run


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with a contract."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "contract.yaml").write_text(CONTRACT)
    return tmp_path


def program(at: Path, source: str, *stacks: str) -> None:
    """A Pulumi project in `at` that runs under the interpreter of the tests."""
    (at / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    for stack in stacks:
        (at / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    (at / "__main__.py").write_text(source)


def refused(result: Result, *told: str) -> None:
    assert result.exit_code == 2, result.output
    assert not result.stdout
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("error: ") == 1
    assert "Traceback" not in result.stderr
    assert "defect" not in result.stderr
    for text in told:
        assert text in result.stderr


def test_no_project_here(at: Path) -> None:
    assert at
    refused(run("check"), "No Pulumi.yaml")
    refused(run("check", "nowhere"), "nowhere")


def test_no_stack_named_where_there_are_several(at: Path) -> None:
    program(at, "", "dev", "prod")
    refused(run("check"), "which stack? Name one with --stack: dev, prod")


def test_no_stack_at_all(at: Path) -> None:
    program(at, "")
    refused(run("check"), "there is no Pulumi.<stack>.yaml")


def test_a_stack_that_does_not_exist(at: Path) -> None:
    program(at, "", "dev")
    refused(run("check", "--stack", "prd"), "prd", "dev")


def test_a_stack_named_by_the_environment(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(at, "", "dev", "prod")
    monkeypatch.setenv("PULUMI_STACK", "gone")
    refused(run("check"), "There is no stack 'gone'")


def test_a_configuration_key_that_is_missing(at: Path) -> None:
    program(at, "import pulumi\npulumi.Config().require('zones')\n", "dev")
    result = run("check")
    refused(result, "'small:zones' (asked for at __main__.py:2)")
    assert result.stderr.count("pulumi config set") == 1
    assert "pulumi config set small:zones VALUE --stack dev" in result.stderr


def test_a_program_that_raises(at: Path) -> None:
    program(at, "x = 1\nraise ValueError('no such zone')\n", "dev")
    refused(run("check"), "no such zone", "__main__.py:2")


def test_a_program_that_exits(at: Path) -> None:
    program(at, "import sys\nsys.exit(0)\n", "dev")
    refused(run("check"), "sys.exit(0)", "__main__.py:2", "must run to its end")
    program(at, "import os\nos._exit(0)\n", "dev")
    refused(run("check"), "ended its process", "must run to its end")


@pytest.mark.parametrize(
    "source",
    [
        "import time\nif True:\n    time.sleep(600)\n",
        "x = 0\n\nwhile True: x += 1\n",
    ],
)
def test_a_program_that_hangs(at: Path, source: str) -> None:
    program(at, source, "dev")
    refused(run("check", "--time-limit", "9"), "9 seconds (it stands at __main__.py:3)", "limit 18")


def test_a_contract_with_a_typo(at: Path) -> None:
    (at / "graph.json").write_text(graph())
    contract = at / "policy" / "contract.yaml"
    contract.write_text(CONTRACT.replace("groups:", "gruops:", 1))
    refused(
        run("check", "--from", "graph.json"), "contract.yaml:1:1: gruops: ", "did you mean 'groups'"
    )


def test_a_selector_that_matches_nothing(at: Path) -> None:
    instance = "aws:ec2/instance:Instance"
    urn = f"urn:pulumi:test::p::{instance}::other"
    (at / "graph.json").write_text(graph(urn=urn, type=instance, name="other"))
    refused(
        run("check", "--from", "graph.json"),
        "contract.yaml:2:3: groups.database: ",
        "matches no resource",
        "there is other",
    )


def test_parents_in_a_circle(at: Path) -> None:
    (at / "graph.json").write_text(graph(parent=VPC))
    refused(run("check", "--from", "graph.json"), VPC, "`parent`")


def test_a_program_without_resources(at: Path) -> None:
    program(at, "", "dev")
    refused(run("check"))


def test_a_contract_that_is_named_and_missing(at: Path) -> None:
    (at / "graph.json").write_text(graph())
    refused(run("check", "--from", "graph.json", "--contract", "none.yaml"), "none.yaml:1:1: ")


def test_contracts_for_other_stacks_only(at: Path) -> None:
    (at / "policy" / "contract.yaml").rename(at / "policy" / "contract.prod.yaml")
    (at / "graph.json").write_text(graph())
    refused(
        run("check", "--from", "graph.json"),
        "no contract for stack test: policy has contract.prod.yaml and no contract.yaml or"
        " contract.test.yaml; name one with --contract",
    )


VPC = "urn:pulumi:test::p::aws:ec2/vpc:Vpc::main"


def graph(**changes: object) -> str:
    resource = {
        "urn": VPC,
        "type": "aws:ec2/vpc:Vpc",
        "name": "main",
        "inputs": {},
    }
    fields = {"version": 1, "project": "p", "stack": "test", "source": "program"}
    return json.dumps({**fields, "resources": [{**resource, **changes}]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ()),
        (graph()[:-20], ("graph.json",)),
        ('{"planned_values": {}}', ("Terraform", "stackproof graph")),
        ("[1, 2]", ("another tool",)),
        ("groups: {}", ("graph.json",)),
        ("[" * 100_000, ("graph.json",)),
        (graph(parent=VPC), ("main",)),
        (graph().replace('"version": 1', '"version": 99'), ("99",)),
        (graph(inputs=[]), ("inputs",)),
        (json.dumps({**json.loads(graph()), "resources": []}), ("no resource",)),
    ],
)
def test_a_file_that_is_no_graph(at: Path, text: str, told: tuple[str, ...]) -> None:
    (at / "graph.json").write_text(text)
    refused(run("check", "--from", "graph.json"), *told)


def test_a_file_of_200_megabytes(at: Path) -> None:
    with (at / "graph.json").open("wb") as file:
        file.truncate(200_000_000)
    refused(run("check", "--from", "graph.json"), "graph.json")


def test_a_file_that_is_not_there_or_a_folder(at: Path) -> None:
    refused(run("check", "--from", "none.json"), "none.json")
    refused(run("check", "--from", str(at)), "is a directory")
