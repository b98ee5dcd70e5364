"""Reads secrets where they stand: a variable, a file, or AWS Secrets Manager."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cinema_api.problems import UnavailableError
from cinema_api.settings import Secret, SettingsError

T = TypeVar("T")


async def read_parsed(secret: Secret, parse: Callable[[str], T]) -> T:
    """What the secret says.

    Raises UnavailableError where it cannot be had just now, and SettingsError, which never quotes
    it, where it says nothing that `parse` takes.
    """
    text = await _text(secret)
    try:
        return parse(text)
    except ValueError as problem:
        raise SettingsError(secret.variable, str(problem)) from None


async def _text(secret: Secret) -> str:
    if secret.value is not None:
        return secret.value
    try:
        if secret.file is not None:
            return await asyncio.to_thread(secret.file.read_text)
        # A secret is read in its own region, which its ARN names.
        region = str(secret.arn).split(":")[3]
        config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
        async with get_session().create_client(
            "secretsmanager", region_name=region, config=config
        ) as client:
            text: str = (await client.get_secret_value(SecretId=secret.arn))["SecretString"]
            return text
    except (OSError, UnicodeDecodeError, KeyError, BotoCoreError, ClientError) as problem:
        raise UnavailableError(f"{secret.variable} cannot be read") from problem
