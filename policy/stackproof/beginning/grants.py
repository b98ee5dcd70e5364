"""Who may do what today, statement by statement, with ARNs turned back into groups.

A statement that the contract has no words for (everything but some actions, a value that is not
known) is written as the least that covers it: nothing goes unsaid, and the claim that all of it is
possible is then not proven, which the file says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from stackproof.aws.identity import Condition, IdentityFacts, Match, Principal, Statement
from stackproof.aws.identity.documents import Document, Pattern, Who
from stackproof.aws.identity.managed import MANAGED
from stackproof.aws.identity.resource_policies import ENDPOINT, LOG_POLICY
from stackproof.aws.values import ATOM_CLOSE, ATOM_OPEN
from stackproof.beginning.names import Names, plain
from stackproof.contract import Admission, Conditions, Grant, Identity, Trustee
from stackproof.contract import Principal as Declared
from stackproof.model import Template, walk
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.letting_in import own_root
from stackproof.proofs.permissions.witnesses import spelt, spelt_action

_ATOM = re.compile(f"{ATOM_OPEN}[^{ATOM_CLOSE}]*{ATOM_CLOSE}")
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?")
_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_BOTH = ("", "/*")
_EVERYBODY = Who((Pattern("*"),))
_OPPOSITE = {"StringEquals": "StringNotEquals", "StringLike": "StringNotLike"}
"""What is left where a denial has such a condition. Denials of what is not TLS are left out: what a
contract grants is proven over TLS."""


class Grants:
    """Reads the identity facts of one graph into the words of a contract."""

    def __init__(self, facts: IdentityFacts, names: Names) -> None:
        self.facts = facts
        self.names = names
        self._by_arn = {
            arn: r.urn
            for r in names.graph.resources
            if r.custom and not r.external and (arn := facts.values.arn(r)) is not None
            if arn.startswith("arn:")
        }
        self._spelt = _spellings(facts)
        self._denials = [
            statement
            for policy in facts.resource_policies
            for document in policy.documents
            for statement in document.statements
            if not statement.allow
            and statement.who == _EVERYBODY
            and [c.operator in _OPPOSITE for c in statement.conditions] == [True]
        ]
        self._called: dict[str, str] = {}
        for principal in facts.principals:
            name, number = plain(principal.name), 1
            while name in self._called.values():
                number += 1
                name = f"{plain(principal.name)}-{number}"
            self._called[principal.urn] = name

    def identity(self) -> Identity:
        """The identity section."""
        return Identity(
            principals={
                self._called[p.urn]: self._principal(p)
                for p in sorted(self.facts.principals, key=lambda p: self._called[p.urn])
            },
            resources=dict(sorted(self._resources())),
        )

    def _principal(self, principal: Principal) -> Declared:
        documents = [a.document for a in principal.policies]
        trusts = [] if principal.trust is None else _allowing([principal.trust])
        return Declared(
            role=self.names.of(principal.urn),
            assumed_by=_distinct(t for s in trusts for t in self._trustees(s, when=True)),
            runs=_distinct(
                self.names.of(w.urn)
                for w in self.facts.workloads
                if any(run.role == principal.urn for run in w.runs)
            ),
            may=_distinct(g for s in _allowing(documents) for g in self._grants(s)),
        )

    def _grants(self, statement: Statement) -> Iterator[Grant]:
        """What a statement gives: apart, the actions that a resource denies in some cases."""
        by_denial: dict[tuple[Condition, ...], list[Pattern]] = {}
        for pattern in statement.actions.patterns:
            denied = () if statement.actions.negated else self._denied(pattern, statement.resources)
            by_denial.setdefault(denied, []).append(pattern)
        for denied, patterns in by_denial.items():
            allowed = (msgspec.structs.replace(c, operator=_OPPOSITE[c.operator]) for c in denied)
            yield Grant(
                actions=self._actions(Match(tuple(patterns), statement.actions.negated)),
                resources=_distinct(self._where(statement.resources)),
                when=self._when((*statement.conditions, *allowed)),
            )

    def _denied(self, action: Pattern, where: Match | None) -> tuple[Condition, ...]:
        """The conditions, each alone, under which resources deny all of the action to everybody."""
        return _distinct(
            statement.conditions[0]
            for statement in self._denials
            if _within(Match((action,)), statement.actions)
            and where is not None
            and statement.resources is not None
            and _within(where, statement.resources)
        )

    # ── what ────────────────────────────────────────────────────────────────────────────────────

    def _actions(self, match: Match) -> tuple[str, ...]:
        if match.negated:
            return ("*",)
        return _distinct(self._action(p.text) for p in match.patterns)

    def _action(self, text: str) -> str:
        found = self._spelt.get(text) or spelt_action(text)
        return found if _ACTION.fullmatch(found) else "*"

    def _where(self, match: Match | None) -> Iterator[str]:
        if match is None or match.negated:
            yield "*"
            return
        for pattern in match.patterns:
            yield self._resource(pattern.text)

    def _resource(self, text: str) -> str:
        """`GROUP/REST` where a resource of the graph is meant, else an ARN."""
        urn, rest = self._owner(text)
        if urn:
            return f"{self.names.of(urn)}{rest}"
        text = _ATOM.sub("*", text)
        return text if text.startswith("arn:") and "${" not in text else self._wider(text)

    @staticmethod
    def _wider(text: str) -> str:
        text = re.sub(r"\$\{[^}]*\}", "*", text)
        return text if text.startswith("arn:") else "*"

    def _owner(self, text: str) -> tuple[str, str]:
        """The resource whose ARN the text begins with, and the rest behind it."""
        if text in self._by_arn and self._type(text) != _LOG_GROUP:
            return self._by_arn[text], ""
        # What is asked of a log group names its ARN, a colon and perhaps a stream.
        if text.endswith(":*") and self._type(text[:-2]) == _LOG_GROUP:
            return self._by_arn[text[:-2]], ""
        head, slash, rest = text, "", ""
        while "/" in head:
            head, _, last = head.rpartition("/")
            rest = f"{last}{slash}{rest}"
            slash = "/"
            if head in self._by_arn and "${" not in rest and not _ATOM.search(rest):
                return self._by_arn[head], f"/{rest}"
        return "", ""

    def _type(self, arn: str) -> str:
        urn = self._by_arn.get(arn)
        return "" if urn is None else self.names.resources[urn].type

    def _when(self, conditions: Iterable[Condition]) -> Conditions:
        found: dict[str, dict[str, str | tuple[str, ...]]] = {}
        for condition in conditions:
            values = [self._value(condition, p.text) for p in condition.values if p.exact]
            known = [v for v in values if v is not None]
            if len(known) < len(condition.values):
                continue  # without it the grant is wider: nothing goes unsaid
            under = found.setdefault(condition.operator, {})
            under[spelt(condition.key)] = known[0] if len(known) == 1 else tuple(known)
        return {operator: keys for operator, keys in found.items() if keys}

    def _value(self, condition: Condition, text: str) -> str | None:
        if condition.operator.lower().startswith("arn"):
            urn, rest = self._owner(text)
            if urn:
                return f"{self.names.of(urn)}{rest}"
        return None if _ATOM.search(text) else text

    # ── who ─────────────────────────────────────────────────────────────────────────────────────

    def _trustees(self, statement: Statement, *, when: bool) -> Iterator[Trustee]:
        conditions = self._when(statement.conditions) if when else {}
        if statement.who is None or statement.who.negated:
            yield Trustee(anyone=True, when=conditions)
            return
        for pattern in statement.who.patterns:
            who = self._trustee(pattern.text, conditions) if pattern.exact else None
            if who is not None:
                yield who

    def _trustee(self, text: str, when: Conditions) -> Trustee | None:
        """None for whom a contract cannot name: the claim about trust says so."""
        if text == "*":
            return Trustee(anyone=True, when=when)
        kind, _, name = text.partition(":")
        if kind == "Service":
            return Trustee(service=name, when=when) if _SERVICE.fullmatch(name) else None
        for principal in self.facts.principals:
            if kind == "AWS" and name == principal.arn:
                return Trustee(principal=self._called[principal.urn], when=when)
        account = re.fullmatch(r"arn:[^:]*:iam::(\d{12}):root", name)
        if kind == "AWS" and account:
            return Trustee(account=account[1], when=when)
        return Trustee(arn=name, when=when) if name.startswith("arn:") and not _ATOM.search(
            name
        ) else None  # fmt: skip

    # ── what resources let in ───────────────────────────────────────────────────────────────────

    def _resources(self) -> Iterator[tuple[str, tuple[Admission, ...]]]:
        endpoints = [e.as_resource_policy() for e in self.facts.endpoints]
        for policy in (*self.facts.resource_policies, *endpoints):
            if policy.type == LOG_POLICY or policy.urn not in self.names.resources:
                continue
            own = any(d.urn == policy.urn for d in policy.documents)
            key = policy.type == "aws:kms/key:Key" and own and not self._has_policy(policy.urn)
            if not key:
                group = self.names.of(policy.urn)
                admits = (
                    a
                    for s in _allowing(policy.documents)
                    for a in self._admissions(s, policy.urn, group)
                )
                yield group, _distinct(admits)

    def _has_policy(self, urn: str) -> bool:
        return self.names.resources[urn].inputs.get("policy") is not None

    def _admissions(self, statement: Statement, urn: str, group: str) -> Iterator[Admission]:
        endpoint = self.names.resources[urn].type == ENDPOINT
        roots = own_root(self.facts)
        where = [r for text in self._where(statement.resources) for r in self._within(urn, text)]
        for pattern in () if statement.who is None else statement.who.patterns:
            # The account itself lets its identity policies decide: nothing is admitted by that.
            own = pattern.exact and pattern.text in roots and not endpoint
            who = self._trustee(pattern.text, {}) if pattern.exact else None
            if statement.who is not None and statement.who.negated:
                own, who = False, Trustee(anyone=True)
            if not own and who is not None:
                yield Admission(
                    who=who,
                    actions=self._actions(statement.actions),
                    resources=() if where == [group] else _distinct(where),
                    when=self._when(statement.conditions),
                )

    def _within(self, urn: str, text: str) -> tuple[str, ...]:
        """`text` as far as the resource's policy can speak of it."""
        type_ = self.names.resources[urn].type
        if text != "*" or type_ == ENDPOINT:
            return (text,)
        group = self.names.of(urn)
        return tuple(group + end for end in (_BOTH if "bucket" in type_.lower() else ("",)))


def _within(inner: Match, outer: Match) -> bool:
    patterns = (*inner.patterns, *outer.patterns)
    if inner.negated or outer.negated or not all(p.exact for p in patterns):
        return False
    some, all_ = (Language.any_of(p.text for p in match.patterns) for match in (inner, outer))
    return some.issubset(all_)


def _allowing(documents: Iterable[Document]) -> list[Statement]:
    return [s for document in documents for s in document.statements if s.allow]


_Item = TypeVar("_Item")


def _distinct(items: Iterable[_Item]) -> tuple[_Item, ...]:
    """The items in order, each once; they need not be hashable."""
    found: list[_Item] = []
    for item in items:
        if item not in found:
            found.append(item)
    return tuple(found)


def _spellings(facts: IdentityFacts) -> Mapping[str, str]:
    """Actions as the program spells them, by their lower case."""
    found: dict[str, str] = {}
    documents = [r.inputs for r in facts.values.graph.resources]
    for inputs in (*documents, *MANAGED.values()):
        for value in walk(inputs):
            for text in value.parts if isinstance(value, Template) else (value,):
                if isinstance(text, str):
                    for action in re.findall(r"[a-z0-9-]+:[A-Za-z0-9*?]+", text):
                        found.setdefault(action.lower(), action)
    return found
