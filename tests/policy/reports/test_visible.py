"""What a stranger wrote reaches the terminal as text, and as nothing else."""

from __future__ import annotations

import json as jsons
import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

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
from stackproof.reports.excerpts import Excerpts
from stackproof.reports.visible import visible, visible_json, visible_lines

STRANGE = "a\x1b[2J\x9b31m\r\n✓ all proven\u202egnihton\x07[red]b[/red]"


def strange_report() -> Report:
    place = Location(STRANGE, 1)
    evidence = Evidence("witness", STRANGE, {STRANGE: [STRANGE]}, (Hop(STRANGE, location=place),))
    claims = tuple(
        Claim(
            STRANGE + verdict,
            Family.NETWORK,
            STRANGE,
            verdict,
            evidence,
            (STRANGE,),
            (place,),
            mend=STRANGE,
            waiver=STRANGE if verdict is Verdict.WAIVED else "",
        )
        for verdict in Verdict
    )
    return Report(
        project=STRANGE,
        stack=STRANGE,
        source=STRANGE,
        summary=Summary(1, 1, 1, 1),
        claims=claims,
        assumptions=(STRANGE,),
        not_modelled=(NotModelled(STRANGE, STRANGE, Family.NETWORK, STRANGE),),
    )


def is_harmless(text: str) -> bool:
    return all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf"} for c in text)


def test_nothing_that_a_terminal_obeys_is_left_in_the_text() -> None:
    text = terminal.render(
        strange_report(), color=False, verbose=True, excerpt=lambda _: f"x = '{STRANGE}'"
    )
    assert is_harmless(text)
    assert not [line for line in text.splitlines() if line.strip().startswith("✓ all proven")]


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    assert "[red]b[/red]" in "".join(terminal.render(strange_report(), color=False).split())


def test_an_explanation_is_as_harmless() -> None:
    explanation = Explanation("no", STRANGE, (Hop(STRANGE),), (Hop(STRANGE, permits=False),))
    assert is_harmless(terminal.render_explanation(STRANGE, explanation, color=False))


def test_the_json_holds_the_strange_text_in_escapes() -> None:
    text = json.render(strange_report())
    assert is_harmless(text)
    assert jsons.loads(text)["project"] == STRANGE


@given(st.text())
def test_visible_json_means_the_same(text: str) -> None:
    shown = visible_json(jsons.dumps(text, ensure_ascii=False))
    assert jsons.loads(shown) == text


@given(st.text())
def test_visible_text_is_one_line_and_changes_nothing_harmless(text: str) -> None:
    assert len(visible(text).splitlines()) <= 1
    assert visible(visible(text)) == visible(text)
    assert visible_lines(text).count("\n") == text.count("\n")
    visible_lines(text).encode()


def test_an_excerpt_is_a_line_of_the_project_and_of_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("import pulumi\n    vpc = Vpc()\n")
    (tmp_path / "secret").write_text("password\n")
    (root / "link.py").symlink_to(tmp_path / "secret")
    excerpts = Excerpts(root)
    assert excerpts(Location("a.py", 2)) == "vpc = Vpc()"
    for path, line in (
        ("a.py", 3), ("a.py", 0), ("a.py", 99), ("none.py", 1), ("../secret", 1), ("link.py", 1),
        (str(tmp_path / "secret"), 1), (".", 1), ("a\0.py", 1),
    ):  # fmt: skip
        assert excerpts(Location(path, line)) is None
