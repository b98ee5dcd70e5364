"""`check --all`: one report a stack, the worst exit code, and nothing keeps the rest unchecked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.policy.adoption.scratch import outside, project, stackproof

HARMLESS = """\
import pulumi

class Bucket(pulumi.CustomResource):
    def __init__(self, name, **inputs):
        super().__init__("aws:s3/bucket:Bucket", name, inputs)

Bucket("site", bucket="site")
"""
STRANGE = HARMLESS.replace("aws:s3/bucket:Bucket", "aws:new/thing:Thing")
RAISES = "raise ValueError('no such table')\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two sound projects, one of two stacks; the tests' own environment has pulumi."""
    (tmp_path / ".git").mkdir()
    project(tmp_path / "infra" / "network", name="network", program=HARMLESS)
    shop = project(tmp_path / "infra" / "shop", name="shop", program=HARMLESS)
    (shop / "Pulumi.prod.yaml").write_text("config: {}\n")
    for hidden in (".venv/lib", "node_modules/x"):
        project(tmp_path / hidden, name="hidden", program=RAISES)
    return tmp_path


def test_every_stack_of_every_project_has_its_report(repository: Path) -> None:
    told = stackproof("check", "--all", cwd=repository)
    assert told.returncode == 0, told.stderr
    assert told.stderr.splitlines() == [
        "1 of 3: infra/network, stack dev",
        "2 of 3: infra/shop, stack dev",
        "3 of 3: infra/shop, stack prod",
    ]
    assert told.stdout.count("claims of the baseline proven") == 6  # head and foot of each
    assert told.stdout.splitlines()[-3:] == [
        f"✓ {name}: 7 proven (baseline)"
        for name in (
            "infra/network, stack dev",
            "infra/shop, stack dev",
            "infra/shop, stack prod",
        )
    ]


def test_what_fails_in_one_is_said_and_the_others_are_checked(repository: Path) -> None:
    project(repository / "infra" / "broken", name="broken", program=RAISES)
    project(repository / "infra" / "odd", name="odd", program=STRANGE)
    web = project(repository / "web", name="web")
    (web / "Pulumi.yaml").write_text("name: web\nruntime: nodejs\n")
    told = stackproof("check", "--all", "infra", cwd=repository)
    assert told.returncode == 2
    assert "error: The program raised ValueError" in told.stderr
    assert "! infra/broken, stack dev: could not be checked" in told.stdout
    assert "✗ infra/odd, stack dev: " in told.stdout
    assert "✓ infra/shop, stack prod: " in told.stdout
    (repository / "infra" / "broken" / "__main__.py").write_text(HARMLESS)
    told = stackproof("check", "--all", cwd=repository)
    assert told.returncode == 1
    assert "left out: web, whose runtime is nodejs" in told.stderr


def test_each_project_has_its_own_contract_and_options(repository: Path) -> None:
    shop = repository / "infra" / "shop"
    written = stackproof("contract", "--stack", "prod", cwd=shop)
    assert written.returncode == 0, written.stderr
    (shop / "stackproof.toml").write_text('stack = "prod"\noutput = ["json=report.json"]\n')
    told = stackproof("check", "--all", cwd=repository)
    assert told.returncode == 0, told.stderr
    assert "1 of 2: infra/network, stack dev" in told.stderr
    assert "2 of 2: infra/shop, stack prod" in told.stderr
    report = json.loads((shop / "report.json").read_text())
    assert (report["stack"], report["baseline"]) == ("prod", False)


def test_reports_in_json_are_a_list(repository: Path) -> None:
    told = stackproof("check", "--all", "--format", "json", cwd=repository)
    found = json.loads(told.stdout)
    assert [(r["project"], r["stack"]) for r in found] == [
        ("network", "dev"),
        ("shop", "dev"),
        ("shop", "prod"),
    ]


def test_each_report_goes_to_a_file_of_its_own(repository: Path) -> None:
    target = "sarif={project}.{stack}.sarif"
    assert stackproof("check", "--all", "--output", target, cwd=repository).returncode == 0
    assert sorted(p.name for p in repository.glob("*.sarif")) == [
        "network.dev.sarif",
        "shop.dev.sarif",
        "shop.prod.sarif",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--output", "sarif=report.sarif"), "each report needs a file of its own"),
        (("--format", "sarif"), "several reports are no one sarif document"),
        (("--from", "graph.json"), "cannot be used with --from"),
    ],
)
def test_what_would_lose_a_report_is_refused(
    repository: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = stackproof("check", "--all", *arguments, cwd=repository)
    assert result.returncode == 2
    assert told in result.stderr
    assert not result.stdout


def test_a_stack_that_is_named_is_the_one_of_each(repository: Path) -> None:
    told = stackproof("check", "--all", cwd=repository, env=outside(PULUMI_STACK="dev"))
    assert told.returncode == 0, told.stderr
    assert "2 of 2: infra/shop, stack dev" in told.stderr
    told = stackproof("check", "--all", "--stack", "prod", cwd=repository)
    assert told.returncode == 2
    assert "no stack 'prod' in project network" in told.stderr


def test_a_folder_without_projects_is_an_error(tmp_path: Path) -> None:
    told = stackproof("check", "--all", cwd=tmp_path)
    assert told.returncode == 2
    assert told.stderr.startswith("error: no Pulumi project")
