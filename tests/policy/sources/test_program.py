"""Evaluating programs: every trap between a program and a true Graph of it."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stackproof.model import (
    Asset,
    Graph,
    Reference,
    Resource,
    Template,
    Unknown,
    Value,
    unknowns,
    walk,
)
from stackproof.sources import graph_json, undecided
from stackproof.sources.errors import SourceError
from stackproof.sources.program import RECORDER, evaluate

PROGRAMS = Path(__file__).parent / "programs"


@functools.cache
def graph_of(program: str) -> Graph:
    return evaluate(PROGRAMS / program, "dev")


def named(program: str, name: str, kind: str = "") -> Resource:
    found = [r for r in graph_of(program).resources if r.name == name and kind in r.type]
    assert len(found) == 1
    return found[0]


def description(program: str, name: str) -> Value:
    return named(program, name, "Parameter").inputs["description"]


def doubts(program: str) -> tuple[Resource, ...]:
    return graph_of(program).of_type(undecided.TYPE)


# ── identity of resources ───────────────────────────────────────────────────────────────────────


def test_urns_hold_the_types_of_all_ancestors_but_the_stack() -> None:
    types = {r.name: r.urn.split("::")[2] for r in graph_of("urns").resources}
    assert types == {
        "outer": "shop:parts:Part",
        "inner": "shop:parts:Part$shop:parts:Part",
        "deep": "shop:parts:Part$shop:parts:Part$aws:ec2/vpc:Vpc",
        "deeper": "shop:parts:Part$shop:parts:Part$aws:ec2/vpc:Vpc$aws:ec2/subnet:Subnet",
        "top": "aws:sns/topic:Topic",
        "under-a-topic": "aws:sns/topic:Topic$shop:parts:Part",
        "waits": "aws:sqs/queue:Queue",
    }
    assert named("urns", "deep").parent == named("urns", "inner").urn
    assert named("urns", "outer").parent is None


def test_depending_on_a_component_is_depending_on_what_it_holds() -> None:
    # As the SDK does it: custom resources below components, but not below custom resources.
    assert named("urns", "waits").dependencies == (
        named("urns", "top").urn,
        named("urns", "deep").urn,
    )


def test_resources_are_sorted_and_every_run_gives_the_same_bytes() -> None:
    graph = graph_of("references")
    assert [r.urn for r in graph.resources] == sorted(r.urn for r in graph.resources)
    again = evaluate(PROGRAMS / "references", "dev")
    assert graph_json.encode(graph) == graph_json.encode(again)


# ── references ──────────────────────────────────────────────────────────────────────────────────


def test_references_survive_nesting_concatenation_and_json() -> None:
    images = named("references", "images").urn
    role = named("references", "api").urn
    arn = Reference(images, "arn")
    assert named("references", "dumps").inputs == {
        "bucket": Reference(images, "id"),
        "policy": Template(('{"Resource": ["', arn, '", "', arn, '/*"]}')),
    }
    assert named("references", "apply").inputs["policy"] == Template(
        ('{"Resource": "', arn, '/*", "Principal": {"AWS": "', Reference(role, "arn"), '"}}')
    )
    concat = named("references", "concat").inputs
    assert concat["name"] == Template(("/", Reference(role, "name"), "/known-name"))
    assert concat["tier"] == Template((Reference(role, "uniqueId"), "-7"))
    nested = named("references", "nested").inputs
    assert nested["tags"] == {"Bucket": Reference(images, "id"), "Fixed": "yes"}
    assert nested["vpcSecurityGroupIds"] == [
        Reference(named("references", "group").urn, "id"),
        "sg-0123",
    ]
    assert nested["availabilityZone"] == Reference(images, "region")


def test_what_the_program_says_of_an_output_is_known() -> None:
    assert named("references", "apply").inputs["bucket"] == "known-name"
    assert named("references", "apply").property_dependencies["bucket"] == (
        named("references", "named").urn,
    )


def test_whole_numbers_are_integers() -> None:
    options = named("references", "nested").inputs["metadataOptions"]
    assert isinstance(options, dict)
    assert isinstance(options["httpPutResponseHopLimit"], int)


def test_options_are_kept() -> None:
    nested = named("references", "nested")
    assert nested.protect
    assert nested.ignore_changes == ("ami",)


COMPUTED = [
    "split",
    "prefix",
    "upper",
    "ternary",
    "equal",
    "truthy",
    "length",
    "contains",
    "kept-after-a-look",
    "later-look",
    "encoded",
    "quoted",
    "failing",
    "dictionary",
    "random",
    "set",
    "number",
    "unnoticed",
]


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_computed_from_an_unknown_is_unknown(name: str) -> None:
    value = description("computed", name)
    assert isinstance(value, Unknown)
    if name not in {"random", "set"}:
        assert value.depends_on == (named("computed", "images").urn,)


def test_a_value_that_comes_out_of_a_callback_whole_is_the_reference() -> None:
    arn = Reference(named("computed", "images").urn, "arn")
    assert description("computed", "whole") == arn
    assert {*COMPUTED, "whole", "images"} == {r.name for r in graph_of("computed").resources}


def test_no_marker_is_left_in_any_graph() -> None:
    for folder in sorted(PROGRAMS.iterdir()):
        text = graph_json.encode(graph_of(folder.name)).decode()
        assert "7c1e" not in text.lower()


# ── resources that may not be seen ──────────────────────────────────────────────────────────────


def test_resources_created_for_a_text_output_are_seen() -> None:
    assert named("created_in_apply", "seen").inputs["description"] == Reference(
        named("created_in_apply", "images").urn, "arn"
    )
    assert named("created_in_apply", "also-seen")
    assert not doubts("created_in_apply")


@pytest.mark.parametrize("program", ["created_later", "branch", "named_by_output", "escaping"])
def test_resources_that_may_not_be_seen_leave_a_doubt(program: str) -> None:
    assert doubts(program)
    assert all(d.location is not None for d in doubts(program))


def test_a_callback_that_creates_nothing_leaves_no_doubt() -> None:
    assert not doubts("harmless")
    assert not doubts("computed")
    zone = named("harmless", "zone").urn
    for topic in ("topic", "other"):
        value = named("harmless", topic).inputs["displayName"]
        assert isinstance(value, Unknown)
        assert value.depends_on == (zone,)


# ── copies of a marker ──────────────────────────────────────────────────────────────────────────


def _parameters(prefix: str) -> dict[str, Value]:
    found = graph_of("copies").resources
    return {
        r.name.removeprefix(prefix): r.inputs["description"]
        for r in found
        if r.type.endswith(":Parameter") and r.name.startswith(prefix)
    }


_LOOKS = sorted(n for n in _parameters("") if not n.startswith(("keeps-", "part-")))


def test_there_are_looks_to_judge() -> None:
    assert len(_LOOKS) > 15


@pytest.mark.parametrize("look", _LOOKS)
def test_what_looks_at_a_copy_of_an_output_says_nothing_for_sure(look: str) -> None:
    # Each returns the output whole or `*`, by a look at a copy that Python made of its text.
    assert isinstance(_parameters("")[look], Unknown)


def test_copies_that_keep_an_output_whole_keep_the_reference() -> None:
    kept = _parameters("keeps-")
    assert len(kept) > 5
    for name, value in kept.items():
        assert isinstance(value, Template), name
        assert any(isinstance(part, Reference) for part in value.parts), name


def test_a_part_of_an_output_is_not_known() -> None:
    parts = _parameters("part-")
    assert parts.pop("variable") == "nobody"
    assert {name for name, part in parts.items() if not isinstance(part, Unknown)} == set()


def test_what_awaits_an_output_and_looks_at_it_leaves_a_doubt() -> None:
    program = (PROGRAMS / "copies" / "__main__.py").read_text(encoding="utf-8").splitlines()
    doubted = {program[d.location.line - 1].strip() for d in doubts("copies") if d.location}
    assert 'if text and "cn" in f"{text}/":' in doubted
    assert "if not await arn.is_known():" in doubted
    assert "def callback(v: str) -> None:" in doubted


def test_the_environment_that_a_program_reads_is_an_assumption() -> None:
    (assumption,) = (a for a in graph_of("copies").assumptions if "SHOP_OWNER" in a)
    assert assumption.endswith("which the program reads, is the same when it is deployed.")


# ── what is read, and what is asked ─────────────────────────────────────────────────────────────


def test_what_is_read_is_external_and_named_in_the_assumptions() -> None:
    shared = named("read", "shared")
    assert shared.external
    assert shared.inputs == {"id": "vpc-0123456789abcdef0"}
    assert named("read", "own").inputs["availabilityZone"] == Reference(shared.urn, "region")
    assert any(
        a.startswith("shared (aws:ec2/vpc:Vpc) is read") for a in graph_of("read").assumptions
    )


def test_outputs_of_other_stacks_are_unknown() -> None:
    other = named("read", "organization/network/prod")
    assert other.external
    value = named("read", "theirs").inputs["vpcId"]
    assert isinstance(value, Unknown)
    assert value.depends_on == (other.urn,)


def test_common_functions_are_answered() -> None:
    assert description("invokes", "facts") == "123456789012 us-east-1 aws"
    assert named("invokes", "api").inputs["availabilityZone"] == "us-east-1b"
    assert description("invokes", "abroad") == "eu-central-1"


def test_policy_documents_are_computed() -> None:
    policy = named("invokes", "policy").inputs["policy"]
    assert isinstance(policy, Template)
    text = "".join(p if isinstance(p, str) else "ARN" for p in policy.parts)
    assert json.loads(text) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": "ARN/${aws:username}",
                "Principal": {"AWS": "123456789012"},
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            }
        ],
    }
    assert Reference(named("invokes", "images").urn, "arn") in policy.parts


def test_what_only_aws_answers_is_unknown_and_an_assumption() -> None:
    for instance in ("api", "plain"):
        assert isinstance(named("invokes", instance).inputs["ami"], Unknown)
    assert isinstance(named("invokes", "plain").inputs["ebsOptimized"], Unknown)
    assert isinstance(description("invokes", "who"), Unknown)
    assert any("getAmi" in a for a in graph_of("invokes").assumptions)
    assert not doubts("invokes")


# ── providers, lines, transforms ────────────────────────────────────────────────────────────────


def test_providers_give_the_region_to_what_uses_them() -> None:
    ireland = named("providers", "ireland").urn
    regions = {r.name: (r.provider, r.region) for r in graph_of("providers").resources}
    assert regions["explicit"] == (ireland, "eu-west-1")
    assert regions["inherited"] == (ireland, "eu-west-1")
    assert regions["own-region"] == (None, "ap-south-1")
    assert regions["default"] == (None, None)


def commented(verb: str) -> dict[str, str]:
    """Name -> place, of the comments of the program that say where a thing is."""
    found = {}
    for path in sorted((PROGRAMS / "lines").glob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.search(rf"# {verb}: (\S+)$", line):
                found[match[1]] = f"{path.name}:{number}"
    return found


def test_a_resource_is_where_the_program_asks_for_it() -> None:
    declared = commented("declares")
    found = {r.name: str(r.location) for r in graph_of("lines").resources}
    assert len(declared) == 6
    assert {name: found[name] for name in declared} == declared


def test_the_call_stack_leads_from_there_to_the_top() -> None:
    for name, place in commented("asks").items():
        stack = named("lines", name).call_stack
        assert str(stack[0]) == str(named("lines", name).location)
        assert place in [str(frame) for frame in stack]
    assert all(
        frame.path in {"__main__.py", "base.py"}
        for resource in graph_of("lines").resources
        for frame in resource.call_stack
    )


def test_transforms_run_and_hooks_do_not_disturb() -> None:
    topic = Reference(named("transforms", "topic").urn, "arn")
    own = named("transforms", "own")
    assert own.protect
    assert own.inputs["tags"] == {"name": topic}
    assert own.dependencies == (topic.urn,)
    assert named("transforms", "stack-wide").inputs["tags"] == {"by": "transform"}
    assert named("transforms", "hooked").inputs["tags"] == {"by": "transform"}
    assert not named("transforms", "stack-wide").protect


def test_assets_are_known_by_their_content() -> None:
    def content(name: str) -> Asset:
        resource = named("assets", name)
        value = resource.inputs.get("source", resource.inputs.get("code"))
        assert isinstance(value, Asset)
        return value

    hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert content("text") == Asset("text", "", hello)
    assert content("file").path == "files/page.html"
    assert (content("folder").kind, content("folder").path) == ("archive", "files")
    assert content("archive").kind == "archive"
    assert len({content(n).sha256 for n in ("file", "text", "folder", "archive")}) == 4


# ── config and secrets ──────────────────────────────────────────────────────────────────────────


def test_config_comes_from_the_stack_and_from_defaults() -> None:
    assert description("config", "all") == "3 True a,b 7 007 a default us-east-1 None 8"


def test_the_account_is_known_when_the_config_names_just_one() -> None:
    assert graph_of("references").account == "123456789012"
    assert graph_of("config").account is None
    assert graph_of("config").region == "us-east-1"


def test_secrets_are_unknown_and_never_stored() -> None:
    for name in ("wrapped", "plain", "inside", "made", "object-secret"):
        assert description("secrets", name) == Unknown("secret")
    assert named("secrets", "number").inputs["delaySeconds"] == Unknown("secret")
    assert description("secrets", "template") == Template(("user:", Unknown("secret"), "@host"))
    assert description("secrets", "object") == "admin"
    text = graph_json.encode(graph_of("secrets")).decode()
    assert "hunter2" not in text
    assert "731" not in text  # how placeholders begin


def test_declared_config_without_a_value_is_named() -> None:
    with pytest.raises(SourceError, match=r"no value for 'config:needed'.*pulumi config set"):
        evaluate(PROGRAMS / "config", "bare")


def test_config_that_the_program_misses_is_named_with_its_line() -> None:
    message = r"'config:count'.*__main__\.py:13.*pulumi config set config:count VALUE --stack few"
    with pytest.raises(SourceError, match=message):
        evaluate(PROGRAMS / "config", "few")


# ── surroundings ────────────────────────────────────────────────────────────────────────────────


def test_output_of_the_program_does_not_disturb() -> None:
    assert [r.name for r in graph_of("noisy").resources] == ["jobs"]


def test_the_program_gets_no_credentials_and_runs_where_pulumi_runs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "a credential")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a credential")
    graph = evaluate(PROGRAMS / "environment", "dev")
    seen = {r.name: r.inputs["description"] for r in graph.resources}
    # A preview and a deployment must declare the same; what tells them apart is not known.
    assert isinstance(seen.pop("dry"), Unknown)
    assert seen == {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_PROFILE": "none",
        "PULUMI_ACCESS_TOKEN": "none",
        "PULUMI_CONFIG_PASSPHRASE": "none",
        "folder": "environment",
        "first": "environment",
        "names": "environment/dev",
    }


def test_progress_counts_resources() -> None:
    counts: list[int] = []
    evaluate(PROGRAMS / "urns", "dev", progress=counts.append)
    assert counts == sorted(counts)
    assert counts[-1] == 7


# ── programs that cannot be evaluated ───────────────────────────────────────────────────────────


def project(folder: Path, program: str, runtime: str = "python") -> Path:
    (folder / "Pulumi.yaml").write_text(f"name: bad\nruntime: {runtime}\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (folder / "Pulumi.prod.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (folder / "__main__.py").write_text(program)
    return folder


BAD = {
    "raises": ("import os\n\nraise ValueError('no such thing')", r"ValueError at __main__\.py:3"),
    "raises deeper": ("import json\njson.loads('{')", r"JSONDecodeError at __main__\.py:2"),
    "syntax": ("x = = 1", r"SyntaxError.*__main__\.py"),
    "exits": ("import sys\nsys.exit(0)", r"sys\.exit\(0\) at __main__\.py:2"),
    "ends": (
        "import os\nprint('bye', flush=True)\nos._exit(3)",
        r"ended its process \(status 3\)(?s:.*)bye",
    ),
    "nothing": ("", r"declares no resource"),
    "twice": (
        "import pulumi_aws as aws\naws.s3.Bucket('b')\n\naws.s3.Bucket('b')",
        r"same URN urn:pulumi:dev::bad::aws:s3/bucket:Bucket::b .*__main__.py:2 and __main__.py:4",
    ),
    "by a plugin": (
        "import pulumi\npulumi.ComponentResource('x:y:Z', 'net', {}, None, True)",
        r"'net' \(x:y:Z\) at __main__\.py:2 is made by a plugin",
    ),
    "missing file": (
        (
            "from pulumi import FileAsset\nimport pulumi_aws as a\n\n\n"
            "a.s3.BucketObjectv2('o', bucket='b', source=FileAsset('gone.html'))"
        ),
        r"'gone\.html'",
    ),
    "an answer is looped over": (
        "import pulumi_aws as aws\nfor s in aws.ec2.get_subnets().ids:\n    pass",
        r"TypeError at __main__\.py:2",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_program_that_fails_is_named_with_its_line(what: str, tmp_path: Path) -> None:
    program, message = BAD[what]
    with pytest.raises(SourceError, match=message) as caught:
        evaluate(project(tmp_path, program), "dev")
    assert "Traceback" not in str(caught.value)


def test_a_program_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getpid()}} {{child.pid}} ')\n"
        "print('waiting for a reply', flush=True)\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(
        SourceError, match=r"did not end within 3 seconds(?s:.*)waiting for a reply"
    ):
        evaluate(project(tmp_path, program), "dev", time_limit=3)
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 4
    for pid in pids:
        assert ended(pid)


def ended(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True  # dead; nobody has asked for its status yet
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"No Pulumi\.yaml in .* or above it"):
        evaluate(tmp_path, "dev")


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    project(tmp_path, "import pulumi_aws as aws\naws.s3.Bucket('b')")
    (tmp_path / "docs").mkdir()
    assert len(evaluate(tmp_path / "docs", "dev").resources) == 1


def test_an_unknown_stack_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no stack 'staging'.*stacks here: dev, prod\."):
        evaluate(project(tmp_path, ""), "staging")


def test_other_languages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"runtime 'nodejs'.*preview --json"):
        evaluate(project(tmp_path, "", runtime="nodejs"), "dev")


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    project(tmp_path, "")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  a: [1\n  b: 2\n")
    with pytest.raises(SourceError, match=r"Pulumi\.dev\.yaml:3:"):
        evaluate(tmp_path, "dev")


def test_a_virtual_environment_that_is_missing_is_named(tmp_path: Path) -> None:
    project(tmp_path, "")
    (tmp_path / "Pulumi.yaml").write_text(
        "name: bad\nruntime: {name: python, options: {toolchain: uv, virtualenv: venv}}\n"
    )
    with pytest.raises(SourceError, match=r"virtual environment venv does not exist.*uv sync"):
        evaluate(tmp_path, "dev")


def test_an_interpreter_without_pulumi_is_named(tmp_path: Path) -> None:
    project(tmp_path, "")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True
    )
    (tmp_path / "Pulumi.yaml").write_text(
        "name: bad\nruntime: {name: python, options: {virtualenv: venv}}\n"
    )
    with pytest.raises(SourceError, match=r"venv/bin/python has no `pulumi` package"):
        evaluate(tmp_path, "dev")


def test_the_main_program_may_lie_in_a_folder(tmp_path: Path) -> None:
    project(tmp_path, "")
    (tmp_path / "Pulumi.yaml").write_text("name: bad\nruntime: python\nmain: infra/\n")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "__main__.py").write_text(
        "import parts\nimport pulumi_aws as aws\naws.s3.Bucket(parts.NAME)\n"
    )
    (tmp_path / "infra" / "parts.py").write_text("NAME = 'b'\n")
    (bucket,) = evaluate(tmp_path, "dev").resources
    assert str(bucket.location) == "infra/__main__.py:3"


def test_the_recorder_runs_on_the_oldest_python_that_pulumi_supports() -> None:
    tree = ast.parse(RECORDER.read_text(), feature_version=(3, 9))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    # `google` and `grpc` come with `pulumi`.
    assert imported - set(sys.stdlib_module_names) == {"pulumi", "google", "grpc"}


def test_every_value_is_of_the_model() -> None:
    kinds = (bool, int, float, str, list, dict, Reference, Template, Unknown, Asset, type(None))
    for folder in sorted(PROGRAMS.iterdir()):
        for resource in graph_of(folder.name).resources:
            for value in resource.inputs.values():
                assert all(isinstance(v, kinds) for v in walk(value))
                assert all(u.reason for u in unknowns(value))


def test_a_program_that_refuses_a_deployment_is_judged_as_in_a_preview(tmp_path: Path) -> None:
    program = """
import pulumi, pulumi_aws as aws
aws.s3.Bucket("b", bucket="b")
if not pulumi.runtime.is_dry_run():
    raise ValueError("nothing is built yet")
"""
    graph = evaluate(project(tmp_path, program), "dev")
    assert [r.name for r in graph.resources] == ["b"]
    (said,) = graph.assumptions
    assert "would refuse to be deployed" in said
    assert "ValueError at __main__.py:5: nothing is built yet" in said
