"""Lambda: functions and who may start them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind, regular

_FUNCTION = {"name": "FunctionName"}


def package(code: Properties | None) -> bytes:
    """A deployment package of the archive that Pulumi was given: its files, if it is a folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        folder = Path((code or {}).get("path") or "/nonexistent")
        for file in sorted(folder.glob("*.py")) if folder.is_dir() else ():
            archive.write(file, file.name)
        archive.writestr("hash", str((code or {}).get("hash", "")))
    return packed.getvalue()


def _create(aws: Aws, given: Properties) -> str:
    made = _BASE.create(aws, {**given, "code": {"zipFile": package(given.get("code"))}})
    if given.get("reservedConcurrentExecutions") is not None:
        _reserve(aws, made, given)
    return made


def _reserve(aws: Aws, id_: str, given: Properties) -> None:
    number = given.get("reservedConcurrentExecutions")
    if number is None or int(number) < 0:
        aws.call("lambda", "delete_function_concurrency", FunctionName=id_)
    else:
        aws.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=id_,
            ReservedConcurrentExecutions=int(number),
        )


def _outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    reserved = aws.call("lambda", "get_function_concurrency", FunctionName=id_)
    arn = state["functionArn"]
    path = f"2015-03-31/functions/{arn}/invocations"
    return {
        "arn": arn,
        "qualifiedArn": f"{arn}:{state['version']}",
        "invokeArn": f"arn:aws:apigateway:{aws.region}:lambda:path/{path}",
        "reservedConcurrentExecutions": reserved.get("ReservedConcurrentExecutions"),
    }


def _settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" in changed:
        return
    if "code" in changed:
        aws.call(
            "lambda",
            "update_function_code",
            FunctionName=id_,
            ZipFile=package(given.get("code")),
        )
    if "reservedConcurrentExecutions" in changed:
        _reserve(aws, id_, given)
    simple = {
        "description": "Description", "handler": "Handler", "memorySize": "MemorySize",
        "role": "Role", "runtime": "Runtime", "timeout": "Timeout",
    }  # fmt: skip
    arguments = {simple[key]: given[key] for key in sorted(changed & simple.keys())}
    whole = {k: int(v) if isinstance(v, float) else v for k, v in arguments.items()}
    if "environment" in changed:
        variables = (given.get("environment") or {}).get("variables", {})
        whole["Environment"] = {"Variables": variables}
    if whole:
        aws.call("lambda", "update_function_configuration", FunctionName=id_, **whole)


_BASE = regular(
    "aws:lambda/function:Function", "lambda", create="create_function", id="FunctionName",
    read="get_function_configuration", by="FunctionName", found="", delete="delete_function",
    renamed=_FUNCTION, pulumis=("reservedConcurrentExecutions", "skipDestroy", "sourceCodeHash"),
    tags=lambda labels: {"Tags": dict(labels)}, outputs=_outputs,
)  # fmt: skip


def _allow(aws: Aws, given: Properties) -> str:
    sid = str(given.get("statementId") or "Pulumi")
    more = {
        "SourceArn": given.get("sourceArn"),
        "SourceAccount": given.get("sourceAccount"),
        "Qualifier": given.get("qualifier"),
    }
    aws.call(
        "lambda",
        "add_permission",
        FunctionName=given["function"],
        StatementId=sid,
        Action=given["action"],
        Principal=given["principal"],
        **{key: value for key, value in more.items() if value},
    )
    return sid


def _read_allowed(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        answer = aws.call("lambda", "get_policy", FunctionName=state["function"])
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    for statement in json.loads(answer["Policy"])["Statement"]:
        if statement["Sid"] == id_:
            condition = statement.get("Condition", {})
            principal = statement["Principal"]
            who = principal.get("Service") if isinstance(principal, dict) else principal
            return {
                "action": statement["Action"],
                "function": statement["Resource"].rsplit(":", 1)[-1],
                "principal": who,
                "sourceArn": condition.get("ArnLike", {}).get("AWS:SourceArn"),
                "sourceAccount": condition.get("StringEquals", {}).get("AWS:SourceAccount"),
                "statementId": id_,
            }
    return None


def _forbid(aws: Aws, id_: str, state: Properties) -> None:
    aws.call("lambda", "remove_permission", FunctionName=state["function"], StatementId=id_)


KINDS = (
    Kind(
        type="aws:lambda/function:Function", service="lambda", create=_create, read=_BASE.read,
        delete=_BASE.delete, settle=_settle,
        settles=frozenset({
            "code", "description", "environment", "handler", "memorySize", "role", "runtime",
            "timeout", "reservedConcurrentExecutions",
        }),
        replaces=frozenset({"name", "packageType"}), named="name", longest=64,
        echoed=lambda aws, given: _BASE.echoed(aws, {**given, "code": None}),
        untold={"code": "comes back as a hash of a package that the double makes"},
    ),
    Kind(
        type="aws:lambda/permission:Permission", service="lambda", create=_allow,
        read=_read_allowed, delete=_forbid,
        replaces=frozenset({
            "action", "function", "principal", "sourceArn", "sourceAccount", "statementId",
        }),
    ),
)  # fmt: skip
