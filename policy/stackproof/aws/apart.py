"""What has network interfaces of its own and changes nobody else's: managed databases, containers.

The network proofs do not read these types, so that with one of them every claim of a contract is
unproven. To say whether the internet reaches them, or anything beside them, takes less: whether
they have an address on the internet and, where they do, under which security groups.

Left out: who reaches them from inside, and what they call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from stackproof.aws.ignored import as_deployed
from stackproof.aws.network.facts import Interface, NetworkFacts
from stackproof.model import Graph, NotModelled, Reference, Resource, Value, references

_RDS, _ECS = "aws:rds/", "aws:ecs/"
_SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"


class Apart(msgspec.Struct, frozen=True):
    """A resource with interfaces of its own. `store`: it holds data."""

    urn: str
    name: str
    store: bool
    public: bool | None
    """Whether it has an address on the internet; None: not known."""
    because: str
    filtered: bool = True
    """Whether security groups filter what comes to its public address."""
    interfaces: tuple[Interface, ...] = ()
    """Where it is when it is public. Empty: not known."""


_Answer = tuple[bool | None, str]


def _said(key: str, *, absent: bool | None) -> Callable[[Resource], _Answer]:
    """By an input that says yes or no; `absent` is what AWS does when it is not given."""

    def answer(resource: Resource) -> _Answer:
        given = resource.inputs.get(key)
        if given is None:
            why = f"{key} is not given"
            return absent, why if absent is not None else f"{why}, and then AWS decides by its VPC"
        if isinstance(given, bool):
            return given, f"{key} is {str(given).lower()}"
        return None, f"{key} is not known"

    return answer


def _never(why: str) -> Callable[[Resource], _Answer]:
    return lambda _: (False, why)


def _in_vpc(resource: Resource) -> _Answer:
    """(Amazon OpenSearch Service Developer Guide, "Launching your domains within a VPC")."""
    options = resource.inputs.get("vpcOptions")
    if options is None:
        return True, "it is in no VPC, so that its endpoint is on the internet"
    if isinstance(options, dict) and options.get("subnetIds"):
        return False, "it is in a VPC"
    return None, "vpcOptions is not known"


def _brokers(resource: Resource) -> _Answer:
    """Off unless it is turned on (Amazon MSK Developer Guide, "Public access")."""
    value: Value = resource.inputs.get("brokerNodeGroupInfo")
    for key in ("connectivityInfo", "publicAccess", "type"):
        if value is None:
            break
        if not isinstance(value, dict):
            return None, "its public access is not known"
        value = value.get(key)
    if value is None or value == "DISABLED":
        return False, "its public access is off"
    return None, "its public access is on, or not known"


def _cluster(resource: Resource) -> _Answer:
    """An Aurora cluster has its instances' interfaces; a Multi-AZ one has instances of its own."""
    if resource.inputs.get("dbClusterInstanceClass") is None:
        return False, "its instances are resources of their own"
    return None, "whether AWS makes a Multi-AZ cluster public depends on its VPC"


def _tasks(resource: Resource) -> _Answer:
    """(Amazon ECS Developer Guide, "Task networking"): other modes share the instance's."""
    value = resource.inputs.get("networkConfiguration")
    if value is None:
        return False, "its tasks use the interfaces of the instances that they run on"
    if not isinstance(value, dict):
        return None, "networkConfiguration is not known"
    return _said("assignPublicIp", absent=False)(msgspec.structs.replace(resource, inputs=value))


_PRIVATE = _never("AWS gives it private addresses only")
_STORES: dict[str, Callable[[Resource], _Answer]] = {
    # (Amazon RDS User Guide, "Hiding a DB instance in a VPC from the internet"; the provider sends
    # false where an instance does not say, and nothing where an Aurora instance does not.)
    f"{_RDS}instance:Instance": _said("publiclyAccessible", absent=False),
    f"{_RDS}clusterInstance:ClusterInstance": _said("publiclyAccessible", absent=None),
    f"{_RDS}cluster:Cluster": _cluster,
    f"{_RDS}proxy:Proxy": _PRIVATE,
    f"{_RDS}proxyEndpoint:ProxyEndpoint": _PRIVATE,
    "aws:neptune/cluster:Cluster": _never("its instances are resources of their own"),
    "aws:neptune/clusterInstance:ClusterInstance": _said("publiclyAccessible", absent=None),
    # (Developer Guides of DocumentDB, ElastiCache, MemoryDB, DAX; User Guides of EFS and FSx:
    # reached from within a VPC only.)
    "aws:docdb/cluster:Cluster": _PRIVATE,
    "aws:docdb/clusterInstance:ClusterInstance": _PRIVATE,
    "aws:elasticache/cluster:Cluster": _PRIVATE,
    "aws:elasticache/replicationGroup:ReplicationGroup": _PRIVATE,
    "aws:elasticache/serverlessCache:ServerlessCache": _PRIVATE,
    "aws:memorydb/cluster:Cluster": _PRIVATE,
    "aws:dax/cluster:Cluster": _PRIVATE,
    "aws:efs/mountTarget:MountTarget": _PRIVATE,
    "aws:fsx/lustreFileSystem:LustreFileSystem": _PRIVATE,
    "aws:fsx/ontapFileSystem:OntapFileSystem": _PRIVATE,
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": _PRIVATE,
    "aws:fsx/windowsFileSystem:WindowsFileSystem": _PRIVATE,
    # Its default has changed between versions of the provider.
    "aws:redshift/cluster:Cluster": _said("publiclyAccessible", absent=None),
    "aws:redshiftserverless/workgroup:Workgroup": _said("publiclyAccessible", absent=None),
    "aws:opensearch/domain:Domain": _in_vpc,
    "aws:elasticsearch/domain:Domain": _in_vpc,
    "aws:msk/cluster:Cluster": _brokers,
    "aws:msk/serverlessCluster:ServerlessCluster": _PRIVATE,
    "aws:mq/broker:Broker": _said("publiclyAccessible", absent=False),
}
_TASKS = {f"{_ECS}service:Service": _tasks, f"{_ECS}taskSet:TaskSet": _tasks}
_SILENT = frozenset(
    {
        f"{_ECS}cluster:Cluster",
        f"{_ECS}taskDefinition:TaskDefinition",
        "aws:efs/fileSystem:FileSystem",
        *(
            f"aws:{module}/subnetGroup:SubnetGroup"
            for module in (
                *("rds", "docdb", "neptune", "elasticache", "memorydb", "dax", "redshift"),
            )
        ),
    }
)
"""They have no interfaces themselves and belong to what has."""

STORES = frozenset({*_STORES, *(t for t in _SILENT if not t.startswith(_ECS))})
CONTAINERS = frozenset({*_TASKS, *(t for t in _SILENT if t.startswith(_ECS))})


def apart(graph: Graph, network: NetworkFacts) -> tuple[Apart, ...]:
    """Every resource of `graph` with interfaces that `network` does not have, sorted by URN."""
    resources = as_deployed(graph).resources
    subnet_groups = {r.urn: r for r in resources if r.type == _SUBNET_GROUP}
    found = []
    for resource in resources:
        ask = _STORES.get(resource.type) or _TASKS.get(resource.type)
        if ask is None:
            continue
        public, why = ask(resource)
        if resource.external:
            public, why = None, "it is read, not declared"
        found.append(
            Apart(
                urn=resource.urn,
                name=resource.name,
                store=resource.type in _STORES,
                public=public,
                because=why,
                filtered=ask is not _in_vpc,
                interfaces=_interfaces(resource, subnet_groups, network) if public else (),
            )
        )
    return tuple(found)


def left_over(
    not_modelled: Iterable[NotModelled], understood: frozenset[str]
) -> tuple[NotModelled, ...]:
    """What is not modelled and not among the types that are understood well enough."""
    return tuple(item for item in not_modelled if item.type not in understood)


def _interfaces(
    resource: Resource, subnet_groups: dict[str, Resource], network: NetworkFacts
) -> tuple[Interface, ...]:
    """Its interfaces as its inputs say; none when they do not say which subnets and groups."""
    inputs = resource.inputs
    tasks = inputs.get("networkConfiguration")
    if isinstance(tasks, dict):
        subnets, groups = tasks.get("subnets"), tasks.get("securityGroups")
    else:
        groups = inputs.get("vpcSecurityGroupIds")
        named = references(inputs.get("dbSubnetGroupName"))
        owner = subnet_groups.get(named[0].urn) if len(named) == 1 else None
        subnets = None if owner is None else owner.inputs.get("subnetIds")
    places, filters = _urns(subnets), _urns(groups)
    if not places or not filters or not {*places} <= network.subnet.keys():
        return ()
    return tuple(
        Interface(
            owner=resource.urn,
            name=resource.name,
            kind="interface",
            vpc=network.subnet[place].vpc,
            subnet=place,
            address=network.subnet[place].hosts,
            security_groups=tuple(sorted(filters)),
            public=True,
            resource=resource.urn,
        )
        for place in places
    )


def _urns(value: Value) -> tuple[str, ...]:
    """The resources of a list of references; none when any item is something else."""
    if not isinstance(value, list):
        return ()
    found = [item.urn for item in value if isinstance(item, Reference)]
    return tuple(found) if len(found) == len(value) else ()
