"""Transforms of every reach, and hooks, which change nothing."""

import pulumi
import pulumi_aws as aws


def tagged(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ != "aws:s3/bucket:Bucket":
        return None
    tags = {**args.props.get("tags", {}), "by": "transform"}
    return pulumi.ResourceTransformResult(props={**args.props, "tags": tags}, opts=args.opts)


def protected(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
    return pulumi.ResourceTransformResult(props=args.props, opts=opts)


seen: list[pulumi.ResourceHookArgs] = []
topic = aws.sns.Topic("topic")
aws.s3.Bucket("own", tags={"name": topic.arn}, opts=pulumi.ResourceOptions(transforms=[protected]))
pulumi.runtime.register_resource_transform(tagged)
aws.s3.Bucket("stack-wide")
hook = pulumi.ResourceHook("log", seen.append, pulumi.ResourceHookOptions())
aws.s3.Bucket(
    "hooked",
    opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook])),
)
