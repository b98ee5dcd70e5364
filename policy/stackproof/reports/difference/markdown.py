"""The difference as a comment on a pull request: what widened first, the rest folded.

Every text of a stranger comes in by `prose` or `code`, and what is least important is left out
first, as in the comment of a report (`reports.markdown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackproof.compare import Change, Difference, Effect, Section
from stackproof.model import Location
from stackproof.reports.difference import words
from stackproof.reports.markdown import (
    LIMIT,
    Item,
    Links,
    code,
    fitted,
    folded,
    hops,
    marked,
    prose,
)
from stackproof.reports.markdown import Section as Part
from stackproof.reports.repository import Repository
from stackproof.reports.visible import harmless


def render(
    found: Difference,
    *,
    repository: Repository = Repository(),  # noqa: B008 - it is frozen
    limit: int = LIMIT,
) -> str:
    """The comment, of at most `limit` bytes, which may not be less than what its head needs."""
    found = harmless(found)
    head = "\n\n".join(_head(found))
    parts = [part for part in _parts(found, Links(repository)) if part.items]
    return fitted(head, parts, limit, "stackproof diff")


def _head(found: Difference) -> Iterator[str]:
    yield marked("difference", found.head.project, found.head.stack)
    yield f"## {words.headline(found)}"
    project, stack = code(found.head.project, "name"), code(found.head.stack, "name")
    yield f"{project}, stack {stack}, {prose(words.subject(found))}"
    if found.none:
        return
    rows = [
        f"| section | {' | '.join(Effect)} | what was compared |",
        f"|---|{'--:|' * len(Effect)}---|",
    ]
    for section in Section:
        effects = [change.effect for change in found.of(section)]
        if not effects:
            continue
        counts = [str(effects.count(effect) or "") for effect in Effect]
        rows.append(f"| {section} | {' | '.join(counts)} | {words.ABOUT[section]} |")
    yield "\n".join(rows)


def _parts(found: Difference, links: Links) -> Iterator[Part]:
    """Most important first."""
    for effect, title in ((Effect.WIDENED, "Widened"), (Effect.UNDECIDED, "Undecided")):
        items = tuple(_item(change, links) for change in _of(found, effect))
        yield Part(f"{effect} changes", items, f"### {title}")
    for effect in (Effect.CHANGED, Effect.NARROWED):
        items = tuple(_item(change, links) for change in _of(found, effect))
        yield folded(f"{effect} changes", items)
    renamed = (
        Item(f"- {code(r.before)} is {code(r.after)}, {code(r.type)}: {prose(r.because)}")
        for r in found.renamed
    )
    yield folded("renamed resources", renamed, between="\n")
    yield folded("unknown on both sides", _listed(found.unknown_alike), between="\n")
    yield folded("notes", _listed(found.notes), between="\n")


def _of(found: Difference, effect: Effect) -> Iterator[Change]:
    return (change for change in found.changes if change.effect is effect)


def _listed(texts: Iterable[str]) -> Iterator[Item]:
    return (Item(f"- {prose(text)}") for text in texts)


def _item(change: Change, links: Links) -> Item:
    mark, name = words.MARK[change.effect], code(change.subject, "brief")
    title = f"#### \\{mark} {name} {prose(change.word, 'name')}"
    what = prose(change.what)
    fields = "\n".join(_fields(change, links))
    brief = f"\n\n- {change.section}: {name} {prose(change.word, 'name')}"
    return Item(f"\n\n{title}\n\n{what}" + (f"\n\n{fields}" if fields else ""), brief)


def _fields(change: Change, links: Links) -> Iterator[str]:
    if turned := words.before_and_after(change):
        yield f"- **was** {prose(turned)}"
    if change.also:
        yield f"- **also** from {prose(', '.join(change.also))}"
    if shown := words.witness(change):
        yield f"- **witness** {code(shown, 'witness')}"
    if change.hops:
        yield f"- **{words.when(change)}**"
        yield from hops(change.hops, _of_side(words.when(change), links))
    if change.blocked_by:
        yield f"- **{words.when(change, blocked=True)}**"
        yield from hops(change.blocked_by, _of_side(words.when(change, blocked=True), links))
    for why in change.unknown:
        yield f"- **unknown** {prose(why)}"


def _of_side(when: str, links: Links) -> Links:
    return _Unlinked() if when == "before" else links


class _Unlinked(Links):
    """Lines of BASE: links lead to HEAD, where they may be other lines."""

    def __init__(self) -> None:
        super().__init__(Repository())

    def to(self, location: Location) -> str:
        """The line, as it is called."""
        return code(str(location))
