"""The report as a comment on a pull request: what a reviewer reads in ten seconds, the rest folded.

Names, messages and paths come from a program that a stranger may have written. None of them is
markup, a link, a mention or a command here: `prose` and `code` are the only ways in.

GitHub refuses a comment of more than 65,536 characters. Whatever is least important is left out
first, and the comment says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from stackproof.check import Report
from stackproof.model import Claim, Family, Hop, Location, Verdict
from stackproof.reports import claims as documented
from stackproof.reports import words
from stackproof.reports.repository import Repository
from stackproof.reports.visible import harmless, visible

LIMIT = 65_536
"""GitHub's limit in characters. Held in bytes of UTF-8, which are never fewer."""

_RESERVED = 600
"""Bytes for the sentence about what was left out."""
_LONGEST = {"name": 100, "sentence": 600, "witness": 1200, "brief": 240}
"""Characters shown of one text; an escape may need several bytes for each."""
_MOST_HOPS = 24
_MOST_LINES = 6
_MOST_CLAIMS = 40

Excerpt: TypeAlias = Callable[[Location], str | None]


class Item(msgspec.Struct, frozen=True):
    """A part of a section: as it is, and in brief, which may be nothing."""

    whole: str
    brief: str = ""


class Section(msgspec.Struct, frozen=True):
    """A part of the comment. `noun` names its items where they are left out."""

    noun: str
    items: tuple[Item, ...]
    before: str
    after: str = ""


def marker(report: Report) -> str:
    """The comment's first line, by which its next version finds it: one for each stack."""
    return marked("report", *_names(report))


def marked(what: str, *names: str) -> str:
    """A first line that nobody sees, and that says what the comment is about."""
    safe = (re.sub(r"[^\w.-]+|-{2,}", "_", n[: _LONGEST["name"]], flags=re.ASCII) for n in names)
    return f"<!-- stackproof {what} {'/'.join(safe)} -->"


def render(
    report: Report,
    *,
    repository: Repository = Repository(),  # noqa: B008 - it is frozen
    excerpt: Excerpt = lambda _: None,
    limit: int = LIMIT,
) -> str:
    """The comment, of at most `limit` bytes, which may not be less than what its head needs."""
    report = harmless(report)
    links = Links(repository)
    head = "\n\n".join([marker(report), *_head(report)])
    sections = [section for section in _sections(report, links, excerpt) if section.items]
    return fitted(head, sections, limit)


def _names(report: Report) -> tuple[str, str]:
    return report.project[: _LONGEST["name"]], report.stack[: _LONGEST["name"]]


def _head(report: Report) -> Iterator[str]:
    verdict, rest = words.headline(report)
    yield f"## {verdict}{rest}"
    project, stack = map(code, _names(report))
    yield f"{project}, stack {stack}, from {prose(report.source, 'name')}"
    if report.baseline:
        yield words.BASELINE
    verdicts = list(Verdict)
    rows = [
        f"| family | {' | '.join(verdicts)} | what was decided |",
        f"|---|{'--:|' * len(verdicts)}---|",
    ]
    for family in Family:
        found = [claim.verdict for claim in report.claims if claim.family is family]
        if found:
            counts = [str(found.count(verdict) or "") for verdict in verdicts]
            rows.append(f"| {family} | {' | '.join(counts)} | {words.DECIDED[family]} |")
    yield "\n".join(rows)


def _sections(report: Report, links: Links, excerpt: Excerpt) -> Iterator[Section]:
    """Most important first."""
    violated = words.of_verdict(report, Verdict.VIOLATED)
    alone = (_claim([claim], links, excerpt) for claim in violated)
    yield Section("violated claims", tuple(alone), "### Violated")
    unproven = _together(words.of_verdict(report, Verdict.UNPROVEN))
    alike = (_claim(claims, links, excerpt) for claims in unproven)
    yield Section("unproven claims", tuple(alike), "### Unproven")
    waived = words.of_verdict(report, Verdict.WAIVED)
    yield folded("waived claims", (_claim([claim], links, excerpt) for claim in waived))
    seen = [
        f"- {code(n.urn)}: {prose(n.why.removeprefix(f'{n.type} '))}" for n in report.not_modelled
    ]
    yield folded("resources not modelled", map(Item, seen), between="\n")
    kinds = dict.fromkeys(
        kind
        for claim in report.claims
        if claim.verdict in {Verdict.VIOLATED, Verdict.UNPROVEN}
        if (kind := documented.kind_of(claim.kind))
    )
    about = (Item(f"#### {kind.title}\n\n{kind.markdown(level=5)}") for kind in kinds)
    yield folded("kinds of claims explained", about)
    assumed = (Item(f"- {prose(assumption)}") for assumption in report.assumptions)
    yield folded("assumptions", assumed, between="\n")
    yield _proven(words.of_verdict(report, Verdict.PROVEN))


def folded(noun: str, items: Iterable[Item], between: str = "\n\n") -> Section:
    """Items behind a line that opens them."""
    # The first needs an empty line before it, or it is part of the HTML.
    listed = tuple(
        Item((between if number else "\n\n") + item.whole.lstrip(), item.brief)
        for number, item in enumerate(items)
    )
    opening = f"<details>\n<summary>{noun.capitalize()}: {len(listed)}</summary>"
    return Section(noun, listed, opening, "\n\n</details>")


def _proven(claims: Sequence[Claim]) -> Section:
    """A table for each family."""
    items = []
    for family in Family:
        head = f"\n\n**{family}**\n\n| claim | proven |\n|---|---|\n"
        for claim in claims:
            if claim.family is family:
                row = f"| {_in_table(code(claim.id, 'brief'))} | {prose(claim.title)} |"
                items.append(Item(f"{head}{row}"))
                head = "\n"
    opening = f"<details>\n<summary>Proven claims: {len(claims)}</summary>"
    return Section("proven claims", tuple(items), opening, "\n\n</details>")


# ── one claim ───────────────────────────────────────────────────────────────────────────────────


def _together(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims that are open for one reason, side by side: one thing to mend is read once."""
    alike: dict[object, list[Claim]] = {}
    for claim in claims:
        reason = claim.family, claim.evidence.summary, claim.locations, claim.mend
        alike.setdefault(reason, []).append(claim)
    return list(alike.values())


def _claim(claims: Sequence[Claim], links: Links, excerpt: Excerpt) -> Item:
    """One claim, or several that the same is to be said of."""
    claim = claims[0]
    mark, name = words.MARK[claim.verdict], code(claim.id, "brief")
    more = f" and {len(claims) - 1} more" if len(claims) > 1 else ""
    fields = "\n".join(_fields(claims, links, excerpt))
    place = f" {links.to(claim.locations[0])}" if claim.locations else ""
    found = prose(claim.evidence.summary, "brief")
    return Item(f"\n\n#### {mark} {name}{more}\n\n{fields}", f"\n\n- {name}{more}: {found}{place}")


def _fields(claims: Sequence[Claim], links: Links, excerpt: Excerpt) -> Iterator[str]:
    claim = claims[0]
    if len(claims) == 1:
        yield f"- **claim** {prose(claim.title)}"
    else:
        shown = ", ".join(code(c.id, "brief") for c in claims[:_MOST_CLAIMS])
        yield f"- **claims** {shown}{_more(claims, _MOST_CLAIMS)}"
    yield f"- **found** {prose(claim.evidence.summary)}"
    if witness := words.witness(claim.title, claim.evidence):
        yield f"- **witness** {code(witness, 'witness')}"
    if claim.evidence.hops:
        yield "- **path**"
        yield from hops(claim.evidence.hops, links)
    if claim.locations:
        shown = ", ".join(map(links.to, claim.locations[:_MOST_LINES]))
        yield f"- **lines** {shown}{_more(claim.locations, _MOST_LINES)}"
        line = excerpt(claim.locations[0]) if claim.verdict is not Verdict.WAIVED else None
        if line:
            yield f"  <br>{code(line)}"
    if claim.waiver:
        yield f"- **waived** {prose(claim.waiver)}"
    elif claim.mend:
        yield f"- **mend** {prose(claim.mend)}"


def hops(way: Sequence[Hop], links: Links) -> Iterator[str]:
    """What permits and what blocks, step by step, as lines of a list within a list."""
    for number, hop in enumerate(way[:_MOST_HOPS], 1):
        place = f" {links.to(hop.location)}" if hop.location else ""
        yield f"  {number}. {'→' if hop.permits else '✗'} {prose(hop.what)}{place}"
    if len(way) > _MOST_HOPS:
        yield f"  {_MOST_HOPS + 1}. {_more(way, _MOST_HOPS).removeprefix(', ')}"


def _more(items: Sequence[object], most: int) -> str:
    return f", and {len(items) - most} more" if len(items) > most else ""


class Links:
    """Lines of the program as links."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def to(self, location: Location) -> str:
        """A line, as it is called, and as a link where there is something to link to."""
        shown = code(f"{_cut(location.path, 'brief')}:{location.line}")
        target = self._repository.link(location) if len(location.path) <= _LONGEST_PATH else None
        return f"[{shown}]({target})" if target else shown


_LONGEST_PATH = 300


# ── the limit ───────────────────────────────────────────────────────────────────────────────────


def fitted(
    head: str, sections: Sequence[Section], limit: int, command: str = "stackproof check"
) -> str:
    """Everything, or as much as fits: the last items of the last sections go first.

    `command` is what shows all of it.
    """
    shown = [[item.whole for item in section.items] for section in sections]
    size = _size(head) + sum(_size_of(s, texts) for s, texts in zip(sections, shown, strict=True))
    shortened = set()
    for number, texts, index, instead in _sacrifices(sections, shown):
        if size <= limit - _RESERVED:
            break
        size -= _size(texts[index]) - _size(instead)
        texts[index] = instead
        if index == 0 and not instead:
            size -= _size_of(sections[number], ())
        shortened.add(number)
    parts = [head]
    for section, texts in zip(sections, shown, strict=True):
        if any(texts):
            parts.append(f"\n\n{section.before}{''.join(texts)}{section.after}")
    parts.append(_left_out(sections, shown, shortened, command))
    return "".join(parts) + "\n"


def _sacrifices(
    sections: Sequence[Section], shown: Sequence[list[str]]
) -> Iterator[tuple[int, list[str], int, str]]:
    """Items from the least important on: first in brief, then, if need be, not at all."""
    for brief in (True, False):
        for number in reversed(range(len(sections))):
            items = sections[number].items
            for index in reversed(range(len(items))):
                instead = items[index].brief if brief else ""
                if instead != shown[number][index]:
                    yield number, shown[number], index, instead


def _left_out(
    sections: Sequence[Section], shown: Sequence[Sequence[str]], shortened: set[int], command: str
) -> str:
    said = []
    for number in sorted(shortened):
        gone = sum(not text for text in shown[number])
        brief = sum(
            0 < len(text) < len(item.whole)
            for item, text in zip(sections[number].items, shown[number], strict=True)
        )
        noun = sections[number].noun
        said += [f"{gone} of the {noun}"] if gone else []
        said += [f"the details of {brief} of the {noun}"] if brief else []
    if not said:
        return ""
    return (
        f"\n\n_Left out to stay within GitHub's limit: {', '.join(said)}. `{command}` shows all._"
    )


def _size_of(section: Section, texts: Sequence[str]) -> int:
    return _size(f"\n\n{section.before}{section.after}") + sum(map(_size, texts))


def _size(text: str) -> int:
    return len(text.encode())


# ── text of strangers ───────────────────────────────────────────────────────────────────────────

_APART = "&#8203;"
"""A space without width: GitHub sees a mention, a link or a reference in what touches only."""

_MARKUP = re.compile(
    r"(?P<start>^(?:[-+=#](?!\d)|\d{1,9}(?=[.)])))"
    r"|(?P<html>[&<>])"
    r"|(?P<dollar>\$)"
    r"|(?P<mention>@)"
    r"|(?P<issue>#(?=\d))|(?P<gh>(?i:gh)(?=-\d))"
    r"|(?P<scheme>:(?=//))|(?P<emoji>:(?=[\w+-]+:))|(?P<www>(?i:www)(?=\.))"
    r"|(?P<plain>[\\`*_\[\]|~])"
)
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def prose(text: str, size: str = "sentence") -> str:
    """`text` as itself within a paragraph, a table's cell or a heading."""
    return _MARKUP.sub(_literally, visible(_cut(text, size)).strip()) or "(empty)"


def _literally(match: re.Match[str]) -> str:
    found = match.group()
    match match.lastgroup:
        case "html":
            return _HTML[found]
        case "dollar":  # GitHub's own way to say that it begins no formula
            return "<span>$</span>"
        case "plain":
            return f"\\{found}"
        case "start":  # of a list or a heading
            return f"{found}{_APART}" if found.isdigit() else f"\\{found}"
        case "issue":
            return f"\\#{_APART}"
        case _:
            return f"{found}{_APART}"


def code(text: str, size: str = "sentence") -> str:
    """`text` as a code span, which holds anything but a mention.

    Answers by mail quote a comment without its markup, and a mention in it counts then.
    """
    shown = visible(_cut(text, size)).replace("@", "@\u200b")
    if not shown.strip():
        return "(empty)"
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _in_table(span: str) -> str:
    """A code span in a cell: a bar ends the cell, even in code."""
    return span.replace("|", "\\|")


def _cut(text: str, size: str) -> str:
    most = _LONGEST[size]
    return text if len(text) <= most else f"{text[: most - 1]}…"
