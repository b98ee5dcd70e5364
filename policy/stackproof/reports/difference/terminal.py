"""The difference for people: never wider than 80 columns, colour only where a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import ConsoleRenderable, Group
from rich.table import Table
from rich.text import Text

from stackproof.compare import Change, Difference, Effect, Section
from stackproof.reports import layout
from stackproof.reports.difference import words
from stackproof.reports.visible import harmless

_STYLE = {
    Effect.WIDENED: "bold red",
    Effect.NARROWED: "green",
    Effect.CHANGED: "cyan",
    Effect.UNDECIDED: "bold yellow",
}
_GRAVEST = (Effect.WIDENED, Effect.UNDECIDED, Effect.CHANGED, Effect.NARROWED)
_FEW = 3


def render(
    found: Difference,
    *,
    color: bool,
    width: int = layout.WIDTH,
    verbose: bool = False,
    link: layout.Link = lambda _: None,
) -> str:
    """The whole difference. `verbose` shows the way of each witness, and lists every rename."""
    source = layout.Source(lambda _: None, link)
    return layout.printed(
        _parts(harmless(found), source, verbose=verbose), color=color, width=width
    )


def _parts(
    found: Difference, source: layout.Source, *, verbose: bool
) -> Iterator[ConsoleRenderable]:
    yield _headline(found)
    yield Text(f"  {found.head.project}, stack {found.head.stack}, {words.subject(found)}", "dim")
    yield Text()
    if not found.none:
        yield _table(found)
        yield Text()
    for section in Section:
        changes = found.of(section)
        if changes:
            yield layout.heading(section.value, len(changes), "bold")
        for change in changes:
            yield _change(change, source, verbose=verbose)
            yield Text()
    yield from _renamed(found, verbose=verbose)
    for title, texts in (("unknown on both sides", found.unknown_alike), ("notes", found.notes)):
        if texts:
            yield layout.heading(title, len(texts), "bold")
            yield from map(layout.item, texts)
            yield Text()
    if found.changes:
        yield _headline(found)


def _headline(found: Difference) -> Text:
    present = (effect for effect in _GRAVEST if getattr(found.summary, effect.value))
    worst = next(present, None)
    style = "bold green" if worst is None else _STYLE[worst]
    return Text(words.headline(found), style)


def _table(found: Difference) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("section")
    for effect in Effect:
        table.add_column(effect.value, justify="right")
    table.add_column("what was compared", ratio=1)
    for section in Section:
        effects = [change.effect for change in found.of(section)]
        if not effects:
            continue
        counts = [
            Text(str(number), _STYLE[effect]) if (number := effects.count(effect)) else Text("·")
            for effect in Effect
        ]
        table.add_row(section.value, *counts, words.ABOUT[section])
    return table


def _change(change: Change, source: layout.Source, *, verbose: bool) -> Group:
    style = _STYLE[change.effect]
    title = Text.assemble(
        (f"{words.MARK[change.effect]} ", style), (change.subject, "bold"), f"  {change.word}"
    )
    fields: list[tuple[str, ConsoleRenderable]] = [("", Text(change.what))]
    if turned := words.before_and_after(change):
        fields.append(("was", Text(turned)))
    if change.also:
        fields.append(("also", Text(f"from {', '.join(change.also)}")))
    if shown := words.witness(change):
        fields.append(("witness", Text(shown)))
    if change.hops and (verbose or change.effect in {Effect.WIDENED, Effect.UNDECIDED}):
        fields.append((words.when(change), layout.hops(change.hops, source)))
    if change.blocked_by and (verbose or change.section is Section.GUARDS):
        fields.append((words.when(change, blocked=True), layout.hops(change.blocked_by, source)))
    fields += [("unknown", Text(why)) for why in change.unknown]
    return Group(title, layout.indented(layout.fields(fields), 2))


def _renamed(found: Difference, *, verbose: bool) -> Iterator[ConsoleRenderable]:
    if not found.renamed:
        return
    shown = found.renamed if verbose else found.renamed[:_FEW]
    yield layout.heading("renamed resources", len(found.renamed), "bold")
    for item in shown:
        yield layout.item(f"{item.before} is {item.after} ({item.type}): {item.because}")
    if len(shown) < len(found.renamed):
        yield layout.item(f"{len(found.renamed) - len(shown)} more, which --verbose lists")
    yield Text()
