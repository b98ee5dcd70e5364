"""Access logs: who asked the load balancer and the buckets for what."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from cinema import policies
from cinema.buckets import Access, Bucket
from cinema.logs import LOG_RETENTION_DAYS
from cinema.names import Names


class AccessLogs(Bucket):
    """The bucket that they are delivered to, by AWS's services alone.

    It is encrypted with S3's own key, the only one that both deliveries can write under (ELB User
    Guide, "Enable access logs for your Application Load Balancer"; Amazon S3 User Guide, "Enabling
    Amazon S3 server access logging"). It does not log itself: each line would make another.
    """

    def __init__(
        self,
        name: str,
        names: Names,
        *,
        logged: Sequence[str],
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it. `logged` are the parts whose buckets deliver to it."""
        super().__init__(
            name,
            names.bucket("access-logs"),
            Access(policy=policies.store_access_logs(names, logged)),
            protect=protect,
            keep_days=LOG_RETENTION_DAYS,
            opts=opts,
        )
