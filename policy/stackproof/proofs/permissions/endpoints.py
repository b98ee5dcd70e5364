"""Whether a declared grant gets through the VPC endpoints that may lie in its way.

An endpoint's policy caps whatever passes it (AWS PrivateLink Guide, "Control access to VPC
endpoints using endpoint policies"). Which requests pass it is a matter of routes and names, which
identity facts do not have: so a grant of an instance's role that an endpoint would refuse is
unproven, and a proof never rests on the endpoint.
"""

from __future__ import annotations

from stackproof.aws.identity import EndpointPolicy, IdentityFacts, Principal
from stackproof.aws.identity.principals import FUNCTION
from stackproof.aws.values import readable
from stackproof.model import Decision
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, Box, intersect, subtract
from stackproof.proofs.permissions.claims import Question, unproven
from stackproof.proofs.permissions.requests import SMALLEST, resource_boxes
from stackproof.proofs.permissions.witnesses import first, request


def refused_on_the_way(
    question: Question, principal: Principal, wanted: list[Box]
) -> Decision | None:
    """A decision against a grant that an endpoint in the way may refuse; None when none does."""
    if not _inside_a_vpc(question.facts, principal):
        return None
    for endpoint in question.facts.endpoints:
        left = _refused(question.facts, principal, endpoint, wanted)
        if left:
            made = request(first(left))
            name = question.name_of(endpoint.urn)
            what = f"{made['action']} on {readable(made['resource'])}"
            return unproven(
                question,
                f"the policy of endpoint {name} refuses {what}, if {principal.name} goes that way",
                [f"whether requests of {principal.name} pass {name}"],
                [endpoint.urn, principal.urn],
                f"Let the policy of {name} permit {what}, or take the grant out of the contract.",
            )
    return None


def _inside_a_vpc(facts: IdentityFacts, principal: Principal) -> bool:
    """Whether something in a VPC acts as the principal: any instance, a function placed there."""
    resources = facts.values.resources
    return any(
        actor.role == principal.urn
        and (
            resources[actor.urn].type != FUNCTION
            or resources[actor.urn].inputs.get("vpcConfig") is not None
        )
        for actor in facts.actors
    )


def _refused(
    facts: IdentityFacts, principal: Principal, endpoint: EndpointPolicy, wanted: list[Box]
) -> list[Box]:
    actions = Language.glob("*" if endpoint.service is None else f"{endpoint.service}:*")
    passing = intersect(wanted, [Box({ACTION: actions})])
    policy = endpoint.as_resource_policy()
    capped, free, denied = resource_boxes(facts, principal, policy, SMALLEST)
    return subtract(passing, subtract([*capped, *free], denied))
