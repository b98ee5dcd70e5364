"""The one comment on a pull request: the report, and below it what changes against the base."""

from __future__ import annotations

from stackproof.check import Report
from stackproof.compare import Difference
from stackproof.reports import markdown
from stackproof.reports.difference import markdown as of_difference
from stackproof.reports.repository import Repository

_MOST_OF_DIFFERENCE = markdown.LIMIT // 3


def render(report: Report, difference: Difference, *, repository: Repository) -> str:
    """Markdown within GitHub's limit. The report's own mark is the first line, and the only one."""
    text = of_difference.render(difference, repository=repository, limit=_MOST_OF_DIFFERENCE)
    below = text.partition("\n")[2].strip("\n")
    left = markdown.LIMIT - len(below.encode()) - len("\n\n")
    above = markdown.render(report, repository=repository, limit=left)
    return f"{above.rstrip()}\n\n{below}\n"
