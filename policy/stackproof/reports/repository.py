"""Where the lines of the program are read: paths from the repository's root, and links to lines.

A location's path is relative to the Pulumi project, which may be a folder of the repository. Paths
come from a program, or from a file of anybody's: one that leads anywhere else gets no link.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from stackproof.model import Location


class Repository(msgspec.Struct, frozen=True):
    """What is known of the repository that the project is in; by default nothing."""

    url: str = ""
    """`https://github.com/owner/name`, without a slash at its end."""
    commit: str = ""
    """What links point at: a commit, so that they show the same in a year."""
    view: str = "blob"
    """What stands before the commit in a link; GitLab's is `-/blob`."""
    folder: str = ""
    """The project's folder, relative to the root, with `/`; empty when it is the root."""

    def path(self, location: Location) -> str | None:
        """Its file relative to the repository's root, percent-encoded; None when it is outside."""
        parts = location.path.split("/")
        if not location.path or "\\" in location.path or {"", ".", ".."} & {*parts}:
            return None
        whole = PurePosixPath(self.folder, *parts).as_posix()
        return quote(whole, safe="/", errors="replace")

    def link(self, location: Location) -> str | None:
        """The line at the commit, or relative to the root while that is not known."""
        path = self.path(location)
        if path is None:
            return None
        line = f"#L{location.line}" if location.line > 0 else ""
        if not self.url or not self.commit:
            return f"./{path}{line}"
        return f"{self.url}/{self.view}/{self.commit}/{path}{line}"
