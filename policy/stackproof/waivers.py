"""Waivers: findings that people accepted, for a reason, until a date.

A waiver never hides anything: the claim keeps its evidence and is shown as `waived`. A waiver that
has expired, that fits no claim, or that is no longer needed is itself a violated claim.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

import msgspec

from stackproof.contract import Waiver
from stackproof.model import Claim, Evidence, Family, Kinds, Location, Resource, Verdict

_FAMILIES = {
    "network": Family.NETWORK,
    "identity": Family.IDENTITY,
    "availability": Family.PLACEMENT,
    "events": Family.RECURSION,
    "hardening": Family.HARDENING,
}
"""The family that decides claims of which ids begin so."""


def apply(  # noqa: PLR0913 - each is one thing that a waiver is held against
    waivers: Sequence[Waiver],
    claims: Sequence[Claim],
    resources: Mapping[str, Resource],
    *,
    today: dt.date,
    checked: Collection[Family],
    lines: Sequence[Location] = (),
) -> list[Claim]:
    """`claims` with what `waivers` accept marked, and one claim about each waiver.

    `checked` are the families that ran: nothing is said about a waiver for another one. `lines`
    are the waivers' places in the contract.
    """
    decided = {claim.id: claim for claim in claims}
    waived: dict[str, Claim] = {}
    about: list[Claim] = []
    for index, waiver in enumerate(waivers):
        family = _FAMILIES.get(waiver.claim.split(".", 1)[0])
        if family is not None and family not in checked:
            continue
        claim = decided.get(waiver.claim)
        wrong = _wrong(waiver, claim, resources, today) or _unknown(waiver, claim, decided)
        about.append(_finding(waiver, about, wrong, lines[index : index + 1]))
        if wrong is None:
            waived[waiver.claim] = _waived(decided[waiver.claim], waiver)
    return [waived.get(claim.id, claim) for claim in claims] + about


def _waived(claim: Claim, waiver: Waiver) -> Claim:
    terms = f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
    return msgspec.structs.replace(claim, verdict=Verdict.WAIVED, waiver=terms)


def _unknown(
    waiver: Waiver, claim: Claim | None, decided: Mapping[str, Claim]
) -> tuple[str, str] | None:
    if claim is not None:
        return None
    close = get_close_matches(waiver.claim, decided, n=1)
    mend = f"Did you mean {close[0]}?" if close else "Remove the waiver."
    return f"no claim has the id {waiver.claim}", mend


def _wrong(
    waiver: Waiver, claim: Claim | None, resources: Mapping[str, Resource], today: dt.date
) -> tuple[str, str] | None:
    """Why the waiver does not hold, and the mend."""
    if today > waiver.expires:
        mend = "Mend what it waives and remove it, or agree on a new date with its owner."
        return f"it expired on {waiver.expires} (owner: {waiver.owner})", mend
    if claim is None:
        return None
    if claim.verdict is Verdict.PROVEN:
        return f"{claim.id} is proven: nothing is left to waive", "Remove the waiver."
    if waiver.resources:
        blamed = [resources[urn].name if urn in resources else urn for urn in claim.resources]
        outside = sorted({name for name in blamed if not _covers(waiver, name)})
        if outside or not blamed:
            names = ", ".join(outside) or "no single resource"
            mend = "Mend those, or have its owner accept them too by adding them to 'resources'."
            return f"{claim.id} blames more than the waiver names: {names}", mend
    return None


def _covers(waiver: Waiver, name: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in waiver.resources)


def _finding(
    waiver: Waiver,
    earlier: Sequence[Claim],
    wrong: tuple[str, str] | None,
    lines: Sequence[Location],
) -> Claim:
    """A waiver is valid, needed, and names what it accepts.

    A waiver never hides anything: the claim keeps its evidence and is shown as waived. One that
    has expired, that fits no claim, that covers less than is to blame or that is no longer
    needed is violated itself.

    ## What AWS does

    Nothing: this is about the contract.

    ## Fails

    ```yaml
    waivers:
      - claim: availability.keep.database
        reason: one instance is what a development stack pays for
        owner: platform
        expires: 2020-12-31
    ```

    `contract.waiver.availability.keep.database`

    ## Mend

    Mend what it waives and remove it, or agree on a new date with its owner.
    """
    base = f"contract.waiver.{waiver.claim}"
    same = sum(claim.id == base or claim.id.startswith(f"{base}#") for claim in earlier)
    summary, mend = wrong or (f"it is in use until {waiver.expires} (owner: {waiver.owner})", "")
    return Claim(
        id=f"{base}#{same + 1}" if same else base,
        family=Family.CONTRACT,
        title=f"the waiver for {waiver.claim} is valid and needed",
        verdict=Verdict.VIOLATED if wrong else Verdict.PROVEN,
        evidence=Evidence(
            kind="witness" if wrong else "permitted",
            summary=summary,
            witness={"waiver": waiver.claim, "expires": str(waiver.expires)} if wrong else {},
        ),
        locations=tuple(lines),
        mend=mend,
    )


KINDS: Kinds = {"contract.waiver": _finding}
