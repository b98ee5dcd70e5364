"""The switches of a stack, as one table: what each can be, and what the contract then says.

A switch without a row here fails `test_matrix.py`. A value that the base contract does not cover
names a fragment in `policy/switches/`, an overlay of its own; the previews' stands in
docs/pull-requests.md, where a person copies it from.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000000"
_WITH_CERTIFICATE = {
    "cinema:certificateArn": _CERTIFICATE, "cinema:apiDomain": "api.cinema.example",
}  # fmt: skip
_WITHOUT_CERTIFICATE = {"cinema:certificateArn": None, "cinema:apiDomain": None}
_ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]

PREVIEWS = "docs/pull-requests.md"

SWITCHES = (
    _words("cinema:egress", "each-zone", "one-zone", one_zone="egress-one-zone"),
    Switch(
        "cinema:https",
        (
            Value("required", {"cinema:https": "required", **_WITH_CERTIFICATE}),
            Value(
                "optional", {"cinema:https": "optional", **_WITHOUT_CERTIFICATE}, ("https-none",)
            ),
        ),
    ),
    _words("cinema:site", "private", "website", website="site-website"),
    _words("cinema:images", "login", "public"),
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
            Value("one", {"cinema:databaseZones": _ZONES[:1]}, ("database-one-member",)),
        ),
    ),
)

TOGETHER: tuple[frozenset[str], ...] = (
    # The API's user data has the database's hosts, who may see images, and the site's origin.
    frozenset({"cinema:databaseZones", "cinema:images", "cinema:site"}),
)
"""Sets of three switches or more that shape the same resource: every combination of each set is
proven, and of all others every pair. `test_matrix.py` finds the sets by evaluating each switch
alone, and holds them against these."""

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
        for keys in {*pairs, *self.together}:
            choices = ([(key, v.name) for v in by_key[key].values] for key in sorted(keys))
            wanted |= {frozenset(one) for one in itertools.product(*choices)}
        return wanted

    def covered(self, combination: Combination) -> frozenset[tuple[str, str]]:
        """A combination as (key, value)."""
        keys = (switch.key for switch in self.switches)
        return frozenset(zip(keys, combination, strict=True))

    def combinations(self) -> list[Combination]:
        """A covering array: greedy, the first that covers most, so always the same one.

        It begins with prod's own values.
        """
        everything = list(itertools.product(*([v.name for v in s.values] for s in self.switches)))
        missing, chosen = self.required(), [everything[0]]
        missing -= set(_inside(missing, self.covered(everything[0])))
        while missing:
            best = max(everything, key=lambda one: _count(missing, self.covered(one)))
            missing -= set(_inside(missing, self.covered(best)))
            chosen.append(best)
        return chosen


def _inside(
    wanted: Iterable[frozenset[tuple[str, str]]], whole: frozenset[tuple[str, str]]
) -> Iterator[frozenset[tuple[str, str]]]:
    return (one for one in wanted if one <= whole)


def _count(wanted: Iterable[frozenset[tuple[str, str]]], whole: frozenset[tuple[str, str]]) -> int:
    return sum(1 for _ in _inside(wanted, whole))


MATRIX = Matrix(SWITCHES, TOGETHER)


def values(combination: Combination) -> list[Value]:
    """The value of each switch."""
    return [
        next(value for value in switch.values if value.name == name)
        for switch, name in zip(SWITCHES, combination, strict=True)
    ]


def configuration(base: Mapping[str, Any], combination: Combination) -> dict[str, Any]:
    """`base` with every switch as `combination` has it."""
    made = dict(base)
    for value in values(combination):
        for key, setting in value.settings.items():
            made.pop(key, None)
            if setting is not None:
                made[key] = json.loads(json.dumps(setting))
    return made


def contract(combination: Combination, folder: Path) -> Path:
    """Write the contract of a combination to `folder`: its fragments, one over the other."""
    below = ROOT / "policy" / "contract.yaml"
    fragments = dict.fromkeys(name for value in values(combination) for name in value.fragments)
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
