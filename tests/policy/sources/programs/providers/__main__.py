"""Explicit providers, in other regions, handed down by components."""

import pulumi
import pulumi_aws as aws

ireland = aws.Provider("ireland", region="eu-west-1")


class Backups(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("shop:backups:Backups", name, None, opts)
        aws.s3.Bucket("inherited", opts=pulumi.ResourceOptions(parent=self))


Backups("backups", pulumi.ResourceOptions(providers=[ireland]))
aws.s3.Bucket("explicit", opts=pulumi.ResourceOptions(provider=ireland))
aws.s3.Bucket("own-region", region="ap-south-1")
aws.s3.Bucket("default")
