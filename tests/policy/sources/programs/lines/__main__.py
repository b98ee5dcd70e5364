"""Where resources are declared: in functions, base classes, subclasses and callbacks."""

import pulumi_aws as aws
from base import Base, Strict


class Concrete(Base):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.topic(f"{name}-topic")  # asks: component-topic


def make(name: str) -> aws.s3.Bucket:
    return aws.s3.Bucket(name)  # declares: made


Concrete("component")  # declares: component
Strict("strict")  # declares: strict
bucket = make("made")  # asks: made
bucket.arn.apply(lambda arn: aws.sns.Topic("in-apply", display_name=arn))  # declares: in-apply
aws.s3.Bucket("plain")  # declares: plain
