"""The report as SARIF 2.1.0, for code scanning: each finding on the line that is most to blame.

(GitHub Docs, "SARIF support for code scanning", "SARIF results exceed one or more limits"; OASIS,
"Static Analysis Results Interchange Format (SARIF) Version 2.1.0".)

A violated claim is an error, an unproven one a warning. A waived claim keeps its result and is
suppressed with its reason; GitHub shows suppressed results as any other, so that its level is
`note`, which fails nothing. Proven claims have no result: their rules say that they were checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from stackproof import __version__
from stackproof.check import Report
from stackproof.model import Claim, Hop, Location, Verdict
from stackproof.reports import claims as documented
from stackproof.reports import words
from stackproof.reports.repository import Repository
from stackproof.reports.visible import harmless, visible_json

MOST_RESULTS = 5000
"""GitHub drops what is over it, and not the least important."""
MOST_STEPS = 1000
"""Thread-flow locations of one result."""
MOST_PLACES = 100
"""Related locations of one result that GitHub shows."""

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_LEVEL = {Verdict.VIOLATED: "error", Verdict.UNPROVEN: "warning", Verdict.WAIVED: "note"}

_Object: TypeAlias = dict[str, Any]


def render(
    report: Report,
    *,
    repository: Repository = Repository(),  # noqa: B008 - it is frozen
    contract: Location = Location("Pulumi.yaml", 1),  # noqa: B008 - so is this
) -> str:
    """Indented JSON with a final newline. `contract` is what is blamed where no resource is."""
    report = harmless(report)
    kinds = list(dict.fromkeys(claim.kind for claim in report.claims))
    places = _Places(repository, contract)
    found = [claim for verdict in _LEVEL for claim in words.of_verdict(report, verdict)]
    shown = found[:MOST_RESULTS]
    run: _Object = {
        "tool": {
            "driver": {
                "name": "stackproof",
                "semanticVersion": __version__,
                "rules": [_rule(kind, report) for kind in kinds],
            }
        },
        "automationDetails": {"id": f"stackproof/{report.project}/{report.stack}/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": list(_notes(found, shown)),
            }
        ],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(claim, report, kinds, places) for claim in shown],
    }
    if repository.url and repository.commit:
        run["versionControlProvenance"] = [
            {
                "repositoryUri": repository.url,
                "revisionId": repository.commit,
                "mappedTo": {"uriBaseId": _ROOT},
            }
        ]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return visible_json(msgspec.json.format(msgspec.json.encode(log), indent=2).decode()) + "\n"


def _notes(found: Sequence[Claim], shown: Sequence[Claim]) -> Iterator[_Object]:
    if len(found) > len(shown):
        left = len(found) - len(shown)
        yield _note(
            f"{left} of {len(found)} results are left out, the least severe first: code scanning"
            f" takes {MOST_RESULTS}. `stackproof check --format json` has them all."
        )
    cut = sum(len(claim.evidence.hops) > MOST_STEPS for claim in shown)
    if cut:
        yield _note(
            f"The paths of {cut} results are cut after {MOST_STEPS} steps."
            " `stackproof check --format json` has them whole."
        )


def _note(text: str) -> _Object:
    return {"level": "warning", "message": {"text": text}}


# ── rules ───────────────────────────────────────────────────────────────────────────────────────


def _rule(name: str, report: Report) -> _Object:
    family = next(claim.family for claim in report.claims if claim.kind == name)
    rule: _Object = {
        "id": name,
        "name": "".join(part.capitalize() for part in name.replace("-", ".").split(".")),
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "tags": ["architecture", "aws", "pulumi", family.value],
            "precision": "very-high",
            "problem.severity": "error",
        },
    }
    kind = documented.kind_of(name)
    if kind is None:
        decided = f"{words.DECIDED[family].capitalize()}."
        return {**rule, "shortDescription": {"text": decided}}
    markdown = kind.markdown(level=2)
    return {
        **rule,
        "shortDescription": {"text": kind.proves},
        "fullDescription": {"text": " ".join(f"{kind.proves} {kind.more}".split())[:1000]},
        "help": {"text": markdown, "markdown": markdown},
    }


# ── results ─────────────────────────────────────────────────────────────────────────────────────


class _Places:
    """Locations as SARIF writes them; `instead` is for what no line of the program declares."""

    def __init__(self, repository: Repository, instead: Location) -> None:
        self._repository = repository
        self._instead = instead

    def __call__(self, location: Location) -> _Object:
        path = self._repository.path(location)
        if path is None:
            location = self._instead
            path = self._repository.path(location) or ""
        return {
            "artifactLocation": {"uri": path, "uriBaseId": _ROOT},
            "region": {"startLine": max(location.line, 1)},
        }

    def of(self, claim: Claim) -> tuple[Location, ...]:
        return claim.locations or (self._instead,)


def _result(claim: Claim, report: Report, kinds: Sequence[str], places: _Places) -> _Object:
    first, *others = places.of(claim)
    result: _Object = {
        "ruleId": claim.kind,
        "ruleIndex": kinds.index(claim.kind),
        "level": _LEVEL[claim.verdict],
        "message": {"text": _message(claim)},
        "locations": [{"physicalLocation": places(first), **_resources(claim)}],
        "partialFingerprints": _fingerprints(claim, report),
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": places(place), "message": {"text": str(place)}}
            for number, place in enumerate(others[:MOST_PLACES], 1)
        ]
    if claim.evidence.hops:
        result["codeFlows"] = [_flow(claim.evidence.hops, first, places)]
    if claim.verdict is Verdict.WAIVED:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": claim.waiver}
        ]
    return result


def _message(claim: Claim) -> str:
    """Three sentences at most; brackets of a stranger make no link of theirs."""
    witness = words.witness(claim.title, claim.evidence)
    parts = [
        f"{claim.id}: {claim.title}: {claim.verdict}",
        claim.evidence.summary,
        f"Witness: {witness}" if witness else "",
        claim.mend,
    ]
    text = " ".join(f"{part.rstrip('.')}." for part in parts if part)
    return text.replace("](", "] (")


def _resources(claim: Claim) -> _Object:
    if not claim.resources:
        return {}
    return {
        "logicalLocations": [
            {"name": urn.rsplit("::", 1)[-1], "fullyQualifiedName": urn, "kind": "resource"}
            for urn in claim.resources[:MOST_PLACES]
        ]
    }


def _flow(hops: Sequence[Hop], first: Location, places: _Places) -> _Object:
    """The hops in order. A step that no line declares stands where the one before it does."""
    steps = []
    at = first
    for hop in hops[:MOST_STEPS]:
        at = hop.location or at
        what = hop.what if hop.permits else f"blocked: {hop.what}"
        place = {"physicalLocation": places(at), "message": {"text": what.replace("](", "] (")}}
        steps.append({"location": place, "importance": "essential"})
    flow: _Object = {"threadFlows": [{"locations": steps}]}
    if len(hops) > MOST_STEPS:
        flow["message"] = {"text": f"The first {MOST_STEPS} of {len(hops)} steps."}
    return flow


def _fingerprints(claim: Claim, report: Report) -> dict[str, str]:
    """The same for a claim wherever its lines move, whatever its evidence is.

    GitHub would hash the line's text, by which two claims on one line are one alert.
    """
    named = f"{report.project}\0{report.stack}\0{claim.id}"
    digest = hashlib.sha256(named.encode("utf-8", "backslashreplace")).hexdigest()
    return {"primaryLocationLineHash": f"{digest[:16]}:1", "claim/v1": digest}
