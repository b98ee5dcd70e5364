"""Reports of real programs: the project's own `prod`, and the example of docs/claims.md, spoilt."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from stackproof import contract as contracts
from stackproof.check import Report, check
from stackproof.model import Location
from stackproof.reports.claims import example
from stackproof.sources.program import evaluate

ROOT = Path(__file__).parents[3]
TODAY = dt.date(2026, 11, 24)

PROJECT = "name: shop\nruntime: python\n"
STACK = 'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["123456789012"]\n'

BAD = """
aws.vpc.SecurityGroupIngressRule(
    "debugging",
    security_group_id=database_group.id,
    ip_protocol="tcp",
    from_port=5432,
    to_port=5432,
    cidr_ipv4="0.0.0.0/1",
)
aws.iam.RolePolicy(
    "rewrites",
    role=thumbnails_role.name,
    policy=allow("s3:PutObject", "arn:aws:s3:::shop-images/*"),
)
aws.ec2transitgateway.InstanceConnectEndpoint("door", subnet_id=back.id)
"""
OVERLAY = """\
extends: base.yaml
availability:
  keep:
    database: {quorum: majority}
waivers:
  - claim: identity.closed.thumbnails
    reason: narrowed as soon as the old keys are gone
    owner: "@platform"
    expires: 2027-03-31
  - {claim: availability.keep.web, reason: one is enough, owner: platform, expires: 2020-12-31}
"""


def written(folder: Path, program: str, overlay: str) -> Path:
    """A project with that program, whose contract.yaml is laid over the example's."""
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "Pulumi.prod.yaml").write_text(STACK)
    (folder / "__main__.py").write_text(program)
    (folder / "base.yaml").write_text(example("contract.yaml"))
    (folder / "contract.yaml").write_text(overlay)
    return folder


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a claim of each verdict, violated and waived ones in several families."""
    folder = tmp_path_factory.mktemp("shop")
    return written(folder, example("program.py") + BAD, OVERLAY)


@pytest.fixture(scope="session")
def bad(shop: Path) -> Report:
    """What is found of `shop`."""
    located = contracts.read(shop / "contract.yaml")
    lines = [
        Location("contract.yaml", located.place("waivers", n).line)
        for n in range(len(located.contract.waivers))
    ]
    return check(evaluate(shop, "prod"), located.contract, today=TODAY, waiver_lines=lines)


@pytest.fixture(scope="session")
def prod() -> Report:
    """What is found of the project's own stack, whether the function's package is built or not."""
    contract = contracts.load(ROOT / "policy" / "contract.yaml")
    report = check(evaluate(ROOT, "prod"), contract, today=TODAY)
    always = (a for a in report.assumptions if not a.startswith("The program would refuse"))
    return msgspec.structs.replace(report, assumptions=tuple(always))
