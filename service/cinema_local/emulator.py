"""The stand-in for AWS: ministack, on loopback, over TLS, enforcing IAM.

TLS, because the buckets' policies refuse whatever comes without it. Its state is in memory and is
made anew from the Graph at each start; the objects of its buckets alone are kept on disk.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import ssl
import sys
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import trustme
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from cinema_local.ports import LOOPBACK
from cinema_local.processes import Child, Keeper

SERVICES = ("iam", "lambda", "logs", "s3", "sqs", "sts")


@dataclass(frozen=True)
class Emulator:
    """How to start the emulator, and how to reach it; the root credentials are ours alone."""

    account: str
    region: str
    port: int
    certificate: Path
    private_key: Path
    authority: Path
    access_key: str
    secret_key: str

    @classmethod
    def prepare(cls, folder: Path, *, account: str, region: str, port: int) -> Emulator:
        """Make credentials and a certificate in `folder`, for one run."""
        authority = trustme.CA(organization_name="Cinema.Database, local run")
        served = authority.issue_cert(LOOPBACK, "localhost")
        folder.mkdir(mode=0o700)
        emulator = cls(
            account=account,
            region=region,
            port=port,
            certificate=folder / "certificate.pem",
            private_key=folder / "key.pem",
            authority=folder / "authority.pem",
            access_key=f"AKIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_urlsafe(30),
        )
        authority.cert_pem.write_to_path(emulator.authority)
        served.private_key_pem.write_to_path(emulator.private_key)
        for number, blob in enumerate(served.cert_chain_pems):
            blob.write_to_path(emulator.certificate, append=number > 0)
        return emulator

    @property
    def url(self) -> str:
        """Its endpoint, for every service."""
        return f"https://{LOOPBACK}:{self.port}"

    async def start(self, *, keeper: Keeper, log: Path, objects: Path, scratch: Path) -> Child:
        """Start it; returns at once, `ready` waits."""
        temporary = scratch / "emulator"
        temporary.mkdir(exist_ok=True)
        environment = {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            # For the functions that it runs, which inherit all of this but its credentials.
            "AWS_CA_BUNDLE": str(self.authority),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "DOCKER_HOST": "unix:///nonexistent",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "MINISTACK_ACCOUNT_ID": self.account,
            "MINISTACK_REGION": self.region,
            "PYTHONUNBUFFERED": "1",
            "S3_DATA_DIR": str(objects),
            "S3_PERSIST": "1",
            "SERVICES": ",".join(SERVICES),
            "SFTP_ENABLED": "0",
            "TMPDIR": str(temporary),
        }
        command = [
            sys.executable, "-m", "hypercorn", "ministack.app:app",
            "--bind", f"{LOOPBACK}:{self.port}",
            "--certfile", str(self.certificate), "--keyfile", str(self.private_key),
            "--keep-alive", "75", "--graceful-timeout", "2",
            # No second process: this one serves.
            "--workers", "0",
        ]  # fmt: skip
        return await Child.start(
            "emulator",
            command,
            environment=environment,
            log=log,
            keeper=keeper,
            folder=temporary,
        )

    async def ready(self, child: Child) -> bool:
        """Wait until it answers; False when it ended instead."""
        context = self.trust()
        async with aiohttp.ClientSession() as session:
            while child.running:
                try:
                    url = f"{self.url}/_ministack/ready"
                    async with session.get(url, ssl=context) as answer:
                        if answer.status == 200:  # noqa: PLR2004 - HTTP's OK
                            return True
                except aiohttp.ClientError:
                    pass  # it does not listen yet
                await asyncio.sleep(0.05)
        return False

    def trust(self) -> ssl.SSLContext:
        """What believes its certificate, and no other."""
        return ssl.create_default_context(cafile=str(self.authority))

    async def clients(self, stack: AsyncExitStack, services: Iterable[str]) -> dict[str, Any]:
        """Clients of `services` as the account's root, closed by `stack`."""
        session = AioSession()
        # Nothing of the person's own set-up: no profile, no endpoint, no proxy.
        for name in ("config_file", "credentials_file"):
            session.set_config_variable(name, os.devnull)
        session.set_config_variable("profile", None)
        found = {}
        for service in services:
            client = session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.url,
                verify=str(self.authority),
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                config=AioConfig(proxies={}, retries={"total_max_attempts": 1}),
            )
            found[service] = await stack.enter_async_context(client)
        return found
