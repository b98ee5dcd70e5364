"""An output's text that is carried out of its callback, and looked at outside."""

import pulumi
import pulumi_aws as aws

seen: list[str] = []
bucket = aws.s3.Bucket("images")


async def main() -> None:
    bucket.arn.apply(seen.append)
    await bucket.urn.future()
    while not seen:
        await aws.s3.Bucket("images-2").urn.future()
    if seen[0].startswith("arn:aws-cn"):
        aws.sns.Topic("only-in-china")


pulumi.run(main)
