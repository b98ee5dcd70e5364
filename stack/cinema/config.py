"""Reading `Pulumi.<stack>.yaml`: typed, and refused early in words that name the key."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pulumi

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")


class ConfigError(pulumi.RunError):
    """A value in the stack's configuration that cannot be used. `key` is the full key.

    A RunError, so that Pulumi prints the sentence and no traceback.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


@dataclass(frozen=True)
class Config:
    """The stack's configuration behind one function, which gives the text of a full key.

    Structured values arrive as JSON text, as Pulumi hands them over.
    """

    lookup: Callable[[str], str | None]

    @classmethod
    def of_stack(cls) -> Config:
        """The configuration of the stack that is being evaluated."""

        def lookup(key: str) -> str | None:
            namespace, name = key.split(":", 1)
            return pulumi.Config(namespace).get(name)

        return cls(lookup)

    def optional(self, key: str) -> str | None:
        """The text of `key`; an empty one counts as absent."""
        return self.lookup(key) or None

    def text(self, key: str) -> str:
        """The text of `key`, which must be there."""
        value = self.optional(key)
        if value is None:
            raise ConfigError(key, f"is missing; set it with `pulumi config set {key} VALUE`")
        return value

    def matching(self, key: str, pattern: str, meaning: str) -> str:
        """The text of `key`, which must match the regular expression whole."""
        value = self.text(key)
        if re.fullmatch(pattern, value) is None:
            raise ConfigError(key, f"'{value}' is not {meaning}")
        return value

    def choice(self, key: str, *choices: str) -> str:
        """The text of `key`, which must be one of `choices`."""
        value = self.text(key)
        if value not in choices:
            raise ConfigError(key, f"'{value}' is not one of: {', '.join(choices)}")
        return value

    def flag(self, key: str) -> bool:
        """The truth of `key`."""
        return self.choice(key, "true", "false") == "true"

    def whole(self, key: str, *, least: int, most: int) -> int:
        """The whole number of `key` within bounds, both included."""
        return _whole(key, self.text(key), least, most)

    def optional_whole(self, key: str, *, least: int, most: int) -> int | None:
        """As `whole`, or None when the key is absent."""
        return None if self.optional(key) is None else self.whole(key, least=least, most=most)

    def listed(self, key: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
        """The list of texts of `key`, without repetition."""
        items = self._structure(key)
        if not isinstance(items, list) or not all(isinstance(i, str) for i in items):
            raise ConfigError(key, "must be a list of texts")
        if len(set(items)) != len(items):
            raise ConfigError(key, "names something twice")
        if not items and not may_be_empty:
            raise ConfigError(key, "must not be empty")
        return tuple(items)

    def between(self, key: str, *, least: int, most: int) -> tuple[int, int]:
        """The pair `{min: , max: }` of `key`."""
        pair = self._structure(key)
        if not isinstance(pair, dict) or set(pair) != {"min", "max"}:
            raise ConfigError(key, "must be {min: NUMBER, max: NUMBER}")
        low, high = (_whole(key, str(pair[end]), least, most) for end in ("min", "max"))
        if low > high:
            raise ConfigError(key, f"min {low} is more than max {high}")
        return low, high

    def network(self, key: str) -> ipaddress.IPv4Network:
        """The IPv4 network of `key`."""
        return _network(key, self.text(key))

    def origins(self, key: str) -> tuple[str, ...]:
        """Web origins as browsers send them: scheme, host, port, and nothing after."""
        for origin in self.listed(key, may_be_empty=True):
            if _ORIGIN.fullmatch(origin) is None:
                raise ConfigError(
                    key, f"'{origin}' is not an origin such as https://cinema.example"
                )
        return self.listed(key, may_be_empty=True)

    def admin_networks(self, key: str) -> tuple[ipaddress.IPv4Network, ...]:
        """Networks of administrators, none so wide that it lets strangers in.

        Wider than /16 is refused, 0.0.0.0/0 first of all; so is IPv6, which the VPC has not.
        """
        widest = 16
        networks = tuple(_network(key, text) for text in self.listed(key))
        for network in networks:
            if network.prefixlen < widest:
                raise ConfigError(
                    key, f"'{network}' is wider than /{widest}: name your own networks"
                )
        for network in networks:
            if any(network != other and network.overlaps(other) for other in networks):
                raise ConfigError(key, f"'{network}' overlaps another network of the list")
        return networks

    def _structure(self, key: str) -> object:
        try:
            return json.loads(self.text(key))
        except json.JSONDecodeError:
            raise ConfigError(key, f"'{self.text(key)}' is not a YAML list or mapping") from None


def _whole(key: str, text: str, least: int, most: int) -> int:
    if re.fullmatch(r"-?\d{1,9}", text) is None or not least <= int(text) <= most:
        raise ConfigError(key, f"'{text}' is not a whole number from {least} to {most}")
    return int(text)


def _network(key: str, text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as problem:
        raise ConfigError(key, f"'{text}' is not an IPv4 network ({problem})") from None
