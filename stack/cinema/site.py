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


@dataclass(frozen=True, kw_only=True)
class SiteSettings:
    """`files` are names below `folder`, with `/`, sorted; `public` makes it an S3 website."""

    folder: Path
    files: tuple[str, ...]
    public: bool
    protect: bool

    @classmethod
    def read(cls, config: Config, folder: Path) -> SiteSettings:
        """From `cinema:site`, and what lies in `folder`.

        Raises ValueError for a file whose content type is not known.
        """
        files = sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        )
        if unknown := [name for name in files if Path(name).suffix not in CONTENT_TYPES]:
            raise ValueError(f"{folder.name}/{unknown[0]}: its content type is not known")
        return cls(
            folder=folder,
            files=tuple(files),
            public=config.choice("cinema:site", "website", "private") == "website",
            protect=config.flag("cinema:protect"),
        )

    def origins(self, names: Names) -> tuple[str, ...]:
        """The origin from which browsers will call the API, where this decides it."""
        return (f"http://{names.website_host('site')}",) if self.public else ()


class Site(pulumi.ComponentResource):
    """The site's bucket with its files."""

    def __init__(  # noqa: PLR0913 - it stands between the API and the logs
        self,
        name: str,
        settings: SiteSettings,
        names: Names,
        *,
        api_address: pulumi.Input[str],
        logs: Bucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:site:Site", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        arn = names.bucket_arn("site")
        policy = policies.public_website(arn) if settings.public else policies.tls_only(arn)
        site = Bucket(
            name,
            names.bucket("site"),
            Access(policy=policy, public=settings.public),
            protect=settings.protect,
            log_to=logs,
            opts=child,
        )
        if settings.public:
            aws.s3.BucketWebsiteConfiguration(
                name,
                bucket=site.bucket.id,
                index_document=aws.s3.BucketWebsiteConfigurationIndexDocumentArgs(
                    suffix="index.html"
                ),
                error_document=aws.s3.BucketWebsiteConfigurationErrorDocumentArgs(key="index.html"),
                opts=child,
            )
        ready = pulumi.ResourceOptions(parent=self, depends_on=site.ready)
        for file in settings.files:
            aws.s3.BucketObjectv2(
                file,
                bucket=site.bucket.id,
                key=file,
                source=pulumi.FileAsset(f"../{settings.folder.name}/{file}"),
                content_type=CONTENT_TYPES[Path(file).suffix],
                # A browser asks again each time, and mostly hears that nothing changed.
                cache_control="no-cache",
                opts=ready,
            )
        aws.s3.BucketObjectv2(
            "config.json",
            bucket=site.bucket.id,
            key="config.json",
            content=pulumi.Output.json_dumps({"api": api_address}),
            content_type=CONTENT_TYPES[".json"],
            cache_control="no-cache",
            opts=ready,
        )
        self.register_outputs({"bucket": site.bucket.id})
