"""Names and ARNs are arithmetic, and must be what AWS will make of them."""

from __future__ import annotations

import pytest

from cinema.names import Names


def names(region: str = "us-east-1") -> Names:
    return Names(project="cinema", stack="prod", account="123456789012", region=region)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "s3-website-us-east-1.amazonaws.com"),
        ("eu-west-1", "s3-website-eu-west-1.amazonaws.com"),
        ("eu-central-1", "s3-website.eu-central-1.amazonaws.com"),
        ("us-east-2", "s3-website.us-east-2.amazonaws.com"),
    ],
)
def test_a_websites_host_is_spelled_as_its_region_spells_it(region: str, host: str) -> None:
    bucket = f"cinema-prod-site-123456789012-{region}"
    assert names(region).website_host("site") == f"{bucket}.{host}"


def test_arns_name_the_account_and_region_where_aws_has_them() -> None:
    ours = names()
    assert ours.bucket_arn("images") == ("arn:aws:s3:::cinema-prod-images-123456789012-us-east-1")
    assert ours.queue_arn("failed") == "arn:aws:sqs:us-east-1:123456789012:cinema-prod-failed"
    assert ours.log_group_arn(ours.function_log_group("f")) == (
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cinema-prod-f"
    )


def test_the_longest_bucket_name_fits_s3() -> None:
    longest = Names(
        project="cinema", stack="a" * 19, account="123456789012", region="ap-southeast-1"
    )
    assert len(longest.prefix) == 26
    assert len(longest.bucket("images")) <= 63
