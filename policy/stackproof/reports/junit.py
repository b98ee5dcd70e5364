"""The report as JUnit XML, which every CI shows: a suite for each family, a test for each claim.

Violated is a failure, unproven an error (it could not be decided), waived is skipped with its
reason. No times: none is measured, and the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from stackproof.check import Report
from stackproof.model import Claim, Family, Verdict
from stackproof.reports import words
from stackproof.reports.visible import harmless

_ELEMENT = {Verdict.VIOLATED: "failure", Verdict.UNPROVEN: "error", Verdict.WAIVED: "skipped"}
_MOST_LINES = 6


def render(report: Report) -> str:
    """The whole document, in UTF-8."""
    return "\n".join(_document(harmless(report))) + "\n"


def _document(report: Report) -> Iterator[str]:
    # Whatever XML forbids is visible text by now, so that escaping is all that is left to do.
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    name = f"{report.project}/{report.stack}"
    yield f"<testsuites{_attributes(name=f'stackproof {name}', **_counts(report.claims))}>"
    for family in Family:
        claims = [claim for claim in report.claims if claim.family is family]
        if claims:
            skipped = str(sum(claim.verdict is Verdict.WAIVED for claim in claims))
            counts = {**_counts(claims), "skipped": skipped}
            yield f"  <testsuite{_attributes(name=f'{name} {family}', **counts)}>"
            for claim in claims:
                yield from _case(claim)
            yield "  </testsuite>"
    yield "</testsuites>"


def _counts(claims: Sequence[Claim]) -> dict[str, str]:
    verdicts = [claim.verdict for claim in claims]
    return {
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count(Verdict.VIOLATED)),
        "errors": str(verdicts.count(Verdict.UNPROVEN)),
    }


def _case(claim: Claim) -> Iterator[str]:
    opening = f"    <testcase{_attributes(name=claim.id, classname=claim.kind)}"
    element = _ELEMENT.get(claim.verdict)
    if element is None:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    if claim.verdict is Verdict.WAIVED:
        yield f"      <skipped{_attributes(message=claim.waiver)}/>"
    else:
        said = _attributes(type=claim.verdict.value, message=claim.evidence.summary)
        text = escape("\n".join(_lines(claim)), quote=False)
        yield f"      <{element}{said}>{text}</{element}>"
    yield "    </testcase>"


def _lines(claim: Claim) -> Iterator[str]:
    yield f"claim    {claim.title}"
    yield f"found    {claim.evidence.summary}"
    if witness := words.witness(claim.title, claim.evidence):
        yield f"witness  {witness}"
    for hop in claim.evidence.hops:
        place = f"  {hop.location}" if hop.location else ""
        yield f"path     {'→' if hop.permits else '✗'} {hop.what}{place}"
    for location in claim.locations[:_MOST_LINES]:
        yield f"line     {location}"
    if claim.mend:
        yield f"mend     {claim.mend}"
    yield f"about    stackproof claims {claim.kind}"


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())
