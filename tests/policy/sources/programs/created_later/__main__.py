"""Whether a resource exists depends on what only a deployment knows."""

import pulumi_aws as aws

zone = aws.route53.Zone("zone", name="example.org")


def delegate(servers: list[str]) -> None:
    for number, server in enumerate(servers):
        aws.route53.Record(
            f"ns-{number}", zone_id=zone.id, name="sub", type="NS", records=[server], ttl=60
        )


zone.name_servers.apply(delegate)
