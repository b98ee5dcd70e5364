"""The functions that programs commonly call."""

import pulumi
import pulumi_aws as aws

zones = aws.get_availability_zones(state="available")
me = aws.get_caller_identity()
here = aws.get_region()
partition = aws.get_partition()
image = aws.ec2.get_ami_output(most_recent=True, owners=["amazon"])
bucket = aws.s3.Bucket("images")
document = aws.iam.get_policy_document_output(
    statements=[
        {
            "sid": "Read",
            "actions": ["s3:GetObject", "s3:GetObjectVersion"],
            "resources": [bucket.arn.apply(lambda a: f"{a}/&{{aws:username}}")],
            "principals": [{"type": "AWS", "identifiers": [me.account_id]}],
            "conditions": [
                {"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["o-1"]}
            ],
        }
    ]
)
aws.s3.BucketPolicy("policy", bucket=bucket.id, policy=document.json)
aws.ec2.Instance("api", ami=image.id, availability_zone=zones.names[1])
aws.ssm.Parameter(
    "facts",
    type="String",
    value="x",
    description=f"{me.account_id} {here.region} {partition.partition}",
)
aws.ssm.Parameter("who", type="String", value="x", description=me.arn)
abroad = aws.Provider("abroad", region="eu-central-1")
aws.ssm.Parameter(
    "abroad",
    type="String",
    value="x",
    description=aws.get_region_output(opts=pulumi.InvokeOutputOptions(provider=abroad)).region,
)
plain = aws.ec2.get_ami(most_recent=True, owners=["amazon"])
aws.ec2.Instance("plain", ami=plain.id, ebs_optimized=plain.ena_support)
