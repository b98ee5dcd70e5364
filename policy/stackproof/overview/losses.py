"""What is left of every promise after the loss of each zone."""

from __future__ import annotations

from stackproof.families import World
from stackproof.overview.shapes import Loss
from stackproof.proofs import placement, reach


def losses(world: World) -> tuple[Loss, ...]:
    """For every promise of `availability` and every zone, what comes of it; none without one."""
    if world.contract.availability is None:
        return ()
    return tuple(
        Loss(a.claim, a.subject, a.needed, a.zone, a.left, a.holds)
        for a in placement.aftermaths(
            world.placement, world.network, world.contract, world.members, reach.flow_exists
        )
    )
