"""What every report says in the same words: the headline, the families, a witness in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stackproof.check import Report
from stackproof.model import Claim, Evidence, Family, Verdict

DECIDED = {
    Family.CONTRACT: "waivers are valid and needed",
    Family.NETWORK: "who can reach whom",
    Family.IDENTITY: "who may do what",
    Family.PLACEMENT: "what survives losing a zone",
    Family.RECURSION: "what can trigger what",
    Family.HARDENING: "how each resource is set up",
}

MARK = {
    Verdict.PROVEN: "✓",
    Verdict.VIOLATED: "✗",
    Verdict.UNPROVEN: "?",
    Verdict.WAIVED: "~",
}


BASELINE = (
    "There is no contract: this is the baseline, what should hold of any architecture."
    " `stackproof contract` writes one to begin with, from what this one permits today."
)


def headline(report: Report) -> tuple[str, str]:
    """The verdict, and what is said after it in a plainer voice."""
    counts = report.summary
    total = len(report.claims)
    of = " of the baseline" if report.baseline else ""
    if report.passed:
        waived = f", {counts.waived} waived" if counts.waived else ""
        return f"✓ {counts.proven} of {total} claims{of} proven{waived}", ""
    parts = [
        f"{count} {word}"
        for count, word in ((counts.violated, "violated"), (counts.unproven, "unproven"))
        if count
    ]
    noun = "claim" if total == 1 else "claims"
    rest = f" of {total} {noun}{of}; {counts.proven} proven, {counts.waived} waived"
    return f"✗ {', '.join(parts)}", rest


def of_verdict(report: Report, verdict: Verdict) -> list[Claim]:
    """The claims with that verdict, in the report's order."""
    return [claim for claim in report.claims if claim.verdict is verdict]


def witness(title: str, evidence: Evidence) -> str:
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


_NOTHING: tuple[object, ...] = (None, False, "", [], (), {})
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
