"""What both reports of a difference say in the same words."""

from __future__ import annotations

from stackproof.compare import Change, Difference, Effect, Section
from stackproof.model import Evidence
from stackproof.reports import words

ABOUT = {
    Section.EXPOSURE: "what is open to the public",
    Section.FLOWS: "who can reach whom",
    Section.GUARDS: "what each guard alone would let pass",
    Section.PERMISSIONS: "who may do what, and as whom",
    Section.TRIGGERS: "what can trigger what",
    Section.ZONES: "what survives losing a zone",
    Section.CLAIMS: "claims of HEAD's contract about both",
    Section.CONTRACT: "what the contract itself says",
}

MARK = {
    Effect.WIDENED: "+",
    Effect.NARROWED: "-",
    Effect.CHANGED: "~",
    Effect.UNDECIDED: "?",
}

_TELLING = (Section.EXPOSURE, Section.FLOWS, Section.ZONES)
"""Where the whole before and after says more than the change."""


def headline(found: Difference) -> str:
    """`✗ 3 widened, 1 narrowed`, or that there is no change."""
    if found.none:
        return "✓ no architectural change"
    counts = [
        f"{count} {effect}" for effect in Effect if (count := getattr(found.summary, effect.value))
    ]
    return f"{'✗' if found.widened else '~'} {', '.join(counts)}"


def subject(found: Difference) -> str:
    """Which two are compared."""
    base, head = found.base, found.head
    if (base.project, base.stack) == (head.project, head.stack):
        return f"from {base.name} to {head.name}"
    return f"from {base.name} ({base.project}, stack {base.stack}) to {head.name}"


def witness(change: Change) -> str:
    """The witness, without what the sentence has said already."""
    if not change.witness:
        return ""
    return words.witness(change.subject, Evidence("witness", change.what, change.witness))


def before_and_after(change: Change) -> str:
    """`nothing → tcp/22`, where that tells more than the sentence; else nothing."""
    if change.section not in _TELLING or not (change.before or change.after):
        return ""
    if change.before in change.what and change.after in change.what:
        return ""
    return f"{change.before or 'nothing'} → {change.after or 'nothing'}"


def when(change: Change, *, blocked: bool = False) -> str:
    """What is written beside the hops of a change, or beside what blocks it."""
    if blocked and change.section is Section.GUARDS:
        return "still"
    return "now" if (change.side == "head") is not blocked else "before"
