"""Parents of every kind: components within components, and under resources of AWS."""

import pulumi
import pulumi_aws as aws


class Part(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shop:parts:Part", name, None, opts)


outer = Part("outer")
inner = Part("inner", pulumi.ResourceOptions(parent=outer))
vpc = aws.ec2.Vpc("deep", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=inner))
subnet = aws.ec2.Subnet(
    "deeper",
    vpc_id=vpc.id,
    cidr_block="10.0.0.0/24",
    opts=pulumi.ResourceOptions(parent=vpc),
)
topic = aws.sns.Topic("top")
Part("under-a-topic", pulumi.ResourceOptions(parent=topic))
queue = aws.sqs.Queue("waits", opts=pulumi.ResourceOptions(depends_on=[outer, topic]))
pulumi.export("queue", queue.arn)
