"""What CloudFront is told, held against the site and the API that it stands before."""

from __future__ import annotations

import datetime as dt
import fnmatch
import functools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cinema import edge
from cinema.firewall import RULES
from cinema_api.app import create_app
from cinema_api.settings import Settings
from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Graph, Resource, Verdict
from stackproof.sources.program import evaluate
from tests.stack.engine_double import ROOT, Registered, World, run

CLIENT = ROOT / "client_dist"
FILES = sorted(p.relative_to(CLIENT).as_posix() for p in CLIENT.rglob("*") if p.is_file())
SOURCE = (ROOT / "stack" / "edge" / "site.js").read_text()
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
INSIDE = {"/metrics"}
"""Routes of the API that no CDN leads to."""


@functools.cache
def prod() -> World:
    return run("prod")


@functools.cache
def with_domain() -> World:
    return run("prod", domain="cinema.example", hostedZone="Z0123456789ABC")


def distribution(found: World) -> Registered:
    (only,) = found.of(DISTRIBUTION).values()
    return only


def behaviours(found: World) -> dict[str, Any]:
    inputs = distribution(found).inputs
    ordered = {b["pathPattern"]: b for b in inputs["orderedCacheBehaviors"]}
    return {"*": inputs["defaultCacheBehavior"], **ordered}


def matching(path: str) -> list[str]:
    patterns = [edge.CONFIGURATION, edge.POSTERS, *edge.API_PATHS]
    return [pattern for pattern in patterns if fnmatch.fnmatchcase(path, pattern)]


# ── paths ───────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def routes() -> frozenset[str]:
    settings = {
        "CINEMA_DATABASE_URI": "mongodb://127.0.0.1/",
        "CINEMA_JWT_KEYS": "k" * 32,
        "CINEMA_IMAGE_BUCKET": "images",
    }
    return frozenset(route.path for route in create_app(Settings.read(settings)).routes)


def test_every_route_of_the_api_is_led_to_it_but_those_for_the_inside() -> None:
    assert routes() >= INSIDE
    for route in routes() - INSIDE:
        assert matching(re.sub(r"\{[^}]*\}", "x", route)), route
    for route in INSIDE:
        assert not matching(route)


def test_every_path_of_the_api_leads_to_a_route() -> None:
    for pattern in (edge.POSTERS, *edge.API_PATHS):
        stem = pattern.removesuffix("*")
        assert [r for r in routes() if r == stem or (r.startswith(stem) and "*" in pattern)]


def test_no_file_of_the_site_lies_under_a_path_of_the_api() -> None:
    for file in FILES:
        assert matching(f"/{file}") == []
    assert matching("/config.json") == [edge.CONFIGURATION]


def test_the_two_origins_have_each_their_behaviours() -> None:
    targets = {pattern: b["targetOriginId"] for pattern, b in behaviours(prod()).items()}
    assert {p for p, origin in targets.items() if origin == "site"} == {"*", "/config.json"}
    assert {p for p, o in targets.items() if o == "api"} == {edge.POSTERS, *edge.API_PATHS}


# ── what is kept, and what is not ───────────────────────────────────────────────────────────────


def test_no_answer_of_the_api_is_kept_but_posters() -> None:
    for pattern, behaviour in behaviours(prod()).items():
        if behaviour["targetOriginId"] == "api":
            kept = behaviour["cachePolicyId"] != edge.CACHING_DISABLED
            assert kept == (pattern == edge.POSTERS)
            # What is kept must be the same for everybody: no header, no token reaches the API.
            assert ("originRequestPolicyId" in behaviour) is not kept
            assert behaviour["viewerProtocolPolicy"] == "https-only"


def test_the_address_of_the_api_is_kept_nowhere() -> None:
    assert behaviours(prod())["/config.json"]["cachePolicyId"] == edge.CACHING_DISABLED


def test_a_file_is_kept_for_a_year_by_nothing_but_its_path() -> None:
    (policy,) = prod().of("aws:cloudfront/cachePolicy:CachePolicy").values()
    assert {policy.inputs[ttl] for ttl in ("minTtl", "defaultTtl", "maxTtl")} == {31_536_000}
    parameters = policy.inputs["parametersInCacheKeyAndForwardedToOrigin"]
    assert parameters["headersConfig"] == {"headerBehavior": "none"}
    assert parameters["cookiesConfig"] == {"cookieBehavior": "none"}
    assert parameters["queryStringsConfig"] == {"queryStringBehavior": "none"}


def test_the_objects_are_there_before_anybody_is_led_to_them() -> None:
    (function,) = prod().of("aws:cloudfront/function:Function").values()
    objects = prod().of("aws:s3/bucketObjectv2:BucketObjectv2")
    files = {n: r.urn for n, r in objects.items() if "-site-" in r.inputs["bucket"]}
    assert {urn for name, urn in files.items() if name != "config.json"} <= function.needs


def test_http_3_ipv6_and_compression_are_on() -> None:
    inputs = distribution(prod()).inputs
    assert (inputs["httpVersion"], inputs["isIpv6Enabled"]) == ("http2and3", True)
    assert behaviours(prod())["*"]["compress"] is True


# ── the edge function ───────────────────────────────────────────────────────────────────────────


def test_a_change_of_one_file_changes_its_key_alone(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    for name in ("index.html", "css/base.css"):
        (tmp_path / name).write_text(name)
    before = {name: edge.key_of(tmp_path, name) for name in ("index.html", "css/base.css")}
    (tmp_path / "css/base.css").write_text("changed")
    after = {name: edge.key_of(tmp_path, name) for name in ("index.html", "css/base.css")}
    assert before["index.html"] == after["index.html"]
    assert before["css/base.css"] != after["css/base.css"]
    assert re.fullmatch(r"[0-9a-f]{16}/css/base\.css", after["css/base.css"])


def test_a_function_that_cloudfront_would_refuse_is_refused() -> None:
    keys = {"index.html": "0/index.html", **{f"{n}.js": f"{'0' * 16}/{n}.js" for n in range(300)}}
    with pytest.raises(ValueError, match="301 files make a function of more than 10240 bytes"):
        edge.function_code(SOURCE, keys)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_function_under_node(tmp_path: Path) -> None:
    (tmp_path / "site.js").write_text(
        edge.function_code(
            SOURCE, {name: f"{place:016}/{name}" for place, name in enumerate(FILES)}
        )
    )
    done = subprocess.run(
        ["node", "--test", str(Path(__file__).parent / "edge" / "site.test.mjs")],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "EDGE_FUNCTION": str(tmp_path / "site.js")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ── headers ─────────────────────────────────────────────────────────────────────────────────────


def directives(policy: str) -> dict[str, str]:
    pairs = (directive.strip().partition(" ") for directive in policy.split(";"))
    return {name: words for name, _, words in pairs}


def test_the_policy_of_the_header_is_the_pages_own_and_no_wider() -> None:
    page = (CLIENT / "index.html").read_text()
    own = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert own is not None
    said, sent = directives(own[1]), directives(edge.site_policy(page))
    assert set(sent) - set(said) == {"frame-ancestors", "upgrade-insecure-requests"}
    for name, words in said.items():
        assert set(sent[name].split()) <= set(words.split())
    # The API is the same origin, so nothing else needs to be reached.
    assert sent["connect-src"] == "'self'"
    assert sent["img-src"] == "'self' blob:"


def test_a_page_without_a_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="no Content-Security-Policy"):
        edge.site_policy("<!doctype html><title>x</title>")


def test_every_answer_says_https_for_a_year_and_the_site_says_the_rest() -> None:
    policies = prod().of("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
    headers = {name: r.inputs["securityHeadersConfig"] for name, r in policies.items()}
    assert set(headers) == {"delivery-site", "delivery-api"}
    for config in headers.values():
        assert config["strictTransportSecurity"]["accessControlMaxAgeSec"] == 31_536_000
    site = headers["delivery-site"]
    assert site["contentSecurityPolicy"]["contentSecurityPolicy"].startswith("default-src 'none'")
    assert site["frameOptions"] == {"frameOption": "DENY", "override": True}
    assert set(headers["delivery-api"]) == {"strictTransportSecurity"}
    for behaviour in behaviours(prod()).values():
        assert behaviour["responseHeadersPolicyId"]


# ── the firewall ────────────────────────────────────────────────────────────────────────────────


def test_the_firewall_stands_before_the_distribution_and_in_its_region() -> None:
    (acl,) = prod().of("aws:wafv2/webAcl:WebAcl").values()
    assert (acl.inputs["scope"], acl.inputs["region"]) == ("CLOUDFRONT", "us-east-1")
    assert distribution(prod()).inputs["webAclId"] == "arn-of:firewall"
    assert [rule["name"] for rule in acl.inputs["rules"]] == list(RULES)
    assert len({rule["priority"] for rule in acl.inputs["rules"]}) == len(RULES)


def test_what_looks_into_bodies_does_not_look_into_uploads() -> None:
    (acl,) = prod().of("aws:wafv2/webAcl:WebAcl").values()
    rules = {rule["name"]: rule["statement"] for rule in acl.inputs["rules"]}
    scope = rules["common"]["managedRuleGroupStatement"]["scopeDownStatement"]
    upload = scope["notStatement"]["statement"]["andStatement"]["statements"]
    matches = {
        tuple(each["byteMatchStatement"]["fieldToMatch"]): each["byteMatchStatement"]
        for each in upload
    }
    assert {field: m["searchString"] for field, m in matches.items()} == {
        ("method",): "POST",
        ("uriPath",): "/images",
    }
    assert {m["positionalConstraint"] for m in matches.values()} == {"EXACTLY"}
    # The same request is what the flood of uploads is counted by.
    flood = rules["upload-flood"]["rateBasedStatement"]["scopeDownStatement"]
    assert flood["andStatement"]["statements"] == upload


def test_the_firewalls_log_holds_what_was_blocked_and_nobodys_session() -> None:
    (logging,) = (
        prod().of("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").values()
    )
    redacted = logging.inputs["redactedFields"]
    assert {"singleHeader": {"name": "authorization"}} in redacted
    assert {"queryString": {}} in redacted
    assert logging.inputs["loggingFilter"]["defaultBehavior"] == "DROP"
    log = prod().of("aws:cloudwatch/logGroup:LogGroup")["firewall"]
    assert log.inputs["name"].startswith("aws-waf-logs-")


# ── the domain ──────────────────────────────────────────────────────────────────────────────────


def records_of_the_site(found: World) -> dict[str, Registered]:
    """Not those of the private zone, by which the database's members know each other."""
    records = found.of("aws:route53/record:Record")
    return {n: r for n, r in records.items() if not str(r.inputs["name"]).endswith(".internal")}


def test_without_a_domain_nothing_of_one_is_made() -> None:
    assert not prod().of("aws:acm/certificate:Certificate")
    assert not records_of_the_site(prod())
    assert distribution(prod()).inputs["viewerCertificate"] == {
        "cloudfrontDefaultCertificate": True
    }


def test_a_domain_has_a_certificate_that_is_valid_before_it_is_used_and_leads_here() -> None:
    found = with_domain()
    (certificate,) = found.of("aws:acm/certificate:Certificate").values()
    (valid,) = found.of("aws:acm/certificateValidation:CertificateValidation").values()
    assert certificate.inputs["region"] == valid.inputs["region"] == "us-east-1"
    inputs = distribution(found).inputs
    assert inputs["aliases"] == ["cinema.example"]
    assert inputs["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert valid.urn in distribution(found).needs
    records = records_of_the_site(found)
    assert {
        (r.inputs["name"], r.inputs["type"]) for n, r in records.items() if n != "site-validation"
    } == {
        ("cinema.example", "A"),
        ("cinema.example", "AAAA"),
    }
    objects = found.of("aws:s3/bucketObjectv2:BucketObjectv2")
    assert json.loads(objects["config.json"].inputs["content"]) == {"api": "https://cinema.example"}


# ── who reads the bucket ────────────────────────────────────────────────────────────────────────


@functools.cache
def graph() -> Graph:
    return evaluate(ROOT, "prod")


def with_site_policy(change: dict[str, Any]) -> Graph:
    """The architecture with its statement about CloudFront changed."""

    def changed(resource: Resource) -> Resource:
        if resource.type != "aws:s3/bucketPolicy:BucketPolicy" or resource.name != "site":
            return resource
        document = json.loads(str(resource.inputs["policy"]))
        for statement in document["Statement"]:
            if statement["Sid"] == "CloudFront":
                statement.update(change)
        inputs = {**resource.inputs, "policy": json.dumps(document)}
        return msgspec.structs.replace(resource, inputs=inputs)

    return msgspec.structs.replace(graph(), resources=tuple(map(changed, graph().resources)))


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::*:distribution/*"}}},
        {"Principal": "*"},
        {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"},
        {"Action": "s3:PutObject"},
    ],
    ids=["any-distribution", "any-account", "anybody", "lists-too", "writes"],
)
def test_a_bucket_that_admits_more_than_this_accounts_distributions_is_seen(
    change: dict[str, Any],
) -> None:
    report = check(
        with_site_policy(change),
        load(ROOT / "policy" / "contract.yaml"),
        today=dt.date(2026, 12, 1),
    )
    verdicts = {claim.id: claim.verdict for claim in report.claims}
    assert verdicts["identity.admits.site"] is Verdict.VIOLATED
