"""How the API is told of its database: who it is, how to log in, and whom to believe."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cinema_api.settings import DatabaseSettings, SettingsError, parse_authorities

HOSTS = {"CINEMA_DATABASE_HOSTS": "a.cinema.internal:27017,b.cinema.internal:27017"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("authority")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=Database", "-keyout", str(folder / "key"),
        "-out", str(folder / "certificate"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "certificate").read_text()


def test_the_hosts_of_a_set_are_asked_as_a_set() -> None:
    found = DatabaseSettings.read(HOSTS | {"CINEMA_DATABASE_REPLICA_SET": "cinema-prod"})
    assert found.uri == (
        "mongodb://a.cinema.internal:27017,b.cinema.internal:27017/?replicaSet=cinema-prod"
    )
    assert DatabaseSettings.read(HOSTS).uri == f"mongodb://{HOSTS['CINEMA_DATABASE_HOSTS']}"


@pytest.mark.parametrize("name", ["cinema prod", "a&tls=false", "a/b", "x" * 65])
def test_a_name_that_would_be_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="CINEMA_DATABASE_REPLICA_SET"):
        DatabaseSettings.read(HOSTS | {"CINEMA_DATABASE_REPLICA_SET": name})


def test_a_uri_names_its_set_itself() -> None:
    variables = {"CINEMA_DATABASE_URI": "mongodb://a", "CINEMA_DATABASE_REPLICA_SET": "cinema"}
    with pytest.raises(SettingsError, match="CINEMA_DATABASE_REPLICA_SET"):
        DatabaseSettings.read(variables)


def test_certificates_are_taken_from_a_variable_a_file_or_a_secret(
    tmp_path: Path, certificate: str
) -> None:
    (tmp_path / "authorities.pem").write_text(certificate * 2)
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cinema-prod/database-ca"
    for variable, value in (
        ("CINEMA_DATABASE_CA", certificate),
        ("CINEMA_DATABASE_CA_FILE", str(tmp_path / "authorities.pem")),
        ("CINEMA_DATABASE_CA_ARN", arn),
    ):
        found = DatabaseSettings.read(HOSTS | {variable: value})
        assert found.authorities is not None
        assert found.authorities.variable == variable
    assert DatabaseSettings.read(HOSTS).authorities is None


@pytest.mark.parametrize("text", ["trust me", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END"])
def test_what_is_no_certificate_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="CINEMA_DATABASE_CA: must be one or more"):
        DatabaseSettings.read(HOSTS | {"CINEMA_DATABASE_CA": text})
    with pytest.raises(ValueError, match="certificates in PEM"):
        parse_authorities(text)
