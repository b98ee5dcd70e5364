"""What watches the account: services of which AWS allows one, or bills for each.

Each has a switch. `create` makes the account's own, and fails where there is one already; `adopt`
leaves that one alone and adds what is this stack's; `off` does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.buckets import Access, Bucket
from cinema.config import Config, ConfigError
from cinema.keys import Keys
from cinema.names import Names

Switch: TypeAlias = Literal["create", "adopt", "off"]

SHIELD_TERMS = "3000 USD a month, for twelve months"
_DAYS_OF_RECORDS = 365


@dataclass(frozen=True, kw_only=True)
class WatchSettings:
    """A switch for each service."""

    guard_duty: Switch
    security_hub: Switch
    cloud_trail: Switch
    recorder: Switch
    shield: Switch
    protect: bool

    @classmethod
    def read(cls, config: Config) -> WatchSettings:
        """From `cinema:guardDuty`, `securityHub`, `cloudTrail`, `configRecorder`, `shield`, ..."""
        shield = config.choice("cinema:shield", "create", "adopt", "off")
        key = "cinema:shieldTerms"
        if shield == "create" and config.optional(key) != SHIELD_TERMS:
            # Whoever subscribes pays for a year, whatever `pulumi destroy` takes away again.
            raise ConfigError(
                key,
                "AWS Shield Advanced is a subscription of the whole organisation that cannot be"
                f" ended early; if you mean it, set it to '{SHIELD_TERMS}'",
            )
        return cls(
            guard_duty=_switch(config.choice("cinema:guardDuty", "create", "adopt", "off")),
            security_hub=_switch(config.choice("cinema:securityHub", "create", "adopt", "off")),
            cloud_trail=_switch(config.choice("cinema:cloudTrail", "create", "adopt", "off")),
            recorder=_switch(config.choice("cinema:configRecorder", "create", "adopt", "off")),
            shield=_switch(shield),
            protect=config.flag("cinema:protect"),
        )

    @property
    def scans_uploads(self) -> bool:
        """Whether GuardDuty looks for malware in what is uploaded."""
        return self.guard_duty != "off"

    @property
    def records(self) -> bool:
        """Whether something of what happens is kept in the bucket of records."""
        return self.cloud_trail != "off" or self.recorder == "create"


class Watch(pulumi.ComponentResource):
    """The services, as their switches say.

    `images` is the bucket of uploads; `exposed` are ARNs of what the internet reaches, by name.
    """

    def __init__(  # noqa: PLR0913 - what is watched, and what tells of it
        self,
        name: str,
        settings: WatchSettings,
        names: Names,
        keys: Keys,
        *,
        images: Bucket,
        exposed: Mapping[str, pulumi.Input[str]],
        alarms: aws.sns.Topic | None,
        logs: Bucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:watch:Watch", name, None, opts)
        self._settings = settings
        self._names = names
        self._keys = keys
        self._child = pulumi.ResourceOptions(parent=self)
        self._guard_duty(images)
        if settings.scans_uploads and alarms is not None:
            self._tell_of_findings(alarms)
        self._security_hub()
        if settings.records:
            records = self._records(logs)
            self._cloud_trail(records)
            self._recorder(records)
        self._shield(exposed)
        self.register_outputs({})

    def _guard_duty(self, images: Bucket) -> None:
        """Threats in the account's logs; requests to S3 that are odd; malware in uploads."""
        if self._settings.guard_duty == "create":
            detector = aws.guardduty.Detector(
                "guard-duty",
                enable=True,
                finding_publishing_frequency="FIFTEEN_MINUTES",
                opts=self._child,
            )
            aws.guardduty.DetectorFeature(
                "guard-duty-s3",
                detector_id=detector.id,
                name="S3_DATA_EVENTS",
                status="ENABLED",
                opts=self._child,
            )
        if not self._settings.scans_uploads:
            return
        role = aws.iam.Role(
            "malware-scan",
            name=self._names.role("malware-scan"),
            description="GuardDuty, which scans uploads for malware",
            assume_role_policy=policies.trust("malware-protection-plan.guardduty.amazonaws.com"),
            opts=self._child,
        )
        policy = aws.iam.Policy(
            "malware-scan",
            policy=policies.scan_uploads(self._names, keyed=self._keys.customer),
            opts=self._child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            "malware-scan", role=role.name, policy_arn=policy.arn, opts=self._child
        )
        # It turns on EventBridge on the bucket, in the one notification configuration that the
        # bucket has: `thumbnails` turns it on as well, or each would undo the other.
        aws.guardduty.MalwareProtectionPlan(
            "uploads",
            role=role.arn,
            protected_resource=aws.guardduty.MalwareProtectionPlanProtectedResourceArgs(
                s3_bucket=aws.guardduty.MalwareProtectionPlanProtectedResourceS3BucketArgs(
                    bucket_name=images.bucket.id, object_prefixes=[policies.ORIGINALS]
                )
            ),
            # The tag is what the bucket's policy goes by: nobody is given what has a threat in it.
            actions=[
                aws.guardduty.MalwareProtectionPlanActionArgs(
                    taggings=[
                        aws.guardduty.MalwareProtectionPlanActionTaggingArgs(status="ENABLED")
                    ]
                )
            ],
            # GuardDuty tries the role when the plan is made.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[attachment, *images.ready, *self._keys.ready]
            ),
        )

    def _tell_of_findings(self, alarms: aws.sns.Topic) -> None:
        for part, pattern in policies.FINDINGS.items():
            rule = aws.cloudwatch.EventRule(
                part,
                name=self._names.rule(part),
                description="What GuardDuty finds, to the topic of alarms",
                event_pattern=pattern,
                opts=self._child,
            )
            aws.cloudwatch.EventTarget(part, rule=rule.name, arn=alarms.arn, opts=self._child)

    def _security_hub(self) -> None:
        """AWS's own list of good practice, held against the account every day."""
        if self._settings.security_hub != "create":
            return
        hub = aws.securityhub.Account(
            "security-hub",
            enable_default_standards=False,
            control_finding_generator="SECURITY_CONTROL",
            auto_enable_controls=True,
            opts=self._child,
        )
        standard = "aws-foundational-security-best-practices/v/1.0.0"
        aws.securityhub.StandardsSubscription(
            "good-practice",
            standards_arn=f"arn:aws:securityhub:{self._names.region}::standards/{standard}",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[hub]),
        )

    def _records(self, logs: Bucket) -> Bucket:
        """Where records go that must be there when somebody asks, a year later."""
        return Bucket(
            "records",
            self._names.bucket("records"),
            Access(policy=policies.store_records(self._names), key=self._keys.arn("logs")),
            protect=self._settings.protect,
            keep_days=_DAYS_OF_RECORDS,
            log_to=logs,
            opts=self._child,
        )

    def _cloud_trail(self, records: Bucket) -> None:
        """Who asked AWS for what. An account's first copy of management events is free of charge.

        Adopted, another trail has those, and this one only the writes to the image bucket.
        """
        switch = self._settings.cloud_trail
        if switch == "off":
            return
        management = {"eventCategory": ["Management"]}
        uploads = {"eventCategory": ["Data"], "resources.type": ["AWS::S3::Object"]}
        writes = aws.cloudtrail.TrailAdvancedEventSelectorArgs(
            name="Writes to the images",
            field_selectors=[
                *_equal(uploads | {"readOnly": ["false"]}),
                aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(
                    field="resources.ARN",
                    starts_withs=[f"{self._names.bucket_arn('images')}/"],
                ),
            ],
        )
        everything = aws.cloudtrail.TrailAdvancedEventSelectorArgs(
            name="Management", field_selectors=_equal(management)
        )
        aws.cloudtrail.Trail(
            "trail",
            name=self._names.trail,
            s3_bucket_name=records.bucket.id,
            is_multi_region_trail=True,
            include_global_service_events=True,
            # A digest of each hour's files, signed: what is taken out or changed shows.
            enable_log_file_validation=True,
            kms_key_id=self._keys.arn("logs"),
            advanced_event_selectors=[everything, writes] if switch == "create" else [writes],
            # CloudTrail tries the bucket's policy, and the key's, when the trail is made.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*records.ready, *self._keys.ready]
            ),
        )

    def _recorder(self, records: Bucket) -> None:
        """How everything was set up, at every time of the last year."""
        if self._settings.recorder != "create":
            return
        acting = aws.iam.ServiceLinkedRole(
            "config", aws_service_name="config.amazonaws.com", opts=self._child
        )
        recorder = aws.cfg.Recorder(
            "recorder",
            name=self._names.prefix,
            role_arn=acting.arn,
            recording_group=aws.cfg.RecorderRecordingGroupArgs(
                all_supported=True, include_global_resource_types=True
            ),
            opts=self._child,
        )
        channel = aws.cfg.DeliveryChannel(
            "recorder",
            name=self._names.prefix,
            s3_bucket_name=records.bucket.id,
            s3_key_prefix="config",
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[recorder, *records.ready, *self._keys.ready]
            ),
        )
        aws.cfg.RecorderStatus(
            "recorder",
            name=recorder.id,
            is_enabled=True,
            # Nothing is recorded that could not be delivered.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]),
        )

    def _shield(self, exposed: Mapping[str, pulumi.Input[str]]) -> None:
        """Against floods, with people of AWS who answer, and costs of a flood given back."""
        switch = self._settings.shield
        if switch == "off":
            return
        needs: list[pulumi.Resource] = []
        if switch == "create":
            needs.append(
                aws.shield.Subscription(
                    "shield", auto_renew="DISABLED", skip_destroy=True, opts=self._child
                )
            )
        for part, arn in exposed.items():
            aws.shield.Protection(
                part,
                name=f"{self._names.prefix}-{part}",
                resource_arn=arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
            )


def _switch(word: str) -> Switch:
    return cast("Switch", word)


def _equal(
    fields: Mapping[str, list[str]],
) -> list[aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs]:
    return [
        aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(field=field, equals=values)
        for field, values in fields.items()
    ]
