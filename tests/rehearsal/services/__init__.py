"""The types of which the emulator is really asked, a module for each part of AWS."""

from __future__ import annotations

from collections.abc import Mapping

from tests.rehearsal.kinds import Kind
from tests.rehearsal.services import (
    autoscaling,
    balancing,
    delivery,
    ec2_machines,
    ec2_network,
    guarding,
    iam,
    lambda_,
    messages,
    s3,
    security_groups,
    watching,
)

MODULES = (
    autoscaling,
    balancing,
    delivery,
    ec2_machines,
    ec2_network,
    guarding,
    iam,
    lambda_,
    messages,
    s3,
    security_groups,
    watching,
)

KINDS: Mapping[str, Kind] = {kind.type: kind for module in MODULES for kind in module.KINDS}
"""By Pulumi's type. A type that is not here is echoed by the double, and the rehearsal says so."""
