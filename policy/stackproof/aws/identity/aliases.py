"""Aliases of KMS keys: which key a policy means by `kms:ResourceAliases`.

A key's id is not known before it exists, its alias is: so policies of programs name keys by alias.
An alias belongs to one key of its account and region at a time (AWS KMS Developer Guide, "Aliases
in AWS KMS"), so a statement that speaks of this account's and region's keys, under the condition
that one of the key's aliases is X, speaks of just the key that the program gives X to. What that
takes is one assumption, `KEPT`. Left out: aliases that the Graph does not declare, and wildcards.
"""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.aws.values import Values

ALIAS = "aws:kms/alias:Alias"
KEY = "aws:kms/key:Key"

KEPT = "Nobody outside this stack gives the alias of a key that it declares to another key."

OPERATOR, CONDITION = "foranyvalue:stringequals", "kms:resourcealiases"
"""One of the key's aliases equals (AWS KMS Developer Guide, "AWS KMS condition keys")."""


def keys_by_alias(values: Values) -> Mapping[str, str]:
    """ARNs, as text with atoms, of declared keys by their declared aliases' names."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for alias in values.graph.of_type(ALIAS):
        name = values.text(values.output(alias, "name"))
        key = values.resources.get(values.owner(alias.inputs.get("targetKeyId")) or "")
        if name is None or alias.external:
            continue
        arn = values.arn(key) if key is not None and key.type == KEY else None
        if name in found or arn is None or (key is not None and key.external):
            twice.add(name)
        else:
            found[name] = arn
    return {name: arn for name, arn in found.items() if name not in twice}


def key_of(values: Values, text: str) -> str | None:
    """The ARN of the key that `alias/NAME`, or its ARN, means; None when it is not declared."""
    name = text[text.index("alias/") :] if ":alias/" in text else text
    arn = keys_by_alias(values).get(name)
    if arn is None or (name != text and not text.startswith(arn.partition(":key/")[0] + ":")):
        return None
    return arn


def narrowed(
    values: Values, resources: tuple[str, ...], aliases: tuple[str, ...]
) -> tuple[str, ...] | None:
    """ARNs of the keys that `resources` with one of `aliases` means; None: not decided here.

    Each of `resources` must be every key of the region and account of each key: then the alias
    alone decides.
    """
    known = keys_by_alias(values)
    arns = [known.get(alias) for alias in aliases]
    found = tuple(arn for arn in arns if arn is not None)
    if len(found) < len(arns) or not resources:
        return None
    everything = {f"{arn.partition(':key/')[0]}:key/*" for arn in found}
    return found if everything == set(resources) else None
