"""The claim that no principal can make itself more than the contract says.

A principal gains by becoming another (assuming a role, passing one to something it makes, putting
code into what acts as one) or by writing policies. What it can reach so, in any number of steps,
must stay within its own contract. (IAM User Guide, "Grant a user permissions to pass a role to an
AWS service", "IAM and AWS STS condition context keys"; Service Authorization Reference, "Actions,
resources, and condition keys" of each service.)
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stackproof.aws.identity import Principal
from stackproof.aws.identity.principals import FUNCTION
from stackproof.aws.values import readable
from stackproof.model import Decision, Family, Hop, Kinds, Obligation
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, ASKER, RESOURCE, Box, intersect, subtract
from stackproof.proofs.permissions.claims import (
    Question,
    closed_world,
    proven,
    sources_of,
    unproven,
    violated,
)
from stackproof.proofs.permissions.policy_writes import POLICY_WRITES
from stackproof.proofs.permissions.principals import contract_boxes
from stackproof.proofs.permissions.requests import LARGEST, SMALLEST_DECIDED, Reading, doubts
from stackproof.proofs.permissions.trust import trusts, trusts_a_service
from stackproof.proofs.permissions.witnesses import first, request, shown

MAKES = (
    "autoscaling:CreateAutoScalingGroup",
    "autoscaling:CreateLaunchConfiguration",
    "batch:RegisterJobDefinition",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "codebuild:CreateProject",
    "codebuild:UpdateProject",
    "codepipeline:CreatePipeline",
    "datapipeline:CreatePipeline",
    "ec2:AssociateIamInstanceProfile",
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "ec2:RequestSpotFleet",
    "ec2:RequestSpotInstances",
    "ec2:RunInstances",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "eks:CreateNodegroup",
    "elasticmapreduce:RunJobFlow",
    "events:PutTargets",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "glue:UpdateJob",
    "imagebuilder:CreateInfrastructureConfiguration",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration",
    "pipes:CreatePipe",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "scheduler:CreateSchedule",
    "ssm:CreateAssociation",
    "ssm:StartAutomationExecution",
    "states:CreateStateMachine",
    "states:UpdateStateMachine",
)
"""Actions that make something act as the role which is passed to it."""

ENTERS = (
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
    "ec2:ModifyInstanceAttribute",
    "ssm:SendCommand",
    "ssm:StartSession",
)
"""Actions that put code into a function or an instance that acts as a role already."""


def _names(actions: tuple[str, ...]) -> Language:
    return Language.any_of(action.lower() for action in actions)


_WRITES, _MAKES, _ENTERS = _names(POLICY_WRITES), _names(MAKES), _names(ENTERS)
_OF_FUNCTIONS = Language.glob("lambda:*")
_NOWHERE = (
    Box({ACTION: _OF_FUNCTIONS, RESOURCE: ~Language.glob("arn:*:lambda:*")}),
    # A session needs a document beside the instance; alone it enters nothing.
    Box({ACTION: Language.glob("ssm:*"), RESOURCE: Language.glob("arn:*:ssm:*")}),
)


class Gain(msgspec.Struct, frozen=True):
    """One step: `boxes` of requests by which `by` gains what `to` may do (None: anything)."""

    by: str
    to: str | None
    how: str
    boxes: tuple[Box, ...]


def obligations(question: Question) -> Iterator[Obligation]:
    """The claims `identity.escalation.*`."""
    for name in sorted(question.identity.principals):
        yield Obligation(
            f"identity.escalation.{name}",
            Family.IDENTITY,
            f"{name} cannot gain more than the contract grants it, by any chain of roles",
            lambda name=name: closed_world(question, _contained(question, name)),  # type: ignore[misc]
        )


def acting(boxes: list[Box], action: Language, resource: Language | None = None) -> list[Box]:
    """The requests among `boxes` that are for `action`, and on `resource`."""
    sides = {ACTION: action} if resource is None else {ACTION: action, RESOURCE: resource}
    return intersect(boxes, [Box(sides)])


def gains(question: Question, principal: Principal, reading: Reading) -> Iterator[Gain]:
    """Every way in which the principal gains something in one step."""
    mine = question.allowed(principal, reading)
    writes = acting(mine, _WRITES)
    if writes:
        yield Gain(principal.urn, None, "writes policies", tuple(writes))
    passes = acting(mine, Language.literal("iam:passrole"))
    makes = acting(mine, _MAKES)
    for other in question.facts.principals:
        arn = Language.literal(other.arn)
        if other.urn == principal.urn or other.user:
            continue
        passed = acting(passes, Language.everything(), arn)
        if passed and makes and trusts_a_service(question, other, reading):
            boxes = (*passed, *makes)
            yield Gain(principal.urn, other.urn, f"passes {other.name} to what it makes", boxes)
        named, delegated = trusts(question, other, principal, reading)
        assumes = acting(mine, Language.glob("sts:assumerole*"), arn)
        if named or (delegated and assumes):
            yield Gain(principal.urn, other.urn, f"assumes {other.name}", tuple(assumes or named))
    strangers = subtract(
        passes, [Box({RESOURCE: Language.literal(p.arn)}) for p in question.facts.principals]
    )
    if strangers and makes:
        yield Gain(
            principal.urn, None, "passes roles of others to what it makes", (*strangers, *makes)
        )
    entering = acting(mine, _ENTERS)
    for actor in question.facts.actors if entering else ():
        function = question.facts.values.resources[actor.urn].type == FUNCTION
        kind = _OF_FUNCTIONS if function else ~_OF_FUNCTIONS
        reached = Box({ACTION: kind, RESOURCE: Language.glob(actor.arn)})
        boxes = tuple(intersect(entering, [reached]))
        entering = subtract(entering, [reached])
        if boxes and actor.role != principal.urn:
            how = f"puts code into {question.name_of(actor.urn)}"
            yield Gain(principal.urn, actor.role, how, boxes)
    elsewhere = subtract(entering, _NOWHERE)
    if elsewhere:
        yield Gain(principal.urn, None, "puts code into what others own", tuple(elsewhere))


def _contained(question: Question, name: str) -> Decision:
    """No principal can make itself more than the contract says, by any chain of steps.

    A step is to assume a role, to pass one to something that it makes, to put code into what
    acts as one, or to write policies.

    ## What AWS does

    `iam:PassRole` with the right to make a function or an instance is that role's permissions
    (IAM User Guide, "Grant a user permissions to pass a role to an AWS service"), and whoever
    may change a function's code is the function.

    ## Fails

    ```python
    aws.iam.RolePolicy(
        "deploys",
        role=web_role.name,
        policy=allow(
            "lambda:UpdateFunctionCode",
            "arn:aws:lambda:us-east-1:123456789012:function:thumbnails",
        ),
    )
    ```

    ```yaml
    identity:
      principals:
        web:
          may:
            - {actions: ["s3:PutObject"], resources: ["images/orig/*"]}
            - {actions: ["lambda:UpdateFunctionCode"], resources: [thumbnails]}
    ```

    `identity.escalation.web`

    ## Mend

    Take from the principal what lets it do the first step of the chain.
    """
    steps: list[Hop] = []
    for principal in question.holders(name):
        contract = contract_boxes(question, name, principal)
        certain = _chain(question, principal, contract, SMALLEST_DECIDED)
        if certain is not None:
            return _escalates(question, principal, *certain)
        perhaps = _chain(question, principal, contract, LARGEST)
        if perhaps is not None:
            chain, _ = perhaps
            return unproven(
                question,
                f"{principal.name} may perhaps gain more than its contract: it {chain[-1].how}",
                doubts(question.facts, principal),
                [g.by for g in chain],
                "Make the policies known at preview, so that the chain can be ruled out.",
            )
        steps.append(question.hop(f"{principal.name} gains nothing", principal.urn))
    return proven("exhaustive", f"{name} cannot become more than it is", steps)


def _chain(
    question: Question, start: Principal, contract: list[Box], reading: Reading
) -> tuple[list[Gain], list[Box]] | None:
    """A chain of gains from `start` to something outside its contract, and what that is."""
    came: dict[str, list[Gain]] = {start.urn: []}
    queue = [start]
    while queue:
        at = queue.pop(0)
        for gain in gains(question, at, reading):
            chain = [*came[at.urn], gain]
            if gain.to is None:
                if _beyond([Box({})], contract):
                    return chain, list(gain.boxes)
                continue
            other = question.facts.principal(gain.to)
            if other is None or other.urn in came:
                continue
            more = _beyond(question.allowed(other, reading), contract)
            if more:
                return chain, more
            came[other.urn] = chain
            queue.append(other)
    return None


def _beyond(boxes: list[Box], contract: list[Box]) -> list[Box]:
    """What of another principal's permissions the contract does not cover, whoever asks."""
    return subtract([_unnamed(b) for b in boxes], [_unnamed(b) for b in contract])


def _unnamed(box: Box) -> Box:
    """The box without the keys that say who asks."""
    return box.without(ASKER)


def _escalates(
    question: Question, principal: Principal, chain: list[Gain], more: list[Box]
) -> Decision:
    hops = []
    for gain in chain:
        what = f"{question.name_of(gain.by)} {gain.how}"
        hops.append(question.hop(what, gain.by))
        hops += question.statements(sources_of(gain.boxes), permits=True)
    made = request(first(more))
    witness = shown(made, principal.arn)
    witness["chain"] = [f"{question.name_of(g.by)} {g.how}" for g in chain]
    return violated(
        f"{principal.name} can gain more than its contract: it {chain[0].how}, and so may "
        f"{made[ACTION]} on {readable(made[RESOURCE])}",
        witness,
        hops,
        [*(u for u, _ in sources_of(chain[0].boxes)), *(g.by for g in chain)],
        f"Take from {principal.name} what lets it do the first step.",
    )


KINDS: Kinds = {"identity.escalation": _contained}
