"""The reviewed list behind `coverage.TABLE`: what each AWS resource type can touch.

Each entry names types of one module as Pulumi spells them (`ec2`, `Vpc` is `aws:ec2/vpc:Vpc`), the
families that they can touch and, in `why`, what they do there; `inert` entries say why they cannot
touch any. A family that is named here and whose facts do not read the type makes that family's
claims unproven, so an entry is a promise about AWS, not about our code.
"""

from __future__ import annotations

import msgspec

from stackproof.model import Family

N = Family.NETWORK
I = Family.IDENTITY  # noqa: E741 - the four letters are the table's columns
P = Family.PLACEMENT
R = Family.RECURSION


class Reviewed(msgspec.Struct, frozen=True):
    """Types of one module that were judged alike. No families: inert, and `why` is the reason."""

    module: str
    types: str
    families: tuple[Family, ...]
    why: str


def _touching(module: str, types: str, *families: Family, why: str) -> Reviewed:
    return Reviewed(module, types, families, why)


def _inert(module: str, types: str, why: str) -> Reviewed:
    return Reviewed(module, types, (), why)


_NETWORK = (
    _touching(
        "ec2",
        "Vpc DefaultVpc VpcIpv4CidrBlockAssociation VpcIpv6CidrBlockAssociation VpcDhcpOptions"
        " VpcDhcpOptionsAssociation DefaultVpcDhcpOptions",
        N,
        why="addresses and names of a VPC",
    ),
    _touching("ec2", "Subnet DefaultSubnet", N, P, why="addresses that live in one zone"),
    _touching(
        "ec2",
        "RouteTable Route RouteTableAssociation MainRouteTableAssociation DefaultRouteTable"
        " InternetGateway InternetGatewayAttachment EgressOnlyInternetGateway CarrierGateway"
        " LocalGatewayRoute LocalGatewayRouteTableVpcAssociation VpnGateway VpnGatewayAttachment"
        " VpnGatewayRoutePropagation VpnConnection VpnConnectionRoute VpnConcentrator"
        " CustomerGateway VpcPeeringConnection VpcPeeringConnectionAccepter"
        " PeeringConnectionOptions",
        N,
        why="where packets go",
    ),
    _touching(
        "ec2",
        "NatGateway NatGatewayEipAssociation",
        N,
        P,
        why="a way out that lives in one zone, unless regional",
    ),
    _touching(
        "ec2",
        "SecurityGroup DefaultSecurityGroup SecurityGroupRule SecurityGroupAssociation"
        " VpcSecurityGroupRulesExclusive NetworkAcl NetworkAclRule NetworkAclAssociation"
        " DefaultNetworkAcl ManagedPrefixList ManagedPrefixListEntry VpcBlockPublicAccessOptions"
        " VpcBlockPublicAccessExclusion",
        N,
        why="which packets pass",
    ),
    _touching(
        "vpc",
        "SecurityGroupIngressRule SecurityGroupEgressRule SecurityGroupVpcAssociation"
        " RouteServer RouteServerEndpoint RouteServerPeer RouteServerPropagation"
        " RouteServerVpcAssociation EndpointPrivateDns",
        N,
        why="which packets pass, and routes that AWS learns by itself",
    ),
    _touching(
        "ec2",
        "VpcEndpoint VpcEndpointPolicy",
        N,
        I,
        why="a way to an AWS service, and its policy caps the requests that take it",
    ),
    _touching(
        "ec2",
        "VpcEndpointRouteTableAssociation VpcEndpointSubnetAssociation VpcEndpointService"
        " VpcEndpointServiceAllowedPrinciple VpcEndpointConnectionAccepter",
        N,
        why="ways into and out of a VPC through endpoints",
    ),
    _touching(
        "ec2",
        "Eip EipAssociation NetworkInterface NetworkInterfaceAttachment"
        " NetworkInterfaceSecurityGroupAttachment NetworkInterfacePermission TrafficMirrorSession"
        " TrafficMirrorTarget TrafficMirrorFilter TrafficMirrorFilterRule SecondaryNetwork"
        " SecondarySubnet",
        N,
        why="addresses and interfaces, and copies of their traffic",
    ),
    _touching(
        "ec2transitgateway",
        "InstanceConnectEndpoint",
        N,
        why="a door to any instance of its VPC, whatever the name of its module says",
    ),
    _touching(
        "ec2transitgateway",
        "TransitGateway VpcAttachment VpcAttachmentAccepter Route RouteTable RouteTableAssociation"
        " RouteTablePropagation PeeringAttachment PeeringAttachmentAccepter Connect ConnectPeer"
        " DefaultRouteTableAssociation DefaultRouteTablePropagation PrefixListReference"
        " MulticastDomain MulticastDomainAssociation MulticastGroupMember MulticastGroupSource"
        " PolicyTable PolicyTableAssociation PolicyTableEntry",
        N,
        why="routing between VPCs",
    ),
    _touching("ec2transitgateway", "InstanceState", P, why="may hold an instance stopped"),
    _touching(
        "ec2clientvpn",
        "Endpoint NetworkAssociation AuthorizationRule Route",
        N,
        why="a door into the VPC",
    ),
    _touching(
        "directconnect",
        "Gateway GatewayAssociation GatewayAssociationProposal PrivateVirtualInterface"
        " TransitVirtualInterface HostedPrivateVirtualInterface"
        " HostedPrivateVirtualInterfaceAccepter HostedTransitVirtualInterface"
        " HostedTransitVirtualInterfaceAcceptor",
        N,
        why="a door into the VPC from another network",
    ),
    _touching(
        "globalaccelerator",
        "Accelerator Listener EndpointGroup CustomRoutingAccelerator CustomRoutingListener"
        " CustomRoutingEndpointGroup CrossAccountAttachment",
        N,
        why="a door from the internet to private interfaces",
    ),
    _touching(
        "vpclattice",
        "Service ServiceNetwork ServiceNetworkServiceAssociation ServiceNetworkVpcAssociation"
        " ServiceNetworkResourceAssociation ResourceConfiguration ResourceGateway Listener"
        " ListenerRule TargetGroup TargetGroupAttachment",
        N,
        why="reaches targets over link-local addresses that no route names",
    ),
    _touching("vpclattice", "AuthPolicy ResourcePolicy", I, why="a resource policy"),
    _touching(
        "networkfirewall",
        "Firewall FirewallPolicy RuleGroup VpcEndpointAssociation TlsInspectionConfiguration",
        N,
        why="filters packets between routes",
    ),
    _touching("networkmanager", "VpcAttachment CoreNetwork", N, why="routing between VPCs"),
    _touching(
        "route53",
        "ResolverEndpoint ResolverRule ResolverRuleAssociation ResolverFirewallRule"
        " ResolverFirewallRuleGroup ResolverFirewallRuleGroupAssociation",
        N,
        why="interfaces of the resolver, and the names that may leave through it",
    ),
    _touching(
        "verifiedaccess",
        "Endpoint Group Instance TrustProvider",
        N,
        I,
        why="a door from the internet to private interfaces, opened by policy",
    ),
)

_COMPUTE = (
    _touching(
        "ec2",
        "Instance SpotInstanceRequest SpotFleetRequest Fleet",
        N,
        P,
        why="interfaces in one zone; what its role may do is judged of the role",
    ),
    _touching(
        "ec2",
        "LaunchTemplate LaunchConfiguration",
        N,
        why="interfaces and security groups of the instances made from it",
    ),
    _touching(
        "autoscaling",
        "Group",
        N,
        P,
        why="instances spread over the zones of its subnets",
    ),
    _touching(
        "autoscaling",
        "Attachment TrafficSourceAttachment",
        N,
        P,
        why="joins instances to a target group",
    ),
    _touching("autoscaling", "Schedule", P, why="may lower the group's minimum"),
    _touching(
        "autoscaling", "LifecycleHook Notification", R, why="launching an instance sends an event"
    ),
    _touching(
        "ec2",
        "VolumeAttachment DedicatedHost CapacityReservation CapacityBlockReservation"
        " PlacementGroup",
        P,
        why="ties an instance to what lives in one zone",
    ),
    _touching("ebs", "Volume", P, why="lives in one zone"),
    *(
        _touching(
            module,
            "LoadBalancer Listener ListenerRule TargetGroup TargetGroupAttachment",
            N,
            P,
            why="interfaces in the zones of its subnets, and the targets that they forward to",
        )
        for module in ("lb", "alb")
    ),
    _touching("elb", "LoadBalancer Attachment", N, P, why="a classic load balancer"),
    _touching(
        "ecs",
        "Service TaskSet Daemon ExpressGatewayService Cluster ClusterCapacityProviders"
        " CapacityProvider",
        N,
        I,
        P,
        why="interfaces of tasks, and where they run",
    ),
    _touching(
        "ecs",
        "TaskDefinition DaemonTaskDefinition",
        N,
        I,
        why="the network mode and the roles of tasks",
    ),
    _touching(
        "eks",
        "Cluster NodeGroup FargateProfile Addon AccessEntry AccessPolicyAssociation"
        " PodIdentityAssociation IdentityProviderConfig Capability",
        N,
        I,
        P,
        why="control plane interfaces, nodes and the roles of pods",
    ),
    _touching(
        "batch",
        "ComputeEnvironment JobDefinition JobQueue",
        N,
        I,
        P,
        R,
        why="instances that events may start",
    ),
    _touching(
        "elasticbeanstalk",
        "Environment Application ApplicationVersion ConfigurationTemplate",
        N,
        I,
        P,
        why="declares instances, groups and load balancers by itself",
    ),
    _touching(
        "cloudformation",
        "Stack StackSet StackInstances StackSetInstance",
        N,
        I,
        P,
        R,
        why="declares anything by itself",
    ),
    _touching("cloudcontrol", "Resource", N, I, P, R, why="declares anything by itself"),
    _touching(
        "apprunner",
        "Service VpcConnector VpcIngressConnection",
        N,
        I,
        P,
        why="interfaces in a VPC and a public address",
    ),
    _touching("appautoscaling", "Target ScheduledAction", P, why="sets the smallest capacity"),
    _touching("lightsail", "Instance Lb Database", N, P, why="machines with public addresses"),
    _touching("codebuild", "Project Webhook Fleet", N, I, R, why="runs code, maybe in a VPC"),
    _touching("codepipeline", "Pipeline Webhook", I, R, why="runs code when its source changes"),
    _touching("sagemaker", "NotebookInstance Domain Endpoint", N, I, P, why="interfaces in a VPC"),
    _touching(
        "glue", "Connection Job Crawler Trigger Workflow", N, I, R, why="jobs, maybe in a VPC"
    ),
    _touching("emr", "Cluster InstanceGroup InstanceFleet", N, I, P, why="instances in a VPC"),
    _touching("mwaa", "Environment", N, I, P, why="workers in a VPC, and a web server"),
    _touching("transfer", "Server User Workflow Connector", N, I, P, R, why="stores what it gets"),
    _touching("fis", "ExperimentTemplate", N, P, I, why="breaks what it is pointed at"),
    _touching("arczonalshift", "ZonalAutoshiftConfiguration", P, why="drops a zone by itself"),
)

_DATA = (
    _touching(
        "rds",
        "Instance Cluster ClusterInstance Proxy ProxyEndpoint SubnetGroup ShardGroup",
        N,
        P,
        I,
        why="database interfaces in a VPC",
    ),
    _touching("rds", "RoleAssociation ClusterRoleAssociation", I, why="a role of the database"),
    _touching("rds", "EventSubscription", R, why="sends events"),
    *(
        _touching(
            module,
            "Cluster ClusterInstance SubnetGroup",
            N,
            P,
            I,
            why="database interfaces in a VPC",
        )
        for module in ("docdb", "neptune")
    ),
    _touching(
        "elasticache",
        "Cluster ReplicationGroup ServerlessCache SubnetGroup",
        N,
        P,
        why="cache interfaces in a VPC",
    ),
    _touching("memorydb", "Cluster SubnetGroup", N, P, why="cache interfaces in a VPC"),
    _touching("dax", "Cluster SubnetGroup", N, P, I, why="cache interfaces in a VPC"),
    _touching("redshift", "Cluster SubnetGroup EndpointAccess", N, P, I, why="interfaces in a VPC"),
    _touching("redshiftserverless", "Workgroup EndpointAccess", N, P, I, why="interfaces in a VPC"),
    _touching(
        "opensearch",
        "Domain VpcEndpoint ServerlessVpcEndpoint ServerlessCollection",
        N,
        P,
        I,
        why="search interfaces in a VPC, and a resource policy",
    ),
    _touching(
        "opensearch",
        "DomainPolicy ServerlessAccessPolicy ServerlessSecurityPolicy",
        N,
        I,
        why="who may reach the search service",
    ),
    _touching("elasticsearch", "Domain DomainPolicy", N, P, I, why="as opensearch"),
    _touching("msk", "Cluster ServerlessCluster VpcConnection", N, P, I, why="brokers in a VPC"),
    _touching("msk", "ClusterPolicy", I, why="a resource policy"),
    _touching("mq", "Broker", N, P, why="brokers in a VPC"),
    _touching("efs", "MountTarget", N, P, why="an interface in one zone"),
    _touching("efs", "FileSystem", I, P, why="may live in one zone"),
    _touching("efs", "FileSystemPolicy AccessPoint", I, why="who may mount it"),
    _touching(
        "fsx",
        "LustreFileSystem OntapFileSystem OpenZfsFileSystem WindowsFileSystem",
        N,
        P,
        why="interfaces in a VPC",
    ),
    _touching("directoryservice", "Directory", N, I, P, why="interfaces in a VPC"),
    _touching("dms", "ReplicationInstance ReplicationConfig Endpoint", N, I, P, why="moves data"),
    _touching("datasync", "Task Agent S3Location", N, I, R, why="moves data between stores"),
    _touching(
        "s3",
        "Bucket BucketV2",
        I,
        R,
        why="its name, and maybe its policy, ACL and replication, written inline",
    ),
    _touching(
        "s3",
        "BucketPolicy BucketPublicAccessBlock BucketOwnershipControls BucketAcl BucketAclV2"
        " AccountPublicAccessBlock BucketAbac DirectoryBucket FilesFileSystemPolicy"
        " VectorsVectorBucketPolicy",
        I,
        why="who may do what with a bucket and its objects",
    ),
    _touching("s3", "AccessPoint FilesAccessPoint", N, I, why="another door to a bucket"),
    _touching(
        "s3", "FilesFileSystem FilesMountTarget", N, I, P, R, why="a bucket as a file system"
    ),
    _touching("s3", "BucketNotification", R, why="what a write triggers"),
    _touching(
        "s3", "BucketReplicationConfig ObjectCopy", I, R, why="writes objects to another bucket"
    ),
    _touching("s3", "BucketObject BucketObjectv2", I, why="an object may carry an ACL of its own"),
    _touching(
        "s3", "BucketMetadataConfiguration Inventory AnalyticsConfiguration", R, why="writes"
    ),
    _touching("s3", "BucketLogging BucketLoggingV2", R, why="writes log objects to a bucket"),
    _touching(
        "s3control",
        "AccessPointPolicy BucketPolicy MultiRegionAccessPoint MultiRegionAccessPointPolicy"
        " ObjectLambdaAccessPoint ObjectLambdaAccessPointPolicy AccessGrant AccessGrantsInstance"
        " AccessGrantsLocation AccessGrantsInstanceResourcePolicy DirectoryBucketAccessPointScope",
        I,
        R,
        why="other doors to a bucket, and functions that they call",
    ),
    _touching("dynamodb", "Table GlobalTable TableReplica", I, R, why="its name and its stream"),
    _touching("dynamodb", "ResourcePolicy", I, why="who may do what with a table"),
    _touching("dynamodb", "KinesisStreamingDestination", R, why="a write goes on to a stream"),
    _touching("kinesis", "Stream StreamConsumer", I, R, why="a write starts its consumers"),
    _touching("kinesis", "ResourcePolicy", I, why="who may do what with a stream"),
    _touching("kinesis", "FirehoseDeliveryStream", N, I, R, why="stores what it is sent"),
    _touching("kinesis", "AnalyticsApplication", N, I, R, why="runs code on a stream"),
    _touching("kinesisanalyticsv2", "Application", N, I, R, why="runs code on a stream"),
    _touching("secretsmanager", "Secret SecretPolicy", I, why="who may read a secret"),
    _touching("secretsmanager", "SecretRotation", R, why="calls a function on a schedule"),
    _touching("ecr", "Repository RepositoryPolicy RegistryPolicy", I, why="who may pull and push"),
    _touching(
        "kms",
        "Key KeyPolicy ReplicaKey ExternalKey ReplicaExternalKey Grant Alias",
        I,
        why="who may use a key",
    ),
    _touching("backup", "VaultPolicy Selection Plan", I, why="a role that copies data"),
    _touching("backup", "VaultNotifications", R, why="sends events"),
    _touching(
        "ram",
        "ResourceShare ResourceAssociation PrincipalAssociation",
        N,
        I,
        why="shares subnets and other things with accounts",
    ),
)

_IDENTITY = (
    _touching(
        "iam",
        "Role User Group Policy RolePolicy UserPolicy GroupPolicy RolePolicyAttachment"
        " UserPolicyAttachment GroupPolicyAttachment PolicyAttachment RolePoliciesExclusive"
        " UserPoliciesExclusive GroupPoliciesExclusive RolePolicyAttachmentsExclusive"
        " UserPolicyAttachmentsExclusive GroupPolicyAttachmentsExclusive GroupMembership"
        " UserGroupMembership InstanceProfile OpenIdConnectProvider SamlProvider"
        " ServiceLinkedRole AccessKey UserLoginProfile ServiceSpecificCredential"
        " SigningCertificate SshKey OutboundWebIdentityFederation OrganizationsFeatures",
        I,
        why="principals, what they may do, and how one becomes them",
    ),
    _touching("organizations", "Policy PolicyAttachment ResourcePolicy", I, why="caps principals"),
    _touching(
        "ssoadmin",
        "PermissionSet PermissionSetInlinePolicy ManagedPolicyAttachment"
        " AccountAssignment CustomerManagedPolicyAttachment PermissionsBoundaryAttachment",
        I,
        why="people's roles in the account",
    ),
    _touching("rolesanywhere", "Profile TrustAnchor", I, why="certificates become roles"),
    _touching("cognito", "IdentityPool IdentityPoolRoleAttachment", I, why="the public gets roles"),
    _touching("cognito", "UserPool", I, R, why="signing in calls functions"),
    _touching("cognito", "UserGroup", I, why="people of a pool get a role"),
    _touching("signer", "SigningProfilePermission", I, why="a resource policy"),
    _touching(
        "ssm",
        "Association MaintenanceWindowTask Document Activation",
        I,
        R,
        why="runs commands on instances, with a role",
    ),
    _touching("ssm", "MaintenanceWindow MaintenanceWindowTarget", R, why="a schedule"),
    _touching("budgets", "BudgetAction", I, P, why="may attach policies and stop instances"),
    _touching("accessanalyzer", "Analyzer", I, why="reads policies with a service-linked role"),
    _touching(
        "codeartifact",
        "DomainPermissions RepositoryPermissionsPolicy",
        I,
        why="a resource policy",
    ),
    _touching("lakeformation", "Permissions DataLakeSettings", I, why="who may read tables"),
    _touching(
        "imagebuilder",
        "ImagePipeline Image LifecyclePolicy",
        N,
        I,
        why="builds in a VPC with an instance profile",
    ),
    _touching(
        "imagebuilder",
        "InfrastructureConfiguration",
        N,
        I,
        R,
        why="where builds run and as whom; may publish to a topic and write its log to a bucket",
    ),
    _touching(
        "imagebuilder",
        "DistributionConfiguration",
        N,
        I,
        R,
        why="may share an image with accounts, launch it, change launch templates, export it",
    ),
    _touching("dlm", "LifecyclePolicy", I, why="a role that copies and deletes snapshots"),
    _touching(
        "ec2",
        "AmiLaunchPermission SnapshotCreateVolumePermission",
        I,
        why="shares an image or a snapshot with an account",
    ),
)

_EVENTS = (
    _touching(
        "lambda",
        "Function",
        N,
        I,
        P,
        R,
        why="code that a trigger starts, acting as its role, maybe inside a VPC",
    ),
    _touching("lambda", "Permission ResourcePolicy", I, R, why="who may start a function"),
    _touching("lambda", "Alias", I, R, why="another name of a function"),
    _touching("lambda", "FunctionUrl", N, I, R, why="starts a function from the internet"),
    _touching("lambda", "EventSourceMapping", N, R, why="a stream or queue starts a function"),
    _touching("lambda", "FunctionEventInvokeConfig", R, why="where a function's results go"),
    _touching("lambda", "Invocation", R, why="starts a function at deploy"),
    _touching("lambda", "LayerVersionPermission", I, why="a resource policy"),
    _touching(
        "lambda",
        "CapacityProvider CoreNetworkConnector MicrovmsImage",
        N,
        I,
        P,
        why="instances in a VPC",
    ),
    _touching("sqs", "Queue", I, R, why="its policy, written inline, and where dead letters go"),
    _touching("sqs", "QueuePolicy", I, why="who may send and receive"),
    _touching("sqs", "RedrivePolicy", R, why="where dead letters go"),
    _touching("sns", "Topic", I, R, why="its policy, written inline, and who is told"),
    _touching("sns", "TopicPolicy DataProtectionPolicy", I, why="who may publish and subscribe"),
    _touching("sns", "TopicSubscription", R, why="a message starts another"),
    _touching("sns", "PlatformApplication", R, why="sends delivery events to topics"),
    _touching(
        "cloudwatch",
        "MetricAlarm CompositeAlarm",
        R,
        why="a change of state calls functions, topics, scaling and EC2 actions",
    ),
    _touching(
        "cloudwatch",
        "EventRule EventTarget EventBus EventArchive EventApiDestination"
        " EventConnection EventEndpoint",
        R,
        why="an event starts its targets",
    ),
    _touching("cloudwatch", "EventBusPolicy EventPermission", I, why="who may put events"),
    _touching(
        "cloudwatch",
        "LogSubscriptionFilter LogDestination LogAccountPolicy",
        R,
        why="a log line starts functions and streams",
    ),
    _touching(
        "cloudwatch",
        "LogResourcePolicy LogDestinationPolicy LogDeliveryDestinationPolicy",
        I,
        why="who may write logs",
    ),
    _touching(
        "cloudwatch",
        "LogDelivery LogDeliveryDestination LogDeliverySource MetricStream",
        R,
        why="writes to buckets and streams",
    ),
    _touching("scheduler", "Schedule", R, why="calls any action on a schedule"),
    _touching("pipes", "Pipe", R, why="moves events from a source to a target"),
    _touching("sfn", "StateMachine Alias", I, R, why="calls any action as its role"),
    _touching("sfn", "Activity", R, why="hands out work"),
    _touching(
        "apigateway",
        "RestApi RestApiPut RestApiPolicy Integration Method Deployment Stage"
        " Authorizer VpcLink Account",
        N,
        I,
        R,
        why="the internet calls what it integrates",
    ),
    _touching("apigateway", "DomainName BasePathMapping", N, why="another name for an API"),
    _touching(
        "apigatewayv2",
        "Api Integration Route Stage Authorizer VpcLink Deployment",
        N,
        I,
        R,
        why="the internet calls what it integrates",
    ),
    _touching("apigatewayv2", "DomainName ApiMapping RoutingRule", N, why="a name for an API"),
    _touching(
        "appsync",
        "GraphQLApi DataSource Resolver Function Api",
        N,
        I,
        R,
        why="the internet calls what it integrates",
    ),
    _touching("iot", "TopicRule Policy PolicyAttachment", I, R, why="messages start actions"),
    _touching("ses", "ReceiptRule", R, why="mail starts functions and is stored"),
    _touching(
        "cloudfront",
        "Distribution MultitenantDistribution DistributionTenant",
        N,
        I,
        R,
        why="a public door to origins, and functions at the edge",
    ),
    _touching("cloudfront", "VpcOrigin", N, why="a door from the internet to private interfaces"),
    _touching(
        "cloudfront",
        "OriginAccessControl OriginAccessIdentity",
        I,
        why="how the CDN signs its requests",
    ),
    _touching(
        "guardduty",
        "MalwareProtectionPlan",
        I,
        R,
        why="turns on EventBridge on a bucket and tags objects",
    ),
    _touching("guardduty", "PublishingDestination", R, why="writes findings to a bucket"),
    _touching("cloudtrail", "Trail", R, why="writes to a bucket and publishes to a topic"),
    _touching(
        "cfg",
        "DeliveryChannel Rule RemediationConfiguration OrganizationCustomRule ConformancePack",
        I,
        R,
        why="writes to a bucket, calls functions, mends by itself",
    ),
    _touching("budgets", "Budget", R, why="publishes to a topic"),
    _touching("costexplorer", "AnomalySubscription", R, why="publishes to a topic"),
    _touching("ecr", "ReplicationConfiguration", R, why="a push goes on to another registry"),
    _touching("ec2", "FlowLog", R, why="may write objects to a bucket"),
    _touching("ec2", "VpcEndpointConnectionNotification", R, why="publishes to a topic"),
    _touching("wafv2", "WebAclLoggingConfiguration", R, why="may write objects to a bucket"),
    _touching("codestarnotifications", "NotificationRule", R, why="publishes to a topic"),
    _touching(
        "chatbot",
        "SlackChannelConfiguration TeamsChannelConfiguration",
        I,
        R,
        why="people run commands from a chat, as a role",
    ),
    _touching("synthetics", "Canary", N, I, R, why="code on a schedule, maybe in a VPC"),
)

_INERT = (
    _inert("s3", "BucketVersioning BucketVersioningV2", "keeps old versions; grants nothing"),
    _inert(
        "s3",
        "BucketServerSideEncryptionConfiguration BucketServerSideEncryptionConfigurationV2",
        "how objects are stored; the key's own policy is judged where it is declared",
    ),
    _inert(
        "s3",
        "BucketLifecycleConfiguration BucketLifecycleConfigurationV2"
        " BucketIntelligentTieringConfiguration",
        "S3 itself expires and moves objects; it never writes a key",
    ),
    _inert(
        "s3",
        "BucketWebsiteConfiguration BucketWebsiteConfigurationV2",
        "serves only what the bucket policy lets the public read",
    ),
    _inert(
        "s3",
        "BucketCorsConfiguration BucketCorsConfigurationV2",
        "tells browsers what scripts may read; grants no request",
    ),
    _inert(
        "s3",
        "BucketMetric BucketRequestPaymentConfiguration BucketRequestPaymentConfigurationV2"
        " BucketAccelerateConfiguration BucketAccelerateConfigurationV2"
        " BucketObjectLockConfiguration BucketObjectLockConfigurationV2",
        "measures, bills, speeds up or retains; grants nothing and triggers nothing",
    ),
    _inert("s3", "VectorsVectorBucket VectorsIndex", "holds data; its policy is another type"),
    _inert("cloudwatch", "LogGroup LogStream", "holds log lines; filters on it are other types"),
    _inert(
        "cloudwatch",
        "Dashboard LogMetricFilter QueryDefinition LogAnomalyDetector LogDataProtectionPolicy"
        " LogIndexPolicy LogTransformer ContributorInsightRule ContributorManagedInsightRule"
        " AlarmMuteRule InternetMonitor",
        "reads or shows what was logged; alarms on it are other types",
    ),
    _inert(
        "autoscaling",
        "Policy",
        "moves the capacity between minimum and maximum; the minimum is what is counted",
    ),
    _inert("appautoscaling", "Policy", "moves capacity between the target's bounds"),
    _inert("autoscaling", "Tag", "a label"),
    _inert("ec2", "Tag", "a label; conditions on tags are never taken as met"),
    _inert("ecs", "Tag AccountSettingDefault", "labels and defaults of display"),
    _inert(
        "ec2",
        "KeyPair",
        "a public key; port 22 stays closed unless the network opens it",
    ),
    _inert(
        "ec2",
        "Ami AmiCopy AmiFromInstance EncryptionControl InstanceMetadataDefaults"
        " ImageBlockPublicAccess SerialConsoleAccess DefaultCreditSpecification"
        " AllowedImagesSettings SubnetCidrReservation EipDomainName NetworkInsightsPath"
        " NetworkInsightsAnalysis NetworkInsightsAccessScope"
        " VpcNetworkPerformanceMetricSubscription VpcEncryptionControl AvailabilityZoneGroup",
        "images, defaults and measurements: no packet, permission, place or event depends on it",
    ),
    _inert(
        "ec2",
        "VpcIpam VpcIpamPool VpcIpamPoolCidr VpcIpamPoolCidrAllocation VpcIpamScope"
        " VpcIpamResourceDiscovery VpcIpamResourceDiscoveryAssociation",
        "plans addresses; the VPC and subnets carry the address that counts",
    ),
    _inert(
        "ebs",
        "Snapshot SnapshotCopy SnapshotImport DefaultKmsKey EncryptionByDefault"
        " FastSnapshotRestore SnapshotBlockPublicAccess",
        "copies of volumes, private until a permission type shares them",
    ),
    _inert(
        "lb",
        "ListenerCertificate TrustStore TrustStoreRevocation",
        "certificates: who is trusted by TLS, not which packet passes",
    ),
    _inert("alb", "ListenerCertificate", "a certificate of a listener"),
    _inert(
        "elb",
        "AppCookieStickinessPolicy LoadBalancerCookieStickinessPolicy ListenerPolicy"
        " LoadBalancerPolicy LoadBalancerBackendServerPolicy SslNegotiationPolicy",
        "ciphers and cookies of a load balancer",
    ),
    _inert("acm", "Certificate CertificateValidation", "a certificate grants no access to AWS"),
    _inert(
        "lambda",
        "LayerVersion CodeSigningConfig ProvisionedConcurrencyConfig RuntimeManagementConfig"
        " FunctionScalingConfig",
        "code and capacity of a function; what starts it and what it may do are other types",
    ),
    _inert(
        "lambda",
        "FunctionRecursionConfig",
        "AWS's own loop detection: a net under the proof, which does not count on it",
    ),
    _inert("sqs", "RedriveAllowPolicy", "limits which queues may name it; widens nothing"),
    _inert("sns", "SmsPreferences", "spending limit of text messages"),
    _inert(
        "dynamodb",
        "GlobalSecondaryIndex ContributorInsights TableItem TableExport Tag",
        "data and reading aids of a table; streams and policies are other types",
    ),
    _inert(
        "secretsmanager",
        "SecretVersion Tag",
        "a secret's value; who may read it is the secret's policy",
    ),
    _inert("ssm", "Parameter", "a stored value; who may read it is judged on principals"),
    _inert("ssm", "PatchBaseline PatchGroup DefaultPatchBaseline", "which patches are approved"),
    _inert("ecr", "LifecyclePolicy RegistryScanningConfiguration", "expires and scans images"),
    _inert(
        "route53",
        "Zone Record HealthCheck ZoneAssociation QueryLog DelegationSet HostedZoneDnsSec"
        " KeySigningKey ResolverQueryLogConfig ResolverQueryLogConfigAssociation"
        " ResolverFirewallDomainList",
        "names: what a name points at is reachable or not by its own rules",
    ),
    _inert(
        "servicediscovery",
        "HttpNamespace PrivateDnsNamespace PublicDnsNamespace Service Instance",
        "names: what a name points at is reachable or not by its own rules",
    ),
    _inert(
        "cloudfront",
        "CachePolicy OriginRequestPolicy ResponseHeadersPolicy KeyGroup PublicKey KeyValueStore"
        " MonitoringSubscription Function",
        "shapes requests at the edge; the distribution names the origins",
    ),
    _inert(
        "wafv2",
        "WebAcl WebAclAssociation WebAclRule WebAclRuleGroupAssociation IpSet RegexPatternSet"
        " RuleGroup",
        "only refuses requests, by content; no proof counts on a refusal of WAF",
    ),
    _inert(
        "shield",
        "Protection ProtectionGroup Subscription ProactiveEngagement"
        " ProtectionHealthCheckAssociation",
        "absorbs floods; opens nothing",
    ),
    _inert(
        "guardduty",
        "Detector DetectorFeature Filter IPSet ThreatIntelSet",
        "watches; findings become events only through rules, which are judged",
    ),
    _inert(
        "securityhub",
        "Account StandardsSubscription StandardsControl ProductSubscription Insight"
        " FindingAggregator",
        "watches; findings become events only through rules, which are judged",
    ),
    _inert("inspector2", "Enabler Filter", "watches; findings become events through rules only"),
    _inert("macie2", "Account ClassificationJob", "reads buckets with a service-linked role"),
    _inert(
        "cfg",
        "Recorder RecorderStatus ConfigurationAggregator RetentionConfiguration",
        "records configuration; rules and the delivery channel are other types",
    ),
    _inert("accessanalyzer", "ArchiveRule", "hides findings"),
    _inert(
        "backup",
        "Vault VaultLockConfiguration Framework ReportPlan GlobalSettings RegionSettings",
        "keeps copies; the plan's role is judged as a principal",
    ),
    _inert("resourcegroups", "Group Resource", "a view by tags"),
    _inert(
        "rds",
        "ParameterGroup ClusterParameterGroup OptionGroup Snapshot ClusterSnapshot Certificate",
        "settings and copies of a database",
    ),
    _inert("docdb", "ClusterParameterGroup ClusterSnapshot", "settings and copies of a database"),
    _inert(
        "elasticache",
        "ParameterGroup User UserGroup UserGroupAssociation",
        "settings and users inside a cache",
    ),
    _inert(
        "imagebuilder",
        "Component ContainerRecipe ImageRecipe Workflow",
        "what an image is made of; what builds and distributes it is judged",
    ),
    _inert("cloudwatch", "LogStorageTierPolicy", "where old log lines are kept"),
    _inert(
        "iam",
        "AccountAlias AccountPasswordPolicy VirtualMfaDevice ServerCertificate"
        " SecurityTokenServicePreferences",
        "settings of signing in; they grant nothing",
    ),
    _inert("kms", "Ciphertext", "an encrypted value"),
    _inert("athena", "Workgroup NamedQuery Database", "queries run with the caller's permissions"),
    _inert("xray", "Group SamplingRule EncryptionConfig", "traces requests"),
    _inert("servicequotas", "ServiceQuota", "a limit of the account"),
    _inert("account", "AlternativeContact PrimaryContact", "people to call"),
)

REVIEWED: tuple[Reviewed, ...] = (*_NETWORK, *_COMPUTE, *_DATA, *_IDENTITY, *_EVENTS, *_INERT)
