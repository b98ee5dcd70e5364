"""Layouts drawn as SVG. What it looks like is in diagram.css, what is said is in its labels."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from stackproof.model import Claim, Verdict
from stackproof.overview import Events, Flow, Overview
from stackproof.reports.html.eventlayout import STRIP
from stackproof.reports.html.geometry import Arrow, Box, Layout, Point
from stackproof.reports.html.marks import Marks, worst
from stackproof.reports.html.markup import Child, Markup, join, tag
from stackproof.reports.words import MARK

_ROUND = 7
_HEAD = 9
_WIDE = frozenset("WF")
_NARROW = frozenset("fijlrtI.,:;|!'-()/[] ")
_BROAD = frozenset("mwMW@%—…")


def drawing(
    layout: Layout, overview: Overview, flows: Sequence[Flow], marks: Marks, *, linked: bool
) -> Markup:
    """The network. `linked`: groups and flows lead to where the page says more of them."""
    pen = _Pen(layout, overview, flows, marks, linked=linked)
    return join([pen.boxes(), pen.arrows()])


class _Pen:
    def __init__(
        self,
        layout: Layout,
        overview: Overview,
        flows: Sequence[Flow],
        marks: Marks,
        *,
        linked: bool,
    ) -> None:
        self.layout = layout
        self.network = overview.network
        self.flows = flows
        self.marks = marks
        self.linked = linked
        self.number = {g.name: n for n, g in enumerate(self.network.groups)}
        self.exits = {t.key: t.exit for t in self.network.tiers}
        self.exit_of = {s.urn: self.exits[s.tier] for s in self.network.subnets}
        self.kinds = {g.name: g.kind for g in self.network.groups}

    def boxes(self) -> Markup:
        """Places first, then what is in them."""
        places = [b for b in self.layout.boxes if b.kind in {"vpc", "zone", "tier", "subnet"}]
        things = [b for b in self.layout.boxes if b.kind == "fixture"]
        return join(
            [
                *(self._place(b) for b in sorted(places, key=lambda b: _DEPTH[b.kind])),
                *(self._fixture(b) for b in things),
                *self._groups(),
            ]
        )

    def arrows(self) -> Markup:
        """The quiet ones first: what is wrong lies on top."""
        order = sorted(self.layout.arrows, key=lambda a: (self._loud(a), a.edge))
        return tag("g", *(self._arrow(a) for a in order), class_="flows")

    def _loud(self, arrow: Arrow) -> bool:
        flow = self.flows[arrow.edge]
        return flow.kind in {"excess", "missing", "perhaps"}

    # ── places ──────────────────────────────────────────────────────────────────────────────────

    def _place(self, box: Box) -> Markup:
        if box.kind == "zone":
            middle = box.x + box.width / 2
            return tag(
                "g",
                _rect(box, 10),
                _text(box.lines[0], middle, box.y + 20, box.width, 12, "zone-name", "middle"),
                class_="zone",
            )
        if box.kind == "tier":
            return tag("g", _rect(box, 10), class_="tier")
        first, second = box.lines
        if box.kind == "vpc":
            text = f"VPC {first} · {second}"
            label = _text(text, box.x + 14, box.y + 20, box.width - 28, 12, "vpc-name")
            return tag("g", _rect(box, 12), label, class_="vpc")
        way = self.exit_of[box.name]
        return tag(
            "g",
            _rect(box, 8),
            _text(first, box.x + 10, box.y + 18, box.width - 50, 12, "subnet-name"),
            _text(f"{second} · {_EXIT[way]}", box.x + 10, box.y + 33, box.width - 36, 11, "cidr"),
            *self._badge(box, self.marks.of_urn.get(box.name, ())),
            class_=f"subnet exit-{way}",
        )

    def _fixture(self, box: Box) -> Markup:
        label = _text(box.lines[0], box.x + 9, box.y + 15, box.width - 16, 11, "fixture-name")
        badge = self._badge(box, self.marks.of_urn.get(box.name, ()))
        return tag("g", _rect(box, 11), label, *badge, class_="fixture")

    # ── groups ──────────────────────────────────────────────────────────────────────────────────

    def _groups(self) -> list[Markup]:
        """A band with its members, which come after it."""
        found: list[Markup] = []
        boxes = self.layout.boxes
        for number, box in enumerate(boxes):
            if box.kind not in {"group", "node"}:
                continue
            members = []
            for following in boxes[number + 1 :]:
                if following.kind != "member":
                    break
                members.append(following)
            found.append(self._group(box, members))
        return found

    def _group(self, box: Box, members: Sequence[Box]) -> Markup:
        title, about = box.lines
        claims = self.marks.of_group.get(box.name, [])
        said = f"{title}, {about}" if about else title
        if claims:
            said += f": {len(claims)} claims not proven, the worst is {worst(claims).value}"
        if box.kind == "node":
            middle = box.y + box.height / 2
            shown: list[Child] = [
                _text(title, box.x + 12, middle - 3, box.width - 24, 13, "group-name"),
                _text(about, box.x + 12, middle + 14, box.width - 24, 11, "about"),
            ]
        else:
            width = min(box.width, 190) - 20
            taken = min(_length(title, 13) + 8, width)
            if _length(about, 11) > box.width - taken - 26:
                about = ""
            shown = [
                _text(title, box.x + 10, box.y + 18, width, 13, "group-name"),
                _text(about, box.x + 10 + taken, box.y + 18, box.width, 11, "about"),
                *(self._member(m) for m in members),
            ]
        kind = self.kinds[box.name]
        return self._element(
            f"#group-{self.number[box.name]}",
            said,
            [_rect(box, 26 if kind == "internet" else 8), *shown, *self._badge(box, claims)],
            class_=f"{box.kind} of-{kind}{' is-' + worst(claims).value if claims else ''}",
            data_group=f"{self.number[box.name]}",
        )

    def _member(self, box: Box) -> Markup:
        return tag(
            "g",
            _rect(box, 4),
            _text(box.lines[0], box.x + 8, box.y + 13, box.width - 14, 11, "member-name"),
            class_="member",
        )

    def _badge(self, box: Box, claims: Sequence[Claim]) -> list[Markup]:
        """A sign at a corner, with the number of claims."""
        if not claims:
            return []
        verdict = worst(claims)
        count = f" {len(claims)}" if len(claims) > 1 else ""
        text = MARK[verdict] + count
        width = 20 + 8 * len(count)
        # However many there are, it ends where it does with one: a box may stand at the edge.
        x, y = box.right + 6 - width / 2, box.y + 4
        return [
            tag(
                "g",
                tag("rect", x=x - width / 2, y=y - 10, width=width, height=20, rx=10),
                tag("text", text, x=x, y=y + 4.5, text_anchor="middle"),
                class_=f"badge is-{verdict.value}",
            )
        ]

    # ── flows ───────────────────────────────────────────────────────────────────────────────────

    def _arrow(self, arrow: Arrow) -> Markup:
        flow = self.flows[arrow.edge]
        claims = self.marks.of_flow.get((flow.source, flow.to), [])
        verdict = worst(claims)
        way = _path(arrow.points)
        x, y = arrow.label
        label, state = label_of(flow, verdict)
        return self._element(
            f"#flow-{arrow.edge}",
            said_of(flow, verdict),
            [
                tag("path", d=way, class_="reach"),
                tag("path", d=way, class_="halo"),
                tag("path", d=way, class_="line"),
                tag("polygon", points=_head(arrow.points), class_="head"),
                tag("text", label, x=x, y=y, text_anchor=arrow.anchor, class_="label"),
            ],
            class_=f"flow {state}",
            data_ends=f"{self.number[flow.source]} {self.number[flow.to]}",
        )

    def _element(
        self, href: str, said: str, children: list[Child], *, class_: str, **data: str
    ) -> Markup:
        if not self.linked:
            return tag("g", tag("title", said), *children, class_=class_)
        return tag("a", *children, href=href, class_=class_, aria_label=said, **data)


_DEPTH = {"vpc": 0, "zone": 1, "tier": 2, "subnet": 3}
_EXIT = {
    "internet": "public",
    "nat": "out by NAT",
    "none": "no way out",
    "unknown": "routes unknown",
}


def label_of(flow: Flow, verdict: Verdict) -> tuple[str, str]:
    """What stands on the arrow, and its class: a sign, not only a colour, for what is not well."""
    if flow.kind == "excess":
        return f"✗ {brief(flow.excess)}", "excess"
    if flow.kind == "missing":
        waived = verdict is Verdict.WAIVED
        sign = "~" if waived else "✗"
        return f"{sign} no {brief(flow.declared)}", "missing" + (" is-waived" if waived else "")
    if flow.kind == "perhaps" or verdict is Verdict.UNPROVEN:
        return f"? {brief((*flow.traffic, *flow.perhaps))}", "perhaps"
    if verdict is Verdict.VIOLATED:
        return f"✗ {brief(flow.traffic)}", "fails"
    if verdict is Verdict.WAIVED:
        return f"~ {brief(flow.traffic)}", "is-waived"
    return brief(flow.traffic or flow.declared), "holds"


def said_of(flow: Flow, verdict: Verdict) -> str:
    """The flow in a sentence."""
    pair = f"{flow.source} to {flow.to}"
    if flow.kind == "excess":
        return f"{pair}: {', '.join(flow.excess)} passes and is not declared, violated"
    if flow.kind == "missing":
        return f"{pair}: {', '.join(flow.declared)} is declared and does not pass, {verdict.value}"
    if flow.kind == "perhaps":
        return f"{pair}: {', '.join(flow.perhaps)} may perhaps pass, {verdict.value}"
    if flow.kind == "found":
        return f"{pair}: {', '.join(flow.traffic)}"
    return f"{pair}: {', '.join(flow.traffic)}, {verdict.value}"


_LONGEST = 13


def brief(traffic: Sequence[str]) -> str:
    """`tcp/80, 443`: the protocol once, and no more than fits on an arrow."""
    shown = ""
    before = ""
    for number, item in enumerate(traffic):
        protocol, slash, ports = item.partition("/")
        part = ports if slash and protocol == before else item
        longer = f"{shown}, {part}" if shown else part
        if shown and len(longer) > _LONGEST:
            return f"{shown} +{len(traffic) - number}"
        shown, before = longer, protocol
    return shown or "nothing"


# ── shapes ──────────────────────────────────────────────────────────────────────────────────────


def _rect(box: Box, radius: float) -> Markup:
    size = {"width": box.width, "height": box.height}
    return tag("rect", x=box.x, y=box.y, rx=radius, **size)


def _text(  # noqa: PLR0913, PLR0917 - what, where, how wide, how large, how it looks
    text: str,
    x: float,
    y: float,
    width: float,
    size: float,
    class_: str,
    anchor: str | None = None,
) -> Markup:
    """One line that fits `width`; what is cut off is told in a title."""
    shown = fitted(text, width, size)
    title = tag("title", text) if shown != text else None
    return tag("text", shown, title, x=x, y=y, class_=class_, text_anchor=anchor)


def _length(text: str, size: float) -> float:
    """Roughly how wide `text` is: no browser is asked."""
    return sum(map(_em, text)) * size


def _em(character: str) -> float:
    """How wide a character is in a bold sans-serif, of its height: rather too much."""
    if unicodedata.east_asian_width(character) in _WIDE:
        return 1.05
    return 0.4 if character in _NARROW else 0.95 if character in _BROAD else 0.6


def fitted(text: str, width: float, size: float) -> str:
    """`text`, cut in its middle if it would be wider than `width`: names differ at their ends."""
    if _length(text, size) <= width:
        return text
    left, right = text[: (len(text) + 1) // 2], text[(len(text) + 1) // 2 :]
    while left and _length(f"{left}…{right}", size) > width:
        if len(left) > len(right):
            left = left[:-1]
        else:
            right = right[1:]
    return f"{left}…{right}"


def _path(points: Sequence[Point]) -> str:
    """The way with its corners rounded."""
    (x, y), *rest = points
    shown = [f"M{x:g} {y:g}"]
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        radius = min(_ROUND, before / 2, after / 2)
        ix, iy = _toward((bx, by), (ax, ay), radius)
        ox, oy = _toward((bx, by), (cx, cy), radius)
        shown.append(f"L{ix:g} {iy:g}Q{bx:g} {by:g} {ox:g} {oy:g}")
    x, y = _toward(points[-1], points[-2], _HEAD - 2) if rest else (x, y)
    return "".join([*shown, f"L{x:g} {y:g}"])


def _toward(start: Point, end: Point, distance: float) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = abs(dx) + abs(dy) or 1
    return round(start[0] + dx / length * distance, 1), round(start[1] + dy / length * distance, 1)


def _head(points: Sequence[Point]) -> str:
    """The three corners of an arrow's head."""
    tip, before = points[-1], points[-2]
    x, y = _toward(tip, before, _HEAD)
    wide = 4.5
    if tip[0] == before[0]:
        corners = [tip, (x - wide, y), (x + wide, y)]
    else:
        corners = [tip, (x, y - wide), (x, y + wide)]
    return " ".join(f"{a:g},{b:g}" for a, b in corners)


# ── whole pictures ──────────────────────────────────────────────────────────────────────────────


def svg(
    layout: Layout, content: Markup, *, label: str, described_by: str | None = None, style: str = ""
) -> Markup:
    """The picture as an element; one that stands alone has its own `style`."""
    width, height = round(layout.width), round(layout.height)
    return tag(
        "svg",
        tag("title", label) if style else None,
        tag("style", Markup(style)) if style else None,
        content,
        xmlns="http://www.w3.org/2000/svg" if style else None,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img" if style else "group",
        aria_label=None if style else label,
        aria_describedby=described_by,
        class_="picture",
    )


def event_drawing(layout: Layout, events: Events) -> Markup:
    """The event graph."""
    boxes = (
        tag(
            "g",
            tag("title", f"{box.lines[0]}, {box.lines[1]}"),
            _rect(box, 8),
            _text(box.lines[0], box.x + 12, middle - 3, box.width - 24, 13, "group-name"),
            _text(box.lines[1], box.x + 12, middle + 14, box.width - 24, 11, "about"),
            class_="node",
        )
        for box in layout.boxes
        for middle in (box.y + box.height / 2,)
    )
    arrows = []
    for arrow in layout.arrows:
        edge = events.edges[arrow.edge]
        way = _path(arrow.points)
        x, y = arrow.label
        shown = edge.label if edge.kind == "delivers" else f"may write {edge.label}".rstrip()
        arrows.append(
            tag(
                "g",
                tag("path", d=way, class_="halo"),
                tag("path", d=way, class_="line"),
                tag("polygon", points=_head(arrow.points), class_="head"),
                _text(shown, x, y, STRIP - 14, 11, "label", arrow.anchor),
                class_=f"flow event {edge.kind}",
            )
        )
    return join([tag("g", *arrows, class_="flows"), *boxes])
