"""What all EC2 instances have in common: how they are hardened, and how they are told things."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, TypedDict

IMAGE_ID: Final = r"ami-[0-9a-f]{8,17}"
INSTANCE_TYPE: Final = r"[a-z][a-z0-9-]*\.[a-z0-9-]+"


class MetadataOptions(TypedDict):
    """How an instance may ask the metadata service, for an instance and a template alike."""

    http_endpoint: str
    http_tokens: str
    http_put_response_hop_limit: int


METADATA_OPTIONS: Final[MetadataOptions] = {
    "http_endpoint": "enabled",
    # IMDSv2 only, and its answer dies at the first hop: a forged request through a proxy or a
    # container cannot fetch the role's credentials.
    "http_tokens": "required",
    "http_put_response_hop_limit": 1,
}

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_VALUE = re.compile(r"[A-Za-z0-9._:/,@+-]*")


def environment_file(values: Mapping[str, str], path: str = "/etc/cinema/environment") -> str:
    """User data that writes one environment file, for systemd to read, and runs nothing.

    It is cloud-config, as JSON (which is YAML), so that no value can break out of its place.
    Whoever may describe the instance can read it: no secrets. Raises ValueError for a name or
    value that an environment file would need quotes for.
    """
    for name, value in values.items():
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise ValueError(f"{name}={value} does not fit an environment file")
    content = "".join(f"{name}={value}\n" for name, value in sorted(values.items()))
    entry = {"path": path, "permissions": "0644", "content": content}
    return "#cloud-config\n" + json.dumps({"write_files": [entry]}, indent=1) + "\n"
