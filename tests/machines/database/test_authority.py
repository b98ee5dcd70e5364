"""Certificates: whom they vouch for, and whom they cannot."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from cinema_member.authority import Authority

NOW = dt.datetime.now(dt.UTC)
DOMAIN = "cinema-prod.internal"
HOST = f"database-us-east-1a.{DOMAIN}"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.founded(DOMAIN, NOW)


def greets(folder: Path, authority: Authority, certificate: str, asked: str) -> None:
    """A handshake by TLS between OpenSSL's two ends; raises ssl.SSLError where it fails."""
    (folder / "certificate.pem").write_text(certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem")
    client = ssl.create_default_context(cadata=authority.certificate)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=asked) as connection:
            assert connection.version() in {"TLSv1.2", "TLSv1.3"}
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("asked", [HOST, "localhost"])
def test_a_member_is_believed_by_its_name_and_on_its_own_machine(
    tmp_path: Path, authority: Authority, asked: str
) -> None:
    greets(tmp_path, authority, authority.issue(HOST, NOW), asked)


@pytest.mark.parametrize("asked", [f"database-us-east-1b.{DOMAIN}", "cinema.example"])
def test_a_member_is_no_other_one(tmp_path: Path, authority: Authority, asked: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greets(tmp_path, authority, authority.issue(HOST, NOW), asked)


def test_the_authority_can_vouch_for_nobody_outside_of_the_zone(
    tmp_path: Path, authority: Authority
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        greets(tmp_path, authority, authority.issue("login.example.com", NOW), "login.example.com")


def test_another_authority_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    other = Authority.founded(DOMAIN, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        greets(tmp_path, authority, other.issue(HOST, NOW), HOST)


def test_while_the_authority_changes_both_are_believed(
    tmp_path: Path, authority: Authority
) -> None:
    other = Authority.founded(DOMAIN, NOW)
    both = Authority(authority.key, authority.certificate + other.certificate)
    greets(tmp_path, both, authority.issue(HOST, NOW), HOST)
    greets(tmp_path, both, other.issue(HOST, NOW), HOST)


def test_a_certificate_ends_after_a_month(tmp_path: Path, authority: Authority) -> None:
    old = authority.issue(HOST, NOW - dt.timedelta(days=31))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        greets(tmp_path, authority, old, HOST)


def test_openssl_finds_the_chain_fit_for_servers_and_for_clients(
    tmp_path: Path, authority: Authority
) -> None:
    (tmp_path / "authority.pem").write_text(authority.certificate)
    (tmp_path / "member.pem").write_text(authority.issue(HOST, NOW))
    for purpose in ("sslserver", "sslclient"):
        command = [
            "openssl", "verify", "-x509_strict", "-purpose", purpose,
            "-CAfile", str(tmp_path / "authority.pem"), str(tmp_path / "member.pem"),
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_authority_comes_back_from_its_secret_and_is_not_quoted(authority: Authority) -> None:
    assert Authority.parse(authority.text) == authority
    with pytest.raises(ValueError, match="is not an authority") as refused:
        Authority.parse("-----BEGIN")
    assert "BEGIN" not in str(refused.value)
