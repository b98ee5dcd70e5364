"""Settings of the API, from the environment: typed, and refused early with the variable's name."""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias, TypeVar
from urllib.parse import quote_plus, urlsplit

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

_LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_SECRET_ARN: Final = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")
_SHORTEST_KEY: Final = 32
"""Bytes: a key for HS256 must be at least as long as its output (RFC 7518, 3.2)."""


class SettingsError(ValueError):
    """A variable that the API cannot start with. The message begins with its name."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable}: {problem}")
        self.variable = variable


class ImageAccess(StrEnum):
    """Who may list and read images. Uploads need a login either way."""

    LOGIN = "login"
    PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Where a secret stands. Exactly one of the three is set."""

    variable: str
    value: str | None = field(default=None, repr=False)
    file: Path | None = None
    arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """`uri` is of MongoDB's connection string format and holds no credentials from a secret.

    With `authorities`, certificates in PEM, the connection is by TLS, to whom these vouch for.
    """

    uri: str = field(repr=False)
    name: str = "cinema"
    credentials: Secret | None = None
    authorities: Secret | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> DatabaseSettings:
        """From environment variables; raises SettingsError with the name of the one to mend."""
        return _database(_Environment(environ))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the API is told from outside."""

    database: DatabaseSettings
    jwt_keys: Secret
    image_bucket: str
    host: str = "127.0.0.1"
    port: int = 8081
    region: str | None = None
    cors_origins: tuple[str, ...] = ()
    images: ImageAccess = ImageAccess.LOGIN
    upload_max_bytes: int = 10 * 2**20
    upload_max_pixels: int = 50_000_000
    upload_seconds: int = 120
    login_limit: int = 10
    registration_limit: int = 20
    upload_limit: int = 60
    trusted_proxies: tuple[Network, ...] = ()
    public_scheme: str | None = None
    log_level: str = "info"
    drain_seconds: int = 20

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """From environment variables; raises SettingsError with the name of the one to mend."""
        env = _Environment(environ)
        return cls(
            host=env.text("CINEMA_HOST", "127.0.0.1"),
            port=env.number("CINEMA_PORT", 8081, least=0, most=65535),
            database=_database(env),
            jwt_keys=_jwt_keys(env),
            image_bucket=env.text("CINEMA_IMAGE_BUCKET"),
            region=env.text("AWS_REGION", "") or None,
            cors_origins=env.each("CINEMA_CORS_ORIGINS", _origin),
            images=env.parsed("CINEMA_IMAGES", ImageAccess.LOGIN, _image_access),
            upload_max_bytes=env.number(
                "CINEMA_UPLOAD_MAX_BYTES", 10 * 2**20, least=1024, most=2**30
            ),
            upload_max_pixels=env.number(
                "CINEMA_UPLOAD_MAX_PIXELS", 50_000_000, least=1, most=10**9
            ),
            upload_seconds=env.number("CINEMA_UPLOAD_SECONDS", 120, least=1, most=3600),
            login_limit=env.number("CINEMA_LOGIN_LIMIT", 10, least=1, most=10**6),
            registration_limit=env.number("CINEMA_REGISTRATION_LIMIT", 20, least=1, most=10**6),
            upload_limit=env.number("CINEMA_UPLOAD_LIMIT", 60, least=1, most=10**6),
            trusted_proxies=env.each("CINEMA_TRUSTED_PROXIES", _network),
            public_scheme=env.parsed("CINEMA_PUBLIC_SCHEME", None, _scheme),
            log_level=env.parsed("CINEMA_LOG_LEVEL", "info", _log_level),
            drain_seconds=env.number("CINEMA_DRAIN_SECONDS", 20, least=0, most=3600),
        )


@dataclass(frozen=True)
class _Environment:
    variables: Mapping[str, str]

    def text(self, name: str, default: str | None = None) -> str:
        value = self.variables.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise SettingsError(name, "must be set")
        return default

    def parsed(self, name: str, default: T, parse: Callable[[str], T]) -> T:
        value = self.text(name, "")
        try:
            return parse(value) if value else default
        except ValueError as problem:
            raise SettingsError(name, str(problem)) from None

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        def parse(value: str) -> int:
            if not value.isascii() or not value.isdecimal() or not least <= int(value) <= most:
                raise ValueError(f"'{value}' is not a whole number from {least} to {most}")
            return int(value)

        return self.parsed(name, default, parse)

    def each(self, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        values = (value.strip() for value in self.text(name, "").split(","))
        try:
            return tuple(parse(value) for value in values if value)
        except ValueError as problem:
            raise SettingsError(name, str(problem)) from None

    def secret(self, name: str) -> Secret | None:
        """`NAME`, `NAME_FILE` or `NAME_ARN`; a file is read once now, so that it is refused now."""
        found = {
            variable: value
            for suffix in ("", "_FILE", "_ARN")
            if (value := self.text(variable := name + suffix, ""))
        }
        if len(found) > 1:
            raise SettingsError(next(iter(found)), f"set only one of {', '.join(found)}")
        for variable, value in found.items():
            if variable.endswith("_FILE"):
                path = Path(value)
                try:
                    path.read_text()
                except (OSError, UnicodeDecodeError) as problem:
                    raise SettingsError(variable, f"cannot be read: {problem}") from None
                return Secret(variable=variable, file=path)
            if variable.endswith("_ARN"):
                if _SECRET_ARN.fullmatch(value) is None:
                    raise SettingsError(variable, f"'{value}' is not the ARN of a secret")
                return Secret(variable=variable, arn=value)
            return Secret(variable=variable, value=value)
        return None


def _scheme(text: str) -> str:
    if text not in {"http", "https"}:
        raise ValueError(f"'{text}' is neither http nor https")
    return text


def parse_jwt_keys(text: str) -> tuple[bytes, ...]:
    """Keys, one a line or separated by commas; raises ValueError without ever quoting one."""
    keys = tuple(key.strip().encode() for key in re.split(r"[,\n]", text) if key.strip())
    if not keys:
        raise ValueError("holds no key")
    for number, key in enumerate(keys, 1):
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"key {number} has {len(key)} bytes; {_SHORTEST_KEY} are the least")
    return keys


def parse_credentials(text: str) -> tuple[str, str]:
    """User name and password from JSON; raises ValueError without ever quoting them."""
    try:
        found = json.loads(text)
        username, password = found["username"], found["password"]
    except (ValueError, TypeError, KeyError):
        raise ValueError('must be JSON like {"username": "...", "password": "..."}') from None
    if not (isinstance(username, str) and isinstance(password, str) and username and password):
        raise ValueError("username and password must be text that is not empty")
    return username, password


def parse_authorities(text: str) -> str:
    """Certificates in PEM, as they stand; raises ValueError for what holds none."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValueError("must be one or more certificates in PEM") from None
    return text


def _check(secret: Secret, parse: Callable[[str], object]) -> None:
    text = secret.value if secret.file is None else secret.file.read_text()
    if text is not None:
        try:
            parse(text)
        except ValueError as problem:
            raise SettingsError(secret.variable, str(problem)) from None


def _jwt_keys(env: _Environment) -> Secret:
    secret = env.secret("CINEMA_JWT_KEYS")
    if secret is None:
        raise SettingsError("CINEMA_JWT_KEYS", "or _FILE or _ARN must be set")
    _check(secret, parse_jwt_keys)
    return secret


def _database(env: _Environment) -> DatabaseSettings:
    uri = env.text("CINEMA_DATABASE_URI", "")
    hosts = env.each("CINEMA_DATABASE_HOSTS", _host_and_port)
    if uri and hosts:
        raise SettingsError("CINEMA_DATABASE_URI", "set it or CINEMA_DATABASE_HOSTS, not both")
    if not uri and not hosts:
        raise SettingsError("CINEMA_DATABASE_URI", "or CINEMA_DATABASE_HOSTS must be set")
    if uri and not uri.startswith(("mongodb://", "mongodb+srv://")):
        raise SettingsError("CINEMA_DATABASE_URI", "must begin with mongodb:// or mongodb+srv://")
    credentials = env.secret("CINEMA_DATABASE_CREDENTIALS")
    if credentials is not None:
        _check(credentials, parse_credentials)
    authorities = env.secret("CINEMA_DATABASE_CA")
    if authorities is not None:
        _check(authorities, parse_authorities)
    replica_set = env.parsed("CINEMA_DATABASE_REPLICA_SET", "", _replica_set)
    if replica_set and uri:
        raise SettingsError("CINEMA_DATABASE_REPLICA_SET", "belongs into CINEMA_DATABASE_URI")
    name = env.text("CINEMA_DATABASE_NAME", "cinema")
    if re.fullmatch(r"[A-Za-z0-9_-]{1,63}", name) is None:
        raise SettingsError("CINEMA_DATABASE_NAME", f"'{name}' is not a database's name")
    options = f"/?replicaSet={replica_set}" if replica_set else ""
    return DatabaseSettings(
        uri=uri or f"mongodb://{','.join(hosts)}{options}",
        name=name,
        credentials=credentials,
        authorities=authorities,
    )


def _host_and_port(value: str) -> str:
    parts = urlsplit(f"//{value}")
    if not parts.hostname or parts.netloc != value or "@" in value:
        raise ValueError(f"'{quote_plus(value, safe=':.[]@/')}' is not host:port")
    parts.port  # noqa: B018 - raises ValueError for what is no port
    return value


def _replica_set(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value) is None:
        raise ValueError(f"'{value}' is not a replica set's name")
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.netloc
        or value != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"'{value}' is not an origin like https://films.example.com")
    return value.lower()


def _network(value: str) -> Network:
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(f"'{value}' is not a network like 10.0.0.0/16") from None


def _image_access(value: str) -> ImageAccess:
    if value not in {member.value for member in ImageAccess}:
        raise ValueError(f"'{value}' is neither login nor public")
    return ImageAccess(value)


def _log_level(value: str) -> str:
    if value.lower() not in _LOG_LEVELS:
        raise ValueError(f"'{value}' is none of {', '.join(_LOG_LEVELS)}")
    return value.lower()
