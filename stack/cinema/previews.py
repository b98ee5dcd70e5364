"""A role for `pulumi preview` in GitHub Actions: no stored credential, and the right to read."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.config import Config
from cinema.names import Names

ISSUER = "token.actions.githubusercontent.com"
"""Of GitHub's identity tokens (GitHub Docs, "OpenID Connect reference")."""

_REPOSITORY = r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


@dataclass(frozen=True, kw_only=True)
class PreviewSettings:
    """`creates_provider`: an account has one identity provider for an issuer, or has it already."""

    repository: str
    state_bucket: str
    creates_provider: bool

    @classmethod
    def read(cls, config: Config) -> PreviewSettings | None:
        """From `cinema:previews` and the keys beside it; None when it is `off`."""
        switch = config.choice("cinema:previews", "create", "adopt", "off")
        if switch == "off":
            return None
        return cls(
            repository=config.matching("cinema:previewRepository", _REPOSITORY, "owner/name"),
            state_bucket=config.matching("cinema:previewStateBucket", _BUCKET, "a bucket's name"),
            creates_provider=switch == "create",
        )


class Previews(pulumi.ComponentResource):
    """A role for the pull requests of one repository; those of its forks get no token for it.

    The program asks AWS for nothing while it is evaluated, so that a preview needs the state that
    is kept in S3 and nothing else. It takes no lock and writes no state: reading is enough.
    """

    def __init__(
        self,
        name: str,
        settings: PreviewSettings,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:previews:Previews", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        needs: list[pulumi.Resource] = []
        if settings.creates_provider:
            provider = aws.iam.OpenIdConnectProvider(
                name, url=f"https://{ISSUER}", client_id_lists=["sts.amazonaws.com"], opts=child
            )
            needs.append(provider)
        role = aws.iam.Role(
            name,
            name=names.role("previews"),
            description="Reads the state, for previews of pull requests",
            assume_role_policy=policies.preview_trust(names, ISSUER, settings.repository),
            max_session_duration=3600,
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
        )
        policy = aws.iam.Policy(
            name,
            description="Read the state that a preview compares with",
            policy=policies.read_state(settings.state_bucket),
            opts=child,
        )
        aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=policy.arn, opts=child)
        self.role_arn = role.arn
        self.register_outputs({"roleArn": role.arn})
