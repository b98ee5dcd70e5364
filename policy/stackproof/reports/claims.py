"""What each kind of claim means: its docstring, taken apart, and the page made from all of them.

A kind is documented where it is decided. The first line of its docstring says what is proven, then
`## What AWS does` why that is not plain, `## Fails` a change that violates it, and `## Mend` what
to do. The changes are made to the program in `example/`; a test proves that first, and then that
each change violates what it says.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources

import msgspec

from stackproof import check
from stackproof.sources import pack

SECTIONS = ("What AWS does", "Fails", "Mend")

PAGE = "docs/claims.md"
"""The page, in the repository of stackproof."""


class UndocumentedError(Exception):
    """A kind of claim does not say what it must; the message names what is missing."""


class Kind(msgspec.Struct, frozen=True):
    """One kind of claim, documented. All text is markdown and ours, not a program's."""

    names: tuple[str, ...]
    """`network.closed`; several when one rule holds in each family."""
    proves: str
    """One sentence."""
    more: str
    """What it proves in detail; may be empty."""
    aws: str
    fails: str
    mend: str

    @property
    def anchor(self) -> str:
        """Its heading on the page, as GitHub spells it in a link."""
        return re.sub(r"[^a-z0-9 -]", "", self.title.lower()).replace(" ", "-")

    @property
    def title(self) -> str:
        """Its heading on the page."""
        return ", ".join(self.names)

    def markdown(self, *, level: int) -> str:
        """All of it but the title, with headings of `level`."""
        parts = [self.proves, self.more]
        for section, text in zip(SECTIONS, (self.aws, self.fails, self.mend), strict=True):
            parts += [f"{'#' * level} {section}", text]
        return "\n\n".join(part for part in parts if part)


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by each of its names, in the order in which they are registered."""
    deciding: dict[Callable[..., object], list[str]] = {}
    for name, decide in {**check.KINDS, **pack.KINDS}.items():
        deciding.setdefault(decide, []).append(name)
    return {
        name: kind
        for decide, names in deciding.items()
        for kind in [_read(tuple(names), decide)]
        for name in names
    }


def kind_of(name: str) -> Kind | None:
    """The kind of that name; None for one that is documented elsewhere."""
    of_checkov = name.startswith("hardening.CKV")
    return kinds().get("hardening.checkov" if of_checkov else name)


def _read(names: tuple[str, ...], decide: Callable[..., object]) -> Kind:
    """Take a docstring apart. Raises UndocumentedError when a part is missing."""
    text = inspect.cleandoc(decide.__doc__ or "")
    head, *rest = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    found = dict(zip(rest[::2], map(str.strip, rest[1::2]), strict=True))
    if tuple(found) != SECTIONS or not all(found.values()) or not head:
        raise UndocumentedError(
            f"{names[0]}: the docstring of {decide.__qualname__} needs a sentence and then"
            f" {', '.join(f'## {section}' for section in SECTIONS)}, each with text"
        )
    proves, _, more = head.strip().partition("\n")
    return Kind(names, proves, more.strip(), *(found[section] for section in SECTIONS))


def page() -> str:
    """The whole page."""
    return "\n\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "<!-- Made by `stackproof claims --markdown`; a test refuses it when it is old. -->"
    yield "# Claims"
    yield (
        "Each claim has an id that begins with its kind: `network.closed.vpc-to-database` is of the"
        " kind `network.closed`. Here is what each kind proves, what AWS does that makes it worth a"
        " proof, a change that violates it, and the mend. AWS's pages are cited by title."
    )
    documented = list(dict.fromkeys(kinds().values()))
    yield "\n".join(
        ["| kind | proves |", "|---|---|"]
        + [f"| [{kind.title}](#{kind.anchor}) | {kind.proves} |" for kind in documented]
    )
    for kind in documented:
        yield f"## {kind.title}"
        yield kind.markdown(level=3)
    yield "## The program of the examples"
    yield (
        "A change under *Fails* is made to this program, which keeps the contract below it. Python"
        " is added at its end; YAML is laid over the contract, as `extends` does."
    )
    yield f"```python\n{example('program.py')}```"
    yield f"```yaml\n{example('contract.yaml')}```"


def example(name: str) -> str:
    """A file of the example: `program.py` or `contract.yaml`."""
    return (resources.files("stackproof") / "reports" / "example" / name).read_text("utf-8")
