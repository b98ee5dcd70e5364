"""What a Pulumi type is to AWS: which calls make it, read it, change it and take it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, at, is_absent
from tests.rehearsal.translate import Translation, properties

Create = Callable[[Aws, Properties], str]
Read = Callable[[Aws, str, Properties], Properties | None]
Delete = Callable[[Aws, str, Properties], None]
Settle = Callable[[Aws, str, Properties, frozenset[str]], None]

ECHOED_ALWAYS = frozenset({"tags", "tagsAll", "region", "__defaults"})


def _nothing(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del aws, id_, given, changed


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One Pulumi type.

    `create` takes the inputs and returns the id. `read` takes the id and what the state knows,
    and returns what AWS says in Pulumi's names, outputs included, or None where it is gone.
    `settle` makes the inputs of which it is given the names true of what exists: it follows every
    creation (all names) and is an update (those that changed).
    """

    type: str
    service: str
    create: Create
    read: Read
    delete: Delete
    settle: Settle = _nothing
    settles: frozenset[str] = frozenset()
    """The inputs that `settle` can change; with a change of any other there is no update."""
    replaces: frozenset[str] = frozenset()
    """The inputs whose change makes another resource; written down by hand, for the provider's
    schema (`ForceNew` there) is not in its Python package."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Inputs of which the emulator says nothing, or something else than AWS, and why."""
    named: str = ""
    """The input for which Pulumi makes a name where none is given."""
    longest: int = 255
    """Characters that such a name may have."""
    echoed: Callable[[Aws, Properties], set[str]] = lambda aws, given: set()  # noqa: ARG005
    """The paths of the inputs that no call takes."""


def regular(  # noqa: C901, PLR0913 -- a row of a table, by name
    type_: str,
    service: str,
    *,
    create: str,
    id: str,  # noqa: A002 -- what it is
    read: str,
    by: str,
    found: str,
    delete: str,
    gone: str = "",
    renamed: Mapping[str, str] | None = None,
    pulumis: tuple[str, ...] = (),
    inside: str = "",
    always: Mapping[str, Any] | None = None,
    tags: Callable[[Mapping[str, str]], Properties] | None = None,
    outputs: Callable[[Aws, str, Properties], Properties] | None = None,
    absent: Callable[[Properties], bool] = lambda described: False,  # noqa: ARG005
    settle: Settle = _nothing,
    settles: tuple[str, ...] = (),
    update: str = "",
    updates: str = "",
    before_delete: Delete | None = None,
    replaces: tuple[str, ...] = (),
    untold: Mapping[str, str] | None = None,
    named: str = "",
    longest: int = 255,
) -> Kind:
    """A kind whose calls differ from others' by their names alone.

    `create` and `read` and `delete` are operations. `id` is where the id lies in the answer of
    `create`, or `=input` for an input that is the id. `by` is the parameter with which `read` is
    asked for the id (`VpcIds[]` for a list of it), `found` where the description lies in the
    answer; `gone` is the parameter of `delete`, `by` without its brackets and `s` unless said.
    `pulumis` are inputs that mean something to Pulumi or to `settle` only; `inside` is the member
    that takes the whole of the inputs. `update` is an operation that takes every input again with
    the id as `updates`.
    """
    renamed = renamed or {}
    apart = ECHOED_ALWAYS | set(pulumis)

    def parameters(aws: Aws, operation: str, given: Properties) -> tuple[Properties, set[str]]:
        model = aws.client(service).meta.service_model
        shape = model.operation_model(
            aws.client(service).meta.method_to_api_mapping[operation]
        ).input_shape
        if inside:
            shape = shape.members[inside]
        translation = Translation(renamed)
        wanted = {key: value for key, value in given.items() if key not in apart}
        made = translation.structure(shape, wanted)
        return ({inside: made} if inside else made), translation.untold

    def make(aws: Aws, given: Properties) -> str:
        arguments, _ = parameters(aws, create, given)
        labels = given.get("tagsAll") or given.get("tags") or {}
        if tags and labels:
            arguments |= tags(labels)
        answer = aws.call(service, create, **arguments, **(always or {}))
        return str(given[id[1:]] if id.startswith("=") else at(answer, id))

    def ask(aws: Aws, id_: str, state: Properties) -> Properties | None:
        asked = {by[:-2]: [id_]} if by.endswith("[]") else {by: id_} if by else {}
        try:
            described = at(aws.call(service, read, **asked), found)
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        if described is None or absent(described):
            return None
        said: Properties = properties(described, renamed)
        return {**said, **(outputs(aws, id_, {**state, **said}) if outputs else {})}

    def take_away(aws: Aws, id_: str, state: Properties) -> None:
        if before_delete:
            before_delete(aws, id_, state)
        parameter = gone or by.removesuffix("[]").removesuffix("s")
        if parameter.endswith("[]"):
            aws.call(service, delete, **{parameter[:-2]: [id_]})
        else:
            aws.call(service, delete, **{parameter: id_})

    def settle_all(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
        # A new one has just got every input; `tagsAll` is among what changed only then.
        if update and not {"__new"} & changed:
            arguments, _ = parameters(aws, update, given)
            aws.call(service, update, **{updates: id_} if updates else {}, **arguments)
        settle(aws, id_, given, changed)

    return Kind(
        type=type_,
        service=service,
        create=make,
        read=ask,
        delete=take_away,
        settle=settle_all,
        settles=frozenset(settles),
        replaces=frozenset(replaces),
        untold=untold or {},
        named=named,
        longest=longest,
        echoed=lambda aws, given: parameters(aws, create, given)[1],
    )
