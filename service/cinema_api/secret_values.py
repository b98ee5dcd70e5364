"""Reads secrets where they stand: a variable, a file, or AWS Secrets Manager."""

from __future__ import annotations

import asyncio

from aiobotocore.session import AioSession
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cinema_api.problems import UnavailableError
from cinema_api.settings import Secret


async def read_secret(secret: Secret, session: AioSession, region: str | None) -> str:
    """The secret's text; raises UnavailableError where it cannot be had just now."""
    if secret.value is not None:
        return secret.value
    try:
        if secret.file is not None:
            return await asyncio.to_thread(secret.file.read_text)
        config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
        async with session.create_client(
            "secretsmanager", region_name=region, config=config
        ) as client:
            text: str = (await client.get_secret_value(SecretId=secret.arn))["SecretString"]
            return text
    except (OSError, UnicodeDecodeError, KeyError, BotoCoreError, ClientError) as problem:
        raise UnavailableError(f"{secret.variable} cannot be read") from problem
