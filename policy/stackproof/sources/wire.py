"""From what the recorder wrote down, in marker texts and Pulumi's signatures, to values.

Each evaluation is read with its own markers; then two are laid on each other, and whatever
differs in any other way than in the markers is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stackproof.model import Asset, Reference, Template, Unknown, Value

SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  Pulumi's name for the kind
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

LATER = "known only after deployment"
NOT_YET = "a value that is not known before deployment"
IS_SECRET = "secret"  # noqa: S105  a reason, not a password
DIFFERS = "computed from a value that is known only after deployment, or not the same in each run"

SHAPES = (
    ("spx7c1e%07dq", r"spx7c1e(\d{7})q"),
    ("Sp:X/7C1E-%011d/:Q", r"Sp:X/7C1E-(\d{11})/:Q"),
)
"""How markers look in each of the two evaluations: format and pattern.

They differ in length, case and punctuation, so that cutting, folding or escaping them shows.
Neither looks like a policy variable (`${...}`), nor does JSON escape them.
"""


class Reader:
    """Reads the values of one evaluation."""

    def __init__(
        self, pattern: str, table: Sequence[Sequence[str]], placeholders: Sequence[str]
    ) -> None:
        secrets = "|".join(map(re.escape, placeholders))
        self._pattern = re.compile(f"({pattern})" + (f"|({secrets})" if secrets else ""))
        self._table = table
        self._numbers = {int(p) for p in placeholders}

    def value(self, raw: Any, depends_on: tuple[str, ...]) -> Value:  # noqa: ANN401  JSON
        """`raw` with references and unknowns in place of markers and signatures."""
        if isinstance(raw, str):
            return self._text(raw, depends_on)
        if isinstance(raw, dict):
            signature = raw.get(SIGNATURE)
            if signature is None:
                return self._mapping(raw, depends_on)
            return self._signed(signature, raw, depends_on)
        if isinstance(raw, list):
            return [self.value(item, depends_on) for item in raw]
        if isinstance(raw, int | float) and not isinstance(raw, bool) and raw in self._numbers:
            return Unknown(IS_SECRET, depends_on)
        return whole(raw)

    def _mapping(self, raw: Mapping[str, Any], depends_on: tuple[str, ...]) -> Value:
        if any(self._pattern.search(key) for key in raw):
            return Unknown("a key of it is known only after deployment", depends_on)
        return {key: self.value(raw[key], depends_on) for key in sorted(raw)}

    def _signed(self, signature: str, raw: Mapping[str, Any], depends_on: tuple[str, ...]) -> Value:
        if signature in {ASSET, ARCHIVE}:
            return Asset(raw["kind"], raw["path"], raw["sha256"])
        if signature == RESOURCE:
            urn = str(raw["urn"])
            return Reference(urn, "id") if "id" in raw else urn
        if signature == OUTPUT and "value" in raw and not raw.get("secret"):
            return self.value(raw["value"], depends_on)
        return Unknown(IS_SECRET if signature == SECRET else LATER, depends_on)

    def _text(self, raw: str, depends_on: tuple[str, ...]) -> Value:
        if raw == UNKNOWN:
            return Unknown(LATER, depends_on)
        parts: list[str | Reference | Unknown] = []
        end = 0
        for match in self._pattern.finditer(raw):
            if match.start() > end:
                parts.append(raw[end : match.start()])
            parts.append(self._meaning(match, depends_on))
            end = match.end()
        if not parts:
            return raw
        if end < len(raw):
            parts.append(raw[end:])
        if len(parts) == 1 and not isinstance(parts[0], str):
            return parts[0]
        return Template(tuple(parts))

    def _meaning(self, match: re.Match[str], depends_on: tuple[str, ...]) -> Reference | Unknown:
        if match.group(2) is None:
            return Unknown(IS_SECRET, depends_on)
        index = int(match.group(2))
        if index >= len(self._table):
            return Unknown(DIFFERS, depends_on)
        urn, name, reason = self._table[index]
        return Reference(urn, name) if urn else Unknown(reason, depends_on)


def whole(value: Any) -> Value:  # noqa: ANN401  JSON
    """Whole numbers as `int`, whatever the wire made of them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value  # type: ignore[no-any-return]  # a JSON scalar


def agreed(one: Value, other: Value, depends_on: tuple[str, ...]) -> Value:
    """What two evaluations say of the same property: where they differ, nobody knows."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {key: agreed(value, other[key], depends_on) for key, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [agreed(a, b, depends_on) for a, b in zip(one, other, strict=True)]
    if type(one) is type(other) and one == other:
        return one
    if isinstance(one, Unknown):
        return one
    return other if isinstance(other, Unknown) else Unknown(DIFFERS, depends_on)
