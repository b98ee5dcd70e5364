"""The report as JSON (schemas/report.schema.json): what other tools read."""

from __future__ import annotations

import msgspec

from stackproof.check import Report
from stackproof.model import Explanation


def render(value: Report | Explanation) -> str:
    """Indented JSON with a final newline; the same value always gives the same bytes."""
    encoded = msgspec.json.encode(value, order="deterministic")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
