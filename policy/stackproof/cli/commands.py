"""The commands, their options, and the help that teaches them."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from stackproof import __version__, hardening
from stackproof.check import Report
from stackproof.check import check as decide
from stackproof.cli import output
from stackproof.cli.errors import InputError
from stackproof.cli.everything import check_all
from stackproof.cli.inputs import (
    Given,
    contract_of,
    difference_of,
    graph_of,
    line_of,
    may_say,
    report_of,
    root_of,
)
from stackproof.cli.options import Application
from stackproof.cli.parameters import COLOR, CONTRACT, STACK, TIME_LIMIT
from stackproof.cli.repository import repository_of
from stackproof.contract import Contract, Located
from stackproof.families import World
from stackproof.model import Explanation, Family, Graph, Location
from stackproof.proofs import permissions, reach
from stackproof.reports.visible import visible_json, visible_lines
from stackproof.selection import SelectorError, select
from stackproof.sources import graph_json

if TYPE_CHECKING:
    from stackproof.overview import Overview

_PROJECT = Location("Pulumi.yaml", 1)
"""To blame where there is no contract, and no resource is."""

_FAMILIES = [f.value for f in Family if f is not Family.CONTRACT]

_DIRECTORY = click.argument(
    "directory", type=click.Path(path_type=Path, file_okay=False), default=Path()
)
_FROM = click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Read this preview, export or graph JSON ('-': stdin), evaluate no program.",
)

_HELP = """Prove that a Pulumi architecture on AWS does what its contract says.

\b
  stackproof check                      the Pulumi project here
  stackproof check --stack prod         one of its stacks
  stackproof check --from preview.json  pulumi preview --json --show-sames
  stackproof explain flow internet database 27017
  stackproof contract                   begin a contract
  stackproof diff main                  what changes in meaning since then

Without a contract, what should hold of any architecture is decided.
Nothing is deployed, and no credentials are used.
"""


@click.group(
    name="stackproof",
    cls=Application,
    help=_HELP,
    epilog="Exit codes: 0 all proven or waived; 1 something is not; 2 could not check.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def main(*, debug: bool) -> None:
    """Take the options that every command has."""
    del debug  # read from the arguments, so that it serves for errors in them too


_SHOWN = (
    click.option(
        "--format",
        "kind",
        type=click.Choice(output.FORMATS),
        default="text",
        show_default=True,
        help="What to print on stdout.",
    ),
    click.option(
        "--output",
        "outputs",
        metavar="KIND=PATH",
        multiple=True,
        help="Write this format to a file as well; may be repeated.",
    ),
    click.option(
        "--repository",
        metavar="URL",
        help="What links to lines begin with.  [default: GITHUB_REPOSITORY, CI_PROJECT_URL]",
    ),
    click.option(
        "--commit",
        metavar="HASH",
        help="The commit that links show.  [default: GITHUB_SHA, CI_COMMIT_SHA]",
    ),
    COLOR,
    click.option("-v", "--verbose", is_flag=True, help="List what is proven, not only its number."),
)


def _showing(command: Callable[..., int]) -> Callable[..., int]:
    """Give `command` the options that say how a report is shown, and where."""
    for option in reversed(_SHOWN):
        command = option(command)
    return command


@main.command(
    epilog="""\b
Examples:
  stackproof check                            the project here, its only stack
  stackproof check infra --stack prod         a project in another folder
  stackproof check --output sarif=report.sarif --output markdown=report.md
  stackproof check --all                      every project of a monorepo
  stackproof check --from preview.json        without evaluating the program

Options may stand in stackproof.toml, or in [tool.stackproof] of pyproject.toml.
"""
)
@_DIRECTORY
@STACK
@CONTRACT
@_FROM
@click.option(
    "--only",
    type=click.Choice(_FAMILIES),
    multiple=True,
    help="Prove this family only; may be repeated.",
)
@_showing
@TIME_LIMIT
@click.option(
    "--all", "everything", is_flag=True, help="Check every project in DIRECTORY and below it."
)
def check(directory: Path, **options: Any) -> int:  # noqa: ANN401 - click's options, read by name below
    """Decide every claim of the contract and print the report.

    DIRECTORY is a Pulumi project (default: here). Each claim is proven,
    violated with a counterexample, unproven because something is not known, or
    waived in the contract.
    """
    if options["everything"]:
        return check_all(click.get_current_context(), directory, _checked)
    files = output.destinations(options["outputs"])
    report, context = _checked(directory, options)
    # First to stdout: a file that cannot be written must not cost the report.
    output.say(output.rendered(report, options["kind"], context, output.screen(options["color"])))
    output.write([(path, output.rendered(report, kind, context)) for kind, path in files])
    return 0 if report.passed else 1


def _checked(directory: Path, options: dict[str, Any]) -> tuple[Report, output.Context]:
    """What is found of one stack, and what a report must know beside it."""
    root = root_of(directory)
    repository = repository_of(root, options["repository"], options["commit"], os.environ)
    wanted = not options["only"] or Family.HARDENING in options["only"]
    if wanted and may_say(root, options["contract"], "hardening"):
        # While the program evaluates in another process.
        threading.Thread(target=hardening.warm_up, daemon=True).start()
    graph = graph_of(_given(directory, options))
    located = contract_of(directory, graph.stack, options["contract"])
    report = _decided(graph, located, directory, only=options["only"])
    contract = _PROJECT if located is None else line_of(located.place(), directory)
    shown = cache(lambda: _overview(graph, located))
    return report, output.Context(root, contract, repository, options["verbose"], shown)


@main.command(epilog="Example: stackproof render report.json --output markdown=report.md")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--difference",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `diff --format json` printed: markdown says it below the report.",
)
@click.option(
    "--project",
    metavar="FOLDER",
    default="",
    help="Where the project is in its repository, for links.  [default: its root]",
)
@_showing
def render(file: Path, **options: Any) -> int:  # noqa: ANN401 - as above
    """Show a report that check printed as JSON.

    FILE ('-': stdin) may come from a machine that nobody trusts, such as the
    job of a stranger's pull request: nothing of it is run. The exit code is
    that of the check.
    """
    files = output.destinations(options["outputs"], output.REPORTED)
    repository = repository_of(Path(), options["repository"], options["commit"], os.environ)
    repository = replace(repository, folder=options["project"].strip("./"))
    report = report_of(file)
    # The program may be another one here: no line of it is shown.
    context = output.Context(Path(os.devnull), _PROJECT, repository, options["verbose"])
    below = options["difference"] and difference_of(options["difference"])

    def shown(kind: str, screen: output.Screen) -> str:
        if kind == "markdown" and below is not None:
            from stackproof.reports import comment  # noqa: PLC0415 - no other command needs it

            return comment.render(report, below, repository=repository)
        return output.rendered(report, kind, context, screen)

    plain = output.Screen()
    screen = output.Screen(output.is_colored(options["color"]), output.columns())
    output.say(shown(options["kind"], screen))
    output.write([(path, shown(kind, plain)) for kind, path in files])
    return 0 if report.passed else 1


def _decided(
    graph: Graph, located: Located | None, directory: Path, *, only: Sequence[str]
) -> Report:
    """Every claim of the contract, or of the baseline when there is none."""
    waivers = () if located is None else located.contract.waivers
    section = None if located is None else located.contract.hardening
    try:
        return decide(
            graph,
            None if located is None else located.contract,
            today=dt.datetime.now(tz=dt.UTC).date(),
            only={Family(name) for name in only} or None,
            waiver_lines=[
                line_of(located.place("waivers", i), directory)
                for i in range(len(waivers))
                if located is not None
            ],
            accepted_lines={
                check: [
                    line_of(located.place("hardening", "accepted", check, i), directory)
                    for i in range(len(entries))
                ]
                for check, entries in (section.accepted if section is not None else {}).items()
                if located is not None
            },
        )
    except SelectorError as error:
        if located is None:
            raise
        place = located.place("groups", error.group)
        raise InputError(f"{place}: groups.{error.group}: {error}") from error


def _given(directory: Path, options: dict[str, Any]) -> Given:
    return Given(directory, options["stack"], options["source"], options["time_limit"])


@main.command(
    epilog="""\b
Examples:
  stackproof graph --stack prod > graph.json
  stackproof check --from graph.json    the same verdicts, no program
"""
)
@_DIRECTORY
@STACK
@_FROM
@CONTRACT
@click.option("--svg", is_flag=True, help="Draw it instead, in the groups of the contract.")
@TIME_LIMIT
def graph(directory: Path, *, svg: bool, **options: Any) -> None:  # noqa: ANN401 - as above
    """Print what the program declares, as JSON that --from reads.

    With --svg, draw its network: zones, tiers, groups and what flows between
    them. Without a contract each resource is shown by itself.
    """
    if svg:
        from stackproof.reports import html  # noqa: PLC0415 - no other command needs it

        declared = graph_of(_given(directory, options))
        located = contract_of(directory, declared.stack, options["contract"])
        output.say(html.render_svg(_overview(declared, located)))
        return
    if options["contract"] is not None:
        raise InputError("--contract names the groups of --svg; the JSON has none")
    encoded = graph_json.encode(graph_of(_given(directory, options))).decode()
    output.say(visible_json(encoded))


@main.command(
    epilog="""\b
Examples:
  stackproof contract                           policy/contract.yaml
  stackproof contract --stack dev --to policy/contract.dev.yaml
  stackproof contract --from graph.json --to -  print it
"""
)
@_DIRECTORY
@STACK
@_FROM
@TIME_LIMIT
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="The file to write ('-': stdout).  [default: policy/contract.yaml of the project]",
)
@click.option("--force", is_flag=True, help="Write over a file that exists.")
def contract(directory: Path, **options: Any) -> None:  # noqa: ANN401 - as above
    """Write a first contract, from what the architecture permits today.

    It says everything that is possible, for a person to cut down: what is
    taken out is then violated, until the program no longer permits it. What is
    not proven of it is said in comments. No file is overwritten.
    """
    from stackproof import beginning  # noqa: PLC0415 - no other command needs it

    target = options["target"] or root_of(directory) / "policy" / "contract.yaml"
    shown = str(target) == "-"
    if not shown and target.exists() and not options["force"]:
        raise InputError(
            f"{target} exists; write elsewhere with --to FILE, or over it with --force"
        )
    declared = graph_of(_given(directory, options))
    begun = beginning.begin(declared)
    text = beginning.written(begun, declared)
    if shown:
        output.say(text)
        return
    if options["target"] is None:
        output.make_folder(target.parent)
    output.write([(target, text)])
    proven = begun.total - len(begun.open)
    click.echo(f"wrote {target}: {proven} of its {begun.total} claims are proven", err=True)


_CONTEXT = (
    click.option(
        "-C",
        "--directory",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        help="The Pulumi project.  [default: here]",
    ),
    STACK,
    CONTRACT,
    _FROM,
    TIME_LIMIT,
    click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
)


def _in_context(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` the options that say where the architecture comes from."""
    for option in reversed(_CONTEXT):
        command = option(command)
    return command


def _world(directory: Path, options: dict[str, Any]) -> World:
    """The architecture, and the contract's groups when there is a contract."""
    declared = graph_of(_given(directory, options))
    located = contract_of(directory, declared.stack, options["contract"])
    return _in_groups(declared, Contract(groups={}) if located is None else located.contract)


def _overview(declared: Graph, located: Located | None) -> Overview:
    """The architecture in the contract's groups; each resource by itself without a contract."""
    from stackproof.overview import each_by_itself, overview  # noqa: PLC0415 - html alone needs it

    if located is None:
        return overview(_in_groups(declared, Contract(groups=each_by_itself(declared))))
    return overview(_in_groups(declared, located.contract))


def _in_groups(graph: Graph, contract: Contract) -> World:
    return World(graph, contract, select(contract, graph))


def _answer(question: str, explanation: Explanation, options: dict[str, Any]) -> None:
    output.say(output.explained(question, explanation, as_json=options["as_json"]))


@main.group()
def explain() -> None:
    """Answer one question: yes, no or unknown, and why, hop by hop.

    The exit code is 0 for each of the three answers.
    """


@explain.command(
    epilog="""\b
Examples:
  stackproof explain flow internet database 27017
  stackproof explain flow api 203.0.113.7 tcp/1024-65535
  stackproof explain flow bastion api 22 --json
"""
)
@click.argument("start", metavar="FROM")
@click.argument("to")
@click.argument("port")
@_in_context
def flow(start: str, to: str, port: str, directory: Path, **options: Any) -> None:  # noqa: ANN401 - as above
    """Tell whether FROM can reach TO on PORT.

    FROM and TO are groups of the contract, names of resources, addresses, or
    'internet'. PORT is 443 (TCP), udp/53, tcp/1024-65535, icmp or all.
    """
    world = _world(directory, options)
    try:
        found = reach.explain(world.network, world.graph, world.members, start, to, port)
    except ValueError as error:
        raise InputError(f"PORT {port}: {error}") from error
    _answer(f"{start} to {to} on {port}", found, options)


@explain.command(
    epilog="""\b
Examples:
  stackproof explain permission api s3:PutObject images/orig/cat.jpg
  stackproof explain permission api logs:PutLogEvents api-log
"""
)
@click.argument("principal")
@click.argument("action")
@click.argument("resource")
@_in_context
def permission(
    principal: str,
    action: str,
    resource: str,
    directory: Path,
    **options: Any,  # noqa: ANN401 - as above
) -> None:
    """Tell whether PRINCIPAL may do ACTION on RESOURCE.

    PRINCIPAL is a name under identity.principals, a group, a role's name or
    ARN. ACTION is one action such as s3:GetObject. RESOURCE is an ARN, or a
    group with the rest of the ARN after it: images/orig/cat.jpg.
    """
    if ":" not in action and action != "*":
        raise InputError(f"ACTION {action}: name the service too, as in s3:GetObject")
    world = _world(directory, options)
    found = permissions.explain(
        world.identity,
        world.members,
        principal,
        action,
        resource,
        identity=world.contract.identity,
    )
    _answer(f"{principal}, {action} on {resource}", found, options)


@main.command(epilog="Example: stackproof schema contract > contract.schema.json")
@click.argument("name", type=click.Choice(["contract", "difference", "graph", "report"]))
def schema(name: str) -> None:
    """Print the JSON schema of a contract, a difference, a graph or a report."""
    file = resources.files("stackproof") / "schemas" / f"{name}.schema.json"
    output.say(file.read_text(encoding="utf-8"))


@main.command("hardening", epilog="Example: stackproof hardening --stack prod")
@_DIRECTORY
@STACK
@_FROM
@TIME_LIMIT
@click.option("--types", is_flag=True, help="List the provider's types without a name as well.")
def coverage(directory: Path, **options: Any) -> None:  # noqa: ANN401 - as above
    """Show what Checkov is shown of the architecture, type by type.

    How many of its checks speak of each type, and what it cannot be shown
    because Terraform's name of it is not known. What it finds, 'check' says.
    """
    from stackproof.reports import coverage as table  # noqa: PLC0415 - no other command needs it

    facts = hardening.hardening_facts(graph_of(_given(directory, options)))
    output.say(visible_lines(table.render(facts, everything=options["types"])))


@main.command(epilog="Example: stackproof claims network.closed")
@click.argument("kind", required=False)
@click.option("--markdown", is_flag=True, help="Print the page about all kinds (docs/claims.md).")
def claims(kind: str | None, *, markdown: bool) -> None:
    """Tell what each kind of claim proves, or all about KIND.

    KIND is the beginning of a claim's id, such as network.closed; a whole id
    serves as well. What is told: what it proves, what AWS does, a change that
    violates it, and the mend.
    """
    from stackproof.reports import claims as documented  # noqa: PLC0415 - 15 ms that check need not pay

    if markdown:
        output.say(documented.page())
    elif kind is None:
        for name, one in documented.kinds().items():
            output.say(f"{name}\n  {one.proves}\n")
    else:
        found = documented.kind_of(".".join(kind.split(".")[:2]).partition("#")[0])
        if found is None:
            close = get_close_matches(kind, documented.kinds(), n=1)
            instead = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"KIND {kind}: there is no such kind of claim{instead}")
        output.say(f"# {found.title}\n\n{found.markdown(level=2)}\n")


@main.command(
    epilog="""\b
Examples:
  eval "$(stackproof completion bash)"    in ~/.bashrc
  eval "$(stackproof completion zsh)"     in ~/.zshrc
  stackproof completion fish > ~/.config/fish/completions/stackproof.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and stacks."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - for this alone

    found = get_completion_class(shell)
    if found is None:
        raise InputError(f"SHELL {shell}: click does not complete for it")
    output.say(found(main, {}, "stackproof", "_STACKPROOF_COMPLETE").source())
