r"""Text of strangers made harmless: names, messages and lines of source reach somebody's terminal.

A terminal obeys control characters: an escape sequence in a resource's name can clear the screen,
forge a verdict or hide a line, and a bidirectional mark can make text read as what it is not. All
of these are shown as Python would write them (`\x1b`), so that they are seen and do nothing.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")

# C0, DEL and C1; soft hyphen, fillers and other characters without a shape; line and paragraph
# separators; bidirectional and zero-width marks (Unicode UAX 9); halves of surrogate pairs, which
# no encoding can write; what is no character; tags, which nobody sees.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_BUT_NEWLINE = re.compile(f"(?!\n){_UNSAFE.pattern}")


def _escaped(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape", "surrogatepass").decode("ascii")


def visible(text: str) -> str:
    """`text` on one line, with nothing in it that a terminal would obey."""
    return _UNSAFE.sub(_escaped, text)


def visible_lines(text: str) -> str:
    """As `visible`, and the lines stay."""
    return _UNSAFE_BUT_NEWLINE.sub(_escaped, text)


def visible_json(text: str) -> str:
    """JSON text of the same meaning: JSON has an escape of its own for every character."""
    return _UNSAFE_BUT_NEWLINE.sub(
        lambda match: "".join(
            f"\\u{unit:04x}" for unit in memoryview(match.group().encode("utf-16-le")).cast("H")
        ),
        text,
    )


def harmless(value: _T) -> _T:
    """`value` (a struct) with every text in it made visible."""
    built: object = _each(msgspec.to_builtins(value, order="deterministic"))
    return msgspec.convert(built, type(value))


def _each(value: Any) -> Any:  # noqa: ANN401 - whatever a report holds
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {_each(key): _each(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each(item) for item in value]
    return value
