"""What the contract accepts of Checkov's findings, for a reason, until a date.

As with waivers nothing is hidden: a claim of which every failing resource is accepted keeps its
evidence and is shown as `waived`; what is accepted in vain is a violated claim itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from stackproof.contract import Accepted
from stackproof.model import (
    Claim,
    Evidence,
    Family,
    Kinds,
    Location,
    Resource,
    Verdict,
    locations_of,
)


def apply(  # noqa: PLR0913 - each is one thing that an entry is held against
    accepted: Mapping[str, Sequence[Accepted]],
    claims: Sequence[Claim],
    resources: Mapping[str, Resource],
    *,
    failing: Callable[[], Mapping[str, Collection[str]]],
    today: dt.date,
    lines: Mapping[str, Sequence[Location]],
) -> list[Claim]:
    """`claims` with what is accepted marked, and one claim about each entry.

    `failing` gives the URNs on which each check fails, and is asked where Checkov ran; a claim may
    blame others that it cannot judge.
    Where Checkov did not run nothing is said: there is nothing to hold an entry against.
    """
    if not any(c.id == "hardening.checkov" and c.verdict is Verdict.PROVEN for c in claims):
        return list(claims)
    decided = {claim.id: claim for claim in claims}
    failed = failing()
    marked: dict[str, Claim] = {}
    about: list[Claim] = []
    for check, entries in sorted(accepted.items()):
        claim = decided.get(f"hardening.{check}")
        valid = []
        for index, entry in enumerate(entries):
            wrong = _wrong(check, entry, claim, resources, today)
            place = lines.get(check, ())[index : index + 1]
            about.append(_finding(check, index, entry, wrong, place))
            if wrong is None:
                valid.append(entry)
        if claim is not None and valid:
            marked[claim.id] = _marked(claim, valid, resources, failed[check])
    return [marked.get(claim.id, claim) for claim in claims] + about


def _covers(entry: Accepted, resource: Resource) -> bool:
    return any(fnmatchcase(resource.name, glob) for glob in entry.resources)


def _marked(
    claim: Claim,
    valid: Sequence[Accepted],
    resources: Mapping[str, Resource],
    failing: Collection[str],
) -> Claim:
    """`claim` waived, or blaming only what is not accepted."""
    left = tuple(
        urn for urn in claim.resources if not any(_covers(e, resources[urn]) for e in valid)
    )
    if not left:
        terms = "; ".join(f"{e.reason} ({e.owner}, until {e.expires})" for e in valid)
        return msgspec.structs.replace(claim, verdict=Verdict.WAIVED, waiver=terms)
    number = len(claim.resources) - len(left)
    told = f"{claim.evidence.summary}; {number} of these {'is' if number == 1 else 'are'} accepted"
    evidence = msgspec.structs.replace(claim.evidence, summary=told)
    verdict = claim.verdict
    if not any(urn in failing for urn in left):
        # All that fail are accepted; what is left cannot be judged.
        evidence, verdict = msgspec.structs.replace(evidence, kind="unknown"), Verdict.UNPROVEN
    return msgspec.structs.replace(
        claim,
        verdict=verdict,
        evidence=evidence,
        resources=left,
        locations=locations_of(left, resources),
    )


def _wrong(
    check: str,
    entry: Accepted,
    claim: Claim | None,
    resources: Mapping[str, Resource],
    today: dt.date,
) -> tuple[str, str] | None:
    """Why the entry does not hold, and the mend."""
    if today > entry.expires:
        mend = "Mend what it accepts and remove it, or agree on a new date with its owner."
        return f"it expired on {entry.expires} (owner: {entry.owner})", mend
    if claim is None:
        return f"no resource of this stack is one that {check} speaks of", "Remove the entry."
    if claim.verdict is Verdict.PROVEN:
        return f"{claim.id} holds: nothing is left to accept", "Remove the entry."
    blamed = [resources[urn].name for urn in claim.resources]
    idle = [g for g in entry.resources if not any(fnmatchcase(name, g) for name in blamed)]
    if idle:
        return f"{check} fails on nothing named {', '.join(idle)}", "Remove the name."
    return None


def _finding(
    check: str,
    index: int,
    entry: Accepted,
    wrong: tuple[str, str] | None,
    place: Sequence[Location],
) -> Claim:
    """What the contract accepts of Checkov's findings is valid and needed.

    An entry that has expired, of which the check speaks of nothing, or that names resources on
    which it does not fail is violated itself, so that the list never holds more than it must.

    ## What AWS does

    Nothing: this is about the contract.

    ## Fails

    ```yaml
    hardening:
      accepted:
        CKV_AWS_79:
          - {resources: [web], reason: an old agent, owner: platform, expires: 2020-12-31}
    ```

    `contract.accepted.CKV_AWS_79`

    ## Mend

    Remove the entry or the name, or agree on a new date with its owner.
    """
    summary, mend = wrong or (f"it is in use until {entry.expires} (owner: {entry.owner})", "")
    return Claim(
        id=f"contract.accepted.{check}" + (f"#{index + 1}" if index else ""),
        family=Family.CONTRACT,
        title=f"what is accepted of {check} is valid and needed",
        verdict=Verdict.VIOLATED if wrong else Verdict.PROVEN,
        evidence=Evidence(
            kind="witness" if wrong else "permitted",
            summary=summary,
            witness={"accepted": check, "expires": str(entry.expires)} if wrong else {},
        ),
        locations=tuple(place),
        mend=mend,
    )


KINDS: Kinds = {"contract.accepted": _finding}
