"""Policies that resources carry themselves: who is admitted to a bucket, a queue, a function."""

from __future__ import annotations

import msgspec

from stackproof.aws.identity.documents import Document, read, unreadable
from stackproof.aws.values import Values, text_of
from stackproof.model import Reference, Resource, Value

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"
KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a resource type
FUNCTION = "aws:lambda/function:Function"
REPOSITORY = "aws:ecr/repository:Repository"
PERMISSION = "aws:lambda/permission:Permission"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
OBJECTS = ("aws:s3/bucketObject:BucketObject", "aws:s3/bucketObjectv2:BucketObjectv2")
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
LOG_POLICY = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
TABLE = "aws:dynamodb/table:Table"

_POLICIES: dict[str, tuple[str, tuple[str, ...], str]] = {
    # type: (the input that names its resource, that resource's types, the output it names)
    "aws:s3/bucketPolicy:BucketPolicy": ("bucket", BUCKETS, "id"),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl", (QUEUE,), "id"),
    "aws:sns/topicPolicy:TopicPolicy": ("arn", (TOPIC,), "arn"),
    "aws:kms/keyPolicy:KeyPolicy": ("keyId", (KEY,), "id"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("secretArn", (SECRET,), "arn"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("repository", (REPOSITORY,), "name"),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": ("resourceArn", (TABLE,), "arn"),
}
_INLINE = (*BUCKETS, QUEUE, TOPIC, KEY, SECRET)

CARRIERS = (*_INLINE, FUNCTION, REPOSITORY, TABLE)
"""Types of resources that can carry a policy of their own."""

# What a policy of the resource can speak of, after its ARN.
_SPACE = {
    **dict.fromkeys(BUCKETS, ("", "/*")),
    FUNCTION: ("", ":*"),
    TABLE: ("", "/*"),
    "aws:cloudwatch/logGroup:LogGroup": ("", ":*"),
}

# (Amazon S3 User Guide, "Access control list (ACL) overview"): canned ACLs that admit nobody but
# the owner and, for log delivery, AWS itself.
_HARMLESS_ACLS = frozenset({None, "private", "bucket-owner-full-control", "log-delivery-write"})

TYPES = frozenset(
    {*_POLICIES, *_INLINE, *ACLS, *OBJECTS}
    | {FUNCTION, REPOSITORY, PERMISSION, BLOCK, OWNERSHIP, LOG_POLICY, TABLE}
    | {ENDPOINT, ENDPOINT_POLICY}
)
"""The resource types that this module reads."""


class PublicBlock(msgspec.Struct, frozen=True):
    """A bucket's public access block, as far as it concerns policies. None: not known."""

    urn: str
    block_policy: bool | None
    restrict: bool | None


class ResourcePolicy(msgspec.Struct, frozen=True):
    """The policies of one resource. Its statements speak of `space` only, whatever they say."""

    urn: str
    name: str
    type: str
    space: tuple[str, ...]
    documents: tuple[Document, ...]
    doubts: tuple[str, ...] = ()
    block: PublicBlock | None = None


class EndpointPolicy(msgspec.Struct, frozen=True):
    """What may pass a VPC endpoint.

    `service` is the prefix of the actions that it carries, None when it is not known.
    """

    urn: str
    name: str
    service: str | None
    document: Document

    def as_resource_policy(self) -> ResourcePolicy:
        """The same as the policy of a resource through which one reaches all others."""
        return ResourcePolicy(self.urn, self.name, ENDPOINT, ("*",), (self.document,))


# (AWS PrivateLink Guide, "Control access to VPC endpoints using endpoint policies").
_OPEN: Value = {
    "Version": "2012-10-17",
    "Statement": {
        "Sid": "the default policy of endpoints",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
    },
}

# Where the last part of an endpoint's service name is not the prefix of its actions
# (AWS PrivateLink Guide, "AWS services that integrate with AWS PrivateLink").
_PREFIXES = {"monitoring": "cloudwatch", "api": "ecr", "dkr": "ecr"}


def space(values: Values, resource: Resource) -> tuple[str, ...]:
    """Globs for the ARNs of `resource` and of what it holds."""
    arn = values.arn(resource) or "*"
    return tuple(arn + suffix for suffix in _SPACE.get(resource.type, ("",)))


def _permission(values: Values, resource: Resource, function: Resource | None) -> Document:
    """The statement that a Lambda permission adds to its function's policy.

    (Lambda API Reference, "AddPermission"): SourceArn is compared as ArnLike.
    """
    given = resource.inputs
    statement: dict[str, Value] = {"Effect": "Allow", "Action": given.get("action")}
    principal = values.resolve(given.get("principal"))
    if isinstance(principal, str) and principal != "*" and "amazonaws.com" in principal:
        statement["Principal"] = {"Service": principal}
    else:
        statement["Principal"] = principal if principal == "*" else {"AWS": principal}
    conditions: dict[str, Value] = {}
    for key, operator, name in (
        ("sourceArn", "ArnLike", "AWS:SourceArn"),
        ("sourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("principalOrgId", "StringEquals", "aws:PrincipalOrgID"),
        ("functionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("eventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("invokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ):
        if given.get(key) is not None:
            under = conditions.setdefault(operator, {})
            if isinstance(under, dict):
                under[name] = given[key]
    if conditions:
        statement["Condition"] = conditions
    if function is not None:
        qualifier = given.get("qualifier")
        arn = values.output(function, "arn")
        statement["Resource"] = arn if qualifier is None else text_of([arn, ":", qualifier])
    return read(values, resource.urn, {"Version": "2012-10-17", "Statement": [statement]})


class Collector:
    """Joins resources with the policies that name them."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.graph = values.graph
        self.outside: list[tuple[Resource, str]] = []
        """Policies of resources that this graph does not declare."""
        self.doubts: list[str] = []
        self._documents: dict[str, list[Document]] = {}
        self._doubted: dict[str, list[str]] = {}

    def policies(self) -> tuple[ResourcePolicy, ...]:
        """Every resource that carries a policy of its own."""
        for r in self.graph.resources:
            if r.type in _POLICIES:
                key, types, output = _POLICIES[r.type]
                document = read(self.values, r.urn, r.inputs.get("policy"))
                given = r.inputs.get(key)
                self._give(r, self._named(given, types, output), document)
                self._perhaps_of_any(r, given, types)
            elif r.type == PERMISSION:
                given = r.inputs.get("function")
                found = [
                    u for output in ("name", "arn") for u in self._named(given, (FUNCTION,), output)
                ]
                function = self.values.resources[found[0]] if found else None
                self._give(r, found[:1], _permission(self.values, r, function))
                self._perhaps_of_any(r, given, (FUNCTION,))
            elif r.type in _INLINE and r.inputs.get("policy") is not None:
                self._give(r, [r.urn], read(self.values, r.urn, r.inputs["policy"]))
        blocks = self._blocks()
        self._acls()
        for r in self.graph.of_type(*CARRIERS):
            if r.external:
                why = f"{r.name} is read, not made here: its policy is not declared"
                self._doubted.setdefault(r.urn, []).append(why)
        resources = self.values.resources
        of_account = tuple(
            ResourcePolicy(
                r.urn,
                r.name,
                r.type,
                ("arn:*:logs:*",),
                (read(self.values, r.urn, r.inputs.get("policyDocument")),),
            )
            for r in self.graph.of_type(LOG_POLICY)
        )
        return of_account + tuple(
            ResourcePolicy(
                urn=urn,
                name=resources[urn].name,
                type=resources[urn].type,
                space=space(self.values, resources[urn]),
                documents=tuple(self._documents.get(urn, ())),
                doubts=tuple(self._doubted.get(urn, ())),
                block=blocks.get(urn),
            )
            for urn in sorted({*self._documents, *self._doubted})
        )

    def endpoints(self) -> tuple[EndpointPolicy, ...]:
        """The VPC endpoints and what may pass them; those of load balancers carry no requests."""
        given: dict[str, list[tuple[Resource, Value]]] = {}
        for r in self.graph.of_type(ENDPOINT):
            own = r.inputs.get("policy")
            if own is not None and own != "":
                given.setdefault(r.urn, []).append((r, own))
        for r in self.graph.of_type(ENDPOINT_POLICY):
            owners = self._named(r.inputs.get("vpcEndpointId"), (ENDPOINT,), "id")
            if not owners:
                self.outside.append((r, "an endpoint that is not declared here"))
            for owner in owners:
                given.setdefault(owner, []).append((r, r.inputs.get("policy")))
        return tuple(
            EndpointPolicy(
                r.urn,
                r.name,
                _prefix(self.values.resolve(r.inputs.get("serviceName"))),
                self._of_endpoint(r, given.get(r.urn, [])),
            )
            for r in self.graph.of_type(ENDPOINT)
            if r.inputs.get("vpcEndpointType") != "GatewayLoadBalancer"
        )

    def _of_endpoint(self, endpoint: Resource, given: list[tuple[Resource, Value]]) -> Document:
        if endpoint.external:
            why = f"{endpoint.name} is read, not made here: its policy is not declared"
            return unreadable(endpoint.urn, why)
        if len(given) > 1:
            return unreadable(endpoint.urn, "it has several policies, of which only one can hold")
        if not given:
            return read(self.values, endpoint.urn, _OPEN)
        return read(self.values, given[0][0].urn, given[0][1])

    def _named(self, given: Value, types: tuple[str, ...], output: str) -> list[str]:
        text = self.values.text(given)
        return [
            r.urn
            for r in self.graph.of_type(*types)
            if text is not None and self.values.text(Reference(r.urn, output)) == text
        ]

    def _give(self, resource: Resource, owners: list[str], document: Document) -> None:
        if not owners:
            self.outside.append((resource, "a resource that is not declared here"))
        for owner in owners:
            if self._documents.get(owner) and resource.type != PERMISSION:
                # The later one replaces the earlier; which is later, the graph does not say.
                self._doubted.setdefault(owner, []).append(
                    f"{resource.name} is one of several policies, of which only one can hold"
                )
            self._documents.setdefault(owner, []).append(document)

    def _perhaps_of_any(self, policy: Resource, given: Value, types: tuple[str, ...]) -> None:
        """A policy of a resource that is not known may be that of each resource of the type."""
        if self.values.text(given) is None:
            why = f"whose policy {policy.name} is, is not known"
            for r in self.graph.of_type(*types):
                self._doubted.setdefault(r.urn, []).append(why)

    def _blocks(self) -> dict[str, PublicBlock]:
        found: dict[str, PublicBlock] = {}
        for r in self.graph.of_type(BLOCK):
            for owner in self._named(r.inputs.get("bucket"), BUCKETS, "id"):
                flags = [
                    self.values.resolve(r.inputs.get(key, False))
                    for key in ("blockPublicPolicy", "restrictPublicBuckets")
                ]
                known = [f if isinstance(f, bool) else None for f in flags]
                found[owner] = PublicBlock(r.urn, known[0], known[1])
        return found

    def _acls(self) -> None:
        """ACLs are not modelled: one that may admit somebody casts doubt on its bucket.

        Where ownership is enforced ACLs have no effect (Amazon S3 User Guide, "Controlling
        ownership of objects and disabling ACLs for your bucket").
        """
        enforced = {
            owner
            for r in self.graph.of_type(OWNERSHIP)
            for owner in self._named(r.inputs.get("bucket"), BUCKETS, "id")
            if _ownership(self.values.resolve(r.inputs.get("rule"))) == "BucketOwnerEnforced"
        }
        for r in self.graph.of_type(*BUCKETS, *ACLS, *OBJECTS):
            given = self.values.resolve(r.inputs.get("acl"))
            explicit = r.inputs.get("grants") or r.inputs.get("accessControlPolicy")
            if not explicit and (given is None or given in _HARMLESS_ACLS):
                continue
            owners = (
                [r.urn] if r.type in BUCKETS else self._named(r.inputs.get("bucket"), BUCKETS, "id")
            )
            for owner in owners:
                if owner not in enforced:
                    self._doubted.setdefault(owner, []).append(
                        f"the ACL of {r.name} may admit somebody (ACLs are not modelled)"
                    )


def _prefix(service_name: Value) -> str | None:
    if not isinstance(service_name, str):
        return None
    last = service_name.rpartition(".")[2]
    return _PREFIXES.get(last, last)


def _ownership(rule: Value) -> Value:
    if isinstance(rule, list) and len(rule) == 1:
        return _ownership(rule[0])
    return rule.get("objectOwnership") if isinstance(rule, dict) else None


def default_key_policy(values: Values, key: Resource) -> Document:
    """What a key without a policy of its own has (KMS Developer Guide, "Default key policy")."""
    account = values.account
    statement: dict[str, Value] = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "kms:*",
        "Resource": "*",
    }
    return read(values, key.urn, {"Version": "2012-10-17", "Statement": [statement]})
