"""What Checkov is shown of an architecture, type by type, and what it cannot be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stackproof.hardening import Facts
from stackproof.hardening.naming import nameless, names


def render(facts: Facts, *, everything: bool = False) -> str:
    """The table as text. `everything` lists the provider's types that have no name, too."""
    return "".join(f"{line}\n" for line in _lines(facts, everything=everything))


def _lines(facts: Facts, *, everything: bool) -> Iterator[str]:
    entities = facts.configuration.entities
    by_type = Counter((e.resource.type, e.type) for e in entities)
    checks = {} if facts.scan is None else facts.scan.checks_by_type
    rows = [("resources", "checks", "Pulumi's type", "Terraform's type")]
    rows += [
        (str(number), str(checks.get(terraform, "-")), pulumi, terraform)
        for (pulumi, terraform), number in sorted(by_type.items())
    ]
    yield from _table(rows)
    yield ""
    if facts.scan is None:
        yield "Checkov is not installed, so the family is off: install stackproof[checkov]."
    else:
        found = facts.scan.findings
        number = len({finding.check.id for finding in found})
        yield (
            f"Checkov {facts.scan.version}: {number} checks gave {len(found)} results"
            f" on {len(entities)} resources."
        )
    outside = Counter(r.type for r in facts.configuration.outside)
    for type_, number in sorted(outside.items()):
        yield f"Not of AWS, or not made here: {type_} ({number})"
    for item in facts.configuration.not_modelled:
        yield f"Not modelled: {item.urn.rpartition('::')[2]}, {item.why}"
    if not facts.configuration.not_modelled:
        yield "Every type and every property of this stack has a name in Terraform."
    total = len(names()) + len(nameless())
    yield f"Of the provider's {total} types {len(names())} have a name in Terraform."
    if everything:
        yield from (f"Without a name: {token}" for token in nameless())


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, checks, *types in rows:
        cells = [number.rjust(widths[0]), checks.rjust(widths[1])]
        cells += [text.ljust(width) for text, width in zip(types, widths[2:], strict=True)]
        yield "  ".join(cells).rstrip()
