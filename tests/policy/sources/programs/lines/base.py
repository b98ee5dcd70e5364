"""Base classes in another module."""

import pulumi
import pulumi_aws as aws


class Base(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("shop:base:Base", name)

    def topic(self, name: str) -> aws.sns.Topic:
        return aws.sns.Topic(  # declares: component-topic
            name, opts=pulumi.ResourceOptions(parent=self)
        )


class Strict(aws.s3.Bucket):
    def __init__(self, name: str) -> None:
        super().__init__(name, force_destroy=False)
