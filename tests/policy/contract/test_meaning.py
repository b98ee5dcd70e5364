"""A contract that speaks of nothing, or against itself, is refused where it does so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.contract.test_loading import WHOLE, problems, written


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("admin: {", "internet: {", "8:3: groups.internet: every contract has the group"),
        ("admin: {", "a.b: {", "8:3: groups.a.b: a group's name has letters"),
        ("admin: {", "a-to-b: {", "8:3: groups.a-to-b: a group's name has letters"),
        ("{cidr: [", "{service: s3, cidr: [", "8:3: groups.admin: a group has exactly one of"),
        ("{cidr: [203.0.113.0/24]}", "{}", "8:3: groups.admin: a group has exactly one of"),
        ("{service: s3}", "{service: s3, name: x}", "9:21: groups.s3.name: 'name' chooses among"),
        ("{service: s3}", "{service: S3!}", "9:8: groups.s3.service: 'S3!' is not an AWS service"),
        ("aws:iam/role:Role", "role", "5:14: groups.api-role.type: 'role' is not a Pulumi type"),
        ("203.0.113.0/24", "203.0.113.7/24", "8:18: groups.admin.cidr[0]: not a range of"),
        ("203.0.113.0/24", "203.0.113.0/33", "8:18: groups.admin.cidr[0]: not a range of"),
        (
            "to: api, allow",
            "to: apo, allow",
            "13:29: network.flows[1].to: there is no group 'apo'; did you mean 'api'?",
        ),
        ("tcp/8081", "tcp/99999", "13:46: network.flows[1].allow[0]: 'tcp/99999': ports end at"),
        ("tcp/8081", "tcp/90-80", "'tcp/90-80': the range runs backwards"),
        ("tcp/8081", "8081", "found 8081"),
        ("tcp/8081", "tcp/http", "'tcp/http' is not tcp/80,"),
        ("[tcp/8081]", "[]", "13:38: network.flows[1].allow: a flow allows something"),
        (
            "from: load-balancer, to: api, allow",
            "from: internet, to: load-balancer, allow",
            "13:7: network.flows[1]: internet to load-balancer is already flows[0]",
        ),
        (
            "{from: internet, to: api}",
            "{from: load-balancer, to: api}",
            "15:7: network.never[0]: load-balancer to api is allowed by flows[1]",
        ),
        ("role: api-role", "role: role", "20:7: identity.principals.api.role: there is no group"),
        ("ec2.amazonaws.com", "ec2", "'ec2' is not a service principal such as ec2.amazonaws.com"),
        ("service: ec2.amazonaws.com", 'account: "12"', "'12' is not the twelve digits"),
        ("service: ec2.amazonaws.com", "arn: me", "'me' does not begin with 'arn:'"),
        ("service: ec2.amazonaws.com", "anyone: false", "exactly one of service, account"),
        ("{service: ec2.amazonaws.com}", "{anyone: true, arn: arn:x}", "exactly one of service"),
        ("principal: api", "principal: apy", "there is no principal 'apy'; did you mean 'api'?"),
        ("[s3:GetObject]", "[GetObject]", "actions[0]: 'GetObject' is not an action such as"),
        ("[s3:GetObject]", "[]", "may[0].actions: no action is named"),
        ("[images/orig/*]", "[]", "may[0].resources: no resource is named"),
        ("[images/orig/*]", "[image/*]", "no group 'image'; did you mean 'images'?"),
        (
            "    images:\n      - {who",
            "    image:\n      - {who",
            "identity.resources.image: there",
        ),
        ("{instances: 2}", "{}", "31:10: availability.keep.api: exactly one of instances and"),
        ("{instances: 2}", "{instances: 0}", "availability.keep.api.instances: to keep none"),
        ("boot: [api]", "after: {api: []}", "availability.after.api: it is after nothing"),
        ("boot: [api]", "after: {api: [api]}", "availability.after.api[0]: nothing is made before"),
        ("boot: [api]", "after: {api: [apis]}", "availability.after.api[0]: there is no group"),
        ("boot: [api]", "after: {admin: [api]}", "after.admin: group 'admin' is none of resources"),
        ("boot: [api]", "boot: [apis]", "33:10: availability.boot[0]: there is no group 'apis'"),
        (
            "{from: load-balancer, to: api, reason",
            "{from: api, to: admin, reason",
            "32:20: availability.flows.except[0]: no declared flow leads from api to admin",
        ),
        ("from: images/orig/*", "from: image/orig/*", "events.triggers[0].from: there is no group"),
        ("to: thumbnailer", "to: thumbs", "events.triggers[0].to: there is no group 'thumbs'"),
        ("reason: a test", "reason: ' '", "38:5: waivers[0].reason: must not be empty"),
    ],
)
def test_it_is_refused_at_its_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert WHOLE.count(old) == 1 or old == "ec2.amazonaws.com"
    assert expected in "\n".join(problems(written(tmp_path, WHOLE.replace(old, new))))
