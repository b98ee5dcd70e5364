"""CloudFront before the site and the API: the one way in, of which neither has another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from cinema import edge
from cinema.balancer import Balancer
from cinema.config import Config
from cinema.domain import Certificate, DomainSettings, point
from cinema.firewall import Firewall
from cinema.names import Names
from cinema.network import CDN_PORT
from cinema.site import Site

_YEAR = 365 * 24 * 60 * 60
_READ = ["GET", "HEAD"]
_ALL = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
_LONGEST_ANSWER_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class DeliverySettings:
    """`function` is the edge function's source, `policy` what the site lets a browser do."""

    domain: DomainSettings | None
    function: str
    policy: str

    @classmethod
    def read(cls, config: Config, *, root: Path, cdn: bool) -> DeliverySettings | None:
        """From `cinema:domain`, and the files of the site; None where there is no CDN."""
        domain = DomainSettings.read(config, cdn=cdn)
        if not cdn:
            return None
        return cls(
            domain=domain,
            function=(root / "stack" / "edge" / "site.js").read_text(encoding="utf-8"),
            policy=edge.site_policy(
                (root / "client_dist" / "index.html").read_text(encoding="utf-8")
            ),
        )


class Delivery(pulumi.ComponentResource):
    """The distribution. `address` is the site's URL and the API's."""

    def __init__(  # noqa: PLR0913, PLR0917 - it stands before all the parts
        self,
        name: str,
        settings: DeliverySettings,
        names: Names,
        site: Site,
        balancer: Balancer,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:delivery:Delivery", name, None, opts)
        self._name, self._names = name, names
        self._child = pulumi.ResourceOptions(parent=self)
        domain = settings.domain
        firewall = Firewall("firewall", names, opts=self._child)
        site_headers = self._headers_of_site(settings.policy)
        certificate = None if domain is None else Certificate("site", domain, opts=self._child)
        self.distribution = distribution = aws.cloudfront.Distribution(
            name,
            enabled=True,
            comment=names.prefix,
            aliases=[] if domain is None else [domain.name],
            http_version="http2and3",
            is_ipv6_enabled=True,
            # North America and Europe; the rest of the world is served from there.
            price_class="PriceClass_100",
            web_acl_id=firewall.arn,
            default_root_object="index.html",
            origins=[self._bucket(site), self._api(balancer)],
            default_cache_behavior=self._files(site, settings.function, site_headers),
            ordered_cache_behaviors=self._others(site_headers),
            restrictions=aws.cloudfront.DistributionRestrictionsArgs(
                geo_restriction=aws.cloudfront.DistributionRestrictionsGeoRestrictionArgs(
                    restriction_type="none"
                )
            ),
            viewer_certificate=_viewer_certificate(certificate),
            tags={"Name": names.prefix},
            opts=self._child,
        )
        if domain is not None:
            point("site", domain, distribution, self._child)
        host = distribution.domain_name if domain is None else domain.name
        self.address = pulumi.Output.concat("https://", host)
        self.register_outputs({"address": self.address})

    # ── where answers come from ─────────────────────────────────────────────────────────────────

    def _bucket(self, site: Site) -> aws.cloudfront.DistributionOriginArgs:
        control = aws.cloudfront.OriginAccessControl(
            self._name,
            name=self._names.prefix,
            description="CloudFront reads the site as itself; nobody else reads it",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child,
        )
        return aws.cloudfront.DistributionOriginArgs(
            origin_id="site",
            # The website endpoint would be another origin: it knows no signature and no TLS.
            domain_name=site.bucket.bucket_regional_domain_name,
            origin_access_control_id=control.id,
        )

    def _api(self, balancer: Balancer) -> aws.cloudfront.DistributionOriginArgs:
        origin = aws.cloudfront.VpcOrigin(
            self._name,
            vpc_origin_endpoint_config=aws.cloudfront.VpcOriginVpcOriginEndpointConfigArgs(
                name=f"{self._names.prefix}-api",
                arn=balancer.arn,
                http_port=CDN_PORT,
                https_port=443,
                # Within AWS's network and ours, and the load balancer has no name of its own that
                # a certificate could be for.
                origin_protocol_policy="http-only",
                origin_ssl_protocols=aws.cloudfront.VpcOriginVpcOriginEndpointConfigOriginSslProtocolsArgs(
                    items=["TLSv1.2"], quantity=1
                ),
            ),
            # AWS wants an internet gateway in the VPC, although nothing passes it (CloudFront
            # Developer Guide, "Restrict access with VPC origins").
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[balancer.gateway, *balancer.listeners]
            ),
        )
        return aws.cloudfront.DistributionOriginArgs(
            origin_id="api",
            domain_name=balancer.dns_name,
            vpc_origin_config=aws.cloudfront.DistributionOriginVpcOriginConfigArgs(
                vpc_origin_id=origin.id,
                origin_read_timeout=_LONGEST_ANSWER_SECONDS,
                origin_keepalive_timeout=_LONGEST_ANSWER_SECONDS,
            ),
        )

    # ── what is kept, and what browsers are told ────────────────────────────────────────────────

    def _files(
        self, site: Site, source: str, headers: aws.cloudfront.ResponseHeadersPolicy
    ) -> aws.cloudfront.DistributionDefaultCacheBehaviorArgs:
        function = aws.cloudfront.Function(
            self._name,
            name=f"{self._names.prefix}-site",
            comment="Finds the object that holds a file of the site",
            runtime="cloudfront-js-2.0",
            code=edge.function_code(source, site.keys),
            publish=True,
            # The objects are there before anybody is led to them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=site.objects),
        )
        for_ever = aws.cloudfront.CachePolicy(
            f"{self._name}-site",
            name=f"{self._names.prefix}-site",
            comment="An object never changes: another content has another key",
            # More than `no-cache`, which the objects say to browsers (CloudFront Developer Guide,
            # "Manage how long content stays in the cache (expiration)").
            min_ttl=_YEAR,
            default_ttl=_YEAR,
            max_ttl=_YEAR,
            parameters_in_cache_key_and_forwarded_to_origin=_ONLY_THE_PATH,
            opts=self._child,
        )
        return aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
            target_origin_id="site",
            viewer_protocol_policy="redirect-to-https",
            allowed_methods=_READ,
            cached_methods=_READ,
            compress=True,
            cache_policy_id=for_ever.id,
            response_headers_policy_id=headers.id,
            function_associations=[
                aws.cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs(
                    event_type="viewer-request", function_arn=function.arn
                )
            ],
        )

    def _others(
        self, site_headers: aws.cloudfront.ResponseHeadersPolicy
    ) -> list[aws.cloudfront.DistributionOrderedCacheBehaviorArgs]:
        api_headers = self._headers_of_api()
        configuration = aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
            path_pattern=edge.CONFIGURATION,
            target_origin_id="site",
            viewer_protocol_policy="redirect-to-https",
            allowed_methods=_READ,
            cached_methods=_READ,
            cache_policy_id=edge.CACHING_DISABLED,
            response_headers_policy_id=site_headers.id,
        )
        posters = aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
            path_pattern=edge.POSTERS,
            target_origin_id="api",
            viewer_protocol_policy="https-only",
            allowed_methods=_READ,
            cached_methods=_READ,
            compress=True,
            cache_policy_id=edge.CACHING_OPTIMIZED,
            response_headers_policy_id=api_headers.id,
        )
        api = [
            aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
                path_pattern=pattern,
                target_origin_id="api",
                # Never a redirection: a request with a token has been in clear by then.
                viewer_protocol_policy="https-only",
                allowed_methods=_ALL,
                cached_methods=_READ,
                cache_policy_id=edge.CACHING_DISABLED,
                # Whatever a browser says, its Host too: the API writes addresses of it.
                origin_request_policy_id=edge.ALL_VIEWER,
                response_headers_policy_id=api_headers.id,
            )
            for pattern in edge.API_PATHS
        ]
        return [configuration, posters, *api]

    def _headers_of_site(self, policy: str) -> aws.cloudfront.ResponseHeadersPolicy:
        security = aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
            content_security_policy=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs(
                content_security_policy=policy, override=True
            ),
            strict_transport_security=_HTTPS_FOR_A_YEAR,
            content_type_options=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs(
                override=True
            ),
            frame_options=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs(
                frame_option="DENY", override=True
            ),
            referrer_policy=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs(
                referrer_policy="no-referrer", override=True
            ),
        )
        return self._headers("site", security, _ISOLATED)

    def _headers_of_api(self) -> aws.cloudfront.ResponseHeadersPolicy:
        """The API says everything else itself, and differently by route."""
        security = aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
            strict_transport_security=_HTTPS_FOR_A_YEAR
        )
        return self._headers("api", security, {})

    def _headers(
        self,
        part: str,
        security: aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs,
        more: Mapping[str, str],
    ) -> aws.cloudfront.ResponseHeadersPolicy:
        items = [
            aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs(
                header=header, value=value, override=True
            )
            for header, value in more.items()
        ]
        custom = (
            aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs(items=items)
            if items
            else None
        )
        return aws.cloudfront.ResponseHeadersPolicy(
            f"{self._name}-{part}",
            name=f"{self._names.prefix}-{part}",
            security_headers_config=security,
            custom_headers_config=custom,
            opts=self._child,
        )


_HTTPS_FOR_A_YEAR = (
    aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs(
        access_control_max_age_sec=_YEAR, override=True
    )
)
_ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ONLY_THE_PATH = aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs(
    cookies_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs(
        cookie_behavior="none"
    ),
    headers_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginHeadersConfigArgs(
        header_behavior="none"
    ),
    query_strings_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigArgs(
        query_string_behavior="none"
    ),
    enable_accept_encoding_brotli=True,
    enable_accept_encoding_gzip=True,
)


def _viewer_certificate(
    certificate: Certificate | None,
) -> aws.cloudfront.DistributionViewerCertificateArgs:
    """The domain's, or that of *.cloudfront.net, whose protocols AWS chooses."""
    if certificate is None:
        return aws.cloudfront.DistributionViewerCertificateArgs(cloudfront_default_certificate=True)
    return aws.cloudfront.DistributionViewerCertificateArgs(
        acm_certificate_arn=certificate.arn,
        minimum_protocol_version="TLSv1.2_2021",
        ssl_support_method="sni-only",
    )
