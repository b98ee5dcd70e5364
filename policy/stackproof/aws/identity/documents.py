"""Policy documents as IAM reads them (IAM User Guide, "IAM JSON policy elements reference").

A text that the source could not know in full is a Pattern with `*` in the gap and `exact` False;
a document that cannot be read at all is one statement that may allow anything and one that may
deny anything. So nothing unknown is dropped: the proofs read each of them in both directions.
Policy variables stay in the text, because what they mean depends on who asks.
"""

from __future__ import annotations

import re

import msgspec

from stackproof.aws.identity import aliases
from stackproof.aws.values import Values, glob_text, parse_json, text_of
from stackproof.model import Template, Unknown, Value, unknowns

VARIABLE = re.compile(r"\$\{(?![*?$]\})([^}]*)\}")
"""A policy variable; the three escapes of wildcards are none."""


class Pattern(msgspec.Struct, frozen=True, order=True):
    """A glob with atoms. Not `exact`: it stands for some unknown part of what it matches."""

    text: str
    exact: bool = True


ANYTHING = Pattern("*", exact=False)


class Match(msgspec.Struct, frozen=True):
    """What one of the patterns matches; `negated`, all the rest (NotAction, NotResource)."""

    patterns: tuple[Pattern, ...]
    negated: bool = False


class Who(msgspec.Struct, frozen=True):
    """Who a statement names, as `KIND:name` patterns: `AWS:arn:...`, `Service:...`, or `*`."""

    patterns: tuple[Pattern, ...]
    negated: bool = False


class Condition(msgspec.Struct, frozen=True):
    """One operator over one key. The key is in lower case: IAM compares keys so."""

    operator: str
    key: str
    values: tuple[Pattern, ...]


class Statement(msgspec.Struct, frozen=True):
    """One statement. `who` is None in identity policies, `resources` None in trust policies."""

    allow: bool
    label: str
    actions: Match
    resources: Match | None = None
    who: Who | None = None
    conditions: tuple[Condition, ...] = ()
    doubts: tuple[str, ...] = ()
    """What of it is not known, each a short phrase."""


class Document(msgspec.Struct, frozen=True):
    """A policy, and the URN of the resource that carries its text."""

    urn: str
    statements: tuple[Statement, ...]

    def doubts(self) -> tuple[str, ...]:
        """What of it is not known."""
        return tuple(dict.fromkeys(d for s in self.statements for d in s.doubts))


def unreadable(urn: str, why: str) -> Document:
    """A document of which nothing is known."""
    everything = Match((ANYTHING,))
    who = Who((ANYTHING,))
    return Document(
        urn,
        tuple(
            Statement(allow, "unknown document", everything, everything, who, doubts=(why,))
            for allow in (True, False)
        ),
    )


def read(values: Values, urn: str, document: Value) -> Document:
    """The policy that the resource `urn` carries as JSON text or as a structure."""
    parsed = parse_json(values.resolve(document))
    if isinstance(parsed, Unknown):
        return unreadable(urn, parsed.reason)
    if not isinstance(parsed, dict):
        return unreadable(urn, "the document is not a JSON object")
    listed = parsed.get("Statement")
    statements = listed if isinstance(listed, list) else [listed]
    old = parsed.get("Version") != "2012-10-17"
    found: list[Statement] = []
    for number, statement in enumerate(statements, 1):
        if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
            return unreadable(urn, f"statement {number} is not one that IAM documents")
        found.append(_Reader(values, old=old).statement(number, statement))
    return Document(urn, tuple(found))


class _Reader:
    """Reads one statement and collects what of it is not known."""

    def __init__(self, values: Values, *, old: bool) -> None:
        self.values = values
        self.old = old
        self.doubts: list[str] = []

    def statement(self, number: int, given: dict[str, Value]) -> Statement:
        sid = given.get("Sid")
        actions = self._match(given, "Action") or Match((ANYTHING,))
        resources, conditions = self._by_alias(
            self._match(given, "Resource"), self._conditions(given.get("Condition"))
        )
        return Statement(
            allow=given["Effect"] == "Allow",
            label=f"statement {number}" + (f" ({sid})" if isinstance(sid, str) and sid else ""),
            actions=Match(
                tuple(Pattern(p.text.lower(), p.exact) for p in actions.patterns), actions.negated
            ),
            resources=resources,
            who=self._who(given),
            conditions=conditions,
            doubts=tuple(self.doubts),
        )

    def _by_alias(
        self, resources: Match | None, conditions: tuple[Condition, ...]
    ) -> tuple[Match | None, tuple[Condition, ...]]:
        """A condition on the aliases of keys, where they are declared, as the keys that it means.

        Only where the statement's resources are nothing but keys, which is when they have aliases.
        """
        for condition in conditions:
            asked = (condition.operator.lower(), condition.key)
            if asked != (aliases.OPERATOR, aliases.CONDITION) or resources is None:
                continue
            patterns = (*resources.patterns, *condition.values)
            if resources.negated or not all(p.exact for p in patterns):
                continue
            keys = aliases.narrowed(
                self.values,
                tuple(p.text for p in resources.patterns),
                tuple(p.text for p in condition.values),
            )
            if keys is not None:
                left = tuple(c for c in conditions if c is not condition)
                return Match(tuple(Pattern(key) for key in keys)), left
        return resources, conditions

    def _match(self, given: dict[str, Value], element: str) -> Match | None:
        for name, negated in ((element, False), (f"Not{element}", True)):
            if name in given:
                return Match(self._patterns(given[name], name), negated)
        return None

    def _patterns(self, given: Value, element: str) -> tuple[Pattern, ...]:
        items = given if isinstance(given, list) else [given]
        return tuple(self._pattern(item, element) for item in items)

    def _pattern(self, given: Value, element: str) -> Pattern:
        text = glob_text(given)
        if text is not None:
            if self.old and VARIABLE.search(text):
                # (IAM User Guide, "Version"): only version 2012-10-17 has variables.
                self.doubts.append(f"{element} has a variable in a policy of an old version")
                return Pattern(VARIABLE.sub("*", text), exact=False)
            return Pattern(text)
        reasons = [u.reason for u in unknowns(given)] or ["it is not text"]
        self.doubts.append(f"{element} is not known: {reasons[0]}")
        if isinstance(given, Template):
            known = text_of(["*" if isinstance(p, Unknown) else p for p in given.parts])
            return Pattern(glob_text(known) or "*", exact=False)
        return ANYTHING

    def _who(self, given: dict[str, Value]) -> Who | None:
        for name, negated in (("Principal", False), ("NotPrincipal", True)):
            if name in given:
                return Who(self._named(given[name], name), negated)
        return None

    def _named(self, given: Value, element: str) -> tuple[Pattern, ...]:
        if given == "*":
            return (Pattern("*"),)
        if not isinstance(given, dict):
            self.doubts.append(f"{element} is not known")
            return (ANYTHING,)
        found: list[Pattern] = []
        for kind in sorted(given):
            for pattern in self._patterns(given[kind], element):
                name = pattern.text
                if kind == "AWS" and name == "*":
                    found.append(pattern)
                elif kind == "AWS" and name.isdecimal():
                    found.append(Pattern(f"AWS:{account_root(name)}", pattern.exact))
                else:
                    found.append(Pattern(f"{kind}:{name}", pattern.exact))
        return tuple(found)

    def _conditions(self, given: Value) -> tuple[Condition, ...]:
        if given is None:
            return ()
        found: list[Condition] = []
        if isinstance(given, dict):
            for operator in sorted(given):
                keys = given[operator]
                if not isinstance(keys, dict):
                    break
                found += [
                    Condition(operator, key.lower(), self._patterns(keys[key], f"condition {key}"))
                    for key in sorted(keys)
                ]
            else:
                return tuple(found)
        self.doubts.append("a condition is not known")
        return (*found, Condition("Unknown", "unknown", (ANYTHING,)))


def account_root(account: str) -> str:
    """The ARN by which a policy names a whole account (partition `aws`)."""
    return f"arn:aws:iam::{account}:root"
