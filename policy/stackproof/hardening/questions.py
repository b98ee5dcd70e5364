"""What Checkov guesses from one resource and a proof decides of the whole: there the proof wins.

Checkov looks at a rule or a policy alone. Whether the internet reaches a port, or a principal may
do more than it should, is decided exactly by the proofs. Both verdicts are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from stackproof.model import Claim, Verdict


class Question(msgspec.Struct, frozen=True):
    """One question, the checks of Checkov that ask it, and the claims that decide it together."""

    asks: str
    checks: tuple[str, ...]
    claims: tuple[str, ...]
    """Globs over ids; each must match."""


class Settled(msgspec.Struct, frozen=True):
    """What the proofs say of a question, and the claims that say it."""

    question: Question
    verdict: Verdict
    claims: tuple[Claim, ...]

    def __str__(self) -> str:
        against = [c for c in self.claims if c.verdict is not Verdict.PROVEN]
        elsewhere = against and self.verdict is Verdict.PROVEN
        ids = [claim.id for claim in against or self.claims]
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        said = against[0].verdict if against else self.verdict
        by = f"{said.value} by {', '.join(ids[:_SHOWN])}{more}"
        return f"{self.question.asks}: {by}" + (", of another resource" if elsewhere else "")


_SHOWN = 2
"""Ids listed in a sentence."""


QUESTIONS = (
    Question(
        "what the internet can reach is what the contract declares",
        (
            "CKV_AWS_24",  # security groups: port 22
            "CKV_AWS_25",  # 3389
            "CKV_AWS_260",  # 80
            "CKV_AWS_277",  # every port
            "CKV_AWS_88",  # public addresses of instances
            "CKV_AWS_229",  # network ACLs: port 21
            "CKV_AWS_230",  # 20
            "CKV_AWS_231",  # 3389
            "CKV_AWS_232",  # 22
            "CKV_AWS_352",  # every port
        ),
        ("network.closed.internet-to-*", "network.grouped", "network.coverage"),
    ),
    Question(
        "what leaves for the internet is what the contract declares",
        ("CKV_AWS_382",),  # security groups: every port to everywhere
        ("network.closed.*-to-internet", "network.grouped", "network.coverage"),
    ),
    Question(
        "what each principal may do is what the contract grants",
        (
            "CKV_AWS_62",  # all actions on all resources
            "CKV_AWS_63",  # all actions
            "CKV_AWS_286",  # privilege escalation
            "CKV_AWS_287",  # credentials
            "CKV_AWS_288",  # data
            "CKV_AWS_289",  # permissions
            "CKV_AWS_290",  # writes
            "CKV_AWS_355",  # all resources
            "CKV2_AWS_40",  # all of IAM
            "CKV2_AWS_56",  # the same, by AWS's own policy
        ),
        (
            "identity.closed.*",
            "identity.escalation.*",
            "identity.principals",
            "identity.coverage",
        ),
    ),
    Question(
        "who may become each principal is what the contract says",
        ("CKV_AWS_60", "CKV_AWS_61"),
        ("identity.trust.*", "identity.principals", "identity.coverage"),
    ),
    Question(
        "whom the policies of resources admit is what the contract says",
        (
            "CKV_AWS_70",  # buckets
            "CKV_AWS_168",  # queues
            "CKV_AWS_169",  # topics
            "CKV_AWS_301",  # functions, to everybody
            "CKV_AWS_364",  # functions, to a service for anybody
        ),
        ("identity.admits.*", "identity.coverage"),
    ),
)
"""The proofs of a family that is not claimed, or not proven whole, settle nothing."""


def settled(check: str, urn: str, decided: Sequence[Claim]) -> Settled | None:
    """What the proofs say where they decide what `check` asks of the resource `urn`.

    They do when one of their claims blames the resource, and when each is proven or violated: then
    what is violated is another resource's, and has its own claim. Where a proof is open, so is what
    it would decide: who knows less, as a preview does, must not find more. None where no proof is
    asked.
    """
    question = next((q for q in QUESTIONS if check in q.checks), None)
    if question is None:
        return None
    found: list[Claim] = []
    for glob in question.claims:
        matching = [claim for claim in decided if fnmatchcase(claim.id, glob)]
        if not matching:
            return None
        found += matching
    for verdict in (Verdict.VIOLATED, Verdict.UNPROVEN):
        against = tuple(c for c in found if c.verdict is verdict and urn in c.resources)
        if against:
            return Settled(question, verdict, against)
    if unproven := tuple(claim for claim in found if claim.verdict is Verdict.UNPROVEN):
        return Settled(question, Verdict.UNPROVEN, unproven)
    return Settled(question, Verdict.PROVEN, tuple(found))
