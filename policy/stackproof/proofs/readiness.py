"""Whatever a workload needs in order to start is made before it.

Decided on the dependency graph alone: a need is met when Pulumi cannot make the workload before
it, whatever the timing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from stackproof.aws.events.facts import Delivery
from stackproof.aws.readiness import Caller, ReadinessFacts, Workload
from stackproof.contract import Contract
from stackproof.model import (
    Decision,
    Evidence,
    Family,
    Hop,
    Kinds,
    NotModelled,
    Obligation,
    Verdict,
)
from stackproof.proofs.recursion.triggers import admits
from stackproof.selection import Members


def obligations(
    facts: ReadinessFacts,
    contract: Contract,
    members: Mapping[str, Members],
    not_modelled: tuple[NotModelled, ...] = (),
) -> list[Obligation]:
    """The claims about order; none when the contract has no `availability`.

    `not_modelled` are the network's: what nobody reads may be a need.
    """
    availability = contract.availability
    if availability is None:
        return []
    found = [
        Obligation(
            f"availability.boot.{group}",
            Family.PLACEMENT,
            f"everything that {group} needs in order to start is made before it",
            partial(_boot, facts, members[group], not_modelled),
        )
        for group in availability.boot
    ]
    found += [
        Obligation(
            f"availability.after.{group}",
            Family.PLACEMENT,
            f"{', '.join(sooner)} are there before {group} is made",
            partial(_after, facts, members[group], tuple(members[name] for name in sooner)),
        )
        for group, sooner in sorted(availability.after.items())
    ]
    found += [
        Obligation(
            f"availability.order.{facts.resources[caller.urn].name}",
            Family.PLACEMENT,
            f"notification {facts.resources[caller.urn].name} is made after the permission to call",
            partial(_order, facts, caller),
        )
        for caller in facts.callers
    ]
    return found


def _unproven(summary: str, resources: tuple[str, ...], mend: str) -> Decision:
    return Decision(Verdict.UNPROVEN, Evidence("unknown", summary), resources, mend)


def _boot(
    facts: ReadinessFacts, members: Members, not_modelled: tuple[NotModelled, ...]
) -> Decision:
    """Everything that a workload needs in order to start is made before it.

    Decided on the dependency graph: a need is met when Pulumi cannot make the workload before
    it, whatever the timing. Needed are the rules of its security groups, routes, NAT gateways,
    endpoints, the policies of its role.

    ## What AWS does

    An instance depends on its security group, not on the group's rules, and on its profile, not
    on the policies of the role. User data that runs before a route exists fails once, and
    nobody runs it again (Amazon EC2 User Guide, "Run commands when you launch an EC2 instance
    with user data input"; Pulumi documentation, "Resource option: dependsOn").

    ## Fails

    ```python
    aws.iam.RolePolicy(
        "late",
        role=web_role.name,
        policy=allow("s3:PutObject", "arn:aws:s3:::shop-images/orig/*"),
    )
    ```

    `availability.boot.web`

    ## Mend

    Add what the evidence lists to the workload's `depends_on`.
    """
    workloads: list[Workload] = []
    for resource in members.resources:
        if resource.urn not in facts.workloads:
            return _unproven(
                f"what {resource.name} needs in order to start is not modelled",
                (resource.urn,),
                "Name instances, Auto Scaling groups, functions and images under boot.",
            )
        workloads.append(facts.workloads[resource.urn])
    if not workloads:
        return _unproven(
            f"{members.group} has no resources in this stack",
            (),
            f"Let group {members.group} select instances, Auto Scaling groups or functions.",
        )
    for workload in workloads:
        late = _late(facts, workload)
        if late is not None:
            return late
    for workload in workloads:
        if workload.unknown:
            return _unproven(workload.unknown, (workload.urn,), "Declare it in this stack.")
    if not_modelled:
        item = not_modelled[0]
        return _unproven(
            f"{facts.resources[item.urn].name} may be something that {members.group} needs: "
            f"{item.why}",
            tuple(i.urn for i in not_modelled),
            "Remove it, or declare it with a type that is modelled.",
        )
    count = len({need.urn for workload in workloads for need in workload.needs})
    return Decision(
        Verdict.PROVEN,
        Evidence(
            "exhaustive",
            f"Pulumi waits for all {count} resources that {members.group} needs in order to start",
            hops=tuple(
                Hop(f"{facts.resources[need.urn].name}: {need.why}", urn=need.urn)
                for need in workloads[0].needs
            ),
        ),
        tuple(w.urn for w in workloads),
    )


def _late(facts: ReadinessFacts, workload: Workload) -> Decision | None:
    waited = facts.waited_for(workload.urn)
    late = [need for need in workload.needs if need.urn not in waited]
    if not late:
        return None
    name = facts.resources[workload.urn].name
    missing = [facts.resources[need.urn].name for need in late]
    first = late[0]
    more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"{name} may start before {missing[0]}, {first.why}{more}",
            {
                "starts": workload.urn,
                "before": first.urn,
                "why": first.why,
                "all": [need.urn for need in late],
            },
            tuple(
                Hop(f"{facts.resources[n.urn].name} may be late: {n.why}", permits=False, urn=n.urn)
                for n in late
            ),
        ),
        (workload.urn, *(need.urn for need in late)),
        f"Add {', '.join(missing)} to depends_on of {name}.",
    )


def _after(facts: ReadinessFacts, later: Members, sooner: tuple[Members, ...]) -> Decision:
    """What the contract names is there before any resource of a group is made.

    For what no rule of AWS shows: the secret that a machine reads when it boots, the name of
    another, the database of an API. Decided on the dependency graph, whatever the timing.

    ## What AWS does

    Nothing ties user data to what it names: a machine that boots before its secret or its peer
    exists fails, or waits for good (Amazon EC2 User Guide, "Run commands when you launch an EC2
    instance with user data input"; Pulumi documentation, "Resource option: dependsOn").

    ## Fails

    ```yaml
    availability:
      after:
        web: [images]
    ```

    `availability.after.web`

    ## Mend

    Add what the evidence names to the `depends_on` of what comes later.
    """
    if not later.resources:
        return _unproven(
            f"{later.group} has no resources in this stack",
            (),
            f"Let group {later.group} select what is made after others.",
        )
    wanted = sorted({r.urn for m in sooner for r in m.resources if not r.external})
    for resource in later.resources:
        waited = facts.waited_for(resource.urn)
        late = [urn for urn in wanted if urn not in waited and urn != resource.urn]
        if late:
            missing = [facts.resources[urn].name for urn in late]
            return Decision(
                Verdict.VIOLATED,
                Evidence(
                    "witness",
                    f"{resource.name} may be made before {', '.join(missing)}",
                    {"made": resource.urn, "before": late},
                    tuple(
                        Hop(f"{name} may be late", permits=False, urn=urn)
                        for name, urn in zip(missing, late, strict=True)
                    ),
                ),
                (resource.urn, *late),
                f"Add {', '.join(missing)} to depends_on of {resource.name}.",
            )
    return Decision(
        Verdict.PROVEN,
        Evidence(
            "exhaustive",
            f"Pulumi waits for all {len(wanted)} resources before it makes any of {later.group}",
            hops=tuple(
                Hop(f"{facts.resources[urn].name} is waited for", urn=urn) for urn in wanted
            ),
        ),
        tuple(r.urn for r in later.resources),
    )


def _order(facts: ReadinessFacts, caller: Caller) -> Decision:
    """A bucket's notification is made after the permission by which S3 may call the function.

    ## What AWS does

    S3 tries the function when the notification is made, and refuses the notification without
    the permission (Amazon S3 User Guide, "Granting permissions to publish event notification
    messages to a destination"). Nothing else ties the two together.

    ## Fails

    ```python
    archive = aws.s3.Bucket("archive", bucket="shop-archive")
    aws.lambda_.Permission(
        "archive-may-call",
        function=thumbnails.name,
        action="lambda:InvokeFunction",
        principal="s3.amazonaws.com",
        source_arn=archive.arn,
        source_account=ACCOUNT,
    )
    aws.s3.BucketNotification(
        "archive",
        bucket=archive.id,
        lambda_functions=[
            {"lambda_function_arn": thumbnails.arn, "events": ["s3:ObjectCreated:*"]}
        ],
    )
    ```

    `availability.order.archive`

    ## Mend

    Add the permission to the notification's `depends_on`.
    """
    waited = facts.waited_for(caller.urn)
    for delivery in caller.deliveries:
        late = _not_yet_admitted(facts, caller, delivery, waited)
        if late is not None:
            return late
    name = facts.resources[caller.urn].name
    return Decision(
        Verdict.PROVEN,
        Evidence("exhaustive", f"Pulumi makes {name} after every permission that it needs"),
        (caller.urn,),
    )


def _not_yet_admitted(
    facts: ReadinessFacts, caller: Caller, delivery: Delivery, waited: frozenset[str]
) -> Decision | None:
    """The decision for a function that may not admit S3 when the notification is made."""
    answers = {
        p.urn: admits(caller.account, p, delivery)
        for p in caller.permissions
        if p.function in {None, delivery.target.urn}
    }
    permissions = tuple(urn for urn, answer in answers.items() if answer)
    unknown = tuple(urn for urn, answer in answers.items() if answer is None)
    if waited & {*permissions}:
        return None
    function = delivery.target.urn
    name, called = facts.resources[caller.urn].name, facts.resources[function].name
    if unknown and (not permissions or waited & {*unknown}):
        return _unproven(
            f"whether {facts.resources[unknown[0]].name} admits S3 to {called} is not known",
            unknown,
            "Write its function, principal and source as known text.",
        )
    missing = [facts.resources[p].name for p in permissions]
    what = f"permission {missing[0]}" if missing else "a permission, and there is none"
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"S3 may try to call {called} for notification {name} before it has {what}",
            {"starts": caller.urn, "before": list(permissions), "calls": function},
            tuple(Hop("may be late", permits=False, urn=p) for p in permissions),
        ),
        (caller.urn, *permissions, function),
        f"Add {missing[0]} to depends_on of {name}."
        if missing
        else f"Declare an aws.lambda_.Permission on {called} for s3.amazonaws.com, and add it to "
        f"depends_on of {name}.",
    )


KINDS: Kinds = {
    "availability.after": _after,
    "availability.boot": _boot,
    "availability.order": _order,
}
