"""The authority that the members and their clients believe, and the certificates that it signs.

Its names are bound to the stack's own zone: whoever stole its key could be no other server.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITY_DAYS = 3650
_MEMBER_DAYS = 30
_CLOCKS_DIFFER = dt.timedelta(minutes=5)
LOCALHOST = "localhost"


@dataclass(frozen=True)
class Authority:
    """A key and its certificate, both in PEM."""

    key: str
    certificate: str

    @classmethod
    def founded(cls, domain: str, now: dt.datetime) -> Authority:
        """A new one, for the names of `domain` and for the machine itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Database", domain)
        builder = _builder(name, name, key.public_key(), now, _AUTHORITY_DAYS)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.NameConstraints([x509.DNSName(domain), x509.DNSName(LOCALHOST)], None),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)  # noqa: FBT003 - "critical", as the library has it
            .sign(key, hashes.SHA256())
        )
        return cls(_private(key), _public(certificate))

    @classmethod
    def parse(cls, text: str) -> Authority:
        """From the text of its secret; raises ValueError without ever quoting it."""
        try:
            found = json.loads(text)
            return cls(found["key"], found["certificate"])
        except (ValueError, TypeError, KeyError):
            raise ValueError("is not an authority") from None

    @property
    def text(self) -> str:
        """As its secret holds it."""
        return json.dumps({"key": self.key, "certificate": self.certificate})

    def issue(self, host: str, now: dt.datetime) -> str:
        """A key and a certificate for the member `host`, as mongod reads them from one file.

        It serves clients, and other members as their client.
        """
        signer = load_pem_private_key(self.key.encode(), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is of another kind than was founded")
        issuer = x509.load_pem_x509_certificate(self.certificate.encode())
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(host, host.partition(".")[2])
        builder = _builder(name, issuer.subject, key.public_key(), now, _MEMBER_DAYS)
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        names = [x509.DNSName(host), x509.DNSName(LOCALHOST)]
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
            .sign(signer, hashes.SHA256())
        )
        return _private(key) + _public(certificate)


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
