"""What a condition block demands of a request.

(IAM User Guide, "IAM JSON policy elements: Condition operators".) A condition over a key with one
value is a Language of that value: exact, for any key. What cannot be decided (set operators,
numbers, dates, addresses, variables, unknown values) becomes a dimension of its own, the
predicate's text, whose value is `true` or `false`: so the same predicate in a policy and in the
contract still cancels out, and everything else about it stays undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stackproof.aws.identity.documents import VARIABLE, Condition
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ABSENT, Box

UNDECIDED = "undecided: "
"""Dimensions of undecided predicates begin so."""
_COLONS = 5
"""An ARN has six parts."""
_TRUE = Language.literal("true")
_ABSENT = Language.literal(ABSENT)
_PRESENT = ~_ABSENT

# Keys with several values: only set operators make sense of them
# (IAM User Guide, "AWS global condition context keys", and the services' own).
_MULTIVALUED = (
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "kms:resourcealiases",
)


# Keys that are true or false. What an operator of another type makes of them AWS does not say.
_BOOLEAN = (
    "aws:multifactorauthpresent",
    "aws:principalisawsservice",
    "aws:securetransport",
    "aws:viaawsservice",
)


def _literals(values: Iterable[str]) -> Language:
    result = Language.nothing()
    for value in values:
        result |= Language.literal(value)
    return result


def _arns(values: Iterable[str]) -> Language:
    """ARNs part by part: a wildcard does not reach over a colon, but for the last part."""
    result = Language.nothing()
    for value in values:
        result |= Language.arn(value)
    return result


_OPERATORS: dict[str, tuple[Callable[[Iterable[str]], Language], bool]] = {
    # operator: (the language of its values, whether it is negated)
    "stringequals": (_literals, False),
    "stringnotequals": (_literals, True),
    "stringlike": (Language.any_of, False),
    "stringnotlike": (Language.any_of, True),
    "arnequals": (_arns, False),
    "arnlike": (_arns, False),
    "arnnotequals": (_arns, True),
    "arnnotlike": (_arns, True),
    "bool": (lambda values: _literals(v.lower() for v in values), False),
}


def _language(condition: Condition) -> Language | None:
    """The values of the key that meet the condition, ABSENT among them or not; None: undecided."""
    operator = condition.operator.lower()
    base = operator.removesuffix("ifexists")
    texts = [v.text for v in condition.values]
    exact = all(v.exact and not VARIABLE.search(v.text) for v in condition.values)
    arns = not base.startswith("arn") or all(t == "*" or t.count(":") >= _COLONS for t in texts)
    if not exact or not arns or condition.key in _MULTIVALUED:
        return None
    if operator == "null":
        return {"true": _ABSENT, "false": _PRESENT}.get(" ".join(t.lower() for t in texts))
    if base not in _OPERATORS or (condition.key in _BOOLEAN and base != "bool"):
        return None
    make, negated = _OPERATORS[base]
    named = make(texts)
    if negated:
        # A negated operator is met by a request without the key, with IfExists or without.
        return ~named | _ABSENT
    met = named & _PRESENT
    return met | _ABSENT if operator.endswith("ifexists") else met


def box_of(conditions: Iterable[Condition], owner: str) -> Box:
    """The requests that meet all of `conditions`. `owner` tells unknown values apart."""
    box = Box({})
    for condition in conditions:
        language = _language(condition)
        if language is None:
            values = ", ".join(sorted(v.text for v in condition.values))
            where = "" if all(v.exact for v in condition.values) else f" in {owner}"
            name = f"{UNDECIDED}{condition.operator} {condition.key} {values}{where}"
            box = box.narrowed(name, _TRUE)
        else:
            box = box.narrowed(condition.key, language)
    return box


def undecided(box: Box) -> list[str]:
    """The dimensions of `box` that are undecided predicates."""
    return sorted(d for d in box.sides if d.startswith(UNDECIDED))


_POSITIVE = frozenset({"stringequals", "stringlike", "arnequals", "arnlike", "bool"})


def about_who(condition: Condition) -> Language | None:
    """The principals that meet a condition on who asks, as `KIND:name`; None: not such a one.

    Where a policy is about many principals these keys and the Principal element speak of the same
    thing: `Principal: *` under `aws:PrincipalAccount` admits that account, not the world.
    """
    if condition.operator.lower() not in _POSITIVE or _language(condition) is None:
        return None
    values = [v.text for v in condition.values]
    if condition.key == "aws:principalaccount":
        return Language.any_of(f"AWS:arn:*:{s}::{v}:*" for v in values for s in ("iam", "sts"))
    if condition.key == "aws:principalarn":
        return Language.any_of(f"AWS:{v}" for v in values)
    if condition.key == "aws:principalservicename":
        return Language.any_of(f"Service:{v}" for v in values)
    if condition.key == "aws:principalisawsservice" and len(values) == 1:
        services = Language.glob("Service:*")
        return services if values[0].lower() == "true" else ~services
    return None


def split_who(conditions: Iterable[Condition]) -> tuple[Language, tuple[Condition, ...]]:
    """The principals that the conditions leave, and the conditions on anything else."""
    left = Language.everything()
    rest: list[Condition] = []
    for condition in conditions:
        who = about_who(condition)
        if who is None:
            rest.append(condition)
        else:
            left &= who
    return left, tuple(rest)
