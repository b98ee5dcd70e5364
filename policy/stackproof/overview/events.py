"""The event graph: what delivers to what, and what the role of each function may write there."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.events.facts import ARRIVAL, Delivery, Function, Place
from stackproof.aws.values import readable
from stackproof.families import World
from stackproof.overview import shapes
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions import resources_allowed

_OBJECTS = ("s3:PutObject", "s3:DeleteObject")


def events(world: World) -> shapes.Events:
    """Everything that an event comes from or goes to, and how."""
    facts = world.events
    places = {place for d in facts.deliveries for place in (d.source, d.target)}
    places |= {function.place for function in facts.functions.values()}
    places |= {log.bucket for log in facts.log_writers}
    edges = {
        *(_delivered(world, d) for d in facts.deliveries),
        *(
            edge
            for function in facts.functions.values()
            for place in places
            if (edge := _written(world, function, place)) is not None
        ),
    }
    return shapes.Events(
        tuple(sorted((_node(world, place) for place in places), key=lambda n: (n.name, n.key))),
        tuple(sorted(edges, key=lambda e: (e.source, e.target, e.kind, e.label, e.urn))),
    )


def _key(place: Place) -> str:
    return place.urn or place.arn


def _node(world: World, place: Place) -> shapes.EventNode:
    resource = world.graph.by_urn().get(place.urn)
    kind = world.events.types.get(place.urn, "").rpartition(":")[2] or "not in this stack"
    name = resource.name if resource is not None else readable(place.arn)
    return shapes.EventNode(
        _key(place), name, kind, resource.location if resource is not None else None
    )


def _delivered(world: World, delivery: Delivery) -> shapes.EventEdge:
    resource = world.graph.by_urn().get(delivery.urn)
    return shapes.EventEdge(
        _key(delivery.source),
        _key(delivery.target),
        "delivers",
        ", ".join(map(readable, delivery.keys)) or delivery.via,
        delivery.urn,
        resource.location if resource is not None else None,
    )


def _written(world: World, function: Function, place: Place) -> shapes.EventEdge | None:
    """What the function's role may send to `place`, as its policies spell it."""
    if not function.role or place == function.place:
        return None
    actions = ARRIVAL.get(world.events.types.get(place.urn, ""), _OBJECTS)
    asked = Language.any_of((place.arn, f"{place.arn}/*"))
    if not any(
        resources_allowed(world.identity, function.role, action).overlaps(asked)
        for action in actions
    ):
        return None
    role = world.graph.by_urn().get(function.role)
    return shapes.EventEdge(
        function.place.urn,
        _key(place),
        "writes",
        ", ".join(dict.fromkeys(_spelled(world, function, place, actions, asked))),
        function.role,
        role.location if role is not None else None,
    )


def _spelled(
    world: World, function: Function, place: Place, actions: tuple[str, ...], asked: Language
) -> Iterator[str]:
    principal = world.identity.principal(function.role)
    wanted = Language.any_of(a.lower() for a in actions)
    for attached in principal.policies if principal is not None else ():
        for statement in attached.document.statements:
            if not statement.allow or statement.resources is None or statement.resources.negated:
                continue
            if statement.actions.negated or not any(
                Language.glob(p.text).overlaps(wanted) for p in statement.actions.patterns
            ):
                continue
            for pattern in statement.resources.patterns:
                if pattern.text != place.arn and Language.arn(pattern.text).overlaps(asked):
                    yield readable(pattern.text).removeprefix(f"{readable(place.arn)}/")
