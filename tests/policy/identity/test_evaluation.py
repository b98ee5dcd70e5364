"""What a principal may do, held against a plain evaluator of JSON policies and against z3."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.aws.identity import IdentityFacts, Principal, identity_facts
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, RESOURCE, Box, subtract
from stackproof.proofs.permissions.points import point
from stackproof.proofs.permissions.requests import LARGEST, SMALLEST, allowed
from stackproof.proofs.permissions.witnesses import request
from tests.policy.graphs import ACCOUNT, graph, ref, resource
from tests.policy.identity.test_languages import ANY, matches
from tests.policy.identity.worlds import POLICY, QUEUE, Statement, declared, document, role

Policy = Sequence[Statement]

ME = f"arn:aws:iam::{ACCOUNT}:role/me"
QUEUE_ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
ACTIONS = ("x:get", "x:put", "y:get")
RESOURCES = (*("".join(t) for n in (1, 2) for t in itertools.product("a/", repeat=n)), QUEUE_ARN)
VALUES = (None, "u", "v", "uv")

ACTION_GLOBS = st.sampled_from(["*", "x:*", "X:Get", "x:put", "?:get", "y:*"])
RESOURCE_GLOBS = st.sampled_from(["*", "a*", "*a", "?", "a/", "/*", "arn:*:q", QUEUE_ARN])
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"k": "u"}},
        {"StringNotEquals": {"K": ["u", "v"]}},
        {"StringLike": {"k": "u*"}},
        {"StringEqualsIfExists": {"k": "v"}},
        {"Null": {"k": "true"}},
    ]
)
PRINCIPALS = st.sampled_from(["*", {"AWS": ME}, {"AWS": ACCOUNT}, {"AWS": f"{ME}-not"}])


@st.composite
def statements(draw: st.DrawFn, *, of_resource: bool = False) -> Statement:
    action = draw(st.sampled_from(["Action", "NotAction"]))
    where = draw(st.sampled_from(["Resource", "NotResource"]))
    made: dict[str, object] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(st.lists(ACTION_GLOBS, min_size=1, max_size=2)),
        where: draw(st.lists(RESOURCE_GLOBS, min_size=1, max_size=2)),
    }
    condition = draw(CONDITIONS)
    if condition:
        made["Condition"] = condition
    if of_resource:
        made["Principal"] = draw(PRINCIPALS)
    return made


POLICIES = st.lists(statements(), min_size=1, max_size=3)
RESOURCE_POLICIES = st.lists(statements(of_resource=True), max_size=2)


# ── the plain evaluator ─────────────────────────────────────────────────────────────────────────


def meets(condition: Mapping[str, Mapping[str, str | list[str]]], value: str | None) -> bool:
    for operator, keys in condition.items():
        for given_ in keys.values():
            values = [given_] if isinstance(given_, str) else given_
            met = {
                "StringEquals": value is not None and value in values,
                "StringNotEquals": value is None or value not in values,
                "StringLike": value is not None and any(matches(v, value) for v in values),
                "StringEqualsIfExists": value is None or value in values,
                "Null": value is None,
            }[operator]
            if not met:
                return False
    return True


def speaks_of(statement: Statement, action: str, where: str, value: str | None) -> bool:
    for element, text in (("Action", action), ("Resource", where)):
        for name in (element, f"Not{element}"):
            patterns = statement.get(name, ())
            assert isinstance(patterns, list | tuple)
            fold = element == "Action"
            hit = any(matches(p.lower() if fold else p, text) for p in patterns)
            if name in statement and hit == name.startswith("Not"):
                return False
    condition = statement.get("Condition", {})
    assert isinstance(condition, dict)
    return meets(condition, value)


def names_me(statement: Statement, *, account_too: bool) -> bool:
    named = statement["Principal"]
    return named in ("*", {"AWS": ME}) or (account_too and named == {"AWS": ACCOUNT})


def may(  # noqa: PLR0913, PLR0917 - all that AWS looks at
    identity: Policy,
    boundary: Policy | None,
    queue: Policy,
    action: str,
    where: str,
    value: str | None,
    *,
    session_uncapped: bool,
) -> bool:
    """(IAM User Guide, "Policy evaluation logic"), read aloud."""

    def hits(policy: Policy, effect: str) -> list[Statement]:
        return [s for s in policy if s["Effect"] == effect and speaks_of(s, action, where, value)]

    at_queue = queue if where == QUEUE_ARN else ()
    denies = [*hits(identity, "Deny"), *hits(boundary or (), "Deny")]
    denies += [s for s in hits(at_queue, "Deny") if names_me(s, account_too=True)]
    if denies:
        return False
    inside = boundary is None or bool(hits(boundary, "Allow"))
    direct = [s for s in hits(at_queue, "Allow") if names_me(s, account_too=False)]
    if session_uncapped and any(s["Principal"] == "*" for s in direct):
        return True
    return inside and bool(direct or hits(identity, "Allow"))


def world_of(
    identity: Policy, boundary: Policy | None, queue: Policy
) -> tuple[IdentityFacts, Principal]:
    more = {} if boundary is None else {"permissionsBoundary": ref(POLICY, "cap", "arn")}
    made = [
        *role("me", {"Service": "ec2.amazonaws.com"}, document(*identity), **more),
        declared(QUEUE, "q", {"name": "q"} | ({"policy": document(*queue)} if queue else {})),
    ]
    if boundary is not None:
        made.append(resource(POLICY, "cap", policy=document(*boundary)))
    facts = identity_facts(graph(*made))
    return facts, facts.principals[0]


def requests() -> Iterator[tuple[str, str, str | None]]:
    return itertools.product(ACTIONS, RESOURCES, VALUES)


def context(value: str | None) -> dict[str, str]:
    return {} if value is None else {"k": value}


@settings(max_examples=60, deadline=None)
@given(POLICIES, st.none() | POLICIES, RESOURCE_POLICIES)
def test_every_request_is_decided_as_the_plain_evaluator_does(
    identity: Policy, boundary: Policy | None, queue: Policy
) -> None:
    facts, me = world_of(identity, boundary, queue)
    boxes = {reading: allowed(facts, me, reading) for reading in (SMALLEST, LARGEST)}
    ordinary = {
        "aws:principalaccount": ACCOUNT,
        "aws:principalarn": me.arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole",
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
    }
    for action, where, value in requests():
        asked = ordinary | {ACTION: action, RESOURCE: where} | context(value)
        for reading, uncapped in ((SMALLEST, False), (LARGEST, True)):
            expected = may(
                identity, boundary, queue, action, where, value, session_uncapped=uncapped
            )
            assert any(b.contains(asked) for b in boxes[reading]) == expected
        answer = point(facts, me, {ACTION: action, RESOURCE: where} | context(value))
        assert answer.certain == any(b.contains(asked) for b in boxes[SMALLEST])
        assert answer.possible == any(b.contains(asked) for b in boxes[LARGEST])


@settings(max_examples=60, deadline=None)
@given(POLICIES, POLICIES)
def test_a_witness_can_be_replayed(identity: Policy, contract: Policy) -> None:
    facts, me = world_of(identity, None, ())
    other_facts, other = world_of(contract, None, ())
    excess = subtract(allowed(facts, me, SMALLEST), allowed(other_facts, other, SMALLEST))
    for box in excess:
        made = request(box)
        asked = (made[ACTION].lower(), made[RESOURCE], made.get("k"))
        assert may(identity, None, (), *asked, session_uncapped=False)
        assert not may(contract, None, (), *asked, session_uncapped=False)


# ── z3 ──────────────────────────────────────────────────────────────────────────────────────────


def regex(patterns: object, *, fold: bool) -> z3.ReRef:
    assert isinstance(patterns, list)
    made = [
        z3.Concat(
            z3.Re(""),
            z3.Re(""),
            *[{"*": z3.Star(ANY), "?": ANY}.get(c, z3.Re(c)) for c in (p.lower() if fold else p)],
        )
        for p in patterns
    ]
    return z3.Union(*made, z3.Empty(z3.ReSort(z3.StringSort())))


def speaks(statement: Statement, action: z3.SeqRef, where: z3.SeqRef) -> z3.BoolRef:
    parts = []
    for element, text in (("Action", action), ("Resource", where)):
        for name in (element, f"Not{element}"):
            if name in statement:
                found = z3.InRe(text, regex(statement[name], fold=element == "Action"))
                parts.append(z3.Not(found) if name.startswith("Not") else found)
    return z3.And(*parts)


def permits(policy: Policy, action: z3.SeqRef, where: z3.SeqRef) -> z3.BoolRef:
    allows = [speaks(s, action, where) for s in policy if s["Effect"] == "Allow"]
    denies = [speaks(s, action, where) for s in policy if s["Effect"] == "Deny"]
    return z3.And(z3.Or(*allows), z3.Not(z3.Or(*denies)))


@settings(max_examples=40, deadline=None)
@given(POLICIES, POLICIES)
def test_containment_of_policies_agrees_with_z3(left: Policy, right: Policy) -> None:
    bare = [[{k: v for k, v in s.items() if k != "Condition"} for s in p] for p in (left, right)]
    facts = [world_of(policy, None, ()) for policy in bare]
    boxes = [
        [b.without(d for d in b.sides if d.startswith("aws:")) for b in allowed(f, me, SMALLEST)]
        for f, me in facts
    ]
    excess = subtract(boxes[0], boxes[1])
    action, where = z3.String("action"), z3.String("resource")
    solver = z3.Solver()
    solver.set("timeout", 5000)
    solver.add(permits(bare[0], action, where), z3.Not(permits(bare[1], action, where)))
    # S3 has requests that never are; these policies do not speak of S3 but by NotAction.
    solver.add(z3.Not(z3.PrefixOf("s3:", action)))
    answer = solver.check()
    ours = subtract(excess, [Box({ACTION: Language.glob("s3:*")})])
    if answer != z3.unknown:
        assert bool(ours) == (answer == z3.sat)
