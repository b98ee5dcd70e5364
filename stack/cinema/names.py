"""Names and ARNs that policies speak of, computed from configuration.

A policy that waits for another resource's ARN is unknown until that resource exists, and nobody
can review or prove what is unknown. So whatever stands inside a policy document has a name of
our own, and its ARN is arithmetic. Everything else keeps the name that Pulumi gives it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cinema.config import Config, ConfigError

# Regions whose website endpoints have a dash before the region; all later ones have a dot
# (Amazon S3 User Guide, "Website endpoints").
_DASHED = frozenset(
    {
        "us-east-1", "us-west-1", "us-west-2", "us-gov-west-1", "eu-west-1",
        "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1",
    }
)  # fmt: skip

# Every part's bucket must fit S3's rule: 63 characters, no capital, no underscore.
_PREFIX = re.compile(r"[a-z][a-z0-9-]{1,24}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class Names:
    """Where the stack lives, and what its resources are called there."""

    project: str
    stack: str
    account: str
    region: str

    @classmethod
    def read(cls, config: Config, *, project: str, stack: str) -> Names:
        """From `aws:region` and `aws:allowedAccountIds`, which must name exactly one account."""
        key = "aws:allowedAccountIds"
        accounts = config.listed(key)
        if len(accounts) != 1 or len(accounts[0]) != 12 or not accounts[0].isdecimal():  # noqa: PLR2004 - AWS's account ids have twelve digits
            raise ConfigError(key, "must name exactly one account, by its twelve digits")
        # Commercial regions only: the ARNs below are of the partition `aws`.
        region = config.matching(
            "aws:region", r"(?!cn-|us-gov-)[a-z]{2}(-[a-z]+)+-\d", "a region of partition aws"
        )
        names = cls(project=project, stack=stack, account=accounts[0], region=region)
        if _PREFIX.fullmatch(names.prefix) is None:
            raise ConfigError("stack", f"'{stack}' must be short, of lower-case letters and digits")
        return names

    @property
    def prefix(self) -> str:
        """What every name of ours begins with."""
        return f"{self.project}-{self.stack}"

    def bucket(self, part: str) -> str:
        """A bucket's name; account and region make it unique in the world."""
        return f"{self.prefix}-{part}-{self.account}-{self.region}"

    def bucket_arn(self, part: str) -> str:
        """The ARN of `bucket(part)`."""
        return f"arn:aws:s3:::{self.bucket(part)}"

    def website_host(self, part: str) -> str:
        """The host name under which S3 serves `bucket(part)` as a website."""
        separator = "-" if self.region in _DASHED else "."
        return f"{self.bucket(part)}.s3-website{separator}{self.region}.amazonaws.com"

    def role(self, part: str) -> str:
        """A role's name."""
        return f"{self.prefix}-{part}"

    def function(self, part: str) -> str:
        """A Lambda function's name."""
        return f"{self.prefix}-{part}"

    def function_log_group(self, part: str) -> str:
        """The log group that Lambda writes to for `function(part)`."""
        return f"/aws/lambda/{self.function(part)}"

    def log_group(self, part: str) -> str:
        """A log group's name."""
        return f"/{self.project}/{self.stack}/{part}"

    def log_group_arn(self, name: str) -> str:
        """The ARN of the log group called `name`."""
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{name}"

    @property
    def domain(self) -> str:
        """The VPC's private zone. `internal` is kept for private use and never on the internet."""
        return f"{self.prefix}.internal"

    def vault(self, part: str) -> str:
        """A backup vault's name."""
        return f"{self.prefix}-{part}"

    def vault_arn(self, part: str) -> str:
        """The ARN of `vault(part)`."""
        return f"arn:aws:backup:{self.region}:{self.account}:backup-vault:{self.vault(part)}"

    def secret(self, part: str) -> str:
        """A secret's name."""
        return f"{self.prefix}/{part}"

    def secret_arn(self, part: str) -> str:
        """The ARN of `secret(part)` without the six characters that Secrets Manager adds to it.

        GetSecretValue takes it as it is (AWS Secrets Manager User Guide, "Find a secret from a
        partial ARN"); a policy needs a wildcard for the rest.
        """
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.secret(part)}"

    def key_alias(self, part: str) -> str:
        """The alias of a key of ours, as `kms:ResourceAliases` has it."""
        return f"alias/{self.prefix}-{part}"

    def rule(self, part: str) -> str:
        """An EventBridge rule's name."""
        return f"{self.prefix}-{part}"

    @property
    def trail(self) -> str:
        """The trail's name."""
        return f"{self.prefix}-trail"

    @property
    def trail_arn(self) -> str:
        """The ARN of the trail."""
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:trail/{self.trail}"

    @property
    def session_document(self) -> str:
        """The name of the document that sessions are started with."""
        return f"{self.prefix}-session"

    def topic(self, part: str) -> str:
        """A topic's name."""
        return f"{self.prefix}-{part}"

    def topic_arn(self, part: str) -> str:
        """The ARN of `topic(part)`."""
        return f"arn:aws:sns:{self.region}:{self.account}:{self.topic(part)}"

    def alarm(self, part: str) -> str:
        """An alarm's name."""
        return f"{self.prefix}-{part}"

    def alarm_arn(self, part: str) -> str:
        """The ARN of `alarm(part)`."""
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.alarm(part)}"

    def queue(self, part: str) -> str:
        """A queue's name."""
        return f"{self.prefix}-{part}"

    def queue_arn(self, part: str) -> str:
        """The ARN of `queue(part)`."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.queue(part)}"

    def machine(self, part: str) -> str:
        """What everything is called that builds the image of a machine."""
        return f"{self.prefix}-{part}"

    def build_log_group(self, part: str) -> str:
        """The log group that Image Builder writes to for the recipe `machine(part)`.

        (Image Builder User Guide, "Monitor your Image Builder images with CloudWatch Logs".)
        """
        return f"/aws/imagebuilder/{self.machine(part)}"

    def component_arn(self, name: str) -> str:
        """The ARN of an Image Builder component of this account, without its version."""
        return f"arn:aws:imagebuilder:{self.region}:{self.account}:component/{name}"
