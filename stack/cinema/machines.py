"""Machine images, built by EC2 Image Builder from the files in `stack/machines`.

Components and recipes cannot be changed under one version, so the version is arithmetic over what
they hold: the same files give the same version, and an update that changes nothing builds nothing.
Other files give another component, recipe and image, and whoever runs the machine gets a new id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from cinema.artifacts import Artifact, tree
from cinema.builder import Builder
from cinema.config import Config, ConfigError
from cinema.ground import Ground
from cinema.instances import IMAGE_ID
from cinema.logs import log_group
from cinema.names import Names

BUILD = "build"
COMMON = "common"
_PATCH = rf"(\d+\.\d+\.\d+)/({IMAGE_ID})"
_BITS = 30
"""Each part of a version is below 2^30 (Image Builder User Guide, "Semantic versioning")."""


@dataclass(frozen=True)
class Patch:
    """An image that the schedule has built of the recipe's `version`."""

    version: str
    image: str


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a machine is made from: `stack/machines/common`, and its own `folder` beside it.

    Its install scripts find `payload` as files in `$CINEMA_SOURCE/payload`, and the `archives`
    beside that folder, by their names. `image_key` and `patch_key` are the configuration's.
    """

    image_key: str
    patch_key: str
    machines: Path
    folder: str
    payload: Mapping[str, Path] = field(default_factory=dict)
    archives: tuple[Artifact, ...] = ()

    def archive(self, machine: str) -> Artifact:
        """All that `build.sh` needs in order to make the machine, but for `archives`."""
        files: dict[str, Path | str] = {
            name: self.machines / name for name in ("build.sh", "check.sh")
        }
        for part in (COMMON, self.folder):
            files |= {f"{part}/{path}": file for path, file in tree(self.machines / part).items()}
        files |= {f"payload/{name}": file for name, file in self.payload.items()}
        return Artifact(f"{machine}.zip", files)


@dataclass(frozen=True, kw_only=True)
class MachineSettings:
    """`image` is one that exists already; without it the machine is built from `artifacts`.

    The first of them holds `build.sh`, which makes the machine of the folder called `folder`.
    """

    folder: str
    image: str | None
    patch: Patch | None
    artifacts: tuple[Artifact, ...]

    @classmethod
    def read(cls, config: Config, machine: str, sources: Sources) -> MachineSettings:
        """From the image's key and, if present, the patch's."""
        key = sources.image_key
        image = config.matching(key, rf"{BUILD}|{IMAGE_ID}", f"'{BUILD}' or an image's id")
        if image == BUILD and not (sources.machines / sources.folder).is_dir():
            raise ConfigError(key, f"there is no stack/machines/{sources.folder} to build from")
        return cls(
            folder=sources.folder,
            image=None if image == BUILD else image,
            patch=_patch(config, sources.patch_key, built=image == BUILD),
            artifacts=(sources.archive(machine), *sources.archives),
        )


def _patch(config: Config, key: str, *, built: bool) -> Patch | None:
    if config.optional(key) is None:
        return None
    if not built:
        raise ConfigError(key, "has no use beside an image that is not built here")
    text = config.matching(key, _PATCH, "a recipe's version and an image's id: 1.2.3/ami-...")
    version, image = text.split("/")
    return Patch(version, image)


def version_of(content: object) -> str:
    """A version that is the same for the same content, and for no other."""
    text = json.dumps(content, sort_keys=True)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return f"1.{number >> _BITS & 2**_BITS - 1}.{number & 2**_BITS - 1}"


def document(names: Names, machine: str, settings: MachineSettings) -> str:
    """Image Builder's document: fetch the artifacts, see that they are what was meant, build.

    Checks run twice: on the instance that was built, and on a fresh one of the finished image.
    """
    where = "/var/tmp/cinema"  # noqa: S108 - root's alone, on an instance that nobody else is on
    downloads = "".join(
        f"          - source: s3://{names.bucket('artifacts')}/{artifact.key}\n"
        f"            destination: {where}/{artifact.name}\n"
        f'            expectedBucketOwner: "{names.account}"\n'
        for artifact in settings.artifacts
    )
    unpacking = "".join(
        f"              unpack {artifact.name} {artifact.digest}\n"
        for artifact in settings.artifacts
    )
    return f"""\
name: {names.prefix}-{machine}
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: fetch
        action: S3Download
        inputs:
{downloads}\
      - name: install
        action: ExecuteBash
        inputs:
          commands:
            - |
              set -euo pipefail
              umask 022
              cd {where}
              unpack() {{
                python3 -m zipfile --extract "$1" "$1.d"
                (cd "$1.d" && find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum) \\
                  | sha256sum | grep --quiet "^$2 "
              }}
{unpacking}\
              bash {settings.artifacts[0].name}.d/build.sh {settings.folder}
              cd / && rm -rf {where}
  - name: validate
    steps:
      - name: check
        action: ExecuteBash
        inputs:
          commands:
            - bash /opt/cinema/check.sh
  - name: test
    steps:
      - name: check
        action: ExecuteBash
        inputs:
          commands:
            - bash /opt/cinema/check.sh
"""  # noqa: E501 - a pipe of the shell


class Machine(pulumi.ComponentResource):
    """A machine image: `image_id`, which an instance or a launch template takes as it is.

    `ready` is what must exist before a build can start; nothing when the image exists already.
    """

    image_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: MachineSettings,
        ground: Ground,
        builder: Builder,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:machines:Machine", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.ready: list[pulumi.Resource] = []
        if settings.image is not None:
            self.image_id = pulumi.Output.from_input(settings.image)
        else:
            self.image_id = self._built(name, settings, ground, builder)
        self.register_outputs({"image": self.image_id})

    def _built(
        self, name: str, settings: MachineSettings, ground: Ground, builder: Builder
    ) -> pulumi.Output[str]:
        names = ground.names
        label = names.machine(name)
        log = log_group(f"build-{name}", names.build_log_group(name), ground.keys, self._child)
        objects = [builder.put(artifact) for artifact in settings.artifacts]
        self.ready = [*builder.ready, log, *objects]

        data = document(names, name, settings)
        component_version = version_of([label, data])
        component = aws.imagebuilder.Component(
            name,
            name=label,
            version=component_version,
            platform="Linux",
            data=data,
            opts=self._child,
        )
        # The newest at the time of the build. Which that was is in the image's own record.
        parent = f"arn:aws:imagebuilder:{names.region}:aws:image/amazon-linux-2023-arm64/x.x.x"
        disk = aws.imagebuilder.ImageRecipeBlockDeviceMappingEbsArgs(
            volume_type="gp3", volume_size=8, encrypted="true", delete_on_termination="true"
        )
        version = version_of([label, component_version, parent, "gp3", 8])
        recipe = aws.imagebuilder.ImageRecipe(
            name,
            name=label,
            version=version,
            parent_image=parent,
            components=[aws.imagebuilder.ImageRecipeComponentArgs(component_arn=component.arn)],
            block_device_mappings=[
                aws.imagebuilder.ImageRecipeBlockDeviceMappingArgs(
                    device_name="/dev/xvda", ebs=disk
                )
            ],
            opts=self._child,
        )
        distribution = aws.imagebuilder.DistributionConfiguration(
            name,
            name=label,
            distributions=[
                aws.imagebuilder.DistributionConfigurationDistributionArgs(
                    region=names.region,
                    # For this account alone: no launch permission of anybody's.
                    ami_distribution_configuration=aws.imagebuilder.DistributionConfigurationDistributionAmiDistributionConfigurationArgs(
                        name=f"{label} {{{{ imagebuilder:buildDate }}}}",
                        ami_tags={
                            "Name": label,
                            "project": names.project,
                            "stack": names.stack,
                            # What `cinema:<machine>Patch` wants to know of it.
                            "recipe": version,
                        },
                    ),
                )
            ],
            opts=self._child,
        )
        image = aws.imagebuilder.Image(
            name,
            image_recipe_arn=recipe.arn,
            infrastructure_configuration_arn=builder.infrastructure.arn,
            distribution_configuration_arn=distribution.arn,
            image_tests_configuration=aws.imagebuilder.ImageImageTestsConfigurationArgs(
                image_tests_enabled=True
            ),
            tags={"Name": label},
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.ready),
        )
        # Builds again whenever Amazon Linux has news. Its images wait to be adopted:
        # `cinema:<machine>Patch` names one, and nothing else looks at them.
        aws.imagebuilder.ImagePipeline(
            name,
            name=label,
            description="Patched images of the present recipe",
            image_recipe_arn=recipe.arn,
            infrastructure_configuration_arn=builder.infrastructure.arn,
            distribution_configuration_arn=distribution.arn,
            image_tests_configuration=aws.imagebuilder.ImagePipelineImageTestsConfigurationArgs(
                image_tests_enabled=True
            ),
            schedule=aws.imagebuilder.ImagePipelineScheduleArgs(
                schedule_expression="cron(0 6 ? * sun *)",
                pipeline_execution_start_condition="EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.ready),
        )
        if settings.patch is not None and settings.patch.version == version:
            return pulumi.Output.from_input(settings.patch.image)
        if settings.patch is not None:
            # Built before the last change of the files; a fresh build has the patches anyway.
            pulumi.log.warn(
                f"cinema:{name}Patch is of recipe {settings.patch.version}, which is not the"
                f" present one, {version}: it is not used"
            )
        return image.output_resources.apply(_image_id)


def _image_id(resources: Sequence[aws.imagebuilder.outputs.ImageOutputResource]) -> str:
    """The image in the stack's own region, the only one that it is distributed to."""
    ((image,),) = ([ami.image for ami in found.amis or []] for found in resources)
    return str(image)
