"""What stands before the product: names, certificates, CloudFront, its firewall."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import ECHOED_ALWAYS, Kind, regular
from tests.rehearsal.services.ec2_network import pairs
from tests.rehearsal.translate import Translation, properties

# ── Route 53 ────────────────────────────────────────────────────────────────────────────────────


def _create_zone(aws: Aws, given: Properties) -> str:
    vpcs = given.get("vpcs") or []
    more: Properties = {}
    if vpcs:
        region = vpcs[0].get("vpcRegion") or aws.region
        more["VPC"] = {"VPCRegion": region, "VPCId": vpcs[0]["vpcId"]}
    config: Properties = {"Comment": given.get("comment") or "", "PrivateZone": bool(vpcs)}
    answer = aws.call(
        "route53",
        "create_hosted_zone",
        Name=given["name"],
        CallerReference=given["name"],
        HostedZoneConfig=config,
        **more,
    )
    id_ = str(answer["HostedZone"]["Id"]).rpartition("/")[2]
    labels = given.get("tagsAll") or {}
    if labels:
        aws.call(
            "route53",
            "change_tags_for_resource",
            ResourceType="hostedzone",
            ResourceId=id_,
            AddTags=pairs(labels),
        )
    return id_


def _read_zone(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        said = aws.call("route53", "get_hosted_zone", Id=id_)
        labels = aws.call(
            "route53", "list_tags_for_resource", ResourceType="hostedzone", ResourceId=id_
        )
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    tags = properties(labels["ResourceTagSet"]).get("tags") or {}
    return {
        "arn": f"arn:aws:route53:::hostedzone/{id_}",
        "zoneId": id_,
        "name": _undotted(said["HostedZone"]["Name"], state.get("name", "")),
        "comment": said["HostedZone"].get("Config", {}).get("Comment", ""),
        "vpcs": properties(said.get("VPCs") or []),
        "nameServers": said.get("DelegationSet", {}).get("NameServers", []),
        "tags": tags,
    }


def _undotted(name: str, given: str) -> str:
    """Route 53 ends each name with a dot, which a program may leave out."""
    return name if given.endswith(".") else name.removesuffix(".")


def _delete_zone(aws: Aws, id_: str, state: Properties) -> None:
    if state.get("forceDestroy"):
        for one in aws.call("route53", "list_resource_record_sets", HostedZoneId=id_)[
            "ResourceRecordSets"
        ]:
            if one["Type"] not in {"NS", "SOA"}:
                _change(aws, id_, "DELETE", one)
    aws.call("route53", "delete_hosted_zone", Id=id_)


def _change(aws: Aws, zone: str, action: str, record: Properties) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    aws.call("route53", "change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)


def _record(given: Properties) -> Properties:
    made: Properties = {"Name": given["name"], "Type": given["type"]}
    for alias in (given.get("aliases") or [])[:1]:
        made["AliasTarget"] = {
            "HostedZoneId": alias["zoneId"],
            "DNSName": alias["name"],
            "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
        }
    if given.get("records"):
        made["TTL"] = int(given["ttl"])
        made["ResourceRecords"] = [{"Value": value} for value in given["records"]]
    return made


def _create_record(aws: Aws, given: Properties) -> str:
    action = "UPSERT" if given.get("allowOverwrite") else "CREATE"
    _change(aws, given["zoneId"], action, _record(given))
    return f"{given['zoneId']}_{given['name']}_{given['type']}"


def _find_record(aws: Aws, state: Properties) -> Properties | None:
    try:
        found = aws.call("route53", "list_resource_record_sets", HostedZoneId=state["zoneId"])
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    wanted = (state["name"].rstrip("."), state["type"])
    for one in found["ResourceRecordSets"]:
        if (one["Name"].rstrip("."), one["Type"]) == wanted:
            return dict(one)
    return None


def _read_record(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    found = _find_record(aws, state)
    if found is None:
        return None
    alias = found.get("AliasTarget")
    said: Properties = {
        "zoneId": state["zoneId"],
        "name": _undotted(found["Name"], state["name"]),
        "fqdn": found["Name"].rstrip("."),
        "type": found["Type"],
        "ttl": found.get("TTL"),
        "records": [one["Value"] for one in found.get("ResourceRecords", [])],
    }
    if alias:
        names = {"zoneId": "HostedZoneId", "name": "DNSName"}
        target = {key: alias[name] for key, name in names.items()}
        target["name"] = target["name"].removesuffix(".")
        said["aliases"] = [{**target, "evaluateTargetHealth": alias["EvaluateTargetHealth"]}]
    return said


def _settle_record(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _change(aws, given["zoneId"], "UPSERT", _record(given))


def _delete_record(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    found = _find_record(aws, state)
    if found:
        _change(aws, state["zoneId"], "DELETE", found)


# ── certificates ────────────────────────────────────────────────────────────────────────────────


def _certificate(aws: Aws, id_: str, state: Properties) -> Properties:
    options = state.get("domainValidationOptions") or []
    validations = [
        {
            "domainName": option["domainName"],
            "resourceRecordName": option["resourceRecord"]["name"],
            "resourceRecordType": option["resourceRecord"]["type"],
            "resourceRecordValue": option["resourceRecord"]["value"],
        }
        for option in options
        if option.get("resourceRecord")
    ]
    labels = aws.call("acm", "list_tags_for_certificate", CertificateArn=id_)
    others = [one for one in state.get("subjectAlternativeNames", []) if one != state["domainName"]]
    return {
        "arn": id_,
        "domainValidationOptions": validations,
        "validationMethod": options[0].get("validationMethod") if options else None,
        "subjectAlternativeNames": others,
        "tags": properties(labels).get("tags") or {},
    }


def _wait_for_certificate(aws: Aws, given: Properties) -> str:
    said = aws.call("acm", "describe_certificate", CertificateArn=given["certificateArn"])
    return str(said["Certificate"]["CertificateArn"])


def _read_validation(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        aws.call("acm", "describe_certificate", CertificateArn=id_)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return {"certificateArn": id_, "validationRecordFqdns": state.get("validationRecordFqdns")}


def _forget(aws: Aws, id_: str, state: Properties) -> None:
    """A validation is a wait: there is nothing of it in AWS."""
    del aws, id_, state


# ── CloudFront ──────────────────────────────────────────────────────────────────────────────────

_DISTRIBUTION = {
    "orderedCacheBehaviors": "CacheBehaviors", "origins.originId": "Id", "loggingConfig": "Logging",
    "isIpv6Enabled": "IsIPV6Enabled",
    "viewerCertificate.cloudfrontDefaultCertificate": "CloudFrontDefaultCertificate",
}  # fmt: skip
_OF_DISTRIBUTION = frozenset({"waitForDeployment", "retainOnDelete", "staging", *ECHOED_ALWAYS})


def _behavior(given: Properties) -> Properties:
    """CloudFront keeps the cached methods inside of the allowed ones."""
    made = {k: v for k, v in given.items() if k not in {"allowedMethods", "cachedMethods"}}
    if given.get("allowedMethods"):
        cached = given.get("cachedMethods") or ["GET", "HEAD"]
        made["AllowedMethods"] = {
            "Quantity": len(given["allowedMethods"]),
            "Items": given["allowedMethods"],
            "CachedMethods": {"Quantity": len(cached), "Items": cached},
        }
    return made


def _config(aws: Aws, given: Properties) -> tuple[Properties, set[str]]:
    model = aws.client("cloudfront").meta.service_model
    shape = model.operation_model("CreateDistribution").input_shape.members["DistributionConfig"]
    wanted = {k: v for k, v in given.items() if k not in _OF_DISTRIBUTION}
    wanted["defaultCacheBehavior"] = _behavior(given["defaultCacheBehavior"])
    if given.get("orderedCacheBehaviors"):
        wanted["orderedCacheBehaviors"] = [_behavior(b) for b in given["orderedCacheBehaviors"]]
    translation = Translation(_DISTRIBUTION)
    made = translation.structure(shape, wanted)
    made.setdefault("Comment", "")
    restriction = (made.get("Restrictions") or {}).get("GeoRestriction")
    if restriction is not None:
        places = restriction.pop("Locations", restriction.pop("Items", []))
        restriction |= {"Quantity": len(places), **({"Items": places} if places else {})}
    return made, translation.untold


def _create_distribution(aws: Aws, given: Properties) -> str:
    config = {**_config(aws, given)[0], "CallerReference": "rehearsal"}
    tags = {"Items": pairs(given.get("tagsAll") or {})}
    answer = aws.call(
        "cloudfront",
        "create_distribution_with_tags",
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": tags},
    )
    return str(answer["Distribution"]["Id"])


def _read_distribution(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        found = aws.call("cloudfront", "get_distribution", Id=id_)["Distribution"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    labels = aws.call("cloudfront", "list_tags_for_resource", Resource=found["ARN"])
    config = found["DistributionConfig"]
    said: Properties = properties(config, _DISTRIBUTION)
    for key, name in (
        ("defaultCacheBehavior", "DefaultCacheBehavior"),
        ("orderedCacheBehaviors", "CacheBehaviors"),
    ):
        mine = said.get(key) or []
        theirs = config.get(name) or {}
        many = theirs.get("Items", []) if "Quantity" in theirs else [theirs]
        for one, other in zip(mine if isinstance(mine, list) else [mine], many, strict=False):
            cached = (other.get("AllowedMethods") or {}).get("CachedMethods") or {}
            one["cachedMethods"] = cached.get("Items", [])
    return {
        **said,
        "arn": found["ARN"],
        "domainName": found["DomainName"],
        "hostedZoneId": "Z2FDTNDATAQYW2",  # CloudFront's, for every distribution
        "etag": "",
        "tags": {one["Key"]: one["Value"] for one in labels["Tags"]["Items"]},
    }


def _update_distribution(aws: Aws, id_: str, given: Properties) -> None:
    now = aws.call("cloudfront", "get_distribution_config", Id=id_)
    reference = now["DistributionConfig"]["CallerReference"]
    config = {**_config(aws, given)[0], "CallerReference": reference}
    aws.call(
        "cloudfront",
        "update_distribution",
        Id=id_,
        IfMatch=now["ETag"],
        DistributionConfig=config,
    )


def _settle_distribution(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if not {"__new"} & changed and changed - _OF_DISTRIBUTION:
        _update_distribution(aws, id_, given)


def _delete_distribution(aws: Aws, id_: str, state: Properties) -> None:
    del state
    # One that is enabled is not deleted: the provider turns it off first.
    now = aws.call("cloudfront", "get_distribution_config", Id=id_)
    off = {**now["DistributionConfig"], "Enabled": False}
    answer = aws.call(
        "cloudfront", "update_distribution", Id=id_, IfMatch=now["ETag"], DistributionConfig=off
    )
    aws.call("cloudfront", "delete_distribution", Id=id_, IfMatch=answer["ETag"])


def _etag(aws: Aws, operation: str, **asked: str) -> str:
    return str(aws.call("cloudfront", operation, **asked)["ETag"])


def _delete_access(aws: Aws, id_: str, state: Properties) -> None:
    del state
    tag = _etag(aws, "get_origin_access_control", Id=id_)
    aws.call("cloudfront", "delete_origin_access_control", Id=id_, IfMatch=tag)


_ACCESS = regular(
    "aws:cloudfront/originAccessControl:OriginAccessControl", "cloudfront",
    create="create_origin_access_control", id="OriginAccessControl.Id",
    inside="OriginAccessControlConfig", read="get_origin_access_control", by="Id",
    found="OriginAccessControl.OriginAccessControlConfig", delete="delete_origin_access_control",
    named="name", longest=64,
)  # fmt: skip


def _create_function(aws: Aws, given: Properties) -> str:
    config = {"Comment": given.get("comment") or "", "Runtime": given["runtime"]}
    code = given["code"].encode()
    aws.call(
        "cloudfront",
        "create_function",
        Name=given["name"],
        FunctionConfig=config,
        FunctionCode=code,
    )
    return str(given["name"])


def _read_function(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        about = aws.call("cloudfront", "describe_function", Name=id_)["FunctionSummary"]
        answer = aws.call("cloudfront", "get_function", Name=id_)["FunctionCode"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    code = answer.read() if hasattr(answer, "read") else answer
    return {
        "name": about["Name"],
        "runtime": about["FunctionConfig"]["Runtime"],
        "comment": about["FunctionConfig"]["Comment"],
        "code": code.decode() if isinstance(code, bytes) else str(code),
        "arn": about["FunctionMetadata"]["FunctionARN"],
    }


def _delete_function(aws: Aws, id_: str, state: Properties) -> None:
    del state
    tag = _etag(aws, "describe_function", Name=id_)
    aws.call("cloudfront", "delete_function", Name=id_, IfMatch=tag)


# ── WAF ─────────────────────────────────────────────────────────────────────────────────────────


def _acl(aws: Aws, operation: str, given: Properties) -> tuple[Properties, set[str]]:
    shape = aws.client("wafv2").meta.service_model.operation_model(operation).input_shape
    translation = Translation({"customResponseBodies": "CustomResponseBodies"})
    ours = {"customResponseBodies", "ruleJson", *ECHOED_ALWAYS}
    wanted = {k: v for k, v in _emptied(given).items() if k not in ours}
    return translation.structure(shape, wanted), translation.untold


def _emptied(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """WAF's empty structures, such as `allow: {}`, are lost to nobody."""
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_emptied(item) for item in value]
    return value


def _create_acl(aws: Aws, given: Properties) -> str:
    labels = given.get("tagsAll") or {}
    arguments, _ = _acl(aws, "CreateWebACL", given)
    answer = aws.call(
        "wafv2", "create_web_acl", **arguments, **({"Tags": pairs(labels)} if labels else {})
    )
    return str(answer["Summary"]["Id"])


def _place(id_: str, state: Properties) -> Properties:
    return {"Name": state["name"], "Scope": state["scope"], "Id": id_}


def _read_acl(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        found = aws.call("wafv2", "get_web_acl", **_place(id_, state))["WebACL"]
    except ClientError as error:
        if is_absent(error) or "Nonexistent" in error.response["Error"]["Code"]:
            return None
        raise
    labels = aws.call("wafv2", "list_tags_for_resource", ResourceARN=found["ARN"])
    tags = {one["Key"]: one["Value"] for one in labels["TagInfoForResource"]["TagList"]}
    return {**_wafs(properties(found)), "scope": state["scope"], "arn": found["ARN"], "tags": tags}


def _wafs(said: Properties) -> Properties:
    """WAF says `SampledRequestsEnabled` and `CloudWatchMetricsEnabled`, and Pulumi its own."""
    text = re.compile(r"^cloudWatchMetricsEnabled$")

    def renamed(value: Any) -> Any:  # noqa: ANN401 -- JSON
        if isinstance(value, dict):
            return {
                text.sub("cloudwatchMetricsEnabled", key): renamed(item)
                for key, item in value.items()
            }
        return [renamed(item) for item in value] if isinstance(value, list) else value

    return dict(renamed(said))


def _settle_acl(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" not in changed and changed - ECHOED_ALWAYS:
        now = aws.call("wafv2", "get_web_acl", **_place(id_, given))
        arguments, _ = _acl(aws, "UpdateWebACL", given)
        arguments |= {**_place(id_, given), "LockToken": now["LockToken"]}
        aws.call("wafv2", "update_web_acl", **arguments)


def _delete_acl(aws: Aws, id_: str, state: Properties) -> None:
    now = aws.call("wafv2", "get_web_acl", **_place(id_, state))
    aws.call("wafv2", "delete_web_acl", **_place(id_, state), LockToken=now["LockToken"])


def _log_acl(aws: Aws, given: Properties) -> str:
    shape = aws.client("wafv2").meta.service_model.operation_model("PutLoggingConfiguration")
    member = shape.input_shape.members["LoggingConfiguration"]
    wanted = {k: v for k, v in given.items() if k not in ECHOED_ALWAYS}
    made = Translation({}).structure(member, wanted)
    aws.call("wafv2", "put_logging_configuration", LoggingConfiguration=made)
    return str(given["resourceArn"])


def _read_log(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        found = aws.call("wafv2", "get_logging_configuration", ResourceArn=id_)
    except ClientError as error:
        if is_absent(error) or "Nonexistent" in error.response["Error"]["Code"]:
            return None
        raise
    said: Properties = properties(found["LoggingConfiguration"])
    return said


def _stop_log(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("wafv2", "delete_logging_configuration", ResourceArn=id_)


KINDS = (
    Kind(
        type="aws:route53/zone:Zone", service="route53", create=_create_zone, read=_read_zone,
        delete=_delete_zone, settles=frozenset({"forceDestroy"}), replaces=frozenset({"name"}),
        untold={"forceDestroy": "means something to the provider only"},
    ),
    Kind(
        type="aws:route53/record:Record", service="route53", create=_create_record,
        read=_read_record, delete=_delete_record, settle=_settle_record, settles=frozenset({"*"}),
        replaces=frozenset({"name", "type", "zoneId"}),
        untold={"allowOverwrite": "means something to the provider only"},
    ),
    regular(
        "aws:acm/certificate:Certificate", "acm", create="request_certificate",
        id="CertificateArn", read="describe_certificate", by="CertificateArn",
        found="Certificate", delete="delete_certificate", gone="CertificateArn",
        tags=lambda labels: {"Tags": pairs(labels)}, outputs=_certificate,
        replaces=("domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm"),
    ),
    Kind(
        type="aws:acm/certificateValidation:CertificateValidation", service="acm",
        create=_wait_for_certificate, read=_read_validation, delete=_forget,
        replaces=frozenset({"certificateArn", "validationRecordFqdns"}),
    ),
    Kind(
        type="aws:cloudfront/distribution:Distribution", service="cloudfront",
        create=_create_distribution, read=_read_distribution, delete=_delete_distribution,
        settle=_settle_distribution, settles=frozenset({"*"}),
        echoed=lambda aws, given: _config(aws, given)[1],
        untold={"waitForDeployment": "means something to the provider only"},
    ),
    replace(_ACCESS, delete=_delete_access),
    Kind(
        type="aws:cloudfront/function:Function", service="cloudfront", create=_create_function,
        read=_read_function, delete=_delete_function, replaces=frozenset({"name"}), named="name",
        longest=64, untold={"publish": "means something to the provider only"},
    ),
    Kind(
        type="aws:wafv2/webAcl:WebAcl", service="wafv2", create=_create_acl, read=_read_acl,
        delete=_delete_acl, settle=_settle_acl, settles=frozenset({"*"}),
        replaces=frozenset({"name", "scope"}), named="name", longest=128,
        echoed=lambda aws, given: _acl(aws, "CreateWebACL", given)[1],
    ),
    Kind(
        type="aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", service="wafv2",
        create=_log_acl, read=_read_log, delete=_stop_log, replaces=frozenset({"resourceArn"}),
    ),
)  # fmt: skip
