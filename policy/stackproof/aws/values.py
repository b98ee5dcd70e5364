"""The text that AWS makes of a resource's inputs: names, ARNs, ids, URLs; and JSON within values.

`Values(graph).resolve` (or `resolve` for one question) replaces a Reference by text wherever AWS
computes that text from inputs which are known. What only AWS can know stays a Reference, inside
the text around it: the ARN of a key is `arn:aws:kms:us-east-1:123456789012:key/` followed by the
Reference to its id, whichever of its outputs was asked for. So two ways to name one thing resolve
to equal values. ARN formats: Service Authorization Reference, "Resource types defined by ...".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import msgspec

from stackproof.model import Graph, Reference, Resource, Template, Unknown, Value, references, walk

ATOM_OPEN = "\ue000"
ATOM_CLOSE = "\ue001"
"""Around the name of an output that only AWS knows, within a text: see proofs.languages."""

ACCOUNT = Reference("", "accountId")
"""Stands for the account's id where the Graph does not tell it."""
REGION = Reference("", "region")
"""Stands for a resource's region where the Graph does not tell it."""


class Kind(msgspec.Struct, frozen=True):
    """How the outputs of a resource type follow from its inputs.

    Formats have `{name}` (the input `named`), `{partition}`, `{region}`, `{account}`, `{path}`
    (of IAM), `{kind}` (of load balancers), `{slashed}` (a name that begins with `/`) and `{arn}`.
    Any other field is what AWS alone knows and stays a Reference: `{id}`, `{suffix1}`.
    """

    arn: str
    named: str = ""
    """The input that is the resource's name; empty when AWS alone names it."""
    id: str = "{id}"
    outputs: Mapping[str, str] = {}
    """Further outputs by property."""


_REGIONAL = "{region}:{account}"
_SECRET_SUFFIX = "".join(f"{{suffix{n}}}" for n in range(1, 7))


def _regional(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{_REGIONAL}:{resource}"


def _iam(resource: str, id_: str = "{name}") -> Kind:
    return Kind(f"arn:{{partition}}:iam::{{account}}:{resource}{{path}}{{name}}", "name", id_)


_BUCKET = Kind(
    "arn:{partition}:s3:::{name}",
    "bucket",
    "{name}",
    {
        "bucketDomainName": "{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com",
    },
)
_LOAD_BALANCER = Kind(
    _regional("elasticloadbalancing", "loadbalancer/{kind}/{name}/{id}"), "name", "{arn}"
)

KINDS: dict[str, Kind] = {
    "aws:autoscaling/group:Group": Kind(
        _regional("autoscaling", "autoScalingGroup:{id}:autoScalingGroupName/{name}"),
        "name",
        "{name}",
    ),
    "aws:backup/vault:Vault": Kind(_regional("backup", "backup-vault:{name}"), "name", "{name}"),
    "aws:cloudfront/distribution:Distribution": Kind(
        "arn:{partition}:cloudfront::{account}:distribution/{id}"
    ),
    "aws:cloudwatch/eventBus:EventBus": Kind(
        _regional("events", "event-bus/{name}"), "name", "{name}"
    ),
    "aws:cloudwatch/eventRule:EventRule": Kind(
        _regional("events", "rule/{name}"), "name", "{name}"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        _regional("logs", "log-group:{name}"), "name", "{name}"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        _regional("cloudwatch", "alarm:{name}"), "name", "{name}"
    ),
    "aws:dynamodb/table:Table": Kind(
        _regional("dynamodb", "table/{name}"),
        "name",
        "{name}",
        {"streamArn": _regional("dynamodb", "table/{name}/stream/{streamLabel}")},
    ),
    "aws:ec2/instance:Instance": Kind(_regional("ec2", "instance/{id}")),
    "aws:ec2/launchTemplate:LaunchTemplate": Kind(_regional("ec2", "launch-template/{id}")),
    "aws:ec2/securityGroup:SecurityGroup": Kind(_regional("ec2", "security-group/{id}")),
    "aws:ec2/subnet:Subnet": Kind(_regional("ec2", "subnet/{id}")),
    "aws:ec2/vpc:Vpc": Kind(_regional("ec2", "vpc/{id}")),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Kind(_regional("ec2", "vpc-endpoint/{id}")),
    "aws:ebs/volume:Volume": Kind(_regional("ec2", "volume/{id}")),
    "aws:ecr/repository:Repository": Kind(_regional("ecr", "repository/{name}"), "name", "{name}"),
    "aws:iam/group:Group": _iam("group"),
    "aws:iam/instanceProfile:InstanceProfile": _iam("instance-profile"),
    "aws:iam/policy:Policy": _iam("policy", "{arn}"),
    "aws:iam/role:Role": _iam("role"),
    "aws:iam/user:User": _iam("user"),
    "aws:kinesis/stream:Stream": Kind(_regional("kinesis", "stream/{name}"), "name", "{arn}"),
    "aws:kms/alias:Alias": Kind(_regional("kms", "{name}"), "name", "{name}"),
    "aws:kms/key:Key": Kind(_regional("kms", "key/{id}"), outputs={"keyId": "{id}"}),
    "aws:lambda/function:Function": Kind(
        _regional("lambda", "function:{name}"),
        "name",
        "{name}",
        {
            "invokeArn": (
                "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/"
                "{arn}/invocations"
            )
        },
    ),
    "aws:lb/listener:Listener": Kind(
        _regional("elasticloadbalancing", "listener/{id}"), id="{arn}"
    ),
    "aws:lb/loadBalancer:LoadBalancer": _LOAD_BALANCER,
    "aws:alb/loadBalancer:LoadBalancer": _LOAD_BALANCER,
    "aws:lb/targetGroup:TargetGroup": Kind(
        _regional("elasticloadbalancing", "targetgroup/{name}/{id}"), "name", "{arn}"
    ),
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketV2:BucketV2": _BUCKET,
    "aws:secretsmanager/secret:Secret": Kind(
        # (AWS Secrets Manager User Guide, "What's in a Secrets Manager secret?"): a hyphen and
        # six random characters follow the name.
        _regional("secretsmanager", "secret:{name}-" + _SECRET_SUFFIX),
        "name",
        "{arn}",
    ),
    "aws:sfn/stateMachine:StateMachine": Kind(
        _regional("states", "stateMachine:{name}"), "name", "{arn}"
    ),
    "aws:sns/topic:Topic": Kind(_regional("sns", "{name}"), "name", "{arn}"),
    "aws:sqs/queue:Queue": Kind(
        _regional("sqs", "{name}"),
        "name",
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        {"url": "https://sqs.{region}.amazonaws.com/{account}/{name}"},
    ),
    "aws:ssm/parameter:Parameter": Kind(_regional("ssm", "parameter{slashed}"), "name", "{name}"),
}
"""The resource types whose outputs are computed here."""


def text_of(parts: list[Value]) -> Value:
    """The concatenation of strings, References, Unknowns and Templates, as small as can be."""
    flat: list[str | Reference | Unknown] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Template) else (part,):
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif isinstance(piece, Reference | Unknown):
                flat.append(piece)
            elif piece != "":
                flat.append(str(piece))
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 else Template(tuple(flat))


def glob_text(value: Value) -> str | None:
    """`value` as text in which each Reference is an atom; None when it holds an Unknown."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Reference):
        return f"{ATOM_OPEN}{value.urn}#{value.property}{ATOM_CLOSE}"
    if isinstance(value, Template):
        pieces = [None if isinstance(p, Unknown) else glob_text(p) for p in value.parts]
        return None if None in pieces else "".join(p for p in pieces if p is not None)
    return None


def readable(text: str) -> str:
    """`text` with each atom as `<logical name.property>`, for people."""
    shown = []
    for part in text.split(ATOM_OPEN):
        name, closed, rest = part.partition(ATOM_CLOSE)
        if closed:
            urn, _, property_ = name.rpartition("#")
            owner = urn.rpartition("::")[2]
            shown.append(f"<{owner}.{property_}>" if owner else f"<{property_}>")
        shown.append(rest if closed else part)
    return "".join(shown)


def partition_of(region: str | None) -> str:
    """The ARN partition of a region; `aws` when it is not known (AWS General Reference, "ARNs")."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region and region.startswith(prefix):
            return partition
    return "aws"


class Values:
    """The computed texts of one Graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.resources = graph.by_urn()
        self.account: Value = graph.account or ACCOUNT
        self._known: dict[Reference, Value] = {}

    def resolve(self, value: Value) -> Value:
        """`value` with every Reference replaced by what AWS computes, as far as it is known."""
        if isinstance(value, Reference):
            return self._reference(value)
        if isinstance(value, Template):
            return text_of([self.resolve(part) for part in value.parts])
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value

    def text(self, value: Value) -> str | None:
        """`value` resolved, as text with atoms; None when some of it is unknown."""
        return glob_text(self.resolve(value))

    def output(self, resource: Resource, property_: str) -> Value:
        """One output of `resource`."""
        return self._reference(Reference(resource.urn, property_))

    def arn(self, resource: Resource) -> str | None:
        """The ARN of `resource` as text with atoms; None when part of it is unknown."""
        return glob_text(self.output(resource, "arn"))

    def owner(self, value: Value) -> str | None:
        """The URN of the one resource whose output `value` is; None when it is not just that."""
        if isinstance(value, Reference):
            return value.urn if value.urn in self.resources else None
        return None

    def _reference(self, reference: Reference) -> Value:
        if reference not in self._known:
            self._known[reference] = reference  # a cycle of inputs stays symbolic
            self._known[reference] = self._compute(reference)
        return self._known[reference]

    def _compute(self, reference: Reference) -> Value:
        resource = self.resources.get(reference.urn)
        if resource is None:
            return reference
        property_ = reference.property
        kind = KINDS.get(resource.type)
        if kind is not None and not resource.external:
            formats = {"arn": kind.arn, "id": kind.id, **kind.outputs}
            if kind.named:
                formats[kind.named] = "{name}"
            if formats.get(property_, "{id}") != "{id}" or property_ in kind.outputs:
                return self._format(formats[property_], resource, kind)
        if property_ in resource.inputs:
            return self.resolve(resource.inputs[property_])
        return reference

    def _format(self, pattern: str, resource: Resource, kind: Kind) -> Value:
        parts: list[Value] = []
        for piece in pattern.split("{"):
            field, closed, rest = piece.partition("}")
            if not closed:
                parts.append(piece)
                continue
            parts += [self._field(field, resource, kind), rest]
        return text_of(parts)

    def _field(self, field: str, resource: Resource, kind: Kind) -> Value:
        region = resource.region or self.resolve(resource.inputs.get("region")) or self.graph.region
        simple: dict[str, Callable[[], Value]] = {
            "partition": lambda: partition_of(region if isinstance(region, str) else None),
            "region": lambda: region or REGION,
            "account": lambda: self.account,
            "path": lambda: self.resolve(resource.inputs.get("path")) or "/",
            "name": lambda: self._name(resource, kind.named),
            "arn": lambda: self._format(kind.arn, resource, kind),
            "kind": lambda: _load_balancer_kind(
                self.resolve(resource.inputs.get("loadBalancerType"))
            ),
            "slashed": lambda: _slashed(self._name(resource, kind.named)),
        }
        if field in simple:
            return simple[field]()
        return Reference(resource.urn, field)

    def _name(self, resource: Resource, named: str) -> Value:
        """The name that is given, or begins as given, or that Pulumi makes up."""
        given = self.resolve(resource.inputs.get(named))
        if given is not None:
            return given
        prefix = self.resolve(resource.inputs.get(f"{named}Prefix"))
        generated = Reference(resource.urn, named)
        return generated if prefix is None else text_of([prefix, generated])


def _load_balancer_kind(given: Value) -> Value:
    return {None: "app", "application": "app", "network": "net", "gateway": "gwy"}.get(
        given if isinstance(given, str) else None, "app"
    )


def _slashed(name: Value) -> Value:
    first = name.parts[0] if isinstance(name, Template) else name
    return name if isinstance(first, str) and first.startswith("/") else text_of(["/", name])


def resolve(graph: Graph, value: Value) -> Value:
    """`Values(graph).resolve(value)`; build a Values to ask many questions of one Graph."""
    return Values(graph).resolve(value)


# ── JSON within values ──────────────────────────────────────────────────────────────────────────


class _DuplicateKeyError(ValueError):
    """A JSON object names a key twice; AWS and Python disagree on what that means."""


def _object(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DuplicateKeyError("it names a key twice")
    return found


def parse_json(value: Value) -> Value:
    """The structure that JSON text holds, with References and Unknowns in the strings they are in.

    A structure is returned as it is. What cannot be read (an Unknown document, an output that
    stands where JSON wants syntax, text that is not JSON) becomes an Unknown that says why.
    """
    if isinstance(value, dict | list) or value is None or isinstance(value, Unknown):
        return value
    if isinstance(value, Reference):
        owner = value.urn.rpartition("::")[2]
        return Unknown(f"the document is the output {value.property} of {owner}", (value.urn,))
    parts = value.parts if isinstance(value, Template) else (value,)
    held: list[Reference | Unknown] = []
    text = ""
    for part in parts:
        if isinstance(part, Reference | Unknown):
            text += f"{ATOM_OPEN}{len(held)}{ATOM_CLOSE}"
            held.append(part)
        elif isinstance(part, str):
            if ATOM_OPEN in part or ATOM_CLOSE in part:
                return Unknown("the document has characters of Unicode's private use area")
            text += part
        else:
            return Unknown("the document is not text")
    try:
        parsed: Value = json.loads(text, object_pairs_hook=_object)
    except ValueError as error:
        depends = tuple(sorted({r.urn for r in references(value)}))
        why = str(error) if isinstance(error, _DuplicateKeyError) else "it is not JSON as it stands"
        return Unknown(f"the document cannot be read: {why}", depends)
    return _restore(parsed, held) if held else parsed


def _restore(value: Value, held: list[Reference | Unknown]) -> Value:
    if isinstance(value, dict):
        if any(ATOM_OPEN in key for key in value):
            return Unknown("a key of the document is not known")
        return {key: _restore(item, held) for key, item in value.items()}
    if isinstance(value, list):
        return [_restore(item, held) for item in value]
    if not isinstance(value, str) or ATOM_OPEN not in value:
        return value
    parts: list[Value] = []
    for piece in value.split(ATOM_OPEN):
        number, closed, rest = piece.partition(ATOM_CLOSE)
        parts += [held[int(number)], rest] if closed else [piece]
    return text_of(parts)


def has_unknown(value: Value) -> bool:
    """Whether anything in `value` is Unknown."""
    return any(isinstance(v, Unknown) for v in walk(value))
