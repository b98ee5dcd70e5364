"""What both the diagram and the tables say of claims, places and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from stackproof.model import Claim, Hop, Location, Verdict
from stackproof.reports import claims as documented
from stackproof.reports.html.markup import Child, Markup, join, tag
from stackproof.reports.words import MARK

MOST_HOPS = 60
"""Hops shown of one claim or flow; the JSON report has them all."""


def verdict_chip(verdict: Verdict) -> Markup:
    """The verdict, as a sign and as a word."""
    sign = tag("span", MARK[verdict], aria_hidden="true")
    return tag("span", sign, f" {verdict.value}", class_=f"chip is-{verdict.value}")


def place(location: Location | None) -> Markup | None:
    """`stack/network.py:12`, where it may break."""
    if location is None:
        return None
    parts: list[Child] = []
    for part in str(location).split("/"):
        parts += [part, Markup("/<wbr>")]
    return tag("code", *parts[:-1], class_="place")


def hops(listed: Sequence[Hop]) -> Markup | None:
    """The steps of a path or an argument, each with its line."""
    if not listed:
        return None
    shown: list[Child] = [
        tag(
            "li",
            None if hop.permits else tag("strong", "✗ stops here: ", class_="stops"),
            hop.what,
            " ",
            place(hop.location),
        )
        for hop in listed[:MOST_HOPS]
    ]
    if len(listed) > MOST_HOPS:
        shown.append(tag("li", f"and {len(listed) - MOST_HOPS} more"))
    return tag("ol", *shown, class_="hops")


def fields(pairs: Sequence[tuple[str, Child]]) -> Markup:
    """Names and what they stand for; what is empty is left out."""
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", value))
            for name, value in pairs
            if value is not None and value != ""
        ),
        class_="fields",
    )


def lines(locations: Sequence[Location]) -> Markup | None:
    """The lines that declare what a claim is about."""
    if not locations:
        return None
    return join([join([place(one), " "]) for one in locations[:MOST_HOPS]])


def witness(claim: Claim) -> Markup | None:
    """The counterexample, as data."""
    data = claim.evidence.witness
    if not data:
        return None
    return tag("dl", *_pairs(data), class_="witness")


def _pairs(data: dict[str, object]) -> list[Child]:
    return [
        tag("div", tag("dt", key.replace("_", " ")), tag("dd", _shown(value)))
        for key, value in data.items()
        if value not in _NOTHING
    ]


_NOTHING: tuple[object, ...] = (None, False, "", [], (), {})


def _shown(value: object) -> Child:
    if isinstance(value, dict):
        return tag("dl", *_pairs(value), class_="witness")
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        if any(isinstance(item, dict | list | tuple) for item in items):
            return tag("ol", *(tag("li", _shown(item)) for item in items))
        return ", ".join(map(str, items))
    return str(value)


def kind(claim: Claim) -> Markup | None:
    """What its kind proves, and which command says more."""
    known = documented.kind_of(claim.kind)
    if known is None:
        return None
    command = tag("code", f"stackproof claims {claim.kind}")
    return join([known.proves.replace("`", ""), " ", tag("small", command, " tells all about it.")])
