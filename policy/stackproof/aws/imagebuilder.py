"""EC2 Image Builder: what builds an image, as far as network, identity and events are concerned.

An infrastructure configuration says where build and test instances stand, under which security
groups and as which role; images and pipelines launch them (EC2 Image Builder User Guide, "Manage
Image Builder infrastructure configurations"). A component or a recipe is only what they run, as
root and as that role.

Left out, and then named by `unread`: a role of Image Builder's own that a build works with, and a
distribution that leaves the account, launches instances, changes launch templates or writes to a
bucket. What an image that is built holds is no subject here, so its id may be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stackproof.model import Family, Graph, NotModelled, Reference, Value

INFRASTRUCTURE = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
IMAGE = "aws:imagebuilder/image:Image"
PIPELINE = "aws:imagebuilder/imagePipeline:ImagePipeline"
DISTRIBUTION = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"

TYPES = frozenset({INFRASTRUCTURE, IMAGE, PIPELINE, DISTRIBUTION})

_BUILDING = {
    "executionRole": "Image Builder works as a role that is not read",
    "workflows": "its own workflows may do more than to build and test",
}
_LOGGED = {
    "snsTopicArn": "it publishes to a topic",
    "logging": "it may write its log to a bucket",
}
_DISTRIBUTED: Mapping[Family, Mapping[str, str]] = {
    Family.NETWORK: {
        "fastLaunchConfigurations": "it launches instances of the image beforehand",
        "launchTemplateConfigurations": "it changes launch templates",
    },
    Family.IDENTITY: {
        "launchPermission": "it shares the image with other accounts",
        "targetAccountIds": "it copies the image to other accounts",
        "s3ExportConfigurations": "it exports the image as a role that is not read",
    },
    Family.RECURSION: {"s3ExportConfigurations": "it writes the image to a bucket"},
}


def unread(graph: Graph, family: Family) -> tuple[NotModelled, ...]:
    """What of these types may turn a claim of `family` and is not read."""
    found: list[tuple[str, str, str]] = [*_elsewhere(graph, family)]
    if family is Family.IDENTITY:
        found += _given(graph, (IMAGE, PIPELINE), _BUILDING)
    if family is Family.RECURSION:
        found += _given(graph, (INFRASTRUCTURE,), _LOGGED)
    for resource in graph.of_type(DISTRIBUTION):
        given = resource.inputs.get("distributions")
        parts = given if isinstance(given, list) else [given]
        for part in parts:
            for why in _amiss(part, _DISTRIBUTED.get(family, {})):
                found.append((resource.urn, resource.type, why))
    return tuple(NotModelled(urn, type_, family, why) for urn, type_, why in dict.fromkeys(found))


def _elsewhere(graph: Graph, family: Family) -> Iterator[tuple[str, str, str]]:
    """Images and pipelines that work with what this graph does not declare."""
    needs = [("distributionConfigurationArn", DISTRIBUTION, "how it is distributed is not known")]
    if family in {Family.NETWORK, Family.IDENTITY}:
        why = "the infrastructure that it builds in is not declared here"
        needs.append(("infrastructureConfigurationArn", INFRASTRUCTURE, why))
    declared = {(r.urn, r.type) for r in graph.resources if not r.external}
    for resource in graph.of_type(IMAGE, PIPELINE):
        for key, type_, why in needs:
            given = resource.inputs.get(key)
            known = isinstance(given, Reference) and (given.urn, type_) in declared
            # Without a distribution the image stays where it was built.
            if not known and (given is not None or type_ == INFRASTRUCTURE):
                yield resource.urn, resource.type, why


def _given(
    graph: Graph, types: tuple[str, ...], amiss: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    for resource in graph.of_type(*types):
        for key, why in amiss.items():
            if resource.inputs.get(key) not in (None, []):
                yield resource.urn, resource.type, why


def _amiss(part: Value, keys: Mapping[str, str]) -> Iterator[str]:
    """What is not read of one region's distribution, of which the image's part is nested."""
    if not keys:
        return
    if not isinstance(part, dict):
        yield "how it is distributed is not known"
        return
    image = part.get("amiDistributionConfiguration")
    if image is not None and not isinstance(image, dict):
        yield "how it is distributed is not known"
    nested = image if isinstance(image, dict) else {}
    for key, why in keys.items():
        if part.get(key) not in (None, []) or nested.get(key) not in (None, []):
            yield why
