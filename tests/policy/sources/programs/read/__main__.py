"""Resources that are read, not made."""

import pulumi
import pulumi_aws as aws

vpc = aws.ec2.Vpc.get("shared", "vpc-0123456789abcdef0")
aws.ec2.Subnet("own", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone=vpc.region)
other = pulumi.StackReference("organization/network/prod")
aws.ec2.Subnet("theirs", vpc_id=other.get_output("vpc"), cidr_block="10.1.0.0/24")
