"""The site: client_dist/ as it lies there, and a config.json that tells it where the API is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.buckets import Access, Bucket
from cinema.config import Config
from cinema.edge import key_of
from cinema.names import Names

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""S3 guesses nothing: a stylesheet without its type is not applied, nor a script run."""

_FOR_BROWSERS = "no-cache"
"""A browser asks again each time, and mostly hears that nothing changed. The names that it asks for
stay the same, so that it must."""


@dataclass(frozen=True, kw_only=True)
class SiteSettings:
    """`files` are names below `folder`, with `/`, sorted; without a CDN it is an S3 website."""

    folder: Path
    files: tuple[str, ...]
    cdn: bool
    protect: bool

    @classmethod
    def read(cls, config: Config, folder: Path, *, cdn: bool) -> SiteSettings:
        """From what lies in `folder`, and `cinema:protect`.

        Raises ValueError for a file whose content type is not known.
        """
        files = sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        )
        if unknown := [name for name in files if Path(name).suffix not in CONTENT_TYPES]:
            raise ValueError(f"{folder.name}/{unknown[0]}: its content type is not known")
        return cls(
            folder=folder, files=tuple(files), cdn=cdn, protect=config.flag("cinema:protect")
        )

    def origins(self, names: Names) -> tuple[str, ...]:
        """The origin from which browsers will call the API, where it is another than the API's."""
        return () if self.cdn else (f"http://{names.website_host('site')}",)


class Site(pulumi.ComponentResource):
    """The site's bucket with its files.

    `keys` are the keys of the files in it, `objects` the resources that hold them, and `address`
    is that of the website where it is one.
    """

    def __init__(
        self,
        name: str,
        settings: SiteSettings,
        names: Names,
        *,
        logs: Bucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:site:Site", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        arn = names.bucket_arn("site")
        policy = policies.cdn_only(arn, names) if settings.cdn else policies.public_website(arn)
        site = Bucket(
            name,
            names.bucket("site"),
            Access(policy=policy, public=not settings.cdn),
            protect=settings.protect,
            log_to=logs,
            opts=child,
        )
        if not settings.cdn:
            aws.s3.BucketWebsiteConfiguration(
                name,
                bucket=site.bucket.id,
                index_document=aws.s3.BucketWebsiteConfigurationIndexDocumentArgs(
                    suffix="index.html"
                ),
                error_document=aws.s3.BucketWebsiteConfigurationErrorDocumentArgs(key="index.html"),
                opts=child,
            )
        self._ready = pulumi.ResourceOptions(parent=self, depends_on=site.ready)
        self.bucket = site.bucket
        self.keys = {
            file: key_of(settings.folder, file) if settings.cdn else file for file in settings.files
        }
        self.objects = [
            aws.s3.BucketObjectv2(
                file,
                bucket=site.bucket.id,
                key=key,
                source=pulumi.FileAsset(f"../{settings.folder.name}/{file}"),
                content_type=CONTENT_TYPES[Path(file).suffix],
                cache_control=_FOR_BROWSERS,
                opts=self._ready,
            )
            for file, key in self.keys.items()
        ]
        self.address = pulumi.Output.from_input(f"http://{names.website_host('site')}")
        self.register_outputs({"bucket": site.bucket.id})

    def tell(self, api_address: pulumi.Output[str]) -> None:
        """Write where the API is beside the page."""
        aws.s3.BucketObjectv2(
            "config.json",
            bucket=self.bucket.id,
            key="config.json",
            content=pulumi.Output.json_dumps({"api": api_address}),
            content_type=CONTENT_TYPES[".json"],
            cache_control=_FOR_BROWSERS,
            opts=self._ready,
        )
