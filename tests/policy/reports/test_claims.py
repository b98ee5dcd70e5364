"""Every kind of claim is documented, its example fails as it says, and the page is up to date.

After a change of a docstring: stackproof claims --markdown > docs/claims.md
"""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

import stackproof
from stackproof import check as checking
from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Claim, Evidence, Family, Graph, Verdict
from stackproof.reports import claims
from stackproof.reports.claims import Kind, UndocumentedError
from stackproof.sources.program import evaluate

ROOT = Path(__file__).parents[3]
PACKAGE = Path(stackproof.__file__).parent
TODAY = dt.date(2026, 11, 24)

KINDS = {kind.names[0]: kind for kind in claims.kinds().values()}
BLOCK = re.compile(r"^```(python|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = {name: kind for name, kind in KINDS.items() if BLOCK.search(kind.fails)}


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / claims.PAGE).read_text("utf-8") == claims.page()


def test_a_kind_without_documentation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def undocumented() -> None:
        """Something is proven."""

    monkeypatch.setattr(checking, "KINDS", {**checking.KINDS, "network.new": undocumented})
    claims.kinds.cache_clear()
    with pytest.raises(UndocumentedError, match=r"network\.new: .*## What AWS does"):
        claims.kinds()
    claims.kinds.cache_clear()


# ── no kind is forgotten ────────────────────────────────────────────────────────────────────────

ID = re.compile(r"(network|identity|availability|events|contract|hardening|baseline)\.[a-z]+")


def ids_in_the_code() -> Iterator[str]:
    """The beginning of every text in the checker that is a claim's id, or the format of one."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if (
                isinstance(node, ast.Call)
                and called == "_obligation"
                and "baseline" not in path.parts
            ):
                yield f"network.{beginning(node.args[0])}"
            elif isinstance(node, ast.Call) and called == "Obligation":
                yield beginning(node.args[0])
            elif isinstance(node, ast.keyword) and node.arg in {"id", "facts_claim"}:
                yield beginning(node.value)
            elif isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in prose:
                yield beginning(node)


def beginning(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return beginning(node.values[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_id_in_the_code_is_of_a_documented_kind() -> None:
    found = {m.group() for text in ids_in_the_code() if (m := ID.match(text))}
    found -= {"contract.yaml", "events.amazonaws", "events.writes"}
    of_rules = {n for kind in KINDS.values() for n in kind.names if len(kind.names) > 1}
    assert found - claims.kinds().keys() == set()
    assert claims.kinds().keys() - of_rules - found == set()


@pytest.mark.parametrize(
    ("id_", "kind"),
    [
        ("network.closed.vpc-to-database", "network.closed"),
        ("contract.waiver.network.never.a-to-b#2", "contract.waiver"),
        ("identity.principals", "identity.principals"),
        ("identity.principals#2", "identity.principals"),
    ],
)
def test_a_claims_kind_is_read_from_its_id(id_: str, kind: str) -> None:
    evidence = Evidence("exhaustive", "all was checked")
    assert Claim(id_, Family.NETWORK, "it holds", Verdict.PROVEN, evidence).kind == kind


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_cites_the_pages_of_aws_by_title(kind: Kind) -> None:
    said = " ".join(kind.aws.split())
    assert said.startswith("Nothing: ") or re.search(
        r'(Guide\w*|Reference|Registry|Balancers?), "', said
    )


# ── each example fails as it says, in a program that is proven without it ───────────────────────


def blocks(kind: Kind, language: str) -> str:
    return "".join(text for name, text in BLOCK.findall(kind.fails) if name == language)


@cache
def program() -> tuple[str, dict[str, range]]:
    """The program with every example at its end, and the lines of each."""
    text = claims.example("program.py")
    lines = {}
    for name, kind in EXAMPLES.items():
        first = text.count("\n") + 1
        text += blocks(kind, "python")
        lines[name] = range(first, text.count("\n") + 1)
    return text, lines


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.prod.yaml").write_text(
        'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["123456789012"]\n'
    )
    (folder / "__main__.py").write_text(program()[0])
    (folder / "contract.yaml").write_text(claims.example("contract.yaml"))
    return folder


@pytest.fixture(scope="module")
def everything(project: Path) -> Graph:
    return evaluate(project, "prod")


def only(everything: Graph, kept: range) -> Graph:
    """The program without the examples but for the lines `kept`."""
    end = claims.example("program.py").count("\n")
    return msgspec.structs.replace(
        everything,
        resources=tuple(
            r
            for r in everything.resources
            if r.location is None or r.location.line <= end or r.location.line in kept
        ),
    )


def test_the_program_of_the_examples_keeps_its_contract(project: Path, everything: Graph) -> None:
    graph = only(everything, range(0))
    report = check(graph, load(project / "contract.yaml"), today=TODAY)
    assert [c.id for c in report.claims if c.verdict is not Verdict.PROVEN] == []
    alone = check(graph, None, today=TODAY)
    kinds = {claims.kind_of(c.kind) for c in (*report.claims, *alone.claims)}
    # Facts are claimed when they cannot be read; waivers and the engine are not of this program,
    # which has nothing in several zones.
    never_there = {"network.facts", "contract.waiver", "contract.source", "baseline.zones"}
    never_there |= {"hardening.checkov", "contract.accepted"}
    assert {kind.names[0] for kind in kinds if kind} == KINDS.keys() - never_there


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_violates_what_it_says(name: str, project: Path, everything: Graph) -> None:
    kind = EXAMPLES[name]
    contract = project / "contract.yaml"
    if overlay := blocks(kind, "yaml"):
        contract = project / f"contract.{name}.yaml"
        contract.write_text(f"extends: contract.yaml\n{overlay}")
    alone = name.startswith("baseline.")
    graph = only(everything, program()[1][name])
    report = check(graph, None if alone else load(contract), today=TODAY)
    (said,) = re.findall(r"^`([^`]+)`$", kind.fails, re.MULTILINE)
    verdicts = {c.id: c.verdict for c in report.claims}
    expected = Verdict.UNPROVEN if said.endswith(".coverage") else Verdict.VIOLATED
    assert verdicts[said] is expected
    assert said.startswith(name)
