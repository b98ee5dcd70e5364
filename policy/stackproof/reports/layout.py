"""How text is laid out for a terminal: the pieces that every report for people is made of."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from rich.console import Console, ConsoleRenderable
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stackproof.model import Hop, Location

WIDTH = 80
_NARROWEST = 40
_LABEL = len("witness")


Excerpt: TypeAlias = Callable[[Location], str | None]
"""Gives the line of the program at a location, when it can be read."""

Link: TypeAlias = Callable[[Location], str | None]
"""Gives the URL that opens a location, when there is one."""


class Source(NamedTuple):
    """What is shown of the program itself."""

    excerpt: Excerpt
    link: Link

    def place(self, location: Location) -> Text:
        """Where it is; a link, on a terminal that has them."""
        url = self.link(location)
        return Text(str(location), f"link {url}" if url else "")


NO_SOURCE = Source(lambda _: None, lambda _: None)
"""For what is told without the program at hand."""


def printed(parts: Iterable[ConsoleRenderable], *, color: bool, width: int) -> str:
    """The parts as text, at most `width` columns wide and never wider than WIDTH."""
    target = io.StringIO()
    console = Console(
        file=target,
        width=max(_NARROWEST, min(width, WIDTH)),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        legacy_windows=False,
        _environ={},  # the caller has decided; rich would look at TERM, COLUMNS, NO_COLOR itself
    )
    for part in parts:
        console.print(part)
    # Rich gives each link a random name, which it may do without.
    text = _LINK_NAME.sub("\x1b]8;;", target.getvalue())
    # It pads tables to their width too; trailing spaces are noise in logs and in diffs.
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


_LINK_NAME = re.compile(r"\x1b]8;id=[^;]*;")


def indented(part: ConsoleRenderable, by: int) -> Padding:
    """`part`, `by` columns to the right."""
    return Padding(part, (0, 0, 0, by))


def heading(title: str, count: int, style: str) -> Text:
    """What begins a section, and how many are in it."""
    return Text.assemble((title.upper(), style), f"  {count}\n")


def fields(named: Sequence[tuple[str, ConsoleRenderable]]) -> Table:
    """Values beside their names."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    grid.add_column(ratio=1, overflow="fold")
    for name, value in named:
        grid.add_row(name, value)
    return grid


def hops(way: Sequence[Hop], source: Source) -> Table:
    """What permits and what blocks, step by step."""
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for hop in way:
        mark = Text("→", "green") if hop.permits else Text("✗", "red")
        what = Text(hop.what)
        if hop.location:
            what.append("  ", "dim")
            place = source.place(hop.location)
            place.stylize("dim")
            what.append_text(place)
        grid.add_row(mark, what)
    return grid


def item(text: str) -> Table:
    """One of a list."""
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(Text("·", "dim"), Text(text))
    return grid
