"""What Checkov found, as claims: one a check, about every resource that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from stackproof.hardening.engine import Check, Finding, Outcome, Scan
from stackproof.hardening.questions import Settled, settled
from stackproof.hardening.terraform import Configuration
from stackproof.model import (
    Claim,
    Decision,
    Evidence,
    Family,
    Kinds,
    Obligation,
    Resource,
    Verdict,
)


class Facts(msgspec.Struct, frozen=True):
    """The architecture in Terraform's words, and what Checkov found in it."""

    configuration: Configuration
    scan: Scan | None
    """None where Checkov is not installed."""


class _Judged(msgspec.Struct, frozen=True):
    """One finding, and what the proofs say where they decide the same."""

    finding: Finding
    resource: Resource
    proof: Settled | None

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS[self.finding.outcome] if self.proof is None else self.proof.verdict

    @property
    def overruled(self) -> bool:
        return self.proof is not None and self.verdict is not _VERDICTS[self.finding.outcome]


_VERDICTS = {
    Outcome.PASSED: Verdict.PROVEN,
    Outcome.FAILED: Verdict.VIOLATED,
    Outcome.UNKNOWN: Verdict.UNPROVEN,
}
_RESTS_ON = (
    "Hardening is what Checkov's checks look for, and no more; they judge what the program"
    " declares, also where Pulumi is told to ignore changes of it."
)
_SHOWN = 3
"""Names listed in a sentence; `resources` has all."""


def obligations(facts: Facts, decided: Sequence[Claim]) -> list[Obligation]:
    """One for each check that speaks of something declared; `decided` are the proofs' claims."""
    found = [_checkov(facts)]
    for check, judged in _by_check(facts, decided).items():
        found.append(
            Obligation(
                f"hardening.{check.id}",
                Family.HARDENING,
                check.name,
                decide=lambda check=check, judged=judged: _decision(check, judged),  # type: ignore[misc]
            )
        )
    return found


def assumptions(facts: Facts, decided: Sequence[Claim]) -> tuple[str, ...]:
    """What the family rests on, and where a proof overrules Checkov."""
    if facts.scan is None:
        return ()
    said = [_RESTS_ON]
    overruled = [
        check.id
        for check, judged in _by_check(facts, decided).items()
        if any(one.overruled for one in judged)
    ]
    if overruled:
        said.append(
            f"Of {', '.join(overruled)} Checkov says otherwise than a proof that decides the same"
            " exactly: the proof stands, and the claim has both."
        )
    if outside := sorted({r.type for r in facts.configuration.outside}):
        said.append(
            f"Hardening says nothing of what this stack does not make: {', '.join(outside)}"
        )
    return tuple(said)


def failing(facts: Facts, decided: Sequence[Claim]) -> dict[str, frozenset[str]]:
    """By check (`CKV_AWS_79`) the URNs on which it fails, where no proof says otherwise."""
    return {
        check.id: frozenset(one.resource.urn for one in judged if one.verdict is Verdict.VIOLATED)
        for check, judged in _by_check(facts, decided).items()
    }


def _by_check(facts: Facts, decided: Sequence[Claim]) -> dict[Check, list[_Judged]]:
    resources = {f"{e.type}.{e.name}": e.resource for e in facts.configuration.entities}
    findings = () if facts.scan is None else facts.scan.findings
    return {
        check: [
            _Judged(
                finding,
                resources[finding.address],
                # What Checkov passes, a proof that is violated has a claim of its own for.
                None
                if finding.outcome is Outcome.PASSED
                else settled(check.id, resources[finding.address].urn, decided),
            )
            for finding in group
        ]
        for check, group in groupby(findings, key=lambda finding: finding.check)
    }


def _checkov(facts: Facts) -> Obligation:
    """A check of Checkov passes on every resource that it speaks of.

    The architecture is put into Terraform's words and judged by Checkov's own checks, in process
    and without its platform. Each check is one claim, `hardening.CKV_AWS_79`, and names every
    resource that fails; this claim itself says that Checkov is there. A check that looks at a value
    which is not known is unproven. Where a proof decides exactly what a check that fails
    guesses, the proof's verdict is the claim's, and the evidence has both.

    ## What AWS does

    Less than one expects by default: an instance that says nothing about its metadata service may
    answer the first version's requests, which any process on it can be tricked into (Amazon EC2
    User Guide, "Use the Instance Metadata Service to access instance metadata").

    ## Fails

    Anything that a check of Checkov fails. Each claim links to the check that it is about.

    ## Mend

    Change what the check asks for, or accept it under `hardening.accepted` in the contract: which
    resources, why, who answers for it and until when.
    """

    def decide() -> Decision:
        if facts.scan is None:
            return Decision(
                Verdict.UNPROVEN,
                Evidence("unknown", "Checkov is not installed, so the family is off"),
                mend="Install stackproof with its extra: `stackproof[checkov]`.",
            )
        checks = len({finding.check for finding in facts.scan.findings})
        number = len(facts.configuration.entities)
        return Decision(
            Verdict.PROVEN,
            Evidence(
                "checked",
                f"Checkov {facts.scan.version}: {checks} of its checks speak of these"
                f" {number} resources, and gave {len(facts.scan.findings)} results",
            ),
        )

    return Obligation("hardening.checkov", Family.HARDENING, "Checkov judges each resource", decide)


KINDS: Kinds = {"hardening.checkov": _checkov}


def _decision(check: Check, judged: Sequence[_Judged]) -> Decision:
    amiss = [one for one in judged if one.verdict is not Verdict.PROVEN]
    verdict = next(
        (v for v in (Verdict.VIOLATED, Verdict.UNPROVEN) if any(j.verdict is v for j in amiss)),
        Verdict.PROVEN,
    )
    amiss.sort(key=lambda one: (one.verdict is not verdict, one.resource.urn))
    proofs = list(dict.fromkeys(str(one.proof) for one in judged if one.proof))
    return Decision(
        verdict,
        Evidence(
            kind=_KINDS[verdict],
            summary="; ".join([*_sentences(judged), *proofs]),
            witness=_witness(judged),
        ),
        tuple(one.resource.urn for one in amiss),
        mend=(
            "Change it, or accept it in the contract under"
            f" hardening.accepted.{check.id}: {check.guide}"
        )
        if amiss
        else "",
    )


_KINDS = {Verdict.PROVEN: "checked", Verdict.VIOLATED: "witness", Verdict.UNPROVEN: "unknown"}


def _sentences(judged: Sequence[_Judged]) -> Iterator[str]:
    """`Checkov fails images, site, and 2 more; it passes 3`; with what a proof overrules."""
    for overruled in (False, True):
        for outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            names = [
                one.resource.name
                for one in judged
                if one.finding.outcome is outcome and one.overruled is overruled
            ]
            if names:
                verb = "fails" if outcome is Outcome.FAILED else "cannot judge"
                end = ", superseded by a proof" if overruled else ""
                yield f"Checkov {verb} {_listed(names)}{end}"
    if passed := sum(j.finding.outcome is Outcome.PASSED for j in judged):
        yield f"Checkov passes {passed} of {len(judged)}"
    yield from dict.fromkeys(
        one.finding.why for one in judged if one.finding.why and not one.overruled
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _witness(judged: Sequence[_Judged]) -> dict[str, object]:
    """Each resource that Checkov does not pass: what it says, and what a proof does."""
    told = {
        one.finding.address: one.finding.outcome.value
        if one.proof is None
        else {"checkov": one.finding.outcome.value, "proof": one.proof.verdict.value}
        for one in judged
        if one.finding.outcome is not Outcome.PASSED
    }
    return {"resources": told} if told else {}
