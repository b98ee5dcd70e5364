"""Whether a terminal makes links of OSC 8 sequences, and what it should open.

No terminal can be asked. These say who they are, in the ways that `supports-hyperlinks` (npm) and
"Hyperlinks (a.k.a. HTML-like anchors) in terminal emulators" collect; one that says nothing gets no
links. Those that do not know the sequence ignore it, but for a few old ones, which show it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from stackproof.model import Location

_PROGRAMS = {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "mintty", "rio", "zed"}
_TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "contour", "wezterm")
_VARIABLES = ("WT_SESSION", "KITTY_WINDOW_ID", "DOMTERM", "KONSOLE_VERSION")
_VTE = 5000
"""0.50, the first version of GNOME's terminals that has them."""


def is_linked(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether links are of use on `stream`; FORCE_HYPERLINK overrides (0: never)."""
    forced = environ.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced != "0"
    if not stream.isatty() or environ.get("CI") or environ.get("TERM") == "dumb":
        return False
    vte = environ.get("VTE_VERSION", "")
    return (
        environ.get("TERM_PROGRAM") in _PROGRAMS
        or environ.get("TERM", "").startswith(_TERMS)
        or any(environ.get(name) for name in _VARIABLES)
        or (vte.isdigit() and int(vte) >= _VTE)
    )


def files_below(root: Path) -> Callable[[Location], str | None]:
    """Gives the URL of a line in a file below `root`, for a terminal on this machine."""
    root = root.resolve()
    host = socket.gethostname()  # over SSH the terminal must not open a file of its own

    def link(location: Location) -> str | None:
        try:
            path = (root / location.path).resolve()
            inside = path.is_relative_to(root) and path.is_file()
        except (OSError, ValueError):
            return None
        return f"file://{host}{path.as_uri()[7:]}#{location.line}" if inside else None

    return link
