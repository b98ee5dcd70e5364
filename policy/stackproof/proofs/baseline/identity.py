"""Without a contract, who may do too much, and who is let in that should not be.

`baseline.takeover.NAME`    the role or user cannot give itself, by any chain of roles, whatever
                            permissions it likes. (IAM User Guide, "Grant least privilege"; whoever
                            writes policies or makes keys for others can become any of them.)
`baseline.strangers.NAME`   nobody outside who is not named may become the role.
`baseline.public.NAME`      the resource's own policy does not let the public in; a bucket that is
                            a website may be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from stackproof.aws.identity import IdentityFacts, Principal, ResourcePolicy
from stackproof.aws.identity.resource_policies import BUCKETS
from stackproof.aws.values import readable
from stackproof.contract import Identity
from stackproof.model import Decision, Family, Hop, Kinds, Obligation, Reference
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ABSENT, ACTION, RESOURCE, WHO, Box, subtract
from stackproof.proofs.permissions.claims import (
    Question,
    closed_world,
    proven,
    sources_of,
    unproven,
    violated,
)
from stackproof.proofs.permissions.escalation import Gain, acting, gains
from stackproof.proofs.permissions.letting_in import STRANGER, admitted, is_public
from stackproof.proofs.permissions.policy_writes import POLICY_WRITES
from stackproof.proofs.permissions.requests import (
    LARGEST,
    SMALLEST_DECIDED,
    Doubt,
    Reading,
    doubts,
    doubts_of,
)
from stackproof.proofs.permissions.witnesses import first, request, shown

TAKES_OVER = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:PutInlinePolicyToPermissionSet",
)
"""Requests by which a principal makes itself, or somebody whose keys it gets, whatever it likes."""

_BOUNDARY = "iam:permissionsboundary"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_WEBSITES = (
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
    "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2",
)
_SHARED = ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io")
"""Identity providers that vouch for anybody's jobs: only their subject says whose."""


def obligations(facts: IdentityFacts) -> list[Obligation]:
    """The claims about `facts`."""
    question = Question(facts, Identity(), {})
    found = [
        _obligation(
            f"baseline.takeover.{p.name}",
            f"{p.name} cannot take over the account, by any chain of roles",
            partial(_contained, question, p),
        )
        for p in facts.principals
    ]
    found += [
        _obligation(
            f"baseline.strangers.{p.name}",
            f"nobody may become {p.name} whom its trust policy does not name",
            partial(_strangers, question, p),
        )
        for p in facts.principals
        if not p.user
    ]
    found += [
        _obligation(
            f"baseline.public.{policy.name}",
            f"the policy of {policy.name} lets the public do nothing"
            + (" but read its website" if _is_website(facts, policy) else ""),
            partial(_public, question, policy),
        )
        for policy in facts.resource_policies
    ]
    return [Obligation(o.id, o.family, o.title, partial(_closed_world, question, o)) for o in found]


def _obligation(claim: str, title: str, decide: partial[Decision]) -> Obligation:
    return Obligation(claim, Family.IDENTITY, title, decide)


def _closed_world(question: Question, obligation: Obligation) -> Decision:
    return closed_world(question, obligation.decide())


# ── taking over ─────────────────────────────────────────────────────────────────────────────────


def _contained(question: Question, principal: Principal) -> Decision:
    """Without a contract: no role or user can give itself whatever permissions it likes.

    By any chain: roles that it may assume, roles that it may pass to what it makes, code that it
    may put into a function, commands in a container. Whoever may write IAM's policies, or make
    keys for others, can become any of them. What the chain leads to and this stack does not
    declare leaves the claim unproven.

    ## What AWS does

    A permission to write one policy is a permission to everything that the policy may then say,
    unless a permissions boundary caps it (IAM User Guide, "Permissions boundaries for IAM
    entities"). A role that may be passed gives its permissions to whoever may pass it (IAM User
    Guide, "Grant a user permissions to pass a role to an AWS service").

    ## Fails

    ```python
    aws.iam.RolePolicy("helpful", role=web_role.name, policy=allow("iam:PutRolePolicy", "*"))
    ```

    `baseline.takeover.web`

    ## Mend

    Take the action away, or cap it with a permissions boundary. A role that is meant to administer
    the account belongs into a contract.
    """
    certain = _chain(question, principal, SMALLEST_DECIDED)
    if certain is not None and certain[-1].to is None and _unbounded(certain[-1].boxes):
        return _takes_over(question, principal, certain)
    perhaps = _chain(question, principal, LARGEST)
    if perhaps is not None:
        last = perhaps[-1]
        made = request(first(last.boxes))
        return unproven(
            question,
            f"{principal.name} may perhaps take over the account: {_told(question, perhaps)}, with"
            f" {made[ACTION]} on {readable(made[RESOURCE])}",
            _whatever(question, principal, last),
            [g.by for g in perhaps],
            f"Narrow what {question.name_of(last.by)} may do there to what this stack declares.",
        )
    hop = question.hop(f"{principal.name} gains nothing", principal.urn)
    return proven("exhaustive", f"no chain of roles leads {principal.name} to IAM's keys", [hop])


def _whatever(question: Question, principal: Principal, last: Gain) -> Sequence[Doubt | str]:
    """Why the last step is no certain one."""
    if last.how not in {_POWER, ""}:
        return (f"what it gains when it {last.how}: this stack does not declare that",)
    if not _unbounded(last.boxes):
        return ("whether the permissions boundary that it must set holds it",)
    return doubts(question.facts, principal) or ("a condition that is not decided",)


_POWER = "writes the permissions of others"


def _unbounded(boxes: Sequence[Box]) -> bool:
    """Whether it may do so without setting a permissions boundary."""
    return any(_BOUNDARY not in b.sides or ABSENT in b.sides[_BOUNDARY] for b in boxes)


def _chain(question: Question, start: Principal, reading: Reading) -> list[Gain] | None:
    """The steps from `start` to power over others; in the widest reading, to what is not known."""
    came: dict[str, list[Gain]] = {start.urn: []}
    queue = [start]
    while queue:
        at = queue.pop(0)
        power = acting(question.allowed(at, reading), _power())
        if power:
            return [*came[at.urn], Gain(at.urn, None, _POWER, tuple(power))]
        for gain in (*gains(question, at, reading), *_of_tasks(question, at, reading)):
            other = None if gain.to is None else question.facts.principal(gain.to)
            if other is None:
                # Writing the policy of a bucket is not writing one of IAM's, and that was asked.
                if reading == LARGEST and gain.how != "writes policies":
                    return [*came[at.urn], gain]
                continue
            if other.urn not in came:
                came[other.urn] = [*came[at.urn], gain]
                queue.append(other)
        if reading == LARGEST:
            for how, boxes in (
                ("assumes roles that this stack does not declare", _elsewhere(question, at)),
                ("takes away what holds it", acting(question.allowed(at, reading), _freeing())),
            ):
                if boxes:
                    return [*came[at.urn], Gain(at.urn, None, how, tuple(boxes))]
    return None


def _power() -> Language:
    return Language.any_of(action.lower() for action in TAKES_OVER)


def _freeing() -> Language:
    """IAM's actions that remove policies and boundaries, denies among them."""
    return Language.any_of(a.lower() for a in POLICY_WRITES if a.startswith("iam:")) - _power()


def _elsewhere(question: Question, principal: Principal) -> list[Box]:
    """Requests for roles of this account that the graph does not have."""
    facts = question.facts
    asked = acting(
        question.allowed(principal, LARGEST),
        Language.glob("sts:assumerole*"),
        Language.glob(f"arn:*:iam::{facts.account}:role/*"),
    )
    return subtract(asked, [Box({RESOURCE: Language.literal(p.arn)}) for p in facts.principals])


def _of_tasks(question: Question, principal: Principal, reading: Reading) -> Iterator[Gain]:
    """Who may open a shell in a container acts as its task's role (Amazon ECS, "ECS Exec")."""
    boxes = acting(question.allowed(principal, reading), Language.literal("ecs:executecommand"))
    if not boxes:
        return
    values = question.facts.values
    for task in values.graph.of_type(_TASK):
        given = task.inputs.get("taskRoleArn")
        if given is None:
            continue
        text = values.text(given)
        role = next(
            (
                p.urn
                for p in question.facts.principals
                if given == Reference(p.urn, "arn") or (text is not None and p.arn == text)
            ),
            None,
        )
        yield Gain(principal.urn, role, f"runs commands in the containers of {task.name}",
                   tuple(boxes))  # fmt: skip


def _told(question: Question, chain: Sequence[Gain]) -> str:
    return ", then ".join(f"{question.name_of(g.by)} {g.how}" for g in chain)


def _takes_over(question: Question, principal: Principal, chain: list[Gain]) -> Decision:
    hops: list[Hop] = []
    for gain in chain:
        hops.append(question.hop(f"{question.name_of(gain.by)} {gain.how}", gain.by))
        hops += question.statements(sources_of(gain.boxes), permits=True)
    last = chain[-1]
    made = request(first([b for b in last.boxes if _unbounded([b])]))
    witness = shown(made, question.facts.principal(last.by).arn)  # type: ignore[union-attr]
    if len(chain) > 1:
        witness["chain"] = [f"{question.name_of(g.by)} {g.how}" for g in chain]
    return violated(
        f"{principal.name} can take over the account: {_told(question, chain)}, with"
        f" {made[ACTION]} on {readable(made[RESOURCE])}",
        witness,
        hops,
        [*(u for u, _ in sources_of(chain[0].boxes)), *(g.by for g in chain)],
        f"Take {made[ACTION]} from {question.name_of(last.by)}, or begin a contract (`stackproof"
        " contract`) that grants it to whom it belongs.",
    )


# ── who is let in ───────────────────────────────────────────────────────────────────────────────


def _strangers(question: Question, principal: Principal) -> Decision:
    """Without a contract: nobody may become a role whom its trust policy does not name.

    Everybody is named by nobody; and so are, at an identity provider that serves the whole world,
    all of its jobs when the policy does not say whose.

    ## What AWS does

    `Principal: *` in a trust policy admits every account of AWS (IAM User Guide, "AWS JSON policy
    elements: Principal"). A provider for GitHub vouches for any repository; only a condition on the
    subject says which (IAM User Guide, "Create a role for OpenID Connect federation").

    ## Fails

    ```python
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    aws.iam.Role(
        "partner",
        name="partner",
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}),
    )
    ```

    `baseline.strangers.partner`

    ## Mend

    Name the accounts or the roles, or add a condition such as `aws:PrincipalOrgID`.
    """
    certain = _unnamed(question.trusting(principal, SMALLEST_DECIDED))
    perhaps = certain or _unnamed(question.trusting(principal, LARGEST))
    if certain:
        made = request(certain[0])
        return violated(
            f"{_who(certain[0])} may become {principal.name}",
            {**shown(made, _who(certain[0])), "principal": _who(certain[0])},
            question.statements(sources_of(certain), permits=True),
            (principal.urn,),
            f"Name in the trust policy of {principal.name} who may become it, or give it a"
            " condition that does.",
        )
    if perhaps:
        known = () if principal.trust is None else doubts_of(principal.trust)
        return unproven(
            question,
            f"perhaps {_who(perhaps[0])} may become {principal.name}",
            known or ("a condition that is not decided",),
            (principal.urn,),
            "Make the trust policy known at preview.",
        )
    hop = question.hop(f"the trust policy of {principal.name} names who", principal.urn)
    return proven("exhaustive", f"only those whom {principal.name} names may become it", [hop])


def _unnamed(boxes: Sequence[Box]) -> list[Box]:
    return [b for b in boxes if is_public(b) or any(_anybodys_job(b, host) for host in _SHARED)]


def _anybodys_job(box: Box, host: str) -> bool:
    if STRANGER in box.side(WHO):
        return False  # it names everybody, and what is asked of them counts
    if (box.side(WHO) & Language.glob(f"Federated:*oidc-provider/{host}*")).is_empty():
        return False
    probe = "repo:any-owner/any-repository:ref:refs/heads/main"
    return f"{host}:sub" not in box.sides or probe in box.sides[f"{host}:sub"]


def _who(box: Box) -> str:
    host = next((h for h in _SHARED if _anybodys_job(box, h)), None)
    return "anybody" if is_public(box) or host is None else f"anybody's job at {host}"


def _is_website(facts: IdentityFacts, policy: ResourcePolicy) -> bool:
    resource = facts.values.resources[policy.urn]
    if policy.type not in BUCKETS:
        return False
    name = facts.values.text(Reference(policy.urn, "id"))
    return bool(resource.inputs.get("website")) or any(
        name is not None and facts.values.text(r.inputs.get("bucket")) == name
        for r in facts.values.graph.of_type(*_WEBSITES)
    )


def _public(question: Question, policy: ResourcePolicy) -> Decision:
    """Without a contract: a resource's own policy does not let the public in.

    Buckets, queues, topics, functions, keys, secrets, tables and repositories. A bucket that has a
    website configuration may be read by anybody, and nothing else.

    ## What AWS does

    A policy is public unless a condition fixes who asks or from where (Amazon S3 User Guide,
    "Blocking public access to your Amazon S3 storage"). New buckets block public policies; that is
    relied upon only where the program says it.

    ## Fails

    ```python
    anybody = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop-images/*",
    }
    aws.s3.BucketPublicAccessBlock(
        "images", bucket=images.id, block_public_policy=False, restrict_public_buckets=False
    )
    aws.s3.BucketPolicy(
        "images",
        bucket=images.id,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [anybody]}),
    )
    ```

    `baseline.public.images`

    ## Mend

    Name who may, or block public access. What is meant for everybody belongs into a contract.
    """
    facts = question.facts
    purpose = [Box({ACTION: Language.literal("s3:getobject")})]
    allowed = purpose if _is_website(facts, policy) else []

    def public(reading: Reading) -> list[Box]:
        return subtract([b for b in admitted(facts, policy, reading) if is_public(b)], allowed)

    certain = public(SMALLEST_DECIDED)
    if certain:
        box = first(certain)
        made = request(box)
        return violated(
            f"{policy.name} lets anybody {made[ACTION]} on {readable(made[RESOURCE])}",
            shown(made, "anybody"),
            question.statements(sources_of([box]), permits=True),
            [*(u for u, _ in sources_of(certain)), policy.urn],
            f"Name in the policy of {policy.name} who may; if everybody may, begin a contract"
            " (`stackproof contract`) that says it.",
        )
    if public(LARGEST):
        known = [
            *(Doubt(policy.urn, why) for why in policy.doubts),
            *(d for document in policy.documents for d in doubts_of(document)),
        ]
        return unproven(
            question,
            f"perhaps {policy.name} lets the public in",
            known or ("a condition, or a public access block, that is not decided",),
            (policy.urn,),
            "Make the policy known at preview, and block public access to the bucket.",
        )
    hop = question.hop(f"the policy of {policy.name} names whom it lets in", policy.urn)
    return proven("exhaustive", f"{policy.name} lets in only whom its policy names", [hop])


KINDS: Kinds = {
    "baseline.takeover": _contained,
    "baseline.strangers": _strangers,
    "baseline.public": _public,
}
