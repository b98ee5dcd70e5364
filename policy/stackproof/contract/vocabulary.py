"""The words that a contract is written in: these classes are one to one with its YAML.

A resource is always named by group, and a group is chosen by selector, so that the contract
survives renamed modules. The docstrings are what editors show (schemas/contract.schema.json).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

INTERNET = "internet"
"""The group that every contract has without declaring it."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A named set of resources, addresses or an AWS service: exactly one kind of selector.

    `type` (Pulumi token) with `name` (glob over the logical name), or `urn` (glob), or `cidr`
    (addresses outside the graph), or `service` (an AWS service: `s3`, `secretsmanager`, ...).
    """

    type: str | None = None
    name: str | None = None
    urn: str | None = None
    cidr: tuple[str, ...] | None = None
    service: str | None = None
    optional: bool = False
    """A selector that matches nothing is an error, unless this says that it may."""


class Flow(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"source": "from"},
):
    """Traffic that must be possible, and the only traffic that may be.

    `allow` holds `tcp/80`, `tcp/1024-65535`, `udp/53`, `icmp`, `all`. `internet` is a group that
    every contract has.
    """

    source: str
    to: str
    allow: tuple[str, ...]


class Never(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"source": "from"},
):
    """A pair without a flow. `path`: `direct` packets, `proxied` by a load balancer, `any`."""

    source: str
    to: str
    path: Literal["direct", "proxied", "any"] = "direct"


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who can reach whom."""

    flows: tuple[Flow, ...] = ()
    never: tuple[Never, ...] = ()
    isolated: tuple[str, ...] = ()
    """Groups whose subnets have no route out of the VPC, whatever their security groups say."""


Conditions = dict[str, dict[str, str | tuple[str, ...]]]
"""As in a policy: operator, key, values. `{StringEquals: {aws:SourceAccount: "123456789012"}}`."""


class Trustee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is meant by a principal: exactly one of these. `anyone` is the public.

    `when` is for `assumed_by`: the conditions under which the trust policy admits it, no others.
    """

    service: str | None = None
    account: str | None = None
    arn: str | None = None
    principal: str | None = None
    """A name under `identity.principals`."""
    anyone: bool = False
    when: Conditions = {}


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Requests that must be possible, and the only ones that may be.

    `actions` are IAM globs. A resource is `*`, an ARN glob, or `GROUP[/REST]`: the ARN of the
    group's resources followed by REST (`images/orig/*`; for a bucket `images` alone is the bucket).
    `when` narrows the grant to requests that meet the conditions. `only_with` names an optional
    group: without a member of it the grant is not said.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    when: Conditions = {}
    only_with: str | None = None


class Principal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A role or user: which (`role`, a group's name), who may become it, what it may do.

    `runs` names the groups of instances, Auto Scaling groups and functions that run as it: these,
    and nothing else.
    """

    role: str
    assumed_by: tuple[Trustee, ...]
    runs: tuple[str, ...] = ()
    may: tuple[Grant, ...] = ()


class Admission(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a resource's own policy admits, to whom; what passes a VPC endpoint, and for whom."""

    who: Trustee
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    """As in Grant; the group itself when empty."""
    when: Conditions = {}
    only_with: str | None = None
    """As in Grant."""


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who may do what."""

    principals: dict[str, Principal] = {}
    resources: dict[str, tuple[Admission, ...]] = {}
    """Group of buckets, functions, queues... -> everything that its resource policies admit.

    Group of VPC endpoints -> everything that passes them: they are a way out for data. An endpoint
    without a policy lets everything through.
    """


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must be left of a group after the loss of a zone: a number, or a majority of voters."""

    instances: int | None = None
    quorum: Literal["majority"] | None = None


class FlowException(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"source": "from"},
):
    """A declared flow that may die with a zone, and why that is accepted."""

    source: str
    to: str
    reason: str


class KeepFlows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All declared flows must survive, but for the exceptions."""

    exceptions: tuple[FlowException, ...] = msgspec.field(default=(), name="except")


class Availability(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What survives the loss of any one zone, and what workloads need before they boot."""

    survive: Literal["any one zone"]
    keep: dict[str, Keep] = {}
    flows: KeepFlows | None = None
    boot: tuple[str, ...] = ()
    """Groups whose instances need network, names and permissions in place when they start."""
    after: dict[str, tuple[str, ...]] = {}
    """Group -> groups that must be there before any resource of it is made."""


class Trigger(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"source": "from"},
):
    """Writing `source` (`GROUP/KEYGLOB`, or a GROUP) must start `to`, and nothing else may."""

    source: str
    to: str


class Events(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What can trigger what."""

    triggers: tuple[Trigger, ...] = ()
    writes: tuple[Trigger, ...] = ()
    """Writes that IAM does not show: a function that calls an API which stores what it sends."""
    cycles: Literal["forbidden"] = "forbidden"


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Resources on which one check of Checkov may fail, and why that is accepted until a date."""

    resources: tuple[str, ...]
    """Globs over logical names; any other resource that fails is violated."""
    reason: str
    owner: str
    expires: dt.date


class Hardening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How each resource is set up: Checkov's checks, but for what is accepted."""

    accepted: dict[str, tuple[Accepted, ...]] = {}
    """Id of a check (`CKV_AWS_18`) -> where it may fail."""


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One accepted finding.

    `claim` is an id. `resources`, when given, are globs over logical names that must cover every
    resource to blame.
    """

    claim: str
    reason: str
    owner: str
    expires: dt.date
    resources: tuple[str, ...] = ()


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole. A family whose section is absent is not proven, and the report says so."""

    groups: dict[str, Group]
    network: Network | None = None
    identity: Identity | None = None
    availability: Availability | None = None
    events: Events | None = None
    hardening: Hardening | None = None
    waivers: tuple[Waiver, ...] = ()
    levels: dict[str, Literal["mandatory", "advisory"]] = {}
    """Claim id glob -> level in the policy pack; `mandatory` unless said otherwise."""
    extends: str | None = None
    """Another contract, relative to this file, whose keys this one overrides (an overlay)."""
