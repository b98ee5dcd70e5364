"""The web application firewall before CloudFront: floods and known attacks stop, uploads pass."""

from __future__ import annotations

from typing import Any, Final, TypedDict

import pulumi
import pulumi_aws as aws

from cinema.logs import LOG_RETENTION_DAYS
from cinema.names import Names

REGION: Final = "us-east-1"
"""Where everything of CloudFront's lives: its firewall, the log of that, its certificates."""

REQUESTS_IN_FIVE_MINUTES: Final = 5_000
UPLOADS_IN_FIVE_MINUTES: Final = 600
"""Of one address, behind which a whole office may be: more than the API lets one account do, which
has limits of its own. These stop a flood before it comes there."""


class _Rule(TypedDict, total=False):
    action: aws.wafv2.WebAclRuleActionArgs
    override_action: aws.wafv2.WebAclRuleOverrideActionArgs
    statement: aws.wafv2.WebAclRuleStatementArgs


_EMPTY: Final[Any] = {}
"""A block that says all by being there."""

# The SDK has a type of its own for the same statement at every depth: these two are plain data.
_AS_SENT: Final[Any] = [{"priority": 0, "type": "NONE"}]
_POST: Final[Any] = {
    "byte_match_statement": {
        "field_to_match": {"method": {}},
        "positional_constraint": "EXACTLY",
        "search_string": "POST",
        "text_transformations": _AS_SENT,
    }
}
_TO_IMAGES: Final[Any] = {
    "byte_match_statement": {
        "field_to_match": {"uri_path": {}},
        "positional_constraint": "EXACTLY",
        "search_string": "/images",
        "text_transformations": _AS_SENT,
    }
}


def _flood(
    limit: int, of: aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs | None
) -> _Rule:
    statement = aws.wafv2.WebAclRuleStatementArgs(
        rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
            aggregate_key_type="IP",
            evaluation_window_sec=300,
            limit=limit,
            scope_down_statement=of,
        )
    )
    block = aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs())
    return {"action": block, "statement": statement}


def _managed(
    group: str,
    of: aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementArgs | None = None,
) -> _Rule:
    """A rule group of AWS's: it blocks by its own rules' actions, which nothing overrides."""
    statement = aws.wafv2.WebAclRuleStatementArgs(
        managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
            vendor_name="AWS", name=group, scope_down_statement=of
        )
    )
    none = aws.wafv2.WebAclRuleOverrideActionArgs(none=_EMPTY)
    return {"override_action": none, "statement": statement}


_UPLOAD: Final = aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs(
    and_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementAndStatementArgs(
        statements=[_POST, _TO_IMAGES]
    )
)
_NO_UPLOAD: Final = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementArgs(
    not_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementNotStatementArgs(
        statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementArgs(
            and_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementAndStatementArgs(
                statements=[_POST, _TO_IMAGES]
            )
        )
    )
)

RULES: Final[dict[str, _Rule]] = {
    "flood": _flood(REQUESTS_IN_FIVE_MINUTES, None),
    "upload-flood": _flood(UPLOADS_IN_FIVE_MINUTES, _UPLOAD),
    "reputation": _managed("AWSManagedRulesAmazonIpReputationList"),
    "known-bad-inputs": _managed("AWSManagedRulesKnownBadInputsRuleSet"),
    # It refuses bodies over 8 KB, and finds scripts in the bytes of pictures: SizeRestrictions_BODY
    # and CrossSiteScripting_BODY (AWS WAF Developer Guide, "Baseline rule groups").
    "common": _managed("AWSManagedRulesCommonRuleSet", _NO_UPLOAD),
}
"""The rules by name, in the order in which they are asked. What none blocks is let through."""


class Firewall(pulumi.ComponentResource):
    """The firewall with its log, which holds what was blocked and no session's token."""

    def __init__(self, name: str, names: Names, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cinema:firewall:Firewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rules = [
            aws.wafv2.WebAclRuleArgs(
                name=rule,
                priority=place,
                visibility_config=aws.wafv2.WebAclRuleVisibilityConfigArgs(
                    cloudwatch_metrics_enabled=True,
                    metric_name=rule,
                    # Samples hold whole headers, a session's token among them.
                    sampled_requests_enabled=False,
                ),
                **content,
            )
            for place, (rule, content) in enumerate(RULES.items())
        ]
        acl = aws.wafv2.WebAcl(
            name,
            name=names.prefix,
            description="Floods and known attacks, before CloudFront",
            scope="CLOUDFRONT",
            region=REGION,
            default_action=aws.wafv2.WebAclDefaultActionArgs(
                allow=aws.wafv2.WebAclDefaultActionAllowArgs()
            ),
            rules=rules,
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True,
                metric_name=names.prefix,
                sampled_requests_enabled=False,
            ),
            opts=child,
        )
        # WAF takes no log group of another name (AWS WAF Developer Guide, "Sending web ACL traffic
        # logs to an Amazon CloudWatch Logs log group").
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"aws-waf-logs-{names.prefix}",
            region=REGION,
            retention_in_days=LOG_RETENTION_DAYS,
            opts=child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            name,
            resource_arn=acl.arn,
            log_destination_configs=[log_group.arn],
            region=REGION,
            redacted_fields=[
                aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
                    single_header=aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(
                        name="authorization"
                    )
                ),
                # An image's signed address is as good as a session, for that image.
                aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(query_string=_EMPTY),
            ],
            logging_filter=aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs(
                default_behavior="DROP",
                filters=[
                    aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs(
                        behavior="KEEP",
                        requirement="MEETS_ANY",
                        conditions=[
                            aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs(
                                action_condition=aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs(
                                    action="BLOCK"
                                )
                            )
                        ],
                    )
                ],
            ),
            opts=child,
        )
        self.arn = acl.arn
        self.register_outputs({"arn": acl.arn})
