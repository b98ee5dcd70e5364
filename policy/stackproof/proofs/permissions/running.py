"""The claims about which workloads run as which principal."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.identity import Run, Workload
from stackproof.model import Decision, Family, Hop, Kinds, Obligation, Resource
from stackproof.proofs.permissions.claims import (
    Question,
    closed_world,
    proven,
    unproven,
    violated,
)
from stackproof.proofs.permissions.requests import Doubt


def obligations(question: Question) -> Iterator[Obligation]:
    """The claims `identity.runs.*` and `identity.workloads`."""
    for name, declared in sorted(question.identity.principals.items()):
        which = f"{', '.join(declared.runs)} and nothing else" if declared.runs else "nothing"
        yield Obligation(
            f"identity.runs.{name}",
            Family.IDENTITY,
            f"{which} runs as {name}",
            lambda name=name: closed_world(question, _runs(question, name)),  # type: ignore[misc]
        )
    yield Obligation(
        "identity.workloads",
        Family.IDENTITY,
        "Every workload that runs as a role does so as a principal of the contract",
        lambda: closed_world(question, _workloads(question)),
    )


def _runs(question: Question, name: str) -> Decision:
    """The workloads that the contract names run as a principal, and no other workload does.

    ## What AWS does

    An instance gets its role from an instance profile, its own or that of its launch template;
    a function names its role itself (Amazon EC2 User Guide, "IAM roles for Amazon EC2"; AWS
    Lambda Developer Guide, "Defining Lambda function permissions with an execution role").

    ## Fails

    The function borrows the web servers' role.

    ```python
    aws.lambda_.Function(
        "report",
        role=web_role.arn,
        runtime="python3.13",
        handler="handler.handle",
        s3_bucket="shop-code",
        s3_key="report.zip",
    )
    ```

    `identity.runs.web`

    ## Mend

    Give the workload a role of its own, or name it under `runs`.
    """
    roles = {p.urn for p in question.holders(name)}
    if not roles:
        return violated(
            f"{name} is no role or user of this stack", {"principal": name}, (), (),
            f"Declare the role that {name} means, or take it out of the contract.",
        )  # fmt: skip
    wanted = {r.urn: r for r in _members(question, name)}
    open_: list[tuple[Workload, Run]] = []
    hops: list[Hop] = []
    for workload in question.facts.workloads:
        declared = workload.urn in wanted
        for run in workload.runs or (Run(),):
            if run.doubt:
                open_.append((workload, run))
            elif (run.role in roles) is not declared:
                return _wrong(question, name, workload, run, declared=declared)
            elif declared:
                hops += _way(question, workload, run)
    if open_:
        return _not_known(question, open_, f"whether {{}} runs as {name} is not known")
    seen = {w.urn for w in question.facts.workloads}
    strange = [r for urn, r in wanted.items() if urn not in seen]
    if strange:
        why = f"as whom a {strange[0].type} runs is not known to stackproof"
        return unproven(
            question,
            f"{strange[0].name} is no instance, Auto Scaling group or function",
            [Doubt(strange[0].urn, why)],
            (),
            f"Name under runs of {name} the instances, groups and functions that run as it.",
        )
    which = ", ".join(dict.fromkeys(w.name for w in question.facts.workloads if w.urn in wanted))
    return proven(
        "exhaustive", f"only {which} runs as {name}" if which else f"nothing runs as {name}", hops
    )


def _workloads(question: Question) -> Decision:
    """Every workload that runs as a role runs as a principal of the contract.

    ## What AWS does

    A role of another stack or an ARN in configuration serves as well as one that is declared
    here (Amazon EC2 User Guide, "IAM roles for Amazon EC2"), and what it may do is not seen.

    ## Fails

    ```python
    aws.lambda_.Function(
        "cleanup",
        role="arn:aws:iam::123456789012:role/administrator",
        runtime="python3.13",
        handler="handler.handle",
        s3_bucket="shop-code",
        s3_key="report.zip",
    )
    ```

    `identity.workloads`

    ## Mend

    Declare the role in this stack and name it under `identity.principals`, with the workload
    under its `runs`.
    """
    ours = {p.urn for name in question.identity.principals for p in question.holders(name)}
    open_: list[tuple[Workload, Run]] = []
    for workload in question.facts.workloads:
        for run in workload.runs:
            if run.doubt:
                open_.append((workload, run))
            elif run.elsewhere or (run.role and run.role not in ours):
                who = run.elsewhere or question.name_of(run.role)
                return violated(
                    f"{workload.name} runs as {who}, which is no principal of the contract",
                    {"workload": workload.name, "runs_as": who},
                    _way(question, workload, run),
                    _on_the_way(workload, run),
                    f"Name the role under identity.principals with {workload.name} under its "
                    "runs, or give the workload a role of the contract.",
                )
    if open_:
        return _not_known(question, open_, "as whom {} runs is not known")
    count = len(question.facts.workloads)
    return proven("exhaustive", f"{count} workloads, all as principals of the contract or as none")


def _members(question: Question, name: str) -> Iterator[Resource]:
    for group in question.identity.principals[name].runs:
        if group in question.members:
            yield from question.members[group].resources


def _on_the_way(workload: Workload, run: Run) -> tuple[str, ...]:
    return (*run.via, workload.urn, *([run.role] if run.role else []))


def _way(question: Question, workload: Workload, run: Run) -> list[Hop]:
    urns = [workload.urn, *run.via, *([run.role] if run.role else [])]
    hops = [
        question.hop(f"{question.name_of(urn)} ({_kind(urn)}) names {_kind(after)}", urn)
        for urn, after in zip(urns, [*urns[1:], ""], strict=True)
        if after
    ]
    if run.role:
        return hops
    end = f"the role {run.elsewhere}" if run.elsewhere else "no role"
    what = f"{question.name_of(urns[-1])} ({_kind(urns[-1])}) names {end}"
    return [*hops, question.hop(what, urns[-1], permits=bool(run.elsewhere))]


def _kind(urn: str) -> str:
    """What AWS calls the type of a URN: `launch template`."""
    token = urn.split("::")[-2].rpartition(":")[2] if "::" in urn else ""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in token).strip()
    return "Auto Scaling group" if words == "group" else words


def _wrong(
    question: Question, name: str, workload: Workload, run: Run, *, declared: bool
) -> Decision:
    who = run.elsewhere or (question.name_of(run.role) if run.role else "")
    if declared:
        instead = f"as {who}" if who else "without a role"
        summary = f"{workload.name} runs {instead}, not as {name}"
        mend = f"Give {workload.name} the role of {name}, or take it out of runs."
    else:
        summary = f"{workload.name} runs as {name} too, which the contract does not say"
        mend = f"Take the role of {name} from {workload.name}, or name it under runs."
    return violated(
        summary,
        {"workload": workload.name, "runs_as": who or None, "principal": name},
        _way(question, workload, run),
        _on_the_way(workload, run),
        mend,
    )


def _not_known(question: Question, open_: list[tuple[Workload, Run]], summary: str) -> Decision:
    return unproven(
        question,
        summary.format(open_[0][0].name),
        [Doubt(w.urn, run.doubt) for w, run in open_],
        [urn for _, run in open_ for urn in run.via],
        "Declare the launch template, profile and role in this program, known at preview.",
    )


KINDS: Kinds = {"identity.runs": _runs, "identity.workloads": _workloads}
