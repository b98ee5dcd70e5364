"""The report and the difference as JSON (schemas/*.schema.json): what other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stackproof.check import Report
from stackproof.model import Explanation
from stackproof.reports.visible import visible_json

if TYPE_CHECKING:  # `check` is quicker without
    from stackproof.compare import Difference


def render(value: Report | Explanation | Difference) -> str:
    """Indented JSON with a final newline; the same value always gives the same bytes."""
    encoded = msgspec.json.encode(value, order="deterministic")
    return visible_json(msgspec.json.format(encoded, indent=2).decode()) + "\n"
