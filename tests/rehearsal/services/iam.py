"""IAM: roles, policies, what attaches them, instance profiles, identity providers."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind, regular
from tests.rehearsal.services.ec2_network import pairs


def _text(policy: Any) -> str:  # noqa: ANN401 -- JSON
    return policy if isinstance(policy, str) else json.dumps(policy)


def _labels(labels: Any) -> Properties:  # noqa: ANN401 -- a mapping
    return {"Tags": pairs(labels)}


def _iam(aws: Aws, operation: str, **arguments: Any) -> Any:  # noqa: ANN401 -- JSON
    return aws.call("iam", operation, **arguments)


def _settle_role(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" in changed:
        return
    if "assumeRolePolicy" in changed:
        text = _text(given["assumeRolePolicy"])
        _iam(aws, "update_assume_role_policy", RoleName=id_, PolicyDocument=text)
    if changed & {"description", "maxSessionDuration"}:
        _iam(aws, "update_role", RoleName=id_, Description=given.get("description", ""))


def _policy_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    version = state["defaultVersionId"]
    answer = _iam(aws, "get_policy_version", PolicyArn=id_, VersionId=version)
    return {"policy": answer["PolicyVersion"]["Document"]}


def _settle_policy(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "policy" in changed and "__new" not in changed:
        # AWS keeps five versions: the provider drops the oldest first.
        versions = _iam(aws, "list_policy_versions", PolicyArn=id_)["Versions"]
        spare = [one["VersionId"] for one in versions if not one["IsDefaultVersion"]]
        if len(versions) > 4:
            oldest = min(spare, key=lambda version: int(version[1:]))
            _iam(aws, "delete_policy_version", PolicyArn=id_, VersionId=oldest)
        text = _text(given["policy"])
        _iam(aws, "create_policy_version", PolicyArn=id_, PolicyDocument=text, SetAsDefault=True)


def _delete_versions(aws: Aws, id_: str, state: Properties) -> None:
    del state
    for one in _iam(aws, "list_policy_versions", PolicyArn=id_)["Versions"]:
        if not one["IsDefaultVersion"]:
            _iam(aws, "delete_policy_version", PolicyArn=id_, VersionId=one["VersionId"])


def _role_of(given: Properties) -> str:
    return str(given["role"]).rsplit("/", 1)[-1]


def _attach(aws: Aws, given: Properties) -> str:
    role = _role_of(given)
    _iam(aws, "attach_role_policy", RoleName=role, PolicyArn=given["policyArn"])
    return f"{role}-{given['policyArn']}"


def _read_attached(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    role = _role_of(state)
    try:
        found = _iam(aws, "list_attached_role_policies", RoleName=role)["AttachedPolicies"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    mine = [one for one in found if one["PolicyArn"] == state["policyArn"]]
    return {"role": role, "policyArn": mine[0]["PolicyArn"]} if mine else None


def _detach(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    _iam(aws, "detach_role_policy", RoleName=_role_of(state), PolicyArn=state["policyArn"])


def _put_inline(aws: Aws, given: Properties) -> str:
    role, name = _role_of(given), given["name"]
    _iam(
        aws,
        "put_role_policy",
        RoleName=role,
        PolicyName=name,
        PolicyDocument=_text(given["policy"]),
    )
    return f"{role}:{name}"


def _read_inline(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    role, _, name = id_.partition(":")
    try:
        answer = _iam(aws, "get_role_policy", RoleName=role, PolicyName=name)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return {"role": role, "name": name, "policy": answer["PolicyDocument"]}


def _settle_inline(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_inline(aws, given)


def _delete_inline(aws: Aws, id_: str, state: Properties) -> None:
    del state
    role, _, name = id_.partition(":")
    _iam(aws, "delete_role_policy", RoleName=role, PolicyName=name)


def _into_profile(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "role" in changed and given.get("role"):
        if "__new" not in changed:
            _out_of_profile(aws, id_, given)
        role = _role_of(given)
        _iam(aws, "add_role_to_instance_profile", InstanceProfileName=id_, RoleName=role)


def _out_of_profile(aws: Aws, id_: str, state: Properties) -> None:
    del state
    found = _iam(aws, "get_instance_profile", InstanceProfileName=id_)["InstanceProfile"]
    for role in found["Roles"]:
        _iam(
            aws,
            "remove_role_from_instance_profile",
            InstanceProfileName=id_,
            RoleName=role["RoleName"],
        )


KINDS = (
    regular(
        "aws:iam/role:Role", "iam", create="create_role", id="Role.RoleName", read="get_role",
        by="RoleName", found="Role", delete="delete_role", gone="RoleName", tags=_labels,
        renamed={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        pulumis=("forceDetachPolicies",), settle=_settle_role,
        settles=("assumeRolePolicy", "description", "maxSessionDuration"),
        replaces=("name", "namePrefix", "path"), named="name", longest=64,
        outputs=lambda aws, id_, state: {"uniqueId": state["roleId"]},  # noqa: ARG005
    ),
    regular(
        "aws:iam/policy:Policy", "iam", create="create_policy", id="Policy.Arn",
        read="get_policy", by="PolicyArn", found="Policy", delete="delete_policy", tags=_labels,
        renamed={"name": "PolicyName", "policy": "PolicyDocument"}, outputs=_policy_outputs,
        settle=_settle_policy, settles=("policy",), before_delete=_delete_versions,
        replaces=("name", "namePrefix", "path", "description"), named="name", longest=128,
    ),
    Kind(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment", service="iam", create=_attach,
        read=_read_attached, delete=_detach, replaces=frozenset({"role", "policyArn"}),
    ),
    Kind(
        type="aws:iam/rolePolicy:RolePolicy", service="iam", create=_put_inline,
        read=_read_inline, delete=_delete_inline, settle=_settle_inline,
        settles=frozenset({"policy"}), replaces=frozenset({"name", "role"}), named="name",
        longest=128,
    ),
    regular(
        "aws:iam/instanceProfile:InstanceProfile", "iam", create="create_instance_profile",
        id="InstanceProfile.InstanceProfileName", read="get_instance_profile",
        by="InstanceProfileName", found="InstanceProfile", delete="delete_instance_profile",
        gone="InstanceProfileName", renamed={"name": "InstanceProfileName"}, pulumis=("role",),
        tags=_labels, settle=_into_profile, settles=("role",), before_delete=_out_of_profile,
        outputs=lambda aws, id_, state: {  # noqa: ARG005
            "role": state["roles"][0]["roleName"] if state.get("roles") else None
        },
        replaces=("name", "namePrefix", "path"), named="name", longest=128,
    ),
    regular(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "iam",
        create="create_open_id_connect_provider", id="OpenIDConnectProviderArn",
        read="get_open_id_connect_provider", by="OpenIDConnectProviderArn", found="",
        delete="delete_open_id_connect_provider", tags=_labels,
        renamed={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
        outputs=lambda aws, id_, state: {  # noqa: ARG005 -- AWS answers without the scheme
            "arn": id_, "url": f"https://{state['url'].removeprefix('https://')}"
        },
        replaces=("url",),
    ),
    regular(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole", "iam",
        create="create_service_linked_role", id="Role.RoleName", read="get_role", by="RoleName",
        found="Role", delete="delete_service_linked_role", renamed={"awsServiceName":
        "AWSServiceName"}, replaces=("awsServiceName", "customSuffix"),
        outputs=lambda aws, id_, state: {  # noqa: ARG005
            "awsServiceName": state["path"].removeprefix("/aws-service-role/").strip("/")
        },
    ),
)  # fmt: skip
