"""One way to AWS's API, which here is the emulator's: clients, and what an error means."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

Properties = dict[str, Any]

_ABSENT = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "NotExist", "InvalidDocument")
"""Parts of the error codes with which AWS's services say that something is not there."""


@dataclass(frozen=True)
class Aws:
    """The API of one account and region at `endpoint`, which is never AWS's own."""

    endpoint: str
    region: str
    account: str
    _clients: dict[str, Any] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:  # noqa: ANN401 -- boto3's clients have no static type
        """The client of a service; made once, for a model takes up to a second to read."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self.endpoint,
                    region_name=self.region,
                    aws_access_key_id="rehearsal",
                    aws_secret_access_key="rehearsal",  # noqa: S106 -- it opens nothing
                    # One try: what an emulator answers once, it answers again.
                    config=Config(
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                        request_checksum_calculation="when_required",
                        inject_host_prefix=False,
                    ),
                )
            return self._clients[service]

    def call(self, service: str, operation: str, **arguments: Any) -> Any:  # noqa: ANN401 -- JSON
        """Call `operation` (boto3's name, as `create_vpc`) and return its answer.

        Raises ClientError for what the service refuses and ParamValidationError for what does not
        fit the service's model.
        """
        return getattr(self.client(service), operation)(**arguments)

    def ec2(self, operation: str, **arguments: Any) -> Any:  # noqa: ANN401 -- JSON
        """As `call`, of the service that has a third of all types."""
        return self.call("ec2", operation, **arguments)

    def arn(self, service: str, rest: str) -> str:
        """An ARN of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"


def is_absent(error: ClientError) -> bool:
    """Whether the service says that what was asked for does not exist."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code == "BadRequestException" and "not owned" in str(error):
        return True  # GuardDuty's way to say it
    return any(part in code for part in _ABSENT) or (code == "404" and status == 404)


def at(answer: Any, path: str) -> Any:  # noqa: ANN401 -- JSON
    """What lies at a dotted `path` in an answer; of a list the first, None for nothing.

    An empty path is the answer itself.
    """
    for name in filter(None, path.split(".")):
        if isinstance(answer, list):
            answer = answer[0] if answer else None
        if not isinstance(answer, Mapping):
            return None
        answer = answer.get(name)
    if isinstance(answer, list):
        return answer[0] if answer else None
    return answer
