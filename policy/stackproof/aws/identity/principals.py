"""Roles, users, the policies that reach them, and what acts as them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stackproof.aws.identity.documents import Document, read, unreadable
from stackproof.aws.identity.managed import MANAGED
from stackproof.aws.imagebuilder import INFRASTRUCTURE
from stackproof.aws.values import Values, readable
from stackproof.model import Reference, Resource, Unknown, Value

ROLE = "aws:iam/role:Role"
USER = "aws:iam/user:User"
GROUP = "aws:iam/group:Group"
POLICY = "aws:iam/policy:Policy"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
FUNCTION = "aws:lambda/function:Function"
INSTANCE = "aws:ec2/instance:Instance"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LAUNCH_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"


class Attached(msgspec.Struct, frozen=True):
    """A policy of a principal, and the resource that gives it (an attachment, or the document)."""

    document: Document
    via: str
    policy: str = ""
    """The ARN of a managed policy; empty for one that is written inline."""
    contested: str = ""
    """What takes it away again, when something in the graph does: it holds now and then."""


class Principal(msgspec.Struct, frozen=True):
    """A role or a user of the graph. `arn` may hold atoms."""

    urn: str
    name: str
    arn: str
    user: bool
    policies: tuple[Attached, ...]
    boundary: Document | None
    trust: Document | None
    doubts: tuple[str, ...] = ()
    """What of its attachments is not known."""


class Actor(msgspec.Struct, frozen=True):
    """A function, an instance or a build that acts as `role`: a URN, or None when unknown."""

    urn: str
    arn: str
    role: str | None


EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
TO_ALL = "aws:iam/policyAttachment:PolicyAttachment"

_INLINE = {
    "aws:iam/rolePolicy:RolePolicy": ("role", ROLE),
    "aws:iam/userPolicy:UserPolicy": ("user", USER),
    "aws:iam/groupPolicy:GroupPolicy": ("group", GROUP),
}
_ATTACHMENTS = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ((("role", ROLE),), "policyArn"),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": ((("user", USER),), "policyArn"),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": ((("group", GROUP),), "policyArn"),
    TO_ALL: (
        (("roles", ROLE), ("users", USER), ("groups", GROUP)),
        "policyArn",
    ),
    EXCLUSIVE: ((("roleName", ROLE),), "policyArns"),
}
_MEMBERSHIPS = {
    "aws:iam/userGroupMembership:UserGroupMembership": ("user", "groups"),
    "aws:iam/groupMembership:GroupMembership": ("users", "group"),
}

TYPES = frozenset(
    {ROLE, USER, GROUP, POLICY, PROFILE, FUNCTION, *_INLINE, *_ATTACHMENTS, *_MEMBERSHIPS}
)
"""The resource types that this module reads."""


def _listed(value: Value) -> list[Value]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class Collector:
    """Joins principals with what is attached to them. `doubts` are about every principal."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.graph = values.graph
        self.doubts: list[str] = []
        self.outside: list[tuple[Resource, str]] = []
        """Resources that give a policy to a principal which this graph does not declare."""
        self.used_managed: set[str] = set()
        self._names = {
            (r.type, self.values.text(Reference(r.urn, "name"))): r.urn
            for r in self.graph.of_type(ROLE, USER, GROUP)
        }
        self._policies = {
            self.values.text(Reference(r.urn, "arn")): r for r in self.graph.of_type(POLICY)
        }
        self._given: dict[str, list[Attached]] = {}
        self._doubted: dict[str, list[str]] = {}

    def principals(self) -> tuple[Principal, ...]:
        """Every role and user with its policies, those of its groups among them."""
        self._collect()
        groups = self._groups_of_users()
        return tuple(
            Principal(
                urn=r.urn,
                name=r.name,
                arn=self.values.arn(r) or "*",
                user=r.type == USER,
                policies=tuple(a for urn in (r.urn, *groups[r.urn]) for a in self._attached(urn)),
                boundary=self._boundary(r),
                trust=self._trust(r),
                doubts=tuple(self._doubted.get(r.urn, ())),
            )
            for r in self.graph.of_type(ROLE, USER)
        )

    def actors(self) -> tuple[Actor, ...]:
        """Functions with their role, instances with that of their profile."""
        profiles = {
            self.values.text(Reference(r.urn, key)): self._owner(r.inputs.get("role"))
            for r in self.graph.of_type(PROFILE)
            for key in ("name", "arn")
        }
        found = [
            Actor(r.urn, self.values.arn(r) or "*", self._owner(r.inputs.get("role")))
            for r in self.graph.of_type(FUNCTION)
        ]
        launched = (INSTANCE, LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INFRASTRUCTURE)
        for r in self.graph.of_type(*launched):
            key = "instanceProfileName" if r.type == INFRASTRUCTURE else "iamInstanceProfile"
            given = r.inputs.get(key)
            if isinstance(given, dict):
                given = given.get("arn") or given.get("name")
            if given is not None:
                # What is launched otherwise has an id that nobody can name before.
                arn = self.values.arn(r) if r.type == INSTANCE else "arn:*:ec2:*:instance/*"
                text = self.values.text(given)
                found.append(Actor(r.urn, arn or "*", profiles.get(text) if text else None))
        return tuple(found)

    # ── one resource ────────────────────────────────────────────────────────────────────────────

    def _trust(self, resource: Resource) -> Document | None:
        if resource.type == USER:
            return None
        given = resource.inputs.get("assumeRolePolicy")
        if resource.external or given is None:
            return unreadable(resource.urn, "its trust policy is not declared here")
        return read(self.values, resource.urn, given)

    def _own(self, resource: Resource) -> list[Attached]:
        """What a role itself carries: inline policies, managed ARNs."""
        found: list[Attached] = []
        if resource.external:
            why = f"{resource.name} is read, not made here: its policies are not declared"
            found.append(Attached(unreadable(resource.urn, why), resource.urn))
        for key in ("inlinePolicies", "managedPolicyArns"):
            given = resource.inputs.get(key)
            if isinstance(given, Unknown):
                found.append(Attached(unreadable(resource.urn, given.reason), resource.urn))
                continue
            for item in _listed(given):
                if key == "managedPolicyArns":
                    found.append(self._by_arn(item, resource.urn))
                    continue
                text = item.get("policy") if isinstance(item, dict) else item
                if text is not None:  # without text it only removes those made elsewhere
                    found.append(Attached(read(self.values, resource.urn, text), resource.urn))
        return found

    def _boundary(self, resource: Resource) -> Document | None:
        given = self.values.resolve(resource.inputs.get("permissionsBoundary"))
        return None if given in {None, ""} else self._managed(given, resource.urn)

    def _by_arn(self, arn: Value, via: str) -> Attached:
        return Attached(self._managed(arn, via), via, self.values.text(arn) or "")

    def _managed(self, arn: Value, via: str) -> Document:
        """The document of the managed policy `arn`."""
        text = self.values.text(arn)
        if text is None:
            return unreadable(via, "the ARN of an attached policy is not known")
        policy = self._policies.get(text)
        if policy is not None:
            return read(self.values, policy.urn, policy.inputs.get("policy"))
        name = text.partition(":iam::aws:policy/")[2]
        if name in MANAGED:
            self.used_managed.add(name)
            return read(self.values, via, MANAGED[name])
        return unreadable(via, f"what the policy {readable(text)} permits is not declared here")

    # ── what is attached ────────────────────────────────────────────────────────────────────────

    def _collect(self) -> None:
        for r in self.graph.resources:
            if r.type in _INLINE:
                key, kind = _INLINE[r.type]
                document = read(self.values, r.urn, r.inputs.get("policy"))
                self._give(r, r.inputs.get(key), kind, [Attached(document, r.urn)])
            elif r.type in _ATTACHMENTS:
                targets, arns = _ATTACHMENTS[r.type]
                given = self.values.resolve(r.inputs.get(arns))
                policies = [self._by_arn(a, r.urn) for a in _listed(given)]
                for key, kind in targets:
                    self._give(r, r.inputs.get(key), kind, policies)

    def _give(
        self, resource: Resource, targets: Value, kind: str, policies: list[Attached]
    ) -> None:
        for target in _listed(self.values.resolve(targets)):
            owners = self._owners(target, kind)
            if not owners:
                text = self.values.text(target)
                if text is None:
                    self.doubts.append(f"whom {resource.name} gives a policy is not known")
                else:
                    self.outside.append((resource, readable(text)))
            for owner in owners:
                self._given.setdefault(owner, []).extend(policies)

    def _attached(self, owner: str) -> Iterator[Attached]:
        """The policies of one role, user or group, each with what takes it away again."""
        resource = self.values.resources[owner]
        for given in (*self._own(resource), *self._given.get(owner, ())):
            by_arn = self.values.resources[given.via].type not in _INLINE
            rival = self._detached(resource, given) if by_arn else self._deleted(resource, given)
            yield msgspec.structs.replace(given, contested=rival)

    def _detached(self, owner: Resource, given: Attached) -> str:
        """What detaches a managed policy from its owner.

        A role's own list of managed policies is all that it keeps, and a PolicyAttachment takes
        its policy from everybody whom it does not name (Pulumi Registry, "aws.iam.Role",
        "aws.iam.PolicyAttachment", "aws.iam.RolePolicyAttachmentsExclusive").
        """
        if not given.policy:
            return ""
        via = self.values.resources[given.via].name
        listed = owner.inputs.get("managedPolicyArns")
        lists: list[tuple[Resource, Value]] = [(owner, listed)] if listed is not None else []
        lists += [
            (r, self.values.resolve(r.inputs.get("policyArns")))
            for r in self.graph.of_type(EXCLUSIVE)
            if owner.urn in self._owners(r.inputs.get("roleName"), ROLE)
        ]
        for rival, arns in lists:
            kept = {self.values.text(arn) for arn in _listed(arns)}
            if rival.urn != given.via and given.policy not in kept:
                return f"{rival.name} detaches what {via} attaches: its own list is exclusive"
        for rival in self.graph.of_type(TO_ALL):
            named = {
                urn
                for key, kind in _ATTACHMENTS[TO_ALL][0]
                for target in _listed(self.values.resolve(rival.inputs.get(key)))
                for urn in self._owners(target, kind)
            }
            same = self.values.text(rival.inputs.get("policyArn")) == given.policy
            if same and rival.urn != given.via and owner.urn not in named:
                return f"{rival.name} takes {via}'s policy from all but those that it names"
        return ""

    def _deleted(self, owner: Resource, given: Attached) -> str:
        """What deletes or replaces an inline policy: its owner's own list, or one of its name."""
        via = self.values.resources[given.via]
        if _listed(owner.inputs.get("inlinePolicies")):
            return f"{owner.name} deletes what {via.name} writes: its own list is exclusive"
        if "name" not in via.inputs:
            return ""
        name = self.values.text(via.inputs["name"])
        key, kind = _INLINE[via.type]
        for rival in self.graph.of_type(via.type):
            if rival.urn != via.urn and owner.urn in self._owners(rival.inputs.get(key), kind):
                other = self.values.text(rival.inputs.get("name")) if "name" in rival.inputs else ""
                if other is None or name in {None, other}:
                    return f"{rival.name} replaces what {via.name} writes: they have one name"
        return ""

    def _owner(self, role: Value) -> str | None:
        """The URN of the role that `role` names, if this graph has it."""
        return next(iter(self._owners(role, ROLE)), None)

    def _owners(self, given: Value, kind: str) -> list[str]:
        """The URN of the role, user or group of this graph that `given` names, if any."""
        text = self.values.text(given)
        if text is None:
            return []
        # Functions name their role by ARN, everything else by name.
        name = text.rpartition("/")[2] if text.startswith("arn:") else text
        found = self._names.get((kind, name))
        return [found] if found else []

    def _groups_of_users(self) -> dict[str, list[str]]:
        """The groups of this graph that each role and user is in; of the others, doubts."""
        found: dict[str, list[str]] = {r.urn: [] for r in self.graph.of_type(ROLE, USER)}
        for r in self.graph.resources:
            if r.type in _MEMBERSHIPS:
                who, where = (
                    _listed(self.values.resolve(r.inputs.get(k))) for k in _MEMBERSHIPS[r.type]
                )
                groups = [urn for v in where for urn in self._owners(v, GROUP)]
                for value in who:
                    users = self._owners(value, USER)
                    if not users and self.values.text(value) is None:
                        self.doubts.append(f"whom {r.name} makes a member is not known")
                    for user in users:
                        found[user] += groups
                        if len(groups) < len(where):
                            why = f"{r.name} makes it a member of a group that is not declared here"
                            self._doubted.setdefault(user, []).append(why)
        return found
