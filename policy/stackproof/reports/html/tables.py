"""The tables: claims, flows, permissions, losses of zones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stackproof.model import Claim, Family, Location, Verdict
from stackproof.overview import Flow, Overview, Permission, Principal
from stackproof.reports.html.marks import Marks, worst
from stackproof.reports.html.markup import Child, Markup, join, tag
from stackproof.reports.html.words import (
    fields,
    hops,
    kind,
    lines,
    place,
    verdict_chip,
    witness,
)
from stackproof.reports.visible import visible
from stackproof.reports.words import DECIDED, MARK

Excerpt = Callable[[Location], str | None]
_LONGEST = 300
"""Characters of a line of the program that are shown."""
MOST_GROUPS = 40
"""Groups in the matrix of flows; a larger one nobody reads, and there is the list."""


def scrolled(label: str, table: Markup) -> Markup:
    """A table that may be wider than the screen, and can be scrolled by the keyboard too."""
    return tag("div", table, class_="scroll", role="region", aria_label=label, tabindex="0")


def _head(*names: Child, class_: str | None = None) -> Markup:
    cells = (tag("th", name, scope="col") for name in names)
    return tag("thead", tag("tr", *cells), class_=class_)


def _caption(text: str) -> Markup:
    return tag("caption", text)


# ── claims ──────────────────────────────────────────────────────────────────────────────────────


def families(claims: Sequence[Claim]) -> Markup:
    """How many claims of each family have each verdict."""
    rows = []
    for family in Family:
        verdicts = [c.verdict for c in claims if c.family is family]
        if verdicts:
            rows.append(
                tag(
                    "tr",
                    tag("th", family.value, tag("small", DECIDED[family]), scope="row"),
                    *(_count(verdicts.count(verdict), verdict) for verdict in Verdict),
                )
            )
    head = _head("Family", *(verdict.value.capitalize() for verdict in Verdict))
    return tag("table", _caption("Claims by family"), head, tag("tbody", *rows), class_="families")


def _count(number: int, verdict: Verdict) -> Markup:
    return tag("td", f"{number}", class_=f"number {f'is-{verdict.value}' if number else 'none'}")


def finding(claim: Claim, excerpt: Excerpt) -> Markup:
    """A claim that is not proven, with everything that is known of it."""
    return tag(
        "article",
        tag("h3", verdict_chip(claim.verdict), " ", tag("code", claim.id)),
        tag("p", claim.title, class_="title"),
        tag("p", claim.evidence.summary, class_="found"),
        _excerpt(claim, excerpt),
        fields(
            [
                ("Mend", claim.mend if claim.verdict is not Verdict.WAIVED else None),
                ("Waived", claim.waiver or None),
                ("Witness", witness(claim)),
                ("Path", hops(claim.evidence.hops)),
                ("Lines", lines(claim.locations)),
                ("Kind", kind(claim)),
            ]
        ),
        class_=f"finding is-{claim.verdict.value}",
    )


def _excerpt(claim: Claim, excerpt: Excerpt) -> Markup | None:
    if claim.verdict is not Verdict.VIOLATED or not claim.locations:
        return None
    where = claim.locations[0]
    line = excerpt(where)
    if line is None:
        return None
    code = tag("code", tag("span", f"{where.line}", class_="lineno"), visible(line[:_LONGEST]))
    return tag("figure", tag("figcaption", place(where)), tag("pre", code), class_="excerpt")


def claims(listed: Sequence[Claim], marks: Marks) -> Markup:
    """Every claim; what is known of it unfolds."""
    head = _head("Verdict", "Claim", "What was found")
    rows = (_claim(claim, marks) for claim in listed)
    table = tag("table", _caption("Every claim"), head, tag("tbody", *rows), class_="claims")
    return scrolled("Every claim", table)


def _claim(claim: Claim, marks: Marks) -> Markup:
    more = fields(
        [
            ("Mend", claim.mend or None),
            ("Waived", claim.waiver or None),
            ("Witness", witness(claim)),
            ("Path", hops(claim.evidence.hops)),
            ("Lines", lines(claim.locations)),
        ]
    )
    return tag(
        "tr",
        tag("td", verdict_chip(claim.verdict)),
        tag("th", tag("code", _breakable(claim.id)), tag("small", claim.title), scope="row"),
        tag("td", tag("details", tag("summary", claim.evidence.summary), more))
        if more != fields([])
        else tag("td", claim.evidence.summary),
        id=marks.anchors[claim.id],
        data_verdict=claim.verdict.value,
        data_family=claim.family.value,
    )


def _breakable(id_: str) -> list[Child]:
    """An id that may break after each dot."""
    parts: list[Child] = []
    for part in id_.split("."):
        parts += [part, Markup(".<wbr>")]
    return parts[:-1]


# ── flows ───────────────────────────────────────────────────────────────────────────────────────


def flow_matrix(overview: Overview, marks: Marks) -> Markup:
    """Group by group: what passes from the one on the left to the one above."""
    flows = {(f.source, f.to): f for f in overview.network.flows}
    sources = sorted({f.source for f in flows.values()})
    targets = sorted({f.to for f in flows.values()})
    if not flows:
        return tag("p", "Nothing passes between any two groups.")
    if max(len(sources), len(targets)) > MOST_GROUPS:
        return tag("p", f"More than {MOST_GROUPS} groups: see the list of flows above.")
    rows = (
        tag(
            "tr",
            tag("th", source, scope="row"),
            *(_flow_cell(flows.get((source, to)), marks) for to in targets),
        )
        for source in sources
    )
    head = _head("From, to", *targets, class_="steep")
    caption = _caption("What passes between groups")
    table = tag("table", caption, head, tag("tbody", *rows), class_="matrix")
    return scrolled("Matrix of flows", table)


def _flow_cell(flow: Flow | None, marks: Marks) -> Markup:
    if flow is None:
        return tag("td", tag("span", "·", aria_hidden="true"), _unseen("nothing"), class_="none")
    verdict = worst(marks.of_flow.get((flow.source, flow.to), ()))
    shown = ", ".join(flow.traffic)
    if flow.kind == "implied":
        return tag("td", shown, tag("small", "as the whole internet"), class_="implied")
    if flow.kind == "missing":
        shown = f"no {', '.join(flow.declared)}"
    if flow.kind == "excess":
        shown = f"{shown}; not declared: {', '.join(flow.excess)}"
    if flow.perhaps:
        shown = f"{shown} perhaps {', '.join(flow.perhaps)}".strip()
    quiet = verdict is Verdict.PROVEN
    sign = None if quiet else tag("span", f"{MARK[verdict]} ", _unseen(f"{verdict.value}: "))
    return tag("td", sign, shown, class_=None if quiet else f"is-{verdict.value}")


def _unseen(text: str) -> Markup:
    return tag("span", text, class_="unseen")


# ── permissions ─────────────────────────────────────────────────────────────────────────────────


def permission_matrix(principals: Sequence[Principal], claims: Sequence[Claim]) -> Markup:
    """Resource by principal: which actions, by which statement and line."""
    if not principals:
        return tag("p", "This stack declares no role and no user.")
    rows: dict[tuple[bool, str], dict[str, list[tuple[str, Permission]]]] = {}
    for principal in principals:
        for permission in principal.permissions:
            for resource in permission.resources or ("",):
                cell = rows.setdefault((not permission.allow, resource), {})
                listed = cell.setdefault(principal.urn, [])
                listed += [(action, permission) for action in permission.actions]
    body: list[Child] = [
        tag(
            "tr",
            tag("th", "may be assumed by", scope="row"),
            *(tag("td", ", ".join(p.assumed_by) or "nobody") for p in principals),
            class_="trust",
        )
    ]
    body += [
        tag(
            "tr",
            tag("th", tag("strong", "denied on ") if denied else None, _arn(resource), scope="row"),
            *(_actions(cells.get(p.urn, ())) for p in principals),
            class_="denied" if denied else None,
        )
        for (denied, resource), cells in sorted(rows.items())
    ]
    beyond = _beyond(principals, claims)
    body += [beyond] if beyond is not None else []
    head = _head("On", *(join([p.name, tag("small", place(p.location))]) for p in principals))
    caption = _caption("What policies let each principal do")
    table = tag("table", caption, head, tag("tbody", *body), class_="matrix permissions")
    return scrolled("Matrix of permissions", table)


def _arn(resource: str) -> Markup:
    if resource == "*":
        return tag("span", "every resource")
    parts: list[Child] = []
    for part in resource.split(":"):
        parts += [part, Markup(":<wbr>")]
    return tag("code", *parts[:-1])


def _actions(listed: Sequence[tuple[str, Permission]]) -> Markup:
    if not listed:
        return tag("td", tag("span", "·", aria_hidden="true"), _unseen("nothing"), class_="none")
    by_statement: dict[str, tuple[list[str], Permission]] = {}
    for action, permission in listed:
        by_statement.setdefault(f"{permission.urn} {permission.policy}", ([], permission))[
            0
        ].append(action)
    shown: list[Child] = []
    for actions, permission in by_statement.values():
        notes = [f"if {condition}" for condition in permission.conditions]
        notes += [f"not known: {doubt}" for doubt in permission.doubts]
        shown.append(
            tag(
                "div",
                tag("span", ", ".join(actions)),
                tag(
                    "small", "; ".join([permission.policy, *notes]), " ", place(permission.location)
                ),
            )
        )
    return tag("td", *shown)


def _beyond(principals: Sequence[Principal], claims: Sequence[Claim]) -> Markup | None:
    """A row of what goes beyond the contract, where something does."""
    found = {
        claim.id.removeprefix("identity.closed.").partition("#")[0]: claim
        for claim in claims
        if claim.id.startswith("identity.closed.") and claim.verdict is not Verdict.PROVEN
    }
    mine = [found.get(p.name) for p in principals]
    if not any(mine):
        return None
    cells = (
        tag("td", "·", class_="none")
        if claim is None
        else tag(
            "td", verdict_chip(claim.verdict), " ", claim.evidence.summary,
            class_=f"is-{claim.verdict.value}",
        )
        for claim in mine
    )  # fmt: skip
    return tag("tr", tag("th", "beyond the contract", scope="row"), *cells, class_="beyond")


# ── losses ──────────────────────────────────────────────────────────────────────────────────────


def losses(overview: Overview, listed: Sequence[Claim]) -> Markup:
    """Promise by zone: what is left of it without that zone."""
    if not overview.losses:
        return tag("p", "The contract promises nothing about the loss of a zone.")
    zones = sorted({loss.zone for loss in overview.losses})
    by_promise: dict[tuple[str, str, str], dict[str, Markup]] = {}
    verdicts = {claim.id: claim.verdict for claim in listed}
    for loss in overview.losses:
        cells = by_promise.setdefault((loss.claim, loss.subject, loss.needed), {})
        verdict = verdicts.get(loss.claim)
        sign, state = {
            True: ("✓", "is-proven"),
            False: ("✗", "is-violated"),
            None: ("?", "is-unproven"),
        }[loss.holds]
        if loss.holds is not True and (not loss.claim or verdict is Verdict.WAIVED):
            sign, state = "~", "is-waived"
        mark = tag("span", f"{sign} ", aria_hidden="true")
        cells[loss.zone] = tag("td", mark, loss.left, class_=state)
    rows = (
        tag(
            "tr",
            tag("th", subject, tag("small", needed), scope="row"),
            tag("td", verdict_chip(verdicts[claim]))
            if claim in verdicts
            else tag("td", "not promised" if not claim else "not checked"),
            *(cells.get(zone) or tag("td") for zone in zones),
        )
        for (claim, subject, needed), cells in by_promise.items()
    )
    head = _head("Promise", "Verdict", *(f"without {zone}" for zone in zones))
    caption = _caption("What is left without each zone")
    table = tag("table", caption, head, tag("tbody", *rows), class_="losses")
    return scrolled("Losses of zones", table)
