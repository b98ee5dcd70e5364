"""A workload that does not wait for what it needs is found, need by need."""

from __future__ import annotations

import msgspec
import pytest

from stackproof.aws.events import event_facts
from stackproof.aws.network import network_facts
from stackproof.aws.readiness import readiness_facts
from stackproof.contract import Availability, Contract, Group
from stackproof.model import Decision, Graph, Resource, Unknown, Value, Verdict
from stackproof.proofs.readiness import obligations
from stackproof.selection import select
from tests.policy.graphs import graph, ref, resource, urn

EC2 = "aws:ec2/"
VPC, SUBNET = f"{EC2}vpc:Vpc", f"{EC2}subnet:Subnet"
TABLE, ROUTE = f"{EC2}routeTable:RouteTable", f"{EC2}route:Route"
ASSOCIATION = f"{EC2}routeTableAssociation:RouteTableAssociation"
IGW = f"{EC2}internetGateway:InternetGateway"
IGW_ATTACHMENT = f"{EC2}internetGatewayAttachment:InternetGatewayAttachment"
NAT, EIP = f"{EC2}natGateway:NatGateway", f"{EC2}eip:Eip"
ACL, ACL_RULE = f"{EC2}networkAcl:NetworkAcl", f"{EC2}networkAclRule:NetworkAclRule"
ACL_ASSOCIATION = f"{EC2}networkAclAssociation:NetworkAclAssociation"
ENDPOINT = f"{EC2}vpcEndpoint:VpcEndpoint"
ENDPOINT_TABLE = f"{EC2}vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
SECURITY_GROUP = f"{EC2}securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TEMPLATE = f"{EC2}launchTemplate:LaunchTemplate"
FLEET, INSTANCE = "aws:autoscaling/group:Group", f"{EC2}instance:Instance"
LISTENER, TARGETS = "aws:lb/listener:Listener", "aws:lb/targetGroup:TargetGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
ROLE, PROFILE = "aws:iam/role:Role", "aws:iam/instanceProfile:InstanceProfile"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
COMPONENT = "cinema:network:Network"

MAIN = ref(VPC, "main")

NEEDS = (
    urn(EGRESS, "api-out"),
    urn(INGRESS, "api-in"),
    urn(INGRESS, "logs-in"),
    urn(ENDPOINT, "logs"),
    urn(ROUTE, "private"),
    urn(ASSOCIATION, "private"),
    urn(NAT, "nat"),
    urn(ROUTE, "public"),
    urn(ASSOCIATION, "public"),
    urn(IGW_ATTACHMENT, "main"),
    urn(ACL, "private"),
    urn(ACL_RULE, "private-out"),
    urn(ACL_ASSOCIATION, "private"),
    urn(ENDPOINT, "s3"),
    urn(ENDPOINT_TABLE, "s3"),
    urn(ROLE_ATTACHMENT, "read"),
    urn(ROLE_POLICY, "log"),
    urn(LISTENER, "http"),
)
"""What the API needs, listed by hand; everything else it refers to."""

IMPLIED = {urn(ENDPOINT, "s3"), urn(NAT, "nat"), urn(ACL, "private")}
"""Needs that another need refers to: the S3 association names the endpoint, and so on."""


def rule(type_: str, name: str, group: str, **peer: Value) -> Resource:
    return resource(
        type_,
        name,
        depends_on=(),
        securityGroupId=ref(SECURITY_GROUP, group),
        ipProtocol="tcp",
        fromPort=443,
        toPort=443,
        **peer,
    )


def surroundings() -> list[Resource]:
    """A subnet with all that an instance in it needs, and things that it does not need."""
    return [
        resource(VPC, "main", cidrBlock="10.0.0.0/16"),
        resource(IGW, "main"),
        resource(IGW_ATTACHMENT, "main", vpcId=MAIN, internetGatewayId=ref(IGW, "main")),
        *(
            resource(
                SUBNET,
                name,
                vpcId=MAIN,
                cidrBlock=f"10.0.{n}.0/24",
                availabilityZone="us-east-1a",
            )
            for n, name in enumerate(("public", "private", "other"))
        ),
        *(resource(TABLE, name, vpcId=MAIN) for name in ("public", "private", "other")),
        *(
            resource(ASSOCIATION, name, subnetId=ref(SUBNET, name), routeTableId=ref(TABLE, name))
            for name in ("public", "private", "other")
        ),
        resource(
            ROUTE,
            "public",
            routeTableId=ref(TABLE, "public"),
            destinationCidrBlock="0.0.0.0/0",
            gatewayId=ref(IGW, "main"),
        ),
        resource(
            ROUTE,
            "private",
            routeTableId=ref(TABLE, "private"),
            destinationCidrBlock="0.0.0.0/0",
            natGatewayId=ref(NAT, "nat"),
        ),
        resource(EIP, "nat", domain="vpc"),
        resource(
            NAT, "nat", subnetId=ref(SUBNET, "public"), allocationId=ref(EIP, "nat", "allocationId")
        ),
        resource(ACL, "private", vpcId=MAIN),
        resource(
            ACL_ASSOCIATION,
            "private",
            subnetId=ref(SUBNET, "private"),
            networkAclId=ref(ACL, "private"),
        ),
        resource(
            ACL_RULE,
            "private-out",
            networkAclId=ref(ACL, "private"),
            ruleNumber=100,
            egress=True,
            protocol="-1",
            ruleAction="allow",
            cidrBlock="0.0.0.0/0",
        ),
        resource(
            ENDPOINT,
            "s3",
            vpcId=MAIN,
            vpcEndpointType="Gateway",
            serviceName="com.amazonaws.us-east-1.s3",
        ),
        resource(
            ENDPOINT_TABLE,
            "s3",
            vpcEndpointId=ref(ENDPOINT, "s3"),
            routeTableId=ref(TABLE, "private"),
        ),
        *(resource(SECURITY_GROUP, name, vpcId=MAIN) for name in ("api", "logs", "other")),
        rule(EGRESS, "api-out", "api", cidrIpv4="0.0.0.0/0"),
        rule(INGRESS, "api-in", "api", cidrIpv4="10.0.0.0/24"),
        rule(INGRESS, "logs-in", "logs", referencedSecurityGroupId=ref(SECURITY_GROUP, "api")),
        rule(INGRESS, "other-in", "other", referencedSecurityGroupId=ref(SECURITY_GROUP, "api")),
        *(
            resource(
                ENDPOINT,
                name,
                vpcId=MAIN,
                vpcEndpointType="Interface",
                serviceName=f"com.amazonaws.us-east-1.{service}",
                subnetIds=[ref(SUBNET, "private")],
                securityGroupIds=[ref(SECURITY_GROUP, name)],
                privateDnsEnabled=name == "logs",
            )
            for name, service in (("logs", "logs"), ("other", "sqs"))
        ),
        resource(ROLE, "api", name="api"),
        resource(PROFILE, "api", role=ref(ROLE, "api", "name")),
        resource(ROLE_ATTACHMENT, "read", role=ref(ROLE, "api", "name"), policyArn="arn:x"),
        resource(ROLE_POLICY, "log", role="api", policy="{}"),
        resource(ROLE, "other", name="other"),
        resource(ROLE_POLICY, "other", role="other", policy="{}"),
        resource(TARGETS, "api", port=80, protocol="HTTP", vpcId=MAIN),
        resource(BALANCER, "api", loadBalancerType="application", subnets=[ref(SUBNET, "public")]),
        resource(
            LISTENER,
            "http",
            loadBalancerArn=ref(BALANCER, "api", "arn"),
            port=80,
            defaultActions=[{"type": "forward", "targetGroupArn": ref(TARGETS, "api", "arn")}],
        ),
        resource(
            TEMPLATE,
            "api",
            vpcSecurityGroupIds=[ref(SECURITY_GROUP, "api")],
            iamInstanceProfile={"arn": ref(PROFILE, "api", "arn")},
        ),
    ]


def fleet(depends_on: tuple[str, ...]) -> Resource:
    return resource(
        FLEET,
        "api",
        depends_on=depends_on,
        vpcZoneIdentifiers=[ref(SUBNET, "private")],
        launchTemplate={"id": ref(TEMPLATE, "api")},
        targetGroupArns=[ref(TARGETS, "api", "arn")],
        minSize=1,
    )


def decide(of: Graph, claim: str = "boot.api", type_: str = FLEET) -> Decision:
    contract = Contract(
        groups={"api": Group(type=type_, name="api")},
        availability=Availability(survive="any one zone", boot=("api",)),
    )
    network = network_facts(of)
    facts = readiness_facts(of, network, event_facts(of))
    found = obligations(facts, contract, select(contract, of), network.not_modelled)
    return {o.id: o for o in found}[f"availability.{claim}"].decide()


def test_a_group_that_waits_for_everything() -> None:
    decision = decide(graph(*surroundings(), fleet(NEEDS)))

    assert decision.verdict is Verdict.PROVEN, decision


@pytest.mark.parametrize("missing", [need for need in NEEDS if need not in IMPLIED])
def test_each_need_that_is_not_waited_for_is_named(missing: str) -> None:
    others = tuple(need for need in NEEDS if need != missing)
    decision = decide(graph(*surroundings(), fleet(others)))

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["before"] == missing
    assert decision.resources == (urn(FLEET, "api"), missing)
    assert f"Add {missing.rpartition('::')[2]} to depends_on" in decision.mend


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("policyAttachment:PolicyAttachment", {"roles": ["other", "api"], "policyArn": "arn:x"}),
        (
            "rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
            {"roleName": "api", "policyArns": ["arn:x"]},
        ),
    ],
)
def test_whatever_gives_the_role_a_policy_is_a_need(type_: str, inputs: dict[str, Value]) -> None:
    given = msgspec.structs.replace(resource(f"aws:iam/{type_}", "write"), inputs=inputs)

    assert decide(graph(*surroundings(), given, fleet((*NEEDS, given.urn)))).verdict is (
        Verdict.PROVEN
    )
    decision = decide(graph(*surroundings(), given, fleet(NEEDS)))
    assert decision.evidence.witness["before"] == given.urn


def test_what_leads_to_a_need_is_enough() -> None:
    needs = tuple(need for need in NEEDS if need not in IMPLIED)

    assert decide(graph(*surroundings(), fleet(needs))).verdict is Verdict.PROVEN


def test_nothing_declared_names_every_need() -> None:
    decision = decide(graph(*surroundings(), fleet(())))

    assert decision.verdict is Verdict.VIOLATED
    assert set(NEEDS) <= {str(u) for u in decision.resources}


def test_what_others_need_is_not_needed() -> None:
    decision = decide(graph(*surroundings(), fleet(())))

    assert not {u for u in decision.resources if "::other" in u}


def test_an_instance_needs_no_listener() -> None:
    machine = resource(
        INSTANCE,
        "api",
        depends_on=tuple(need for need in NEEDS if need != urn(LISTENER, "http")),
        subnetId=ref(SUBNET, "private"),
        vpcSecurityGroupIds=[ref(SECURITY_GROUP, "api")],
        iamInstanceProfile=ref(PROFILE, "api", "name"),
    )

    assert decide(graph(*surroundings(), machine), type_=INSTANCE).verdict is Verdict.PROVEN


def test_a_dependency_on_a_component_is_one_on_its_children() -> None:
    network = Resource(urn(COMPONENT, "main"), COMPONENT, "main", custom=False)
    children = [
        msgspec.structs.replace(r, parent=network.urn) if r.urn in NEEDS else r
        for r in surroundings()
    ]

    assert decide(graph(network, *children, fleet((network.urn,)))).verdict is Verdict.PROVEN
    assert decide(graph(network, *children, fleet(()))).verdict is Verdict.VIOLATED


def test_a_profile_of_another_stack_proves_nothing() -> None:
    of = graph(
        *(r for r in surroundings() if r.type not in {PROFILE, TEMPLATE}),
        resource(
            TEMPLATE,
            "api",
            vpcSecurityGroupIds=[ref(SECURITY_GROUP, "api")],
            iamInstanceProfile={"name": "from-elsewhere"},
        ),
        fleet(NEEDS),
    )

    assert decide(of).verdict is Verdict.UNPROVEN


@pytest.mark.parametrize(
    ("type_", "name", "key"),
    [
        (SUBNET, "private", "vpcId"),
        (ASSOCIATION, "private", "routeTableId"),
        (TEMPLATE, "api", "vpcSecurityGroupIds"),
        (ROUTE, "private", "natGatewayId"),
    ],
)
def test_what_is_not_known_proves_nothing(type_: str, name: str, key: str) -> None:
    lost = [
        msgspec.structs.replace(r, inputs=r.inputs | {key: Unknown("from another stack")})
        if (r.type, r.name) == (type_, name)
        else r
        for r in surroundings()
    ]

    assert decide(graph(*lost, fleet(NEEDS))).verdict is not Verdict.PROVEN


def test_a_type_that_nobody_modelled_may_be_a_need() -> None:
    of = graph(*surroundings(), resource("aws:newservice/thing:Thing", "thing"), fleet(NEEDS))

    assert decide(of).verdict is Verdict.UNPROVEN


BUCKET, FUNCTION = "aws:s3/bucket:Bucket", "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"


@pytest.mark.parametrize(("waits", "verdict"), [(True, Verdict.PROVEN), (False, Verdict.VIOLATED)])
def test_a_notification_is_made_after_its_permission(*, waits: bool, verdict: Verdict) -> None:
    of = graph(
        *surroundings(),
        fleet(NEEDS),
        resource(BUCKET, "images", bucket="images"),
        resource(FUNCTION, "thumbnails", name="thumbnails", role="arn:aws:iam::1:role/x"),
        resource(
            PERMISSION,
            "thumbnails",
            action="lambda:InvokeFunction",
            function=ref(FUNCTION, "thumbnails", "name"),
            principal="s3.amazonaws.com",
        ),
        resource(
            NOTIFICATION,
            "images",
            depends_on=(urn(PERMISSION, "thumbnails"),) if waits else (),
            bucket=ref(BUCKET, "images"),
            lambdaFunctions=[
                {
                    "events": ["s3:ObjectCreated:*"],
                    "lambdaFunctionArn": ref(FUNCTION, "thumbnails", "arn"),
                }
            ],
        ),
    )
    decision = decide(of, "order.images")

    assert decision.verdict is verdict
    if not waits:
        assert decision.resources[:2] == (
            urn(NOTIFICATION, "images"),
            urn(PERMISSION, "thumbnails"),
        )


def notified(*permissions: Resource, waits_for: str) -> Decision:
    """A notification that names one function and waits for one of its permissions."""
    of = graph(
        *surroundings(),
        fleet(NEEDS),
        resource(BUCKET, "images", bucket="images"),
        resource(FUNCTION, "thumbnails", name="thumbnails", role="arn:aws:iam::1:role/x"),
        *permissions,
        resource(
            NOTIFICATION,
            "images",
            depends_on=(urn(PERMISSION, waits_for),),
            bucket=ref(BUCKET, "images"),
            lambdaFunctions=[
                {
                    "events": ["s3:ObjectCreated:*"],
                    "lambdaFunctionArn": ref(FUNCTION, "thumbnails", "arn"),
                }
            ],
        ),
    )
    return decide(of, "order.images")


def statement(name: str, **changes: Value) -> Resource:
    inputs: dict[str, Value] = {
        "action": "lambda:InvokeFunction",
        "function": ref(FUNCTION, "thumbnails", "name"),
        "principal": "s3.amazonaws.com",
    }
    return resource(PERMISSION, name, depends_on=(), **(inputs | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"sourceArn": "arn:aws:s3:::another"},
        {"action": "lambda:GetFunction"},
        {"sourceAccount": "999999999999"},
    ],
)
def test_waiting_for_a_permission_of_something_else_is_not_enough(
    changes: dict[str, Value],
) -> None:
    other, right = statement("other", **changes), statement("right")

    assert notified(other, right, waits_for="other").verdict is Verdict.VIOLATED
    assert notified(other, right, waits_for="right").verdict is Verdict.PROVEN


def test_waiting_for_a_permission_that_is_not_known_proves_nothing() -> None:
    doubtful = statement("doubtful", sourceArn=Unknown("from another stack"))

    assert notified(doubtful, waits_for="doubtful").verdict is Verdict.UNPROVEN


def changed(type_: str, name: str, **inputs: Value) -> list[Resource]:
    """The surroundings with inputs of one resource replaced, and their references with them."""
    return [
        msgspec.structs.replace(r, inputs=r.inputs | inputs)
        if (r.type, r.name) == (type_, name)
        else r
        for r in surroundings()
    ]


@pytest.mark.parametrize(
    ("type_", "name"), [(PROFILE, "api"), (ROLE_ATTACHMENT, "read"), (ROLE_POLICY, "log")]
)
def test_a_role_that_is_not_known_may_need_anything(type_: str, name: str) -> None:
    lost = changed(type_, name, role=Unknown("from another stack"))

    assert decide(graph(*lost, fleet(NEEDS))).verdict is Verdict.UNPROVEN


def test_a_profile_that_only_its_name_names_is_waited_for_by_nobody() -> None:
    text = {"iamInstanceProfile": {"name": "the-api"}}
    of = [
        msgspec.structs.replace(
            r,
            inputs=r.inputs | ({"name": "the-api"} if r.type == PROFILE else text),
            dependencies=r.dependencies
            if r.type == PROFILE
            else tuple(d for d in r.dependencies if d != urn(PROFILE, "api")),
        )
        if r.type in {PROFILE, TEMPLATE}
        else r
        for r in surroundings()
    ]
    decision = decide(graph(*of, fleet(NEEDS)))

    assert decision.verdict is Verdict.VIOLATED
    assert urn(PROFILE, "api") in decision.resources


# ── what the contract says comes first ──────────────────────────────────────────────────────────

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a resource type


def after(of: Graph, *sooner: str) -> Decision:
    contract = Contract(
        groups={
            "api": Group(type=FLEET, name="api", optional=True),
            "keys": Group(type=SECRET, name="keys*"),
            "roles": Group(type=ROLE, name="api", optional=True),
        },
        availability=Availability(survive="any one zone", after={"api": sooner}),
    )
    facts = readiness_facts(of, network_facts(of), event_facts(of))
    found = obligations(facts, contract, select(contract, of))
    return {o.id: o for o in found}["availability.after.api"].decide()


def keyed(depends_on: tuple[str, ...]) -> Graph:
    keys = [resource(SECRET, name, name=name) for name in ("keys", "keys-of-old")]
    return graph(*surroundings(), *keys, fleet(depends_on))


def test_what_the_contract_names_is_waited_for() -> None:
    both = (urn(SECRET, "keys"), urn(SECRET, "keys-of-old"))
    decision = after(keyed(both), "keys")
    assert decision.verdict is Verdict.PROVEN
    assert decision.resources == (urn(FLEET, "api"),)


def test_what_is_not_waited_for_is_named() -> None:
    decision = after(keyed((urn(SECRET, "keys"),)), "keys")
    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["before"] == [urn(SECRET, "keys-of-old")]
    assert decision.resources == (urn(FLEET, "api"), urn(SECRET, "keys-of-old"))
    assert "Add keys-of-old to depends_on of api" in decision.mend


def test_every_group_that_is_named_counts() -> None:
    both = (urn(SECRET, "keys"), urn(SECRET, "keys-of-old"))
    assert after(keyed(both), "keys", "roles").verdict is Verdict.PROVEN
    assert after(keyed(()), "roles", "keys").verdict is Verdict.VIOLATED


def test_what_is_not_there_is_after_nothing_that_is_known() -> None:
    assert after(graph(resource(SECRET, "keys")), "keys").verdict is Verdict.UNPROVEN
