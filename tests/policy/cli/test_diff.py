"""`stackproof diff` on revisions of real git repositories, on files, and when it is ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from stackproof import schemas
from stackproof.cli import main
from stackproof.sources import graph_json
from tests.policy import graphs
from tests.policy.network.world import World, three_tiers

BUCKET = "aws:s3/bucket:Bucket"
PROGRAM = """\
import pulumi

role = pulumi.CustomResource("aws:iam/role:Role", "writer", {"name": "writer", "assumeRolePolicy":
    '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "lambda.amazonaws.com"}}}'})
pulumi.CustomResource("aws:iam/rolePolicy:RolePolicy", "writes", {"role": "writer", "policy":
    '{"Statement": {"Effect": "Allow", "Action": "s3:PutObject",'
    ' "Resource": "arn:aws:s3:::images/thumbnails/*"}}'})
"""
WIDER = PROGRAM.replace("images/thumbnails/*", "images/*")
CONTRACT = """\
groups:
  writer: {type: "aws:iam/role:Role", name: writer}
identity:
  principals:
    writer:
      role: writer
      assumed_by: [{service: lambda.amazonaws.com}]
      may: [{actions: ["s3:PutObject"], resources: ["arn:aws:s3:::images/thumbnails/*"]}]
"""


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(folder: Path, files: Mapping[str, str], message: str = "x") -> str:
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


PROJECT = {
    "Pulumi.yaml": "name: test\nruntime: python\n",
    "Pulumi.dev.yaml": 'config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ["1"]\n',
    "__main__.py": PROGRAM,
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit of PROJECT on `main`; it is the current folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, PROJECT)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Worktrees are made here; after every test none may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    assert not list(folder.glob("stackproof-*"))


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments], input=stdin)


def refused(*arguments: str) -> str:
    """What it says when it exits 2."""
    result = run(*arguments)
    assert result.exit_code == 2, result.stdout + result.stderr
    assert not result.stdout
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


def worktrees(folder: Path) -> int:
    return git(folder, "worktree", "list").count("\n") + 1


# ── revisions ───────────────────────────────────────────────────────────────────────────────────


def test_the_working_tree_as_it_is_against_a_commit(repository: Path) -> None:
    same = run("main")
    assert same.exit_code == 0, same.stderr
    assert same.stdout.startswith("✓ no architectural change\n")
    write(repository, {"__main__.py": WIDER})
    changed = run("main")
    assert changed.exit_code == 0
    assert "+ writer  gained" in changed.stdout
    assert "one of arn:aws:s3:::images/*" in " ".join(changed.stdout.split())
    assert "to the working tree" in changed.stdout
    assert worktrees(repository) == 1
    assert git(repository, "status", "--porcelain") == "M __main__.py"


def test_two_commits(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, {"__main__.py": WIDER})
    result = run(first, "HEAD")
    assert f"from {first} to HEAD ({git(repository, 'rev-parse', 'HEAD')[:10]})" in " ".join(
        result.stdout.split()
    )
    assert "gained" in result.stdout
    assert "lost" in run("HEAD", first).stdout


def test_a_gate_fails_on_what_widened_and_on_nothing_else(repository: Path) -> None:
    commit(repository, {"__main__.py": WIDER})
    assert run("HEAD~", "HEAD", "--fail-on", "widened").exit_code == 1
    assert run("HEAD", "HEAD~", "--fail-on", "widened").exit_code == 0
    assert run("HEAD", "HEAD", "--fail-on", "widened").exit_code == 0


def test_what_no_commit_has_is_said_to_be_on_neither_side(repository: Path) -> None:
    write(repository, {"__main__.py": WIDER})
    result = run("main", "HEAD")
    assert "no architectural change" in result.stdout
    assert "is on neither side" in " ".join(result.stdout.split())


def test_moved_lines_and_other_files_are_no_change(repository: Path) -> None:
    begins = 'pulumi.CustomResource("aws:iam/rolePolicy'
    role, policies = PROGRAM.split(begins, 1)
    moved = f"# a comment\n\nimport roles\nimport pulumi\n{begins}{policies}"
    write(repository, {"__main__.py": moved, "roles.py": role})
    result = run("main")
    assert result.stdout.startswith("✓ no architectural change\n"), result.stdout + result.stderr


def test_the_contract_of_each_commit_is_its_own(repository: Path) -> None:
    commit(repository, {"policy/contract.yaml": CONTRACT})
    waiver = (
        "waivers:\n  - {claim: identity.closed.writer, reason: we need it, owner: me,"
        " expires: 2999-01-01}\n"
    )
    write(repository, {"policy/contract.yaml": CONTRACT + waiver, "__main__.py": WIDER})
    result = run("main", "--format", "json")
    found = {(c["section"], c["subject"]): c for c in json.loads(result.stdout)["changes"]}
    assert found["contract", "contract.waiver.identity.closed.writer"]["effect"] == "widened"
    assert found["claims", "identity.closed.writer"]["after"] == "waived"


def test_a_contract_that_is_named_is_read_in_each_commit(repository: Path) -> None:
    commit(repository, {"own.yaml": CONTRACT})
    write(repository, {"own.yaml": CONTRACT.replace("thumbnails/*", "*")})
    result = run("main", "--contract", "own.yaml", "--format", "json")
    changes = json.loads(result.stdout)["changes"]
    assert {c["subject"] for c in changes if c["section"] == "contract"} == {
        "identity.grant.writer.1"
    }


def test_a_contract_that_could_not_be_read_before_is_undecided(repository: Path) -> None:
    commit(repository, {"policy/contract.yaml": "groups: [\n"})
    write(repository, {"policy/contract.yaml": CONTRACT})
    result = run("main", "--format", "json")
    (change,) = json.loads(result.stdout)["changes"]
    assert (change["section"], change["effect"]) == ("contract", "undecided")
    assert "main:policy/contract.yaml:2:1" in change["unknown"][0]


def test_a_contract_that_cannot_be_read_now_is_refused_where_it_stands(repository: Path) -> None:
    bad = CONTRACT.replace("writer: {type", "writer: {typ")
    commit(repository, {"policy/contract.yaml": bad})
    assert "HEAD:policy/contract.yaml:2:12: groups.writer.typ: unknown key" in refused(
        "HEAD~", "HEAD"
    )
    other = CONTRACT.replace("name: writer", "name: reader")
    commit(repository, {"policy/contract.yaml": other})
    assert refused("HEAD~", "HEAD").startswith("HEAD:policy/contract.yaml:2:3: groups.writer:")


def test_a_project_in_a_subfolder_is_compared_with_itself(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = {f"apps/one/{name}": text for name, text in PROJECT.items()}
    commit(repository, apps)
    write(repository, {"apps/one/__main__.py": WIDER})
    monkeypatch.chdir(repository / "apps" / "one")
    assert "gained" in run("main").stdout
    monkeypatch.chdir(repository)
    assert "gained" in run("main", "-C", "apps/one").stdout
    assert "no architectural change" in run("main").stdout


def test_a_project_that_was_not_there_is_all_new(repository: Path) -> None:
    apps = {f"apps/one/{name}": text for name, text in PROJECT.items()}
    commit(repository, apps)
    result = run("HEAD~", "-C", "apps/one")
    said = " ".join(result.stdout.split())
    assert result.exit_code == 0, result.stderr
    assert "There is no Pulumi project in apps/one at HEAD~" in said
    assert "everything is new" in said
    assert "gained" in said


def test_a_hook_may_run_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git tells its hooks of an index and a repository, which are not those of the copy."""
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    assert "no architectural change" in run("main").stdout
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name)
    assert not git(repository, "status", "--porcelain")


def test_hooks_of_the_repository_do_not_run(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repository}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    assert run("main").exit_code == 0
    assert not (repository / "ran").exists()


def test_the_projects_own_packages_are_those_of_the_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an editable installation, which puts the working tree on the path."""
    uses = f"from roles import policy\n{PROGRAM}".replace(
        "images/thumbnails/*\"}}'", "' + policy + '\"}}'"
    )
    commit(repository, {"__main__.py": uses, "src/roles.py": "policy = 'images/thumbnails/*'\n"})
    write(repository, {"src/roles.py": "policy = 'images/*'\n"})
    monkeypatch.setenv("PYTHONPATH", str(repository / "src"))
    result = run("main")
    assert "gained" in result.stdout, result.stdout + result.stderr


def test_a_package_that_is_read_from_the_working_tree_all_the_same_is_refused(
    repository: Path,
) -> None:
    path = f"import sys; sys.path.insert(0, {str(repository / 'src')!r}); import roles\n"
    commit(repository, {"__main__.py": path + PROGRAM, "src/roles.py": "x = 1\n"})
    said = refused("main")
    assert said.startswith("At main (")
    assert "src/roles.py, which belongs to the working tree" in said


# ── what is refused ─────────────────────────────────────────────────────────────────────────────


def test_a_revision_that_is_none(repository: Path) -> None:
    assert refused("nonsense") == (
        f"There is no file and no revision 'nonsense' in {repository}; if it is a branch of a"
        " remote, run `git fetch` and name it as `origin/BRANCH`."
    )
    assert "There is no file and no revision '--all'" in refused("--", "--all")


def test_a_range(repository: Path) -> None:
    assert repository
    assert "'main...HEAD' is a range; name two revisions" in refused("main...HEAD")


def test_a_shallow_clone(repository: Path, tmp_path: Path) -> None:
    old = git(repository, "rev-parse", "HEAD")
    commit(repository, {"__main__.py": WIDER})
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(shallow))
    said = refused(old, "-C", str(shallow))
    assert "in this clone, which is shallow: run `git fetch --unshallow`" in said


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plain"
    write(folder, PROJECT)
    monkeypatch.chdir(folder)
    said = refused("main")
    assert said.startswith(". is in no git working tree, so there are no revisions to compare;")


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert repository
    monkeypatch.setenv("PATH", "")
    assert refused("main").startswith("git is not on PATH;")


def test_a_program_that_raises_at_base(repository: Path) -> None:
    commit(repository, {"__main__.py": "raise ValueError('too early')\n"})
    write(repository, {"__main__.py": PROGRAM})
    said = refused("main")
    assert said.startswith("At main (")
    assert "The program raised ValueError at __main__.py:1: too early" in said
    assert worktrees(repository) == 1


def test_a_program_that_raises_now(repository: Path) -> None:
    write(repository, {"__main__.py": "raise ValueError('too late')\n"})
    assert refused("main") == "The program raised ValueError at __main__.py:1: too late"


def test_a_stack_that_was_not_there_at_base(repository: Path) -> None:
    write(repository, {"Pulumi.prod.yaml": PROJECT["Pulumi.dev.yaml"]})
    said = refused("main", "--stack", "prod")
    assert "there is no Pulumi.prod.yaml, so stack prod cannot be evaluated" in said
    assert "(stacks there: dev)" in said
    assert said.endswith("or commit the file that the working tree has.")


def test_a_stack_that_must_be_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    commit(repository, {"Pulumi.prod.yaml": PROJECT["Pulumi.dev.yaml"]})
    assert refused("main") == "which stack? Name one with --stack: dev, prod"
    assert run("main", "--stack", "prod").exit_code == 0


def test_a_name_that_is_a_file_and_a_branch(repository: Path) -> None:
    (repository / "main").write_text("{}", encoding="utf-8")
    assert refused("main") == (
        "'main' is a file and a revision: write ./main for the file, or refs/heads/main for the"
        " branch"
    )
    assert run("refs/heads/main").exit_code == 0


def test_a_checkout_that_fails(repository: Path) -> None:
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    said = refused("main")
    assert said.startswith("git cannot check out main (")


# ── files ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two graphs, of which the second lets the API speak to the database on one more port."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "before.json").write_bytes(graph_json.encode(three_tiers().graph()))
    (folder / "after.json").write_bytes(graph_json.encode(opened().graph()))
    monkeypatch.chdir(folder)
    return folder


def opened() -> World:
    world = three_tiers()
    kind, inputs = world.declared["admins-22"]
    world.declared["admins-22"] = (kind, inputs | {"cidrIpv4": "128.0.0.0/1"})
    kind, inputs = world.declared["public-in-120"]
    world.declared["public-in-120"] = (kind, inputs | {"cidrBlock": "0.0.0.0/0"})
    return world


def test_two_files_need_neither_git_nor_a_project(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files
    monkeypatch.setenv("PATH", "")
    result = run("before.json", "after.json")
    assert result.exit_code == 0, result.stderr
    assert "internet to instance bastion  opened" in result.stdout
    assert "tcp/22 from 128.0.0.0/1" in result.stdout
    assert "from before.json to after.json" in result.stdout


def test_one_of_them_may_be_the_standard_input(files: Path) -> None:
    after = (files / "after.json").read_bytes()
    assert "opened" in run("before.json", "-", stdin=after).stdout
    assert "closed" in run("-", "before.json", stdin=after).stdout
    assert refused("-", "-") == "the standard input can be one of the two, not both"


def test_a_file_against_the_working_tree(repository: Path) -> None:
    made = CliRunner().invoke(main, ["graph"])
    (repository / "deployed.json").write_text(made.stdout, encoding="utf-8")
    write(repository, {"__main__.py": WIDER})
    result = run("deployed.json")
    assert "gained" in result.stdout
    assert "from deployed.json to the working tree" in result.stdout


def test_a_file_of_another_stack_than_named(files: Path) -> None:
    assert files
    assert refused("before.json", "after.json", "--stack", "prod") == (
        "before.json is of stack test, not prod"
    )


def test_the_contract_of_a_file_is_named(files: Path) -> None:
    group = 'groups:\n  bastion: {type: "aws:ec2/instance:Instance", name: bastion}\n'
    write(
        files,
        {
            "old.yaml": f"{group}network:\n  never: [{{from: internet, to: bastion}}]\n",
            "new.yaml": f"{group}network: {{}}\n",
        },
    )
    options = ("--contract", "new.yaml", "--base-contract", "old.yaml", "--format", "json")
    result = run("before.json", "before.json", *options)
    (change,) = json.loads(result.stdout)["changes"]
    assert (change["subject"], change["word"]) == ("network.never.internet-to-bastion", "removed")


def test_json_is_valid_and_the_same_in_each_run(files: Path) -> None:
    assert files
    first = run("before.json", "after.json", "--format", "json").stdout
    assert first == run("before.json", "after.json", "--format", "json").stdout
    jsonschema.validate(json.loads(first), schemas.difference_schema())
    assert json.loads(first)["summary"]["widened"] > 0


def test_each_format_may_go_to_a_file_as_well(files: Path) -> None:
    outputs = ("--output", "json=d.json", "--output", "markdown=d.md", "--output", "text=d.txt")
    result = run("before.json", "after.json", "--color", "always", *outputs)
    assert "\x1b[" in result.stdout
    assert json.loads((files / "d.json").read_text())["version"] == 1
    assert (files / "d.md").read_text().startswith("<!-- stackproof difference test/test -->")
    assert "\x1b[" not in (files / "d.txt").read_text()
    assert "KIND one of text, json, markdown" in refused(
        "before.json", "after.json", "--output", "sarif=x"
    )


def test_the_schema_is_printed() -> None:
    printed = CliRunner().invoke(main, ["schema", "difference"]).stdout
    assert printed == json.dumps(schemas.difference_schema(), indent=2, ensure_ascii=False) + "\n"


def test_a_file_of_nothing_is_refused_as_head(files: Path) -> None:
    (files / "empty.json").write_bytes(graph_json.encode(graphs.graph()))
    assert "has no resource" in refused("before.json", "empty.json")


# ── ended ───────────────────────────────────────────────────────────────────────────────────────

SLEEPS = """\
import os, time
open(os.environ["STARTED"] + str(os.getpid()), "w").close()
time.sleep(60)
"""


INTERRUPTIBLE = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from stackproof.cli import main
main()
"""
"""As from a terminal: where tests run in the background, the shell has Ctrl-C ignored."""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_whoever_ends_it_finds_nothing_left_behind(
    repository: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    commit(repository, {"__main__.py": SLEEPS})
    started = tmp_path / "started"
    started.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "diff", "main"],
        cwd=repository,
        env={**os.environ, "STARTED": f"{started}/"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(list(started.iterdir())) == 4)
        process.send_signal(number)
        assert process.wait(30) == status
    finally:
        process.kill()
    assert worktrees(repository) == 1
    wait_for(lambda: not any(map(alive, started.iterdir())))


def alive(marker: Path) -> bool:
    try:
        os.kill(int(marker.name), 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(done: object) -> None:
    assert callable(done)
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_error_of_one_side_ends_the_other(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"__main__.py": SLEEPS})
    write(repository, {"__main__.py": "raise ValueError('now')\n"})
    os.environ["STARTED"] = f"{tmp_path}/started-"
    try:
        begun = time.monotonic()
        assert "ValueError" in refused("main")
        assert time.monotonic() - begun < 50  # the other would have slept for 60
    finally:
        del os.environ["STARTED"]


def test_git_is_there_for_these_tests() -> None:
    assert shutil.which("git")
