"""Give a secret another value, without anybody seeing it.

python -m operations.rotate prod session-keys                    (in stack/)
python -m operations.rotate prod database-authority begin

What has to happen between the steps, and why there are steps, is in docs/database.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from operations.stacks import ROOT, CannotError, Stack

# The members' own program makes keys and certificates: here and there they are made alike.
sys.path.insert(0, str(ROOT / "stack/machines/database/files/opt/cinema/member"))
from cinema_member import first_values
from cinema_member.authority import Authority

_NEXT: Final = "CINEMANEXT"
"""The stage of an authority that is believed already, and signs nothing yet."""

STEPS: Final = {
    "session-keys": ("now",),
    "database-credentials": ("now",),
    "database-admin": ("now",),
    "database-keyfile": ("begin", "finish"),
    "database-authority": ("begin", "switch", "finish"),
}


def session_keys(text: str) -> str:
    """A new key signs; the one before still tells who is logged in."""
    keys = [key for key in text.replace(",", "\n").split("\n") if key.strip()]
    return "\n".join([first_values.new_key(), *keys[:1]])


def next_user(text: str) -> str:
    """The API's other user: both work until the next time."""
    before = first_values.Login.parse(text).username
    return first_values.credentials(
        "cinema-api-b" if before == first_values.API else first_values.API
    )


def both_keys(text: str) -> str:
    """A keyfile with the key that there is, and a new one.

    (MongoDB Manual, "Rotate Keys for Self-Managed Replica Sets".)
    """
    if text.startswith("- "):
        raise CannotError("a new key is there already: restart every member, then finish")
    return f"- {text.strip()}\n- {first_values.new_keyfile()}\n"


def new_key_alone(text: str) -> str:
    """The newer of the two keys."""
    keys = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]
    if len(keys) != 2:  # noqa: PLR2004 - the old one and the new one
        raise CannotError("there is no second key: begin first")
    return keys[1]


class Rotation:
    """The secrets of one stack, with the rights of whoever runs this."""

    def __init__(self, client: Any, stack: Stack) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._stack = stack

    def run(self, part: str, step: str) -> None:
        """One step for one secret; raises CannotError where it is not the next one."""
        if part == "database-authority":
            {"begin": self._begin, "switch": self._switch, "finish": self._finish}[step]()
            return
        change = {
            ("session-keys", "now"): session_keys,
            ("database-credentials", "now"): next_user,
            ("database-admin", "now"): lambda _: first_values.credentials(first_values.ADMIN),
            ("database-keyfile", "begin"): both_keys,
            ("database-keyfile", "finish"): new_key_alone,
        }[part, step]
        self._put(part, change(self._text(part)))

    def _begin(self) -> None:
        domain = self._stack.names.domain
        new = Authority.founded(domain, dt.datetime.now(dt.UTC))
        old = Authority.parse(self._text("database-authority"))
        self._put("database-authority", new.text, _NEXT)
        self._put("database-ca", old.certificate + new.certificate)

    def _switch(self) -> None:
        new = Authority.parse(self._text("database-authority", _NEXT))
        if new.certificate not in self._text("database-ca"):
            raise CannotError("nobody believes the new authority yet: begin first")
        self._put("database-authority", new.text)

    def _finish(self) -> None:
        signs = Authority.parse(self._text("database-authority"))
        if signs != Authority.parse(self._text("database-authority", _NEXT)):
            raise CannotError("the old authority still signs: switch first")
        self._put("database-ca", signs.certificate)

    def _text(self, part: str, stage: str = "AWSCURRENT") -> str:
        try:
            found = self._client.get_secret_value(
                SecretId=self._stack.names.secret(part), VersionStage=stage
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ResourceNotFoundException":
                raise CannotError(f"{part} has no value at {stage}") from None
            raise
        return str(found["SecretString"])

    def _put(self, part: str, text: str, stage: str = "AWSCURRENT") -> None:
        self._client.put_secret_value(
            SecretId=self._stack.names.secret(part), SecretString=text, VersionStages=[stage]
        )


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("stack")
    parser.add_argument("secret", choices=sorted(STEPS))
    parser.add_argument("step", nargs="?", default="now")
    given = parser.parse_args(arguments)
    if given.step not in STEPS[given.secret]:
        parser.error(f"{given.secret} is rotated by: {', '.join(STEPS[given.secret])}")
    try:
        stack = Stack.read(given.stack)
        client = boto3.client("secretsmanager", region_name=stack.names.region)
        Rotation(client, stack).run(given.secret, given.step)
    except (CannotError, ClientError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a command says what is wrong
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
