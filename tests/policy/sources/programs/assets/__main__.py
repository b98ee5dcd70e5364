"""Files and archives."""

import pulumi
import pulumi_aws as aws

aws.s3.BucketObjectv2("file", bucket="b", source=pulumi.FileAsset("files/page.html"))
aws.s3.BucketObjectv2("text", bucket="b", source=pulumi.StringAsset("hello"))
aws.lambda_.Function(
    "folder",
    role="arn:aws:iam::123456789012:role/r",
    code=pulumi.FileArchive("files"),
)
aws.lambda_.Function(
    "archive",
    role="arn:aws:iam::123456789012:role/r",
    code=pulumi.AssetArchive({"page.html": pulumi.FileAsset("files/page.html")}),
)
