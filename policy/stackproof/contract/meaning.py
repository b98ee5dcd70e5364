"""What the vocabulary admits and a contract still must not say: names of nothing, bad ports.

Whether a selector matches is not known here: that takes a Graph.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from stackproof.contract.errors import Key, meant
from stackproof.contract.vocabulary import (
    INTERNET,
    Contract,
    Flow,
    FlowException,
    Grant,
    Group,
    Never,
    Principal,
    Trigger,
    Trustee,
)

Contradiction: TypeAlias = tuple[Key, str]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TYPE = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9/_-]+:[A-Za-z0-9]+")
_PORTS = re.compile(r"(?:tcp|udp)/(\d{1,5})(?:-(\d{1,5}))?")
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+")
_CHECK = re.compile(r"CKV2?_AWS_\d+")
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_LAST_PORT = 65535
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def contradictions(contract: Contract) -> Iterator[Contradiction]:
    """Each thing that cannot be meant, under the key that says it."""
    for name, group in contract.groups.items():
        yield from _group(name, group)
    yield from _network(contract)
    yield from _identity(contract)
    yield from _availability(contract)
    yield from _events(contract)
    yield from _hardening(contract)
    yield from _waivers(contract)


def _group(name: str, group: Group) -> Iterator[Contradiction]:
    key: Key = ("groups", name)
    if name == INTERNET:
        yield key, "every contract has the group 'internet'; give this one another name"
    elif not _NAME.fullmatch(name) or "-to-" in name:
        # Claim ids and `GROUP/KEY` are made of it, and must be read back in one way only.
        yield key, "a group's name has letters, digits, '-' and '_', and no '-to-'"
    kinds = [k for k in ("type", "urn", "cidr", "service") if getattr(group, k) is not None]
    if len(kinds) != 1:
        given = f", not {' and '.join(kinds)}" if kinds else ""
        yield key, f"a group has exactly one of type (with name), urn, cidr or service{given}"
    if group.name is not None and group.type is None:
        yield (*key, "name"), "'name' chooses among the resources of a 'type'; add it"
    if group.type is not None and not _TYPE.fullmatch(group.type):
        yield (*key, "type"), f"'{group.type}' is not a Pulumi type such as aws:ec2/vpc:Vpc"
    if group.service is not None and not _SERVICE.fullmatch(group.service):
        yield (*key, "service"), f"'{group.service}' is not an AWS service such as s3"
    for index, cidr in enumerate(group.cidr or ()):
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            yield (*key, "cidr", index), f"not a range of addresses: {error}"


def _known(name: str, groups: Iterable[str], key: Key) -> Iterator[Contradiction]:
    known = tuple(groups)
    if name not in known:
        yield key, f"there is no group '{name}'{meant(name, known)}"


def _pair(
    pair: Flow | Never | FlowException, groups: Iterable[str], key: Key
) -> Iterator[Contradiction]:
    ends = (*groups, INTERNET)
    yield from _known(pair.source, ends, (*key, "from"))
    yield from _known(pair.to, ends, (*key, "to"))


def _ports(spec: str) -> str | None:
    """What is wrong with `tcp/80`, if anything."""
    if spec in {"all", "icmp"}:
        return None
    match = _PORTS.fullmatch(spec)
    if match is None:
        return f"'{spec}' is not tcp/80, tcp/1024-65535, udp/53, icmp or all"
    low, high = int(match[1]), int(match[2] or match[1])
    if high > _LAST_PORT:
        return f"'{spec}': ports end at {_LAST_PORT}"
    return f"'{spec}': the range runs backwards" if low > high else None


def _network(contract: Contract) -> Iterator[Contradiction]:
    if contract.network is None:
        return
    declared: dict[tuple[str, str], int] = {}
    for index, flow in enumerate(contract.network.flows):
        key: Key = ("network", "flows", index)
        yield from _pair(flow, contract.groups, key)
        first = declared.setdefault((flow.source, flow.to), index)
        if first != index:
            message = f"{flow.source} to {flow.to} is already flows[{first}]; join their 'allow'"
            yield key, message
        if not flow.allow:
            yield (*key, "allow"), "a flow allows something; say 'never' for none"
        for number, spec in enumerate(flow.allow):
            wrong = _ports(spec)
            if wrong:
                yield (*key, "allow", number), wrong
    for index, never in enumerate(contract.network.never):
        key = ("network", "never", index)
        yield from _pair(never, contract.groups, key)
        if never.path != "proxied" and (never.source, never.to) in declared:
            number = declared[never.source, never.to]
            yield key, f"{never.source} to {never.to} is allowed by flows[{number}]"
    for index, name in enumerate(contract.network.isolated):
        yield from _known(name, contract.groups, ("network", "isolated", index))


def _trustee(who: Trustee, contract: Contract, key: Key) -> Iterator[Contradiction]:
    named = (who.service, who.account, who.arn, who.principal)
    if sum(kind is not None for kind in named) + who.anyone != 1:
        yield key, "exactly one of service, account, arn, principal or anyone: true"
    if who.service is not None and not _SERVICE_PRINCIPAL.fullmatch(who.service):
        message = f"'{who.service}' is not a service principal such as ec2.amazonaws.com"
        yield (*key, "service"), message
    if who.account is not None and not _ACCOUNT.fullmatch(who.account):
        yield (*key, "account"), f"'{who.account}' is not the twelve digits of an account"
    if who.arn is not None and not who.arn.startswith("arn:"):
        yield (*key, "arn"), f"'{who.arn}' does not begin with 'arn:'"
    principals = tuple(contract.identity.principals) if contract.identity else ()
    if who.principal is not None and who.principal not in principals:
        message = f"there is no principal '{who.principal}'{meant(who.principal, principals)}"
        yield (*key, "principal"), message


def _requests(
    actions: tuple[str, ...], resources: tuple[str, ...], contract: Contract, key: Key
) -> Iterator[Contradiction]:
    if not actions:
        yield (*key, "actions"), "no action is named; remove the entry instead"
    for index, action in enumerate(actions):
        if not _ACTION.fullmatch(action):
            yield (*key, "actions", index), f"'{action}' is not an action such as s3:GetObject"
    for index, resource in enumerate(resources):
        if resource != "*" and not resource.startswith("arn:"):
            here: Key = (*key, "resources", index)
            group = resource.split("/", 1)[0]
            yield from _known(group, contract.groups, here)
            meant_group = contract.groups.get(group)
            if meant_group is not None and meant_group.type is None and meant_group.urn is None:
                yield here, f"group '{group}' is none of resources; write '*' or an ARN"


def _only_with(group: str | None, contract: Contract, key: Key) -> Iterator[Contradiction]:
    if group is not None:
        yield from _known(group, contract.groups, (*key, "only_with"))


def _grant(grant: Grant, contract: Contract, key: Key) -> Iterator[Contradiction]:
    yield from _requests(grant.actions, grant.resources, contract, key)
    yield from _only_with(grant.only_with, contract, key)
    if not grant.resources:
        yield (*key, "resources"), "no resource is named; '*' means every one"


def _principal(principal: Principal, contract: Contract, key: Key) -> Iterator[Contradiction]:
    yield from _known(principal.role, contract.groups, (*key, "role"))
    for index, who in enumerate(principal.assumed_by):
        yield from _trustee(who, contract, (*key, "assumed_by", index))
    for index, group in enumerate(principal.runs):
        yield from _known(group, contract.groups, (*key, "runs", index))
    for index, grant in enumerate(principal.may):
        yield from _grant(grant, contract, (*key, "may", index))


def _identity(contract: Contract) -> Iterator[Contradiction]:
    if contract.identity is None:
        return
    for name, principal in contract.identity.principals.items():
        yield from _principal(principal, contract, ("identity", "principals", name))
    for group, admissions in contract.identity.resources.items():
        key: Key = ("identity", "resources", group)
        yield from _known(group, contract.groups, key)
        for index, admission in enumerate(admissions):
            here = (*key, index)
            of_group = contract.groups.get(group)
            if of_group is not None and of_group.type == _ENDPOINT and not admission.resources:
                yield here, "what passes an endpoint is for other resources; name them"
            yield from _trustee(admission.who, contract, (*here, "who"))
            if admission.who.when:
                yield (*here, "who", "when"), "here 'when' stands beside 'who', not in it"
            yield from _requests(admission.actions, admission.resources, contract, here)
            yield from _only_with(admission.only_with, contract, here)


def _availability(contract: Contract) -> Iterator[Contradiction]:
    if contract.availability is None:
        return
    for group, keep in contract.availability.keep.items():
        key: Key = ("availability", "keep", group)
        yield from _known(group, contract.groups, key)
        if (keep.instances is None) == (keep.quorum is None):
            yield key, "exactly one of instances and quorum"
        if keep.instances is not None and keep.instances < 1:
            yield (*key, "instances"), "to keep none is no claim; remove the entry"
    for index, group in enumerate(contract.availability.boot):
        yield from _known(group, contract.groups, ("availability", "boot", index))
    for group, sooner in contract.availability.after.items():
        yield from _after(group, sooner, contract, ("availability", "after", group))
    flows = contract.network.flows if contract.network else ()
    declared = {(flow.source, flow.to) for flow in flows}
    if contract.availability.flows is not None:
        for index, item in enumerate(contract.availability.flows.exceptions):
            key = ("availability", "flows", "except", index)
            yield from _pair(item, contract.groups, key)
            if (item.source, item.to) not in declared:
                yield key, f"no declared flow leads from {item.source} to {item.to}"


def _after(
    group: str, sooner: tuple[str, ...], contract: Contract, key: Key
) -> Iterator[Contradiction]:
    yield from _made(group, contract, key)
    for index, name in enumerate(sooner):
        yield from _made(name, contract, (*key, index))
        if name == group:
            yield (*key, index), "nothing is made before itself"
    if not sooner:
        yield key, "it is after nothing; remove the entry instead"


def _made(group: str, contract: Contract, key: Key) -> Iterator[Contradiction]:
    """Addresses and services are not made by the program, so nothing can be before or after."""
    yield from _known(group, contract.groups, key)
    meant_group = contract.groups.get(group)
    if meant_group is not None and meant_group.type is None and meant_group.urn is None:
        yield key, f"group '{group}' is none of resources"


def _events(contract: Contract) -> Iterator[Contradiction]:
    if contract.events is None:
        return
    triggers: tuple[tuple[str, tuple[Trigger, ...]], ...] = (
        ("triggers", contract.events.triggers),
        ("writes", contract.events.writes),
    )
    for name, entries in triggers:
        for index, entry in enumerate(entries):
            key: Key = ("events", name, index)
            yield from _known(entry.source.split("/", 1)[0], contract.groups, (*key, "from"))
            yield from _known(entry.to.split("/", 1)[0], contract.groups, (*key, "to"))


def _hardening(contract: Contract) -> Iterator[Contradiction]:
    if contract.hardening is None:
        return
    for check, entries in contract.hardening.accepted.items():
        key: Key = ("hardening", "accepted", check)
        if not _CHECK.fullmatch(check):
            yield key, f"'{check}' is not the id of a check such as CKV_AWS_18"
        if not entries:
            yield key, "nothing is accepted; remove the key instead"
        for index, entry in enumerate(entries):
            if not entry.resources:
                message = 'name the resources; ["*"] is every one, also those to come'
                yield (*key, index, "resources"), message
            for field in ("reason", "owner"):
                if not getattr(entry, field).strip():
                    yield (*key, index, field), "must not be empty: it answers for itself"


def _waivers(contract: Contract) -> Iterator[Contradiction]:
    for index, waiver in enumerate(contract.waivers):
        for field in ("claim", "reason", "owner"):
            if not getattr(waiver, field).strip():
                yield ("waivers", index, field), "must not be empty: a waiver answers for itself"
