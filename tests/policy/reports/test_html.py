"""The page: whole, its own, and made of escaped text whatever the program calls its things."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.check import Report, Summary
from stackproof.model import Claim, Evidence, Family, Hop, Location, NotModelled, Verdict
from stackproof.overview import (
    EventEdge,
    EventNode,
    Events,
    Flow,
    Group,
    Loss,
    Member,
    Network,
    Overview,
    Permission,
    Principal,
    Subnet,
    Tier,
    Vpc,
)
from stackproof.reports import html
from stackproof.reports.html.page import body
from stackproof.reports.html.svg import brief, fitted
from tests.policy.reports.test_visible import STRANGE, strange_report

GOLDEN = Path(__file__).parent / "golden" / "report.html"

ELEMENTS = {
    "html", "head", "meta", "link", "title", "style", "script", "body", "header", "nav", "main",
    "section", "article", "div", "span", "p", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2",
    "h3", "h4", "small", "strong", "code", "pre", "figure", "figcaption", "details", "summary",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "select",
    "option", "fieldset", "legend", "button", "wbr", "svg", "g", "rect", "path", "polygon", "text",
}  # fmt: skip
ATTRIBUTES = {
    "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "autocomplete", "charset",
    "checked", "class", "content", "d", "data-ends", "data-family", "data-group", "data-show",
    "data-verdict", "data-zoom", "height", "hidden", "href", "http-equiv", "id", "lang", "name",
    "points", "rel", "role", "rx", "scope", "tabindex", "text-anchor", "title", "type", "value",
    "viewbox", "width", "x", "y",
}  # fmt: skip


class Reader(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]

    @property
    def text(self) -> str:
        return "".join(
            data for of, listed in self.texts.items() for data in listed if of != "style"
        )


def overview_of(name: str) -> Overview:
    """An architecture in which everything is called `name`."""
    where = Location(name, 1)
    tier = Tier(f"{name}|t", name, name, "nat")
    group = Group("a" + name, "resources", (Member(name, name, name, tier.key, "", where),))
    loose = Group("b" + name, "ungrouped", (Member(name, name, name, "", "", where),))
    hop = Hop(name, urn=name, location=where)
    flow = Flow(group.name, loose.name, "excess", (name,), (name,), (name,), (name,), (hop,))
    nodes = (EventNode("k" + name, name, name, where), EventNode("l" + name, name, name, where))
    allowed = Permission(
        allow=True, actions=(name,), resources=(name,), conditions=(name,), policy=name, urn=name,
        location=where, doubts=(name,),
    )  # fmt: skip
    return Overview(
        name,
        name,
        name,
        7,
        Network(
            ("",),
            (Vpc(name, name, (name,)),),
            (tier,),
            (Subnet(name, name, tier.key, "", name, where),),
            (group, loose, Group("internet", "internet"), Group("c" + name, "addresses", (), name)),
            (),
            (flow,),
        ),
        (Principal(name, name, (name,), (allowed,), name, where),),
        (Loss(name, name, name, name, name, None),),
        Events(nodes, (EventEdge("k" + name, "l" + name, "writes", name, name, where),)),
    )


def report_of(name: str) -> Report:
    where = Location(name, 1)
    hop = Hop(name, permits=False, urn=name, location=where)
    evidence = Evidence("witness", name, {name: {name: [name]}}, (hop,))
    claims = tuple(
        Claim(
            name + verdict.value,
            Family.NETWORK,
            name,
            verdict,
            evidence,
            (name,),
            (where,),
            mend=name,
            waiver=name,
        )
        for verdict in Verdict
    )
    unseen = NotModelled(name, name, Family.NETWORK, name)
    return Report(
        project=name,
        stack=name,
        source=name,
        summary=Summary(1, 1, 1, 1),
        claims=claims,
        assumptions=(name,),
        not_modelled=(unseen,),
    )


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "</title></svg><b onclick=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "<!-- ", "-->", "]]>", "&lt;script&gt;", "$policy", "${body}", "$$", "%3Cscript%3E", "",
    "\0\x1b[2J\u202egnihton\ud800",
    STRANGE,
)  # fmt: skip


def judge(name: str) -> None:
    page = html.render(report_of(name), overview_of(name), excerpt=lambda _: name)
    read = Reader(page)
    assert set(read.elements) <= ELEMENTS
    assert {key for key, _ in read.attributes} <= ATTRIBUTES
    assert read.elements.count("script") == read.elements.count("style") == 1
    assert all(value.startswith("#") or value == "data:," for value in read.values("href"))
    ids = read.values("id")
    assert len(ids) == len(set(ids))
    assert not [i for i in ids if re.search(r"\s", i)]
    assert {value[1:] for value in read.values("href") if value.startswith("#")} <= set(ids)
    # Nothing that only browsers' own eyes see, nor anything that no encoding can write.
    assert page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_a_text_like_any_other(name: str) -> None:
    judge(name)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40) | st.lists(st.sampled_from(HOSTILE)).map("".join))
def test_so_is_every_other_name(name: str) -> None:
    judge(name)


def test_what_is_escaped_is_still_shown() -> None:
    name = "<b>&amp;</b>"
    assert name in Reader(html.render(report_of(name), overview_of(name))).text


def test_the_page_lets_in_its_own_style_and_script_and_nothing_else() -> None:
    page = html.render(strange_report(), overview_of("x"))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1] == html.policy()
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    for element in ("style", "script"):
        content = re.search(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy[1]


def test_the_page_asks_nothing_of_any_network() -> None:
    page = html.render(strange_report(), overview_of("x"))
    read = Reader(page)
    assert not {"src", "srcset", "action", "style"} & {key for key, _ in read.attributes}
    assert "url(" not in page
    assert "@import" not in page
    assert "fetch(" not in page
    assert "eval(" not in page


def test_the_same_input_gives_the_same_bytes() -> None:
    first = html.render(strange_report(), overview_of("x"))
    assert first == html.render(strange_report(), overview_of("x"))


def test_every_claim_is_there_with_its_verdict_and_a_place_to_link_to() -> None:
    read = Reader(html.render(report_of("n"), overview_of("n")))
    assert {f"claim.n{verdict.value}" for verdict in Verdict} <= set(read.values("id"))
    assert set(read.values("data-verdict")) == {verdict.value for verdict in Verdict}


def test_claims_of_the_same_spelling_have_places_of_their_own() -> None:
    report = report_of("n")
    one, two = (
        Claim(id_, Family.NETWORK, "t", Verdict.PROVEN, Evidence("exhaustive", "s"))
        for id_ in ("a b", "a_b")
    )
    alike = Report(
        project="p",
        stack="s",
        source="program",
        summary=Summary(proven=2),
        claims=(one, two),
        assumptions=report.assumptions,
        not_modelled=(),
    )
    ids = Reader(html.render(alike, overview_of("n"))).values("id")
    assert {"claim.a_b", "claim.a_b.2"} <= set(ids)


def test_the_body_is_as_reviewed() -> None:
    """After a deliberate change: STACKPROOF_GOLDEN=write pytest tests/policy/reports."""
    text = body(report_of("n"), overview_of("n"), lambda _: "n = 1").replace("><", ">\n<") + "\n"
    if os.environ.get("STACKPROOF_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_diagram_alone_has_its_own_style_and_no_links() -> None:
    picture = html.render_svg(overview_of("<b>"))
    assert picture.startswith("<svg ")
    read = Reader(picture)
    assert "a" not in read.elements
    assert "b" not in read.elements
    assert read.values("xmlns") == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in picture


@pytest.mark.parametrize(
    ("traffic", "shown"),
    [
        ((), "nothing"),
        (("tcp/443",), "tcp/443"),
        (("tcp/80", "tcp/443"), "tcp/80, 443"),
        (("tcp/80", "udp/53"), "tcp/80 +1"),
        (("tcp/1024-65535", "udp/1024-65535"), "tcp/1024-65535 +1"),
        (("all",), "all"),
    ],
)
def test_an_arrow_says_no_more_than_fits_on_it(traffic: tuple[str, ...], shown: str) -> None:
    assert brief(traffic) == shown


@given(st.text(max_size=60), st.floats(20, 300))
def test_a_name_is_cut_in_its_middle_and_only_when_it_must_be(name: str, width: float) -> None:
    shown = fitted(name, width, 11)
    assert len(shown) <= len(name) or shown == name
    if shown != name:
        head, cut, tail = shown.partition("…")
        assert cut
        assert name.startswith(head)
        assert name.endswith(tail)
