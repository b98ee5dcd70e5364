"""Access logs: who asked the load balancer and the buckets for what."""

from __future__ import annotations

import pulumi

from cinema import policies
from cinema.buckets import Access, Bucket
from cinema.logs import LOG_RETENTION_DAYS
from cinema.names import Names

LOGGED_BUCKETS = ("images", "site")


class AccessLogs(Bucket):
    """The bucket that they are delivered to, by AWS's services alone.

    It is encrypted with S3's own key, the only one that both deliveries can write under (ELB User
    Guide, "Enable access logs for your Application Load Balancer"; Amazon S3 User Guide, "Enabling
    Amazon S3 server access logging"). It does not log itself: each line would make another.
    """

    def __init__(
        self, name: str, names: Names, *, protect: bool, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(
            name,
            names.bucket("access-logs"),
            Access(policy=policies.store_access_logs(names, LOGGED_BUCKETS)),
            protect=protect,
            keep_days=LOG_RETENTION_DAYS,
            opts=opts,
        )
