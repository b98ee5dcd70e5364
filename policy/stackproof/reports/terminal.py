"""The report for people: never wider than 80 columns, colour only where a terminal shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import ConsoleRenderable, Group
from rich.table import Table
from rich.text import Text

from stackproof.check import Report
from stackproof.model import (
    Claim,
    Explanation,
    Family,
    Location,
    NotModelled,
    Verdict,
)
from stackproof.reports import layout, words
from stackproof.reports.layout import WIDTH, Excerpt, Link, Source
from stackproof.reports.visible import harmless, visible

_STYLE = {
    Verdict.PROVEN: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNPROVEN: "bold yellow",
    Verdict.WAIVED: "cyan",
}
_MOST_LINES = 6
"""Lines of the program listed under one claim; the JSON report has them all."""


def render(  # noqa: PLR0913 - each is something that the caller alone knows
    report: Report,
    *,
    color: bool,
    width: int = WIDTH,
    verbose: bool = False,
    excerpt: Excerpt = lambda _: None,
    link: Link = lambda _: None,
) -> str:
    """The whole report. `verbose` lists the proven claims, which are otherwise only counted."""
    parts = _report(harmless(report), verbose=verbose, source=Source(excerpt, link))
    return layout.printed(parts, color=color, width=width)


def render_explanation(
    question: str, explanation: Explanation, *, color: bool, width: int = WIDTH
) -> str:
    """The answer to one question, with what permits and what blocks, hop by hop."""
    question, explanation = visible(question), harmless(explanation)
    style = {"yes": "bold green", "no": "bold red"}.get(explanation.answer, "bold yellow")
    parts: list[ConsoleRenderable] = [
        Text.assemble((explanation.answer.capitalize(), style), f"  {question}"),
        layout.indented(Text(explanation.because), 2),
    ]
    for name, hops in (("Path", explanation.path), ("Blocked by", explanation.blocked_by)):
        if hops:
            parts.append(
                layout.indented(layout.fields([(name, layout.hops(hops, layout.NO_SOURCE))]), 2)
            )
    return layout.printed(parts, color=color, width=width)


# ── the parts, from the top ─────────────────────────────────────────────────────────────────────


def _report(report: Report, *, verbose: bool, source: Source) -> Iterator[ConsoleRenderable]:
    yield _headline(report)
    yield Text(f"  {report.project}, stack {report.stack}, from {report.source}", "dim")
    if report.baseline:
        yield layout.indented(Text(words.BASELINE), 2)
    yield Text()
    yield _table(report)
    yield Text()
    for verdict in (Verdict.VIOLATED, Verdict.UNPROVEN, Verdict.WAIVED):
        claims = words.of_verdict(report, verdict)
        if claims:
            yield layout.heading(verdict.value, len(claims), _STYLE[verdict])
        for claim in claims:
            yield _claim(claim, source)
            yield Text()
    if verbose:
        yield from _proven(words.of_verdict(report, Verdict.PROVEN))
    yield from _not_modelled(report.not_modelled)
    yield layout.heading("assumptions", len(report.assumptions), "bold")
    for assumption in report.assumptions:
        yield layout.item(assumption)
    yield Text()
    yield _headline(report)
    to_explain = [c for c in report.claims if c.verdict in {Verdict.VIOLATED, Verdict.UNPROVEN}]
    if to_explain:
        yield Text(f"  what a claim means: stackproof claims {to_explain[0].kind}", "dim")


def _headline(report: Report) -> Text:
    verdict, rest = words.headline(report)
    if report.passed:
        return Text(verdict, "bold green")
    worst = Verdict.VIOLATED if report.summary.violated else Verdict.UNPROVEN
    return Text.assemble((verdict, _STYLE[worst]), rest)


def _table(report: Report) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("family")
    for verdict in Verdict:
        table.add_column(verdict.value, justify="right")
    table.add_column("what was decided", ratio=1)
    for family in Family:
        verdicts = [claim.verdict for claim in report.claims if claim.family is family]
        if verdicts:
            counts = [_count(verdicts.count(verdict), verdict) for verdict in Verdict]
            table.add_row(family.value, *counts, words.DECIDED[family])
    return table


def _count(number: int, verdict: Verdict) -> Text:
    return Text(str(number), _STYLE[verdict]) if number else Text("·", "dim")


def _claim(claim: Claim, source: Source) -> Group:
    style = _STYLE[claim.verdict]
    mark = Text.assemble((f"{words.MARK[claim.verdict]} ", style), (claim.id, "bold"))
    fields: list[tuple[str, ConsoleRenderable]] = [
        ("claim", Text(claim.title)),
        ("found", Text(claim.evidence.summary)),
    ]
    if witness := words.witness(claim.title, claim.evidence):
        fields.append(("witness", Text(witness)))
    if claim.evidence.hops:
        fields.append(("path", layout.hops(claim.evidence.hops, source)))
    if claim.locations:
        fields.append(("lines", _lines(claim.locations, source)))
        line = source.excerpt(claim.locations[0]) if claim.verdict is Verdict.VIOLATED else None
        if line:
            fields.append(("", _excerpt(claim.locations[0], line)))
    if claim.waiver:
        fields.append(("waived", Text(claim.waiver)))
    elif claim.mend:
        fields.append(("mend", Text(claim.mend)))
    return Group(mark, layout.indented(layout.fields(fields), 2))


def _lines(locations: Sequence[Location], source: Source) -> Text:
    shown = Text(", ").join(map(source.place, locations[:_MOST_LINES]))
    more = len(locations) - _MOST_LINES
    return shown.append(f", and {more} more") if more > 0 else shown


def _excerpt(location: Location, line: str) -> Text:
    """One line, cut where the terminal ends, and what of it declares; it is a stranger's too."""
    line = visible(line[:_LONGEST_LINE])
    called = _CALLED.search(line)
    start, end = called.span("what") if called else (0, 1)
    number = f"{location.line} │ "
    under = f"{' ' * (len(number) - 2)}│ {' ' * cell_len(line[:start])}"
    shown = Text.assemble((number, "dim"), line, "\n", (under, "dim"))
    shown.append("^" * cell_len(line[start:end]), "red")
    shown.no_wrap, shown.overflow = True, "ellipsis"
    return shown


_LONGEST_LINE = 200
_CALLED = re.compile(r"(?P<what>[\w.]+)\(")
"""What makes a resource: the first thing that is called on the line."""


def _proven(claims: Sequence[Claim]) -> Iterator[ConsoleRenderable]:
    if claims:
        yield layout.heading("proven", len(claims), _STYLE[Verdict.PROVEN])
    for claim in claims:
        yield Text.assemble(("✓ ", _STYLE[Verdict.PROVEN]), (claim.id, "bold"))
        yield layout.indented(Text(f"{claim.title}. {claim.evidence.summary}"), 2)
    if claims:
        yield Text()


def _not_modelled(items: Sequence[NotModelled]) -> Iterator[ConsoleRenderable]:
    if not items:
        return
    yield layout.heading("not modelled", len({item.urn for item in items}), "bold")
    by_type: dict[str, list[NotModelled]] = {}
    for item in items:
        by_type.setdefault(item.type, []).append(item)
    for type_, same in sorted(by_type.items()):
        families = ", ".join(f.value for f in Family if any(i.family is f for i in same))
        reasons = "; ".join(dict.fromkeys(item.why.removeprefix(f"{type_} ") for item in same))
        number = len({item.urn for item in same})
        yield layout.item(f"{type_} ({number}): {reasons}; may matter to {families}")
    yield Text()
