"""What the policies of every principal say, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stackproof.aws.identity import Condition, Document, Statement
from stackproof.aws.identity import Principal as Role
from stackproof.aws.values import readable
from stackproof.families import World
from stackproof.model import Location, Resource
from stackproof.overview import shapes


def permissions(world: World) -> tuple[shapes.Principal, ...]:
    """Every role and user, with its statements; in the contract's names and spelling."""
    resources = world.graph.by_urn()
    identity = world.contract.identity
    named: dict[str, str] = {}
    spelling: dict[str, str] = {}
    for name, declared in identity.principals.items() if identity is not None else ():
        members = world.members.get(declared.role)
        named |= {r.urn: name for r in members.resources} if members is not None else {}
        spelling |= {a.lower(): a for grant in declared.may for a in grant.actions}
    return tuple(
        sorted(
            (
                _principal(role, named.get(role.urn, role.name), resources, spelling)
                for role in world.identity.principals
            ),
            key=lambda p: (p.name, p.urn),
        )
    )


def _principal(
    role: Role, name: str, resources: Mapping[str, Resource], spelling: Mapping[str, str]
) -> shapes.Principal:
    documents = [attached.document for attached in role.policies]
    boundary = role.boundary
    return shapes.Principal(
        name,
        role.urn,
        tuple(dict.fromkeys(_trusted(role.trust))),
        tuple(p for document in documents for p in _statements(document, resources, spelling)),
        boundary=_name(resources, boundary.urn) if boundary is not None else "",
        location=_location(resources, role.urn),
    )


def _trusted(trust: Document | None) -> Iterator[str]:
    for statement in trust.statements if trust is not None else ():
        if statement.allow and statement.who is not None:
            but = "all but " if statement.who.negated else ""
            for pattern in statement.who.patterns:
                kind, colon, name = pattern.text.partition(":")
                who = name if colon and kind in {"Service", "AWS", "Federated"} else pattern.text
                yield but + ("anyone" if who == "*" else readable(who))


def _statements(
    document: Document, resources: Mapping[str, Resource], spelling: Mapping[str, str]
) -> Iterator[shapes.Permission]:
    for statement in document.statements:
        yield shapes.Permission(
            statement.allow,
            tuple(_actions(statement, spelling)),
            tuple(_resources(statement)),
            tuple(map(_condition, statement.conditions)),
            f"{_name(resources, document.urn)}, {statement.label}",
            document.urn,
            _location(resources, document.urn),
            statement.doubts,
        )


def _actions(statement: Statement, spelling: Mapping[str, str]) -> Iterator[str]:
    but = "all but " if statement.actions.negated else ""
    for pattern in statement.actions.patterns:
        yield but + spelling.get(pattern.text, pattern.text)


def _resources(statement: Statement) -> Iterator[str]:
    matched = statement.resources
    but = "all but " if matched is not None and matched.negated else ""
    for pattern in matched.patterns if matched is not None else ():
        yield but + readable(pattern.text)


def _condition(condition: Condition) -> str:
    values = " or ".join(readable(v.text) for v in condition.values)
    return f"{condition.operator} {condition.key} {values}".rstrip()


def _name(resources: Mapping[str, Resource], urn: str) -> str:
    return resources[urn].name if urn in resources else urn


def _location(resources: Mapping[str, Resource], urn: str) -> Location | None:
    return resources[urn].location if urn in resources else None
