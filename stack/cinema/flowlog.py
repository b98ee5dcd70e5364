"""The flow log: what the network really carried, to hold against what it should."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.keys import Keys
from cinema.logs import log_group
from cinema.names import Names
from cinema.network import Network


class FlowLog(pulumi.ComponentResource):
    """Every accepted and rejected packet flow of the VPC, in CloudWatch Logs."""

    def __init__(
        self,
        name: str,
        names: Names,
        network: Network,
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:flowlog:FlowLog", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = log_group(name, names.log_group("network"), keys, child)
        role = aws.iam.Role(
            name,
            name=names.role("flow-log"),
            description="Delivers the VPC's flow log",
            assume_role_policy=policies.flow_log_trust(names),
            opts=child,
        )
        policy = aws.iam.Policy(
            name,
            description="Write the VPC's flow log",
            policy=policies.write_flow_log(names),
            opts=child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=child
        )
        log = aws.ec2.FlowLog(
            name,
            vpc_id=network.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": f"{names.prefix}-network"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
        )
        self.register_outputs({"flowLog": log.id})
