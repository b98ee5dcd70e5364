"""Configurations that notice which of their values are looked at.

Checkov's checks are code: whether one rests on a value that is not known shows only in whether it
looks at it. Looking whether a key is there counts too, because an unknown value may be none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, KeysView, Mapping
from typing import Any

Holds = Callable[[str], bool]
"""Whether a text holds what is to be noticed."""


class Watched(dict[str, Any]):
    """A mapping that notes the dotted name of each key read whose value is to be noticed."""

    def __init__(
        self,
        content: Mapping[str, Any] | None = None,
        noticed: Mapping[str, str] | None = None,
        read: set[str] | None = None,
    ) -> None:
        # What walks through a mapping may make another of its class, empty.
        super().__init__(content or {})
        self._noticed = noticed or {}
        self._read = set() if read is None else read

    def _note(self, key: object) -> None:
        if key in self._noticed:
            self._read.add(self._noticed[str(key)])

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - JSON
        self._note(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - JSON
        """As dict does."""
        self._note(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        # Defined, so that `{**watched}` and `dict(watched)` take the way of `__getitem__`.
        return super().__iter__()

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """As dict does."""
        return KeysView(self)

    def values(self) -> Any:  # noqa: ANN401 - as dict's
        """As dict does."""
        self._note_all()
        return super().values()

    def items(self) -> Any:  # noqa: ANN401 - as dict's
        """As dict does."""
        self._note_all()
        return super().items()

    def pop(self, key: str, *default: Any) -> Any:  # noqa: ANN401 - JSON
        """As dict does."""
        self._note(key)
        return super().pop(key, *default)

    def __eq__(self, other: object) -> bool:
        self._note_all()
        return super().__eq__(other)

    __hash__ = None

    def _note_all(self) -> None:
        self._read.update(self._noticed.values())


def watched(content: Mapping[str, Any], holds: Holds, read: set[str], path: str = "") -> Watched:
    """A copy of `content` that adds to `read` the dotted name of each noticed value looked at."""
    noticed = {key: f"{path}{key}" for key, value in content.items() if _held(value, holds)}
    inside = {key: _copied(value, holds, read, f"{path}{key}.") for key, value in content.items()}
    return Watched(inside, noticed, read)


def _copied(value: object, holds: Holds, read: set[str], path: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return watched(value, holds, read, path)
    if isinstance(value, list):
        return [_copied(item, holds, read, path) for item in value]
    return value


def _held(value: object, holds: Holds) -> bool:
    """Whether `value` itself is to be noticed; mappings in it notice for themselves."""
    if isinstance(value, list):
        return any(_held(item, holds) for item in value)
    return isinstance(value, str) and holds(value)
