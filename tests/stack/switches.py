"""The switches of a stack, as one table: what each can be, and what the contract then says.

A switch without a row here fails `test_matrix.py`. A value that the base contract does not cover
names a fragment in `policy/switches/`, an overlay of its own; the previews' stands in
docs/pull-requests.md, where a person copies it from.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stack.engine_double import ROOT

FRAGMENTS = ROOT / "policy" / "switches"


@dataclass(frozen=True)
class Value:
    """One position of a switch: the keys that it sets (None takes one away), and its fragments.

    `name` is what the code calls it where the switch is a choice of words, or true or false.
    """

    name: str
    settings: Mapping[str, Any]
    fragments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Switch:
    """`key` of the configuration, and all that it can be. The first value is that of prod."""

    key: str
    values: tuple[Value, ...]


def _words(key: str, *names: str, **fragments: str) -> Switch:
    values = (
        Value(name, {key: name}, (fragments[name.replace("-", "_")],))
        if name.replace("-", "_") in fragments
        else Value(name, {key: name})
        for name in names
    )
    return Switch(key, tuple(values))


_ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]

PREVIEWS = "docs/pull-requests.md"

WATCHING = (
    "cinema:guardDuty", "cinema:securityHub", "cinema:cloudTrail", "cinema:configRecorder",
)  # fmt: skip
"""They stand alike in the table, under the first."""

SHIELD_TERMS = "3000 USD a month, for twelve months"

ALONE: tuple[Value, ...] = (
    Value("adopt", {"cinema:guardDuty": "adopt"}, ("guard-duty-adopt",)),
    Value("off", {"cinema:guardDuty": "off"}, ("guard-duty-off",)),
    Value("adopt", {"cinema:securityHub": "adopt"}),
    Value("off", {"cinema:securityHub": "off"}),
    Value("adopt", {"cinema:cloudTrail": "adopt"}),
    Value("off", {"cinema:cloudTrail": "off"}, ("cloud-trail-off",)),
    Value("adopt", {"cinema:configRecorder": "adopt"}),
    Value("off", {"cinema:configRecorder": "off"}),
    Value("off", {"cinema:shield": "off"}),
    Value("adopt", {"cinema:shield": "adopt"}),
    Value("create", {"cinema:shield": "create", "cinema:shieldTerms": SHIELD_TERMS}),
)
"""What watches the account, each part in each position by itself over prod: that the table has them
all `create` or all `off` would hide one that is proven only beside another."""

SWITCHES = (
    Switch(
        "cinema:egress",
        (
            Value("each-zone", {"cinema:egress": "each-zone"}),
            Value(
                "one-zone",
                {"cinema:egress": "one-zone"},
                ("egress-one-zone", "database-endpoints-one-zone"),
            ),
        ),
    ),
    _words("cinema:access", "session-manager", "bastion", bastion="access-bastion"),
    _words("cinema:delivery", "cdn", "website", website="delivery-website"),
    _words("cinema:keys", "customer", "aws", aws="keys-aws"),
    Switch(
        "cinema:alarms",
        (
            Value("mail", {"cinema:alarms": "alarms@cinema.example"}),
            Value("off", {"cinema:alarms": "off"}, ("alarms-off",)),
        ),
    ),
    Switch(
        "cinema:apiImage",
        (
            Value("build", {"cinema:apiImage": "build"}),
            Value("ami", {"cinema:apiImage": "ami-0a000000000000001"}),
        ),
    ),
    _words("cinema:images", "login", "public"),
    _words("cinema:films", "seed", "none"),
    Switch(
        "cinema:guardDuty",
        (
            Value("create", dict.fromkeys(WATCHING, "create")),
            Value("off", dict.fromkeys(WATCHING, "off"), ("watch-off",)),
        ),
    ),
    _words("cinema:previews", "off", "create", "adopt", create=PREVIEWS, adopt=PREVIEWS),
    Switch(
        "cinema:protect",
        (
            Value("true", {"cinema:protect": True}),
            Value("false", {"cinema:protect": False}, ("protect-false",)),
        ),
    ),
    Switch(
        "cinema:thumbnailConcurrency",
        (
            Value("20", {"cinema:thumbnailConcurrency": 20}),
            Value("", {"cinema:thumbnailConcurrency": None}, ("thumbnail-concurrency-none",)),
        ),
    ),
    Switch(
        "cinema:databaseZones",
        (
            Value("three", {"cinema:databaseZones": _ZONES}),
            Value(
                "one",
                {"cinema:databaseZones": _ZONES[:1]},
                ("database-one-member", "database-endpoints-one-zone"),
            ),
        ),
    ),
)

_SESSIONS = ("cinema:access", "session-manager")

BOTH: Mapping[frozenset[tuple[str, str]], tuple[str, ...]] = {
    frozenset({_SESSIONS, ("cinema:egress", "one-zone")}): (
        "sessions-api-one-zone", "sessions-database-one-zone",
    ),
    frozenset({_SESSIONS, ("cinema:databaseZones", "one")}): ("sessions-database-one-zone",),
    frozenset({_SESSIONS, ("cinema:keys", "aws")}): ("sessions-keys-aws",),
    frozenset({("cinema:alarms", "mail"), ("cinema:keys", "aws")}): ("alarms-keys-aws",),
    frozenset({("cinema:guardDuty", "create"), ("cinema:keys", "aws")}): ("trail-keys-aws",),
}  # fmt: skip
"""Fragments that two values need together."""

TOGETHER: tuple[frozenset[str], ...] = (
    # The API's launch template.
    frozenset({
        "cinema:access", "cinema:apiImage", "cinema:databaseZones", "cinema:delivery",
        "cinema:films", "cinema:images",
    }),
    # The dashboard.
    frozenset({"cinema:alarms", "cinema:databaseZones", "cinema:egress"}),
    # The members of the database.
    frozenset({"cinema:access", "cinema:databaseZones", "cinema:keys", "cinema:protect"}),
)  # fmt: skip
"""Sets of three switches or more that shape the same resource: every combination of each set is
proven, or of a set with more than `MOST` every three of it, and of all others every pair.
`test_matrix.py` finds the sets by evaluating each switch
alone, and holds them against these."""

MOST = 32
"""Combinations of one set that are worth their time: each takes a few seconds."""

Combination = tuple[str, ...]
"""The name of a value for each switch, in the order of the table."""


@dataclass(frozen=True)
class Matrix:
    """The combinations to prove, and what they must cover."""

    switches: Sequence[Switch]
    together: Sequence[frozenset[str]] = field(default=())

    def required(self) -> set[frozenset[tuple[str, str]]]:
        """Every assignment of (key, value) that some combination must contain."""
        by_key = {switch.key: switch for switch in self.switches}
        pairs = (frozenset(pair) for pair in itertools.combinations(by_key, 2))
        wanted = set()
        parts = (part for keys in self.together for part in self._parts(by_key, keys))
        for keys in {*pairs, *parts}:
            choices = ([(key, v.name) for v in by_key[key].values] for key in sorted(keys))
            wanted |= {frozenset(one) for one in itertools.product(*choices)}
        return wanted

    @staticmethod
    def _parts(by_key: Mapping[str, Switch], keys: frozenset[str]) -> list[frozenset[str]]:
        """A set of switches itself, or where it has too many combinations every three of it."""
        if math.prod(len(by_key[key].values) for key in keys) <= MOST:
            return [keys]
        return [frozenset(three) for three in itertools.combinations(sorted(keys), 3)]

    def covered(self, combination: Combination) -> frozenset[tuple[str, str]]:
        """A combination as (key, value)."""
        keys = (switch.key for switch in self.switches)
        return frozenset(zip(keys, combination, strict=True))

    def combinations(self) -> list[Combination]:
        """A covering array: greedy, the first that covers most, so always the same one.

        It begins with prod's own values.
        """
        wanted = sorted(self.required(), key=sorted)
        everything = {
            one: self._mask(wanted, one)
            for one in itertools.product(*([v.name for v in s.values] for s in self.switches))
        }
        first = next(iter(everything))
        chosen, missing = [first], ~everything[first] & ((1 << len(wanted)) - 1)
        while missing:
            best = max(everything, key=lambda one: (everything[one] & missing).bit_count())
            missing &= ~everything[best]
            chosen.append(best)
        return chosen

    def _mask(self, wanted: Sequence[frozenset[tuple[str, str]]], one: Combination) -> int:
        """A bit for each of `wanted` that the combination has."""
        whole = self.covered(one)
        return sum(1 << bit for bit, part in enumerate(wanted) if part <= whole)


MATRIX = Matrix(SWITCHES, TOGETHER)


def values(combination: Combination) -> list[Value]:
    """The value of each switch."""
    return [
        next(value for value in switch.values if value.name == name)
        for switch, name in zip(SWITCHES, combination, strict=True)
    ]


def configuration(base: Mapping[str, Any], positions: Sequence[Value]) -> dict[str, Any]:
    """`base` with the switches as `positions` have them."""
    made = dict(base)
    for value in positions:
        for key, setting in value.settings.items():
            made.pop(key, None)
            if setting is not None:
                made[key] = json.loads(json.dumps(setting))
    return made


def contract(combination: Combination, folder: Path) -> Path:
    """Write the contract of a combination to `folder`: its fragments, one over the other."""
    stand = MATRIX.covered(combination)
    fragments = dict.fromkeys(
        [
            *(name for value in values(combination) for name in value.fragments),
            *(name for both, names in BOTH.items() if both <= stand for name in names),
        ]
    )
    return laid_over(tuple(fragments), folder)


def laid_over(fragments: Sequence[str], folder: Path) -> Path:
    """Write the contract of prod with `fragments` over it, one over the other, to `folder`."""
    below = ROOT / "policy" / "contract.yaml"
    for number, name in enumerate(fragments):
        path = folder / f"{number}.yaml"
        path.write_text(_laid_over(_fragment(name), below))
        below = path
    return below


def _fragment(name: str) -> str:
    if name != PREVIEWS:
        return (FRAGMENTS / f"{name}.yaml").read_text()
    text = (ROOT / PREVIEWS).read_text()
    overlay = text.partition("prove the stack with this overlay. -->\n```yaml\n")[2]
    return overlay.partition("```")[0]


def _laid_over(text: str, below: Path) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith("extends: "))
    return text.replace(line, f"extends: {below}")
