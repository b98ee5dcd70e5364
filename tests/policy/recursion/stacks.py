"""An image bucket whose `orig/` starts a function that writes `thumbnails/`, and what varies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from stackproof.aws.events import event_facts
from stackproof.contract import Contract, Events, Group, Trigger
from stackproof.model import Decision, Graph, Obligation, Resource, Value
from stackproof.proofs.languages import Language
from stackproof.proofs.recursion import Permitted, obligations
from stackproof.selection import select
from tests.policy.graphs import ACCOUNT, graph, ref, resource, urn

BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
PERMISSION = "aws:lambda/permission:Permission"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"

IMAGES = "arn:aws:s3:::images"

ROLE_URN = urn(ROLE, "thumbnailer")
FUNCTION_URN = urn(FUNCTION, "thumbnailer")

Grants = Mapping[str, Iterable[tuple[str, str]]]
"""Name of a role -> pairs of action and ARN glob."""


def function(name: str, **inputs: Value) -> list[Resource]:
    """A function and its role."""
    return [
        resource(ROLE, name, name=name),
        resource(FUNCTION, name, name=name, role=ref(ROLE, name, "arn"), depends_on=(), **inputs),
    ]


def notify(
    name: str = "images",
    prefix: str = "orig/",
    *,
    bucket: str = "images",
    to: str = "thumbnailer",
    events: tuple[str, ...] = ("s3:ObjectCreated:*",),
    **more: Value,
) -> Resource:
    """A notification of `bucket` that starts function `to`."""
    return resource(
        NOTIFICATION,
        name,
        bucket=ref(BUCKET, bucket),
        lambdaFunctions=[
            {
                "events": list(events),
                "filterPrefix": prefix,
                "lambdaFunctionArn": ref(FUNCTION, to, "arn"),
                **more,
            }
        ],
    )


def admit(name: str = "images", **changes: Value) -> Resource:
    """The statement that lets S3 start the function."""
    inputs: dict[str, Value] = {
        "action": "lambda:InvokeFunction",
        "function": ref(FUNCTION, "thumbnailer", "name"),
        "principal": "s3.amazonaws.com",
        "sourceArn": ref(BUCKET, "images", "arn"),
        "sourceAccount": ACCOUNT,
    }
    return resource(PERMISSION, name, depends_on=(), **(inputs | changes))


IMAGE_BUCKET = resource(BUCKET, "images", bucket="images")
THUMBNAILER = function("thumbnailer")
WRITES_THUMBNAILS: Grants = {"thumbnailer": [("s3:PutObject", f"{IMAGES}/thumbnails/*")]}

GROUPS = {
    "images": Group(type=BUCKET, name="images"),
    "thumbnailer": Group(type=FUNCTION, name="thumbnailer"),
}
DECLARED = Events(triggers=(Trigger("images/orig/*", "thumbnailer"),))


def allowed_by(grants: Grants) -> dict[tuple[str, str], Language]:
    """The language of each role and action."""
    found: dict[tuple[str, str], Language] = {}
    for name, pairs in grants.items():
        for action, glob in pairs:
            key = (urn(ROLE, name), action)
            found[key] = found.get(key, Language.nothing()) | Language.glob(glob)
    return found


def claims(  # noqa: PLR0913 - what varies
    of: Graph,
    *,
    grants: Grants = WRITES_THUMBNAILS,
    perhaps: Grants = MappingProxyType({}),
    events: Events = DECLARED,
    groups: Mapping[str, Group] = GROUPS,
    rewires: Callable[[str], str | None] = MappingProxyType[str, str]({}).get,
) -> dict[str, Obligation]:
    """The claims about events, by id. `perhaps` are grants that rest on something unknown."""
    contract = Contract(groups=dict(groups), events=events)
    certain, possible = allowed_by(grants), allowed_by(perhaps)

    def surely(role: str, action: str) -> Language:
        return certain.get((role, action), Language.nothing())

    def at_most(role: str, action: str) -> Language:
        return surely(role, action) | possible.get((role, action), Language.nothing())

    found = obligations(
        event_facts(of),
        contract,
        select(contract, of),
        Permitted(at_most, surely, rewires=rewires),
    )
    return {o.id: o for o in found}


def decide(of: Graph, claim: str, **options: object) -> Decision:
    """The decision on one claim."""
    return claims(of, **options)[claim].decide()  # type: ignore[arg-type]  # passed through


def seed(*more: Resource, notification: Resource | None = None) -> Graph:
    """The architecture as it should be, with more resources or another notification."""
    return graph(IMAGE_BUCKET, *THUMBNAILER, notification or notify(), *more)
