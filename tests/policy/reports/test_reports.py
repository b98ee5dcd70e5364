"""Each format against its golden file, and what must hold of every report.

After a deliberate change: STACKPROOF_GOLDEN=write pytest tests/policy/reports, then read the diff.
"""

from __future__ import annotations

import json as jsons
import os
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof import schemas
from stackproof.check import Report, Summary
from stackproof.model import (
    Claim,
    Evidence,
    Explanation,
    Family,
    Hop,
    Location,
    NotModelled,
    Verdict,
)
from stackproof.reports import json, terminal
from tests.policy import graphs
from tests.policy.check.test_waivers import waiver
from tests.policy.check.worlds import (
    CLOSED,
    DATABASE,
    FLOW,
    GRANT,
    GRAPH,
    claim,
    family,
    proven,
    report,
    unproven,
    violated,
)

GOLDEN = Path(__file__).parent / "golden"

EXPLANATION = Explanation(
    "no",
    "nothing permits tcp/27017 from the internet",
    (Hop("the internet gateway admits it"),),
    (
        Hop(
            "security group database has no rule for it",
            permits=False,
            urn=DATABASE,
            location=Location("a.py", 3),
        ),
    ),
)


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report in which everything occurs that a report can show."""
    strange = graphs.resource("aws:strange/thing:Thing", "it")
    waived = "network.never.internet-to-database"
    return report(
        monkeypatch,
        family(claim(FLOW, proven), claim(CLOSED, violated), claim(waived, violated)),
        family(claim(GRANT, unproven, Family.IDENTITY), of=Family.IDENTITY, section="identity"),
        graph=graphs.graph(*GRAPH.resources, strange),
        waivers=(waiver(waived),),
    )


def same_as_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("STACKPROOF_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_text_is_as_reviewed(mixed: Report) -> None:
    text = terminal.render(mixed, color=False, excerpt=lambda _: "open_to_all = Rule(")
    same_as_golden("report.txt", text)


def test_the_verbose_text_is_as_reviewed(mixed: Report) -> None:
    same_as_golden("report-verbose.txt", terminal.render(mixed, color=False, verbose=True))


def test_the_coloured_text_is_as_reviewed_and_says_the_same(mixed: Report) -> None:
    colored = terminal.render(mixed, color=True)
    same_as_golden("report-color.txt", colored)
    assert "\x1b[" in colored
    assert "\x1b[" not in terminal.render(mixed, color=False)


def test_the_json_is_as_reviewed(mixed: Report) -> None:
    same_as_golden("report.json", json.render(mixed))


def test_an_explanation_is_as_reviewed() -> None:
    question = "internet to database on 27017"
    same_as_golden("explain.txt", terminal.render_explanation(question, EXPLANATION, color=False))
    same_as_golden("explain.json", json.render(EXPLANATION))


def test_a_report_that_passes_says_so_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(monkeypatch, family(claim(FLOW, proven)))
    lines = terminal.render(found, color=False).splitlines()
    assert lines[0] == "✓ 2 of 2 claims proven"


def test_the_json_is_valid_by_its_schema(mixed: Report) -> None:
    jsonschema.validate(jsons.loads(json.render(mixed)), schemas.report_schema())


def test_the_json_reads_back_as_the_report(mixed: Report) -> None:
    assert msgspec.json.decode(json.render(mixed), type=Report) == mixed


def test_sets_in_a_witness_are_written_in_order() -> None:
    evidence = Evidence("witness", "s", {"zones": {"c", "a", "b"}})
    one = Claim("a.b", Family.NETWORK, "t", Verdict.VIOLATED, evidence)
    found = report_of(one)
    assert '"a",\n            "b",\n            "c"' in json.render(found)
    assert "zones: a, b, c" in terminal.render(found, color=False)


def report_of(*claims: Claim, not_modelled: tuple[NotModelled, ...] = ()) -> Report:
    return Report(
        project="p",
        stack="s",
        source="program",
        summary=Summary(violated=len(claims)),
        claims=claims,
        assumptions=("x " * 90, "y" * 200),
        not_modelled=not_modelled,
    )


TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=120)
NAMES = st.from_regex(r"[a-z]{1,120}(-[a-z]{1,40}){0,3}", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(
    ids=NAMES,
    title=TEXT,
    summary=TEXT,
    what=TEXT,
    mend=TEXT,
    path=NAMES,
    width=st.integers(40, 200),
)
def test_no_line_is_wider_than_80_columns_nor_than_the_terminal(  # noqa: PLR0913, PLR0917
    ids: str, title: str, summary: str, what: str, mend: str, path: str, width: int
) -> None:
    from rich.cells import cell_len  # noqa: PLC0415 - how wide a terminal draws a text

    location = Location(f"stack/{path}.py", 7)
    evidence = Evidence("witness", summary, {ids: [what, what]}, (Hop(what, location=location),))
    one = Claim(
        f"network.closed.{ids}",
        Family.NETWORK,
        title,
        Verdict.VIOLATED,
        evidence,
        (ids,),
        (location,) * 3,
        mend,
    )
    unseen = NotModelled(ids, f"aws:{path}", Family.NETWORK, "is not modelled")
    text = terminal.render(report_of(one, not_modelled=(unseen,)), color=False, width=width)
    assert max(map(cell_len, text.splitlines())) <= min(width, 80)
    explained = terminal.render_explanation(
        title, Explanation("yes", what, evidence.hops), color=False, width=width
    )
    assert max(map(cell_len, explained.splitlines())) <= min(width, 80)


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    evidence = Evidence("witness", "[bold]x[/bold] [red]")
    found = report_of(Claim("a.b", Family.NETWORK, "[link]", Verdict.VIOLATED, evidence))
    text = terminal.render(found, color=False)
    assert "[bold]x[/bold] [red]" in text
    assert "[link]" in text
