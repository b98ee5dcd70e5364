"""The JSON schemas of what people and tools write and read, made from the classes themselves.

`python -m stackproof.schemas` writes them beside this file; a test refuses files that are old.
"""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from stackproof import check, model
from stackproof.compare import difference
from stackproof.contract import Contract, vocabulary

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def contract_schema() -> dict[str, Any]:
    """What editors check a contract with. `null`, which deletes in an overlay, is not offered."""
    schema = _schema(Contract, "The contract of an architecture", vocabulary)
    # An overlay takes its groups from the contract that it extends.
    contract = schema["$defs"]["Contract"]
    contract["required"] = []
    contract["anyOf"] = [{"required": ["groups"]}, {"required": ["extends"]}]
    return schema


def report_schema() -> dict[str, Any]:
    """What `check --format json` prints."""
    return _schema(check.Report, "The report of stackproof check", check, model)


def difference_schema() -> dict[str, Any]:
    """What `diff --format json` prints."""
    return _schema(
        difference.Difference, "The difference that stackproof diff finds", difference, model
    )


def files() -> dict[Path, str]:
    """Each schema file and what it must hold."""
    folder = Path(__file__).parent
    schemas = {
        "contract": contract_schema(),
        "difference": difference_schema(),
        "report": report_schema(),
    }
    return {
        folder / f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }


def _schema(root: type, title: str, *modules: Any) -> dict[str, Any]:  # noqa: ANN401 - modules
    # The only type that msgspec does not know is `object`: a witness holds whatever it needs.
    made = msgspec.json.schema(root, schema_hook=lambda _: {"description": "Any JSON value."})
    schema: dict[str, Any] = {"$schema": _DRAFT, "title": title, **made}
    described = {}
    for module in modules:
        described.update(_field_docstrings(module))
    for name, definition in schema["$defs"].items():
        if "description" in definition:
            # Python 3.13 takes the indentation out of docstrings; the others leave it in.
            definition["description"] = inspect.cleandoc(definition["description"])
        for field, text in described.get(name, {}).items():
            properties = definition["properties"]
            properties[field] = {**properties[field], "description": text}
    return schema


def _field_docstrings(module: Any) -> dict[str, dict[str, str]]:  # noqa: ANN401 - as above
    """Class -> field (as it is spelt outside) -> the string literal that follows it."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        cls = getattr(module, node.name)
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                names = dict(zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True))
                said = inspect.cleandoc(str(text.value.value)).replace("\n", " ")
                found.setdefault(node.name, {})[names[field.target.id]] = said
    return found
