"""Resources that exist only once something else does."""

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("images")
bucket.arn.apply(lambda arn: aws.ssm.Parameter("seen", type="String", value="x", description=arn))
pulumi.Output.all(bucket.id).apply(lambda _: aws.sns.Topic("also-seen"))
