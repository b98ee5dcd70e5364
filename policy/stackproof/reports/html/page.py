"""The page: what a reviewer sees first, and where the rest is."""

from __future__ import annotations

from collections.abc import Sequence

from stackproof.check import Report
from stackproof.model import Claim, Family, NotModelled, Verdict
from stackproof.overview import Events, Flow, Group, Overview
from stackproof.reports.html import tables
from stackproof.reports.html.eventlayout import lay_out_events
from stackproof.reports.html.layout import lay_out
from stackproof.reports.html.marks import Marks, drawn, marks, worst
from stackproof.reports.html.markup import Child, Markup, join, tag
from stackproof.reports.html.svg import drawing, event_drawing, said_of, svg
from stackproof.reports.html.words import fields, hops, place, verdict_chip
from stackproof.reports.words import MARK, headline

MOST_RESOURCES = 1000
"""With more, the diagram counts the members of groups instead of naming them."""
MOST_EVENT_NODES = 150


_FLOWS = tag(
    "p",
    "What is delivered from the group on the left to the group above. The row and the column vpc"
    " are hosts of the VPC that no group names.",
    class_="hint",
)
_PERMISSIONS = tag(
    "p",
    "What the policies of each principal say. What boundaries, resource policies and conditions"
    " leave of it is decided in the claims.",
    class_="hint",
)


def body(report: Report, overview: Overview, excerpt: tables.Excerpt) -> Markup:
    """Everything between the body's tags."""
    found = marks(report, overview)
    flows = drawn(overview)
    sections = [
        ("findings", "Findings", _findings(report, excerpt)),
        ("diagram", "Architecture", _diagram(overview, flows, found)),
        ("flows", "Flows", join([_FLOWS, tables.flow_matrix(overview, found)])),
        (
            "permissions",
            "Permissions",
            join([_PERMISSIONS, tables.permission_matrix(overview.permissions, report.claims)]),
        ),
        ("zones", "Loss of a zone", tables.losses(overview, report.claims)),
        ("events", "Events", _events(overview)),
        ("claims", "Claims", join([_filter(report), tables.claims(report.claims, found)])),
        ("limits", "Limits", _limits(report, overview)),
    ]
    shown = [(id_, name, content) for id_, name, content in sections if content is not None]
    links = (tag("li", tag("a", name, href=f"#{id_}")) for id_, name, _ in shown)
    return join(
        [
            tag("a", "Skip to the claims", href="#claims", class_="skip"),
            _header(report, overview),
            tag("nav", tag("ul", *links), aria_label="Sections"),
            tag(
                "main",
                *(
                    tag(
                        "section",
                        tag("h2", name, id=f"{id_}-heading"),
                        content,
                        id=id_,
                        aria_labelledby=f"{id_}-heading",
                    )
                    for id_, name, content in shown
                ),
            ),
        ]
    )


def title_of(report: Report) -> str:
    """The verdict in one line; its sign stands beside it."""
    verdict, rest = headline(report)
    return verdict[2:] + rest.partition(";")[0]


def state_of(report: Report) -> Verdict:
    """What the page as a whole says."""
    if report.summary.violated:
        return Verdict.VIOLATED
    return Verdict.UNPROVEN if report.summary.unproven else Verdict.PROVEN


def _header(report: Report, overview: Overview) -> Markup:
    state = state_of(report)
    sign = tag("span", MARK[state], class_=f"sign is-{state.value}", aria_hidden="true")
    where = f"stack {report.stack}, from {report.source}"
    size = f"{overview.resources} resources"
    region = f" in {overview.region}" if overview.region else ""
    counts = (
        tag(
            "li",
            tag(
                "a",
                tag("strong", f"{getattr(report.summary, verdict.value)}"),
                tag("span", f"{MARK[verdict]} ", aria_hidden="true"),
                verdict.value,
                href="#claims",
                data_show=verdict.value,
                class_=f"tile is-{verdict.value}",
            ),
        )
        for verdict in Verdict
    )
    return tag(
        "header",
        tag(
            "div",
            sign,
            tag(
                "div",
                tag("p", f"{report.project} · {where}", class_="where"),
                tag("h1", title_of(report)),
                tag("p", f"{size}{region}", class_="size"),
            ),
            class_="verdict",
        ),
        tag("ul", *counts, class_="tiles"),
        tables.families(report.claims),
        class_=f"top is-{state.value}",
    )


def _findings(report: Report, excerpt: tables.Excerpt) -> Markup | None:
    """What is not proven, in full; what is waived folds up."""
    order = (Verdict.VIOLATED, Verdict.UNPROVEN)
    open_ = [c for verdict in order for c in report.claims if c.verdict is verdict]
    waived = [c for c in report.claims if c.verdict is Verdict.WAIVED]
    if not open_ and not waived:
        return None
    folded = (
        tag(
            "details",
            tag("summary", f"{len(waived)} waived"),
            *(tables.finding(claim, excerpt) for claim in waived),
            class_="waived",
        )
        if waived
        else None
    )
    return join([*(tables.finding(claim, excerpt) for claim in open_), folded])


# ── the diagram ─────────────────────────────────────────────────────────────────────────────────


def _diagram(overview: Overview, flows: Sequence[Flow], found: Marks) -> Markup:
    detailed = overview.resources <= MOST_RESOURCES
    layout = lay_out(overview.network, flows, detailed=detailed)
    picture = svg(
        layout,
        drawing(layout, overview, flows, found, linked=True),
        label=f"The network of {overview.project}, stack {overview.stack}",
        described_by="diagram-words",
    )
    tools = (
        ("out", "\N{MINUS SIGN}", "Zoom out"),
        ("in", "+", "Zoom in"),
        ("fit", "Fit", "Fit the whole diagram"),
    )
    buttons = (
        tag("button", sign, type="button", data_zoom=what, aria_label=said, title=said)
        for what, sign, said in tools
    )
    return join(
        [
            tag(
                "div",
                tag(
                    "p",
                    "Columns are zones, rows are tiers of subnets, arrows are flows. Point at an"
                    " arrow or a group, or reach it with Tab, to see its rules and lines.",
                    class_="hint",
                ),
                tag("div", *buttons, class_="tools", role="group", aria_label="Zoom"),
                class_="above",
            ),
            tag(
                "div",
                tag(
                    "div",
                    picture,
                    class_="canvas",
                    role="region",
                    aria_label="Diagram; plus and minus zoom, arrow keys move",
                    tabindex="0",
                ),
                tag(
                    "div",
                    class_="card",
                    id="card",
                    role="region",
                    aria_label="What is pointed at",
                    tabindex="0",
                    hidden=True,
                ),
                class_="diagram",
            ),
            _legend(flows, found),
            tag(
                "details",
                tag("summary", "The diagram in words"),
                _words(overview, flows, found),
                class_="words",
                id="diagram-words",
            ),
        ]
    )


def _legend(flows: Sequence[Flow], found: Marks) -> Markup:
    """Only what occurs."""
    kinds = {flow.kind for flow in flows}
    worsts = [(f.kind, worst(found.of_flow.get((f.source, f.to), ()))) for f in flows]
    verdicts = {verdict for _, verdict in worsts}
    missing = any(k == "missing" and v is not Verdict.WAIVED for k, v in worsts)
    entries = [
        ("holds", "declared, and passes", bool(kinds & {"declared"})),
        ("holds", "passes", "found" in kinds),
        ("excess", "✗ passes, and is not declared", "excess" in kinds),
        ("missing", "✗ declared, and does not pass", missing),
        ("perhaps", "? not decided", "perhaps" in kinds),
        ("fails", "✗ a claim about it is violated", ("declared", Verdict.VIOLATED) in worsts),
        ("is-waived", "~ waived", Verdict.WAIVED in verdicts),
    ]
    shown = (
        tag(
            "li",
            Markup(
                f'<svg width="34" height="12" aria-hidden="true" class="{class_} flow">'
                '<path class="line" d="M1 6L26 6"/><polygon class="head" points="33,6 25,2 25,10"/>'
                "</svg>"
            ),
            text,
        )
        for class_, text, occurs in entries
        if occurs
    )
    return tag("ul", *shown, class_="legend", aria_label="Legend")


def _words(overview: Overview, flows: Sequence[Flow], found: Marks) -> Markup:
    network = overview.network
    used = {subnet.tier for subnet in network.subnets}
    tiers = ", ".join(f"{t.name} ({_WAY[t.exit]})" for t in network.tiers if t.key in used)
    zones = ", ".join(zone or "not known" for zone in network.zones)
    return join(
        [
            tag("p", f"Zones: {zones or 'none'}. Tiers, from the top: {tiers or 'none'}."),
            tag("h3", "Groups"),
            *(
                _group(number, group, overview, found)
                for number, group in enumerate(network.groups)
            ),
            tag("h3", "Flows"),
            *(_flow(number, flow, found) for number, flow in enumerate(flows)),
        ]
    )


_WAY = {
    "internet": "a route to the internet gateway",
    "nat": "out by a NAT gateway only",
    "none": "no way out",
    "unknown": "routes not known",
}
_WHAT = {
    "internet": "every public address",
    "addresses": "addresses outside",
    "service": "an AWS service",
    "resources": "resources of the stack",
    "ungrouped": "a resource that no group of the contract names",
    "hosts": "any other host of the VPC, whatever its security groups",
}
MOST_MEMBERS = 60


def _group(number: int, group: Group, overview: Overview, found: Marks) -> Markup:
    claims = found.of_group.get(group.name, ())
    tiers = {tier.key: tier.name for tier in overview.network.tiers}
    members = list(
        dict.fromkeys(
            (m.name, m.kind, " ".join(filter(None, (tiers.get(m.tier, ""), m.zone))), m.location)
            for m in group.members
        )
    )
    listed: list[Child] = [
        tag("li", tag("strong", name), f", {kind}", f", {where} " if where else " ", place(line))
        for name, kind, where, line in members[:MOST_MEMBERS]
    ]
    if len(members) > MOST_MEMBERS:
        listed.append(tag("li", f"and {len(members) - MOST_MEMBERS} more"))
    title = group.members[0].name if group.kind == "ungrouped" else group.name
    return tag(
        "article",
        tag("h4", title, tag("small", _WHAT[group.kind])),
        tag("p", group.detail) if group.detail and group.kind != "service" else None,
        tag("ul", *listed) if listed else None,
        _links(claims, found),
        id=f"group-{number}",
    )


def _flow(number: int, flow: Flow, found: Marks) -> Markup:
    claims = found.of_flow.get((flow.source, flow.to), [])
    return tag(
        "article",
        tag(
            "h4", flow.source, " → ", flow.to, " ", verdict_chip(worst(claims)) if claims else None
        ),
        tag("p", said_of(flow, worst(claims))) if flow.kind not in {"declared", "found"} else None,
        fields(
            [
                ("Passes", ", ".join(flow.traffic) or "nothing"),
                ("Declared", ", ".join(flow.declared) or "nothing"),
                ("Rules", hops(flow.rules) or "none: no rule of this stack filters it"),
            ]
        ),
        _links([c for c in claims if c.verdict is not Verdict.PROVEN], found),
        id=f"flow-{number}",
    )


def _links(claims: Sequence[Claim], found: Marks) -> Markup | None:
    if not claims:
        return None
    return tag(
        "ul",
        *(
            tag(
                "li",
                verdict_chip(c.verdict),
                " ",
                tag("a", c.id, href=f"#{found.anchors[c.id]}"),
                " ",
                c.evidence.summary,
            )
            for c in claims
        ),
        class_="about-claims",
    )


# ── events ──────────────────────────────────────────────────────────────────────────────────────


def _events(overview: Overview) -> Markup:
    events = overview.events
    if not events.edges:
        return tag("p", "Nothing in this stack delivers an event to anything.")
    picture: Markup | None = None
    if len(events.nodes) <= MOST_EVENT_NODES:
        layout = lay_out_events(events)
        drawn_ = svg(
            layout,
            event_drawing(layout, events),
            label="The event graph",
            described_by="events-words",
        )
        label = "Event graph, may be scrolled"
        picture = tag(
            "div", drawn_, class_="canvas small", role="region", aria_label=label, tabindex="0"
        )
    return join([picture, tables.scrolled("Events in words", _event_table(events))])


def _event_table(events: Events) -> Markup:
    names = {node.key: node for node in events.nodes}
    rows = (
        tag(
            "tr",
            tag("th", names[e.source].name, tag("small", names[e.source].kind), scope="row"),
            tag("td", "delivers" if e.kind == "delivers" else "may write"),
            tag("td", e.label),
            tag("td", names[e.target].name, tag("small", names[e.target].kind)),
            tag("td", place(e.location)),
        )
        for e in events.edges
    )
    head = tag(
        "thead",
        tag("tr", *(tag("th", t, scope="col") for t in ("From", "How", "What", "To", "Line"))),
    )
    caption = tag("caption", "What delivers to what, and what functions may write")
    return tag("table", caption, head, tag("tbody", *rows), id="events-words")


# ── claims and limits ───────────────────────────────────────────────────────────────────────────


def _filter(report: Report) -> Markup:
    families = [f for f in Family if any(c.family is f for c in report.claims)]
    boxes = (
        tag(
            "label",
            tag("input", type="checkbox", name="verdict", value=verdict.value, checked=True),
            f" {verdict.value}",
        )
        for verdict in Verdict
    )
    return tag(
        "form",
        tag(
            "label",
            tag("span", "Text"),
            tag("input", type="search", name="text", autocomplete="off"),
        ),
        tag(
            "label",
            tag("span", "Family"),
            tag(
                "select",
                tag("option", "all", value=""),
                *(tag("option", f.value, value=f.value) for f in families),
                name="family",
            ),
        ),
        tag("fieldset", tag("legend", "Verdict"), *boxes),
        tag("p", f"{len(report.claims)} claims", class_="shown", role="status"),
        class_="filter",
        id="filter",
        role="search",
        aria_label="Filter of the claims",
    )


def _limits(report: Report, overview: Overview) -> Markup:
    assumed = tag("ul", *(tag("li", text) for text in report.assumptions))
    return join(
        [
            *(tag("p", gap, class_="gap") for gap in overview.gaps),
            *_not_modelled(report.not_modelled),
            tag("h3", "What all of it takes for granted"),
            assumed,
        ]
    )


def _not_modelled(items: Sequence[NotModelled]) -> list[Markup]:
    if not items:
        return []
    by_type: dict[str, list[NotModelled]] = {}
    for item in items:
        by_type.setdefault(item.type, []).append(item)
    listed = []
    for type_, same in sorted(by_type.items()):
        of = ", ".join(f.value for f in Family if any(i.family is f for i in same))
        why = "; ".join(dict.fromkeys(item.why.removeprefix(f"{type_} ") for item in same))
        number = len({item.urn for item in same})
        listed.append(tag("li", tag("code", type_), f" ({number}): {why}; may matter to {of}"))
    return [tag("h3", "What is not modelled"), tag("ul", *listed)]
