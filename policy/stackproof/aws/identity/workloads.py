"""As which role each workload of the graph runs: instances, groups, functions, builds, backups.

(Amazon EC2 User Guide, "IAM roles for Amazon EC2"; EC2 Auto Scaling User Guide, "IAM role for
applications that run on Amazon EC2 instances"; Lambda Developer Guide, "Defining Lambda function
permissions with an execution role"; EC2 Image Builder User Guide, "Manage Image Builder
infrastructure configurations".) A profile that an instance names itself goes before that of
its launch template. AWS Backup works as the role of a selection, on what the selection names, and
scans as a role of the plan (AWS Backup Developer Guide, "IAM service roles"), and so does
GuardDuty's plan for malware: they count as workloads, as they read and copy data. What else AWS
does with a role that is passed to it (flow logs) is no workload.

Left out: fleets and spot requests, whose roles are not known here; every other type that may run
code as a role is `not_modelled`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stackproof.aws.identity.principals import (
    FUNCTION,
    INSTANCE,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
    PROFILE,
    ROLE,
)
from stackproof.aws.imagebuilder import INFRASTRUCTURE
from stackproof.aws.values import Values, readable
from stackproof.model import Reference, Resource, Value

GROUP = "aws:autoscaling/group:Group"
SELECTION = "aws:backup/selection:Selection"
PLAN = "aws:backup/plan:Plan"
MALWARE_PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"
_UNREAD = (
    "aws:ec2/fleet:Fleet",
    "aws:ec2/spotFleetRequest:SpotFleetRequest",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
)


class Run(msgspec.Struct, frozen=True):
    """One way in which a workload gets a role, or none when all of the first three are empty."""

    role: str = ""
    """The URN of a role of this graph."""
    elsewhere: str = ""
    """A role that this graph does not declare."""
    doubt: str = ""
    """Why the role is not known."""
    via: tuple[str, ...] = ()
    """URNs of the launch template and the profile on the way."""


class Workload(msgspec.Struct, frozen=True):
    """Something that runs code, and the roles that it does so as."""

    urn: str
    name: str
    runs: tuple[Run, ...]


def workloads(values: Values) -> tuple[Workload, ...]:
    """Every workload of the graph, sorted by URN."""
    reader = _Reader(values)
    ways = {
        GROUP: reader.group,
        INSTANCE: reader.instance,
        FUNCTION: reader.function,
        SELECTION: reader.selection,
        PLAN: reader.plan,
        MALWARE_PLAN: reader.function,
        INFRASTRUCTURE: reader.build,
    }
    unread = dict.fromkeys(_UNREAD, (Run(doubt="stackproof does not read as whom it runs"),))
    return tuple(
        Workload(r.urn, r.name, unread.get(r.type) or tuple(ways[r.type](r)))
        for r in values.graph.resources
        if r.type in ways or r.type in unread
    )


class _Reader:
    """Follows a workload to its role, by reference or by the name that AWS gives."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def function(self, function: Resource) -> Iterator[Run]:
        yield self._role(function.inputs.get("role"), ())

    def selection(self, selection: Resource) -> Iterator[Run]:
        yield self._role(selection.inputs.get("iamRoleArn"), ())

    def plan(self, plan: Resource) -> Iterator[Run]:
        """Most plans scan nothing, and have no role of their own."""
        settings = self.values.resolve(plan.inputs.get("scanSettings"))
        if settings is not None and not isinstance(settings, list):
            yield Run(doubt="what it scans, and as whom, is not known")
            return
        for setting in settings or ():
            given = setting.get("scannerRoleArn") if isinstance(setting, dict) else None
            if given is None:
                yield Run(doubt="as whom it scans is not known")
            else:
                yield self._role(given, ())

    def build(self, infrastructure: Resource) -> Iterator[Run]:
        if infrastructure.external:
            yield Run(doubt="it is read, not made here")
        yield self._profile(infrastructure.inputs.get("instanceProfileName"), ())

    def instance(self, instance: Resource) -> Iterator[Run]:
        if instance.external:
            yield Run(doubt="it is read, not made here")
            return
        profile = instance.inputs.get("iamInstanceProfile")
        template = instance.inputs.get("launchTemplate")
        if profile is None and template is not None:
            yield self._template(template)
        else:
            yield self._profile(profile, ())

    def group(self, group: Resource) -> Iterator[Run]:
        if group.external:
            yield Run(doubt="it is read, not made here")
        if group.inputs.get("launchTemplate") is not None:
            yield self._template(group.inputs["launchTemplate"])
        if group.inputs.get("launchConfiguration") is not None:
            given = group.inputs["launchConfiguration"]
            yield self._launched(given, LAUNCH_CONFIGURATION, ("name", "id"))
        mixed = group.inputs.get("mixedInstancesPolicy")
        if mixed is not None:
            yield from self._mixed(mixed)

    def _mixed(self, mixed: Value) -> Iterator[Run]:
        template = mixed.get("launchTemplate") if isinstance(mixed, dict) else None
        if not isinstance(template, dict):
            yield Run(doubt="its mixed instances policy is not known")
            return
        overrides = template.get("overrides")
        if overrides is not None and not isinstance(overrides, list):
            yield Run(doubt="the overrides of its mixed instances policy are not known")
        for part in [template, *(overrides if isinstance(overrides, list) else ())]:
            if not isinstance(part, dict):
                yield Run(doubt="an override of its mixed instances policy is not known")
            elif part.get("launchTemplateSpecification") is not None:
                yield self._template(part["launchTemplateSpecification"])

    def _template(self, given: Value) -> Run:
        if not isinstance(given, dict):
            return Run(doubt="its launch template is not known")
        for key, output in (
            ("id", "id"),
            ("launchTemplateId", "id"),
            ("name", "name"),
            ("launchTemplateName", "name"),
        ):
            if given.get(key) is not None:
                return self._launched(given[key], LAUNCH_TEMPLATE, (output,))
        return Run(doubt="its launch template is not known")

    def _launched(self, given: Value, type_: str, outputs: tuple[str, ...]) -> Run:
        found = self._found(given, type_, outputs)
        if found is None or found.external:
            return Run(doubt=f"what it launches ({self._shown(given)}) is not declared here")
        profile = found.inputs.get("iamInstanceProfile")
        if isinstance(profile, dict):
            profile = profile.get("arn") or profile.get("name")
        return self._profile(profile, (found.urn,))

    def _profile(self, given: Value, via: tuple[str, ...]) -> Run:
        if given is None or given == "":
            return Run(via=via)
        found = self._found(given, PROFILE, ("name", "arn", "id"))
        if found is None or found.external:
            why = f"the role of its instance profile ({self._shown(given)}) is not declared here"
            return Run(doubt=why, via=via)
        return self._role(found.inputs.get("role"), (*via, found.urn))

    def _role(self, given: Value, via: tuple[str, ...]) -> Run:
        if given is None or given == "":
            return Run(via=via)
        found = self._found(given, ROLE, ("name", "arn", "id"))
        if found is not None:
            return Run(role=found.urn, via=via)
        text = self.values.text(given)
        if text is None:
            return Run(doubt="its role is not known", via=via)
        return Run(elsewhere=readable(text), via=via)

    def _found(self, given: Value, type_: str, outputs: tuple[str, ...]) -> Resource | None:
        """The resource of `type_` whose output `given` is, whatever that output turns out to be."""
        of_type = self.values.graph.of_type(type_)
        if isinstance(given, Reference) and given.property in outputs:
            owner = next((r for r in of_type if r.urn == given.urn), None)
            if owner is not None:
                return owner
        text = self.values.text(given)
        if text is None:
            return None
        if type_ == ROLE and text.startswith("arn:"):
            # Names are unique in an account, whatever the path; workloads take roles of their own.
            text = text.rpartition("/")[2]
        return next(
            (r for r in of_type for o in outputs if self.values.text(Reference(r.urn, o)) == text),
            None,
        )

    def _shown(self, given: Value) -> str:
        return readable(self.values.text(given) or "unknown")
