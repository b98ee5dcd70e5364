"""Claims about a stack whose account is not known, decided for every account that it may be.

Texts that AWS computes then hold a symbol where the account stands. An account that the program or
the contract spells out may be that very account, or not: a policy for
`arn:aws:iam::111122223333:role/x` may speak of the role `x` that is made here. So each claim is
decided for each account that is spelt out, and for one that is none of them; where the verdicts
differ, it is unproven.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import msgspec

from stackproof.contract import Contract
from stackproof.model import Decision, Evidence, Graph, Obligation, Template, Verdict, walk

_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")


def in_every_account(
    graph: Graph, contract: Contract, decide: Callable[[Graph], list[Obligation]]
) -> list[Obligation]:
    """The claims that `decide` makes of `graph`, whichever account it is for."""
    found = decide(graph)
    if graph.account is not None:
        return found
    worlds = {
        account: {o.id: o for o in decide(msgspec.structs.replace(graph, account=account))}
        for account in sorted(_spelt_out(graph, contract))
    }
    known = {o.id for o in found}
    # Whoever is admitted only if the account is a certain one has a claim in that world alone.
    more = {id_: o for world in worlds.values() for id_, o in world.items() if id_ not in known}
    return [
        *(msgspec.structs.replace(o, decide=partial(_agreed, o, worlds)) for o in found),
        *(
            msgspec.structs.replace(o, decide=partial(_agreed, None, worlds, id_))
            for id_, o in sorted(more.items())
        ),
    ]


def _spelt_out(graph: Graph, contract: Contract) -> set[str]:
    """Every account that the inputs of the program or the contract name."""
    texts = [
        text
        for resource in graph.resources
        for value in walk(resource.inputs)
        for text in (value.parts if isinstance(value, Template) else (value,))
        if isinstance(text, str)
    ]
    texts.append(msgspec.json.encode(contract).decode())
    return {account for text in texts for account in _ACCOUNT.findall(text)}


def _agreed(
    obligation: Obligation | None, worlds: dict[str, dict[str, Obligation]], id_: str = ""
) -> Decision:
    """The verdict on which every world agrees; a claim that a world does not have holds there."""
    decision = None if obligation is None else obligation.decide()
    name = id_ if obligation is None else obligation.id
    for account, world in worlds.items():
        other = world[name].decide() if name in world else None
        if _verdict(other) is _verdict(decision):
            continue
        told = next(d for d in (other, decision) if d and d.verdict is not Verdict.PROVEN)
        summary = (
            f"it rests on whether the account is {account}, which is not known: "
            f"{told.evidence.summary}"
        )
        return Decision(
            Verdict.UNPROVEN,
            Evidence("unknown", summary, {"not_known": ["the account"]}, told.evidence.hops),
            told.resources,
            "Name the account in the configuration: one entry in aws:allowedAccountIds.",
        )
    return decision or Decision(Verdict.PROVEN, Evidence("exhaustive", "it holds in every account"))


def _verdict(decision: Decision | None) -> Verdict:
    return Verdict.PROVEN if decision is None else decision.verdict
