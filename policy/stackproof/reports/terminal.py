"""The report for people: never wider than 80 columns, colour only where a terminal shows it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleRenderable, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stackproof.check import Report
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
from stackproof.reports.visible import harmless, visible

WIDTH = 80
_NARROWEST = 40

_DECIDED = {
    Family.CONTRACT: "waivers are valid and needed",
    Family.NETWORK: "who can reach whom",
    Family.IDENTITY: "who may do what",
    Family.PLACEMENT: "what survives losing a zone",
    Family.RECURSION: "what can trigger what",
    Family.HARDENING: "how each resource is set up",
}

_STYLE = {
    Verdict.PROVEN: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNPROVEN: "bold yellow",
    Verdict.WAIVED: "cyan",
}
_MARK = {
    Verdict.PROVEN: "✓",
    Verdict.VIOLATED: "✗",
    Verdict.UNPROVEN: "?",
    Verdict.WAIVED: "~",
}
_BASELINE = (
    "There is no contract: this is the baseline, what should hold of any architecture."
    " `stackproof contract` writes one to begin with, from what this one permits today."
)
_LABEL = len("witness")
_MOST_LINES = 6
"""Lines of the program listed under one claim; the JSON report has them all."""


Excerpt: TypeAlias = Callable[[Location], str | None]
"""Gives the line of the program at a location, when it can be read."""


def render(
    report: Report,
    *,
    color: bool,
    width: int = WIDTH,
    verbose: bool = False,
    excerpt: Excerpt = lambda _: None,
) -> str:
    """The whole report. `verbose` lists the proven claims, which are otherwise only counted."""
    parts = _report(harmless(report), verbose=verbose, excerpt=excerpt)
    return _printed(parts, color=color, width=width)


def render_explanation(
    question: str, explanation: Explanation, *, color: bool, width: int = WIDTH
) -> str:
    """The answer to one question, with what permits and what blocks, hop by hop."""
    question, explanation = visible(question), harmless(explanation)
    style = {"yes": "bold green", "no": "bold red"}.get(explanation.answer, "bold yellow")
    parts: list[ConsoleRenderable] = [
        Text.assemble((explanation.answer.capitalize(), style), f"  {question}"),
        _indented(Text(explanation.because), 2),
    ]
    for name, hops in (("Path", explanation.path), ("Blocked by", explanation.blocked_by)):
        if hops:
            parts.append(_indented(_fields([(name, _hops(hops))]), 2))
    return _printed(parts, color=color, width=width)


def _printed(parts: Iterable[ConsoleRenderable], *, color: bool, width: int) -> str:
    target = io.StringIO()
    console = Console(
        file=target,
        width=max(_NARROWEST, min(width, WIDTH)),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        legacy_windows=False,
        _environ={},  # the caller has decided; rich would look at TERM, COLUMNS, NO_COLOR itself
    )
    for part in parts:
        console.print(part)
    # Rich pads tables to their width; trailing spaces are noise in logs and in diffs.
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def _indented(part: ConsoleRenderable, by: int) -> Padding:
    return Padding(part, (0, 0, 0, by))


# ── the parts, from the top ─────────────────────────────────────────────────────────────────────


def _report(report: Report, *, verbose: bool, excerpt: Excerpt) -> Iterator[ConsoleRenderable]:
    yield _headline(report)
    yield Text(f"  {report.project}, stack {report.stack}, from {report.source}", "dim")
    if report.baseline:
        yield _indented(Text(_BASELINE), 2)
    yield Text()
    yield _table(report)
    yield Text()
    for verdict in (Verdict.VIOLATED, Verdict.UNPROVEN, Verdict.WAIVED):
        claims = [claim for claim in report.claims if claim.verdict is verdict]
        if claims:
            yield _heading(verdict.value, len(claims), _STYLE[verdict])
        for claim in claims:
            yield _claim(claim, excerpt)
            yield Text()
    if verbose:
        yield from _proven([c for c in report.claims if c.verdict is Verdict.PROVEN])
    yield from _not_modelled(report.not_modelled)
    yield _heading("assumptions", len(report.assumptions), "bold")
    for assumption in report.assumptions:
        yield _item(assumption)
    yield Text()
    yield _headline(report)


def _headline(report: Report) -> Text:
    counts = report.summary
    total = len(report.claims)
    of = " of the baseline" if report.baseline else ""
    if report.passed:
        waived = f", {counts.waived} waived" if counts.waived else ""
        return Text(f"✓ {counts.proven} of {total} claims{of} proven{waived}", "bold green")
    parts = [
        f"{count} {word}"
        for count, word in ((counts.violated, "violated"), (counts.unproven, "unproven"))
        if count
    ]
    rest = f"; {counts.proven} proven, {counts.waived} waived"
    style = _STYLE[Verdict.VIOLATED if counts.violated else Verdict.UNPROVEN]
    noun = "claim" if total == 1 else "claims"
    return Text.assemble((f"✗ {', '.join(parts)}", style), f" of {total} {noun}{of}{rest}")


def _heading(title: str, count: int, style: str) -> Text:
    return Text.assemble((title.upper(), style), f"  {count}\n")


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
            table.add_row(family.value, *counts, _DECIDED[family])
    return table


def _count(number: int, verdict: Verdict) -> Text:
    return Text(str(number), _STYLE[verdict]) if number else Text("·", "dim")


def _claim(claim: Claim, excerpt: Excerpt) -> Group:
    mark = Text.assemble((f"{_MARK[claim.verdict]} ", _STYLE[claim.verdict]), (claim.id, "bold"))
    fields: list[tuple[str, ConsoleRenderable]] = [
        ("claim", Text(claim.title)),
        ("found", Text(claim.evidence.summary)),
    ]
    if witness := _witness(claim.title, claim.evidence):
        fields.append(("witness", Text(witness)))
    if claim.evidence.hops:
        fields.append(("path", _hops(claim.evidence.hops)))
    if claim.locations:
        fields.append(("lines", _lines(claim.locations)))
        line = excerpt(claim.locations[0]) if claim.verdict is Verdict.VIOLATED else None
        if line:
            fields.append(("", _excerpt(claim.locations[0], line)))
    if claim.waiver:
        fields.append(("waived", Text(claim.waiver)))
    elif claim.mend:
        fields.append(("mend", Text(claim.mend)))
    return Group(mark, _indented(_fields(fields), 2))


def _fields(fields: Sequence[tuple[str, ConsoleRenderable]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    grid.add_column(ratio=1, overflow="fold")
    for name, value in fields:
        grid.add_row(name, value)
    return grid


def _hops(hops: Sequence[Hop]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for hop in hops:
        mark = Text("→", "green") if hop.permits else Text("✗", "red")
        place = (f"  {hop.location}", "dim") if hop.location else ""
        grid.add_row(mark, Text.assemble(hop.what, place))
    return grid


def _lines(locations: Sequence[Location]) -> Text:
    shown = ", ".join(map(str, locations[:_MOST_LINES]))
    more = len(locations) - _MOST_LINES
    return Text(f"{shown}, and {more} more" if more > 0 else shown)


def _excerpt(location: Location, line: str) -> Text:
    """One line, cut where the terminal ends; it is a stranger's as much as a name is."""
    shown = Text.assemble((f"{location.line} │ ", "dim"), visible(line[:_LONGEST_LINE]))
    shown.no_wrap, shown.overflow = True, "ellipsis"
    return shown


_LONGEST_LINE = 200


def _witness(title: str, evidence: Evidence) -> str:
    """The counterexample, without what the claim and the finding have said already."""
    if not isinstance(evidence.witness, dict):
        return _data(evidence.witness) if evidence.witness else ""
    data = {key: value for key, value in evidence.witness.items() if value not in _NOTHING}
    parts = []
    if "protocol" in data and ({"source", "destination"} & data.keys()):
        packet = _packet(data)
        parts = [packet] if packet not in evidence.summary else []
        data = {key: value for key, value in data.items() if key not in _PACKET}
    said = {*_WORDS.findall(title), *_WORDS.findall(evidence.summary)}
    rest = {
        key: value
        for key, value in data.items()
        if isinstance(value, dict | list | tuple | set | frozenset) or str(value) not in said
    }
    return ", ".join([*parts, *([_data(rest)] if rest else [])])


_NOTHING: tuple[object, ...] = (None, False, "", [], ())
_WORDS = re.compile(r"[^\s,;]*[^\s,;:.]")
_PACKET = {
    "source", "destination", "protocol", "source_port", "destination_port", "icmp_type",
    "icmp_code",
}  # fmt: skip


def _packet(data: Mapping[str, object]) -> str:
    """`tcp/27017 from 10.0.0.1 port 49152 to 10.0.0.2`, as far as it is known."""
    what = f"{data['protocol']}"
    if "destination_port" in data:
        what += f"/{data['destination_port']}"
    elif "icmp_type" in data:
        what += f" type {data['icmp_type']} code {data.get('icmp_code', 0)}"
    else:
        what = f"protocol {what}" if what.isdigit() else what
    if "source" in data:
        what += f" from {data['source']}"
    if "source_port" in data:
        what += f" port {data['source_port']}"
    return what + (f" to {data['destination']}" if "destination" in data else "")


def _data(value: object) -> str:
    """A witness's data in one line: `protocol: tcp, port: 27017`."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_nested(value[key])}" for key in value)
    return _nested(value)


def _nested(value: object) -> str:
    if isinstance(value, dict):
        return f"({_data(value)})"
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(map(_nested, value)) if isinstance(value, set | frozenset) else value
        return ", ".join(map(_nested, items)) or "none"
    return str(value)


def _proven(claims: Sequence[Claim]) -> Iterator[ConsoleRenderable]:
    if claims:
        yield _heading("proven", len(claims), _STYLE[Verdict.PROVEN])
    for claim in claims:
        yield Text.assemble(("✓ ", _STYLE[Verdict.PROVEN]), (claim.id, "bold"))
        yield _indented(Text(f"{claim.title}. {claim.evidence.summary}"), 2)
    if claims:
        yield Text()


def _not_modelled(items: Sequence[NotModelled]) -> Iterator[ConsoleRenderable]:
    if not items:
        return
    yield _heading("not modelled", len({item.urn for item in items}), "bold")
    by_type: dict[str, list[NotModelled]] = {}
    for item in items:
        by_type.setdefault(item.type, []).append(item)
    for type_, same in sorted(by_type.items()):
        families = ", ".join(f.value for f in Family if any(i.family is f for i in same))
        reasons = "; ".join(dict.fromkeys(item.why.removeprefix(f"{type_} ") for item in same))
        number = len({item.urn for item in same})
        yield _item(f"{type_} ({number}): {reasons}; may matter to {families}")
    yield Text()


def _item(text: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(Text("·", "dim"), Text(text))
    return grid
