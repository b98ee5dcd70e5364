"""The report as one HTML file, and the diagram alone: nothing is loaded, so nothing can be missing.

Its own policy (CSP) lets only this style and this script in, by their hashes. Every text in it is
somebody else's, and is escaped: the markup comes from `markup.tag` alone.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from string import Template

from stackproof.check import Report
from stackproof.overview import Overview
from stackproof.reports.html.layout import lay_out
from stackproof.reports.html.marks import Marks, drawn
from stackproof.reports.html.markup import tag
from stackproof.reports.html.page import MOST_RESOURCES, body, state_of, title_of
from stackproof.reports.html.svg import drawing, svg
from stackproof.reports.html.tables import Excerpt
from stackproof.reports.visible import harmless

__all__ = ["policy", "render", "render_svg"]


def render(report: Report, overview: Overview, *, excerpt: Excerpt = lambda _: None) -> str:
    """The page. The same input gives the same bytes."""
    report, overview = harmless(report), harmless(overview)
    state = state_of(report)
    return Template(_file("page.html")).substitute(
        policy=policy(),
        title=tag("title", f"{title_of(report)} · {report.project} {report.stack}"),
        state=state.value,
        style=_style(),
        body=body(report, overview, excerpt),
        script=_file("page.js"),
    )


def render_svg(overview: Overview) -> str:
    """The diagram alone, as an SVG file with its own style."""
    overview = harmless(overview)
    flows = drawn(overview)
    layout = lay_out(overview.network, flows, detailed=overview.resources <= MOST_RESOURCES)
    content = drawing(layout, overview, flows, Marks({}), linked=False)
    label = f"The network of {overview.project}, stack {overview.stack}"
    return svg(layout, content, label=label, style=_file("diagram.css")) + "\n"


@cache
def policy() -> str:
    """The content security policy of the page, which a server may send as well."""
    style, script = _hash(_style()), _hash(_file("page.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


@cache
def _style() -> str:
    return _file("diagram.css") + _file("page.css")


@cache
def _file(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
