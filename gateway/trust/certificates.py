"""The shapes of what an authority signs (RFC 5280), and what a site's id may look like.

Sites: CN and URI name the site, client authentication only. Brokers: host names and addresses, server authentication
only. The authority: path length 0, it signs certificates and lists and nothing that TLS would take. EC P-256, SHA-256.
"""

import datetime as dt
import hashlib
import ipaddress
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import topics
from gateway.broker import PRODUCERS
from gateway.topics import SITE_PATTERN
from gateway.trust.errors import NameRefused

_PROCESSES = {topics.CENTRE, topics.RELAY, *PRODUCERS}
_NAME_CHARACTERS = 64
"""A common name is no longer (RFC 5280, ub-common-name)."""
AUTHORITY_LIFE = dt.timedelta(days=3653)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS 8 without a passphrase: the file's mode protects it, as for every key of ours."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_hash(key: object) -> str:
    """SHA-256 of a public key, hex."""
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return hashlib.sha256(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def site_id(text: str) -> str:
    """The same text, when it can be the id of a site: never the name of a process, whose rights it would get.

    Raises:
        NameRefused: it cannot.
    """
    if not re.fullmatch(SITE_PATTERN.removesuffix("$"), text) or text in _PROCESSES or len(text) > _NAME_CHARACTERS:
        raise NameRefused(repr(text), "is not the id of a site", "write it as district.town.room, small letters")
    return text


def authority_certificate(key: ec.EllipticCurvePrivateKey, name: str, *, now: dt.datetime) -> x509.Certificate:
    """A self-signed certificate of an authority."""
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def signed_certificate(
    signer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    key: ec.EllipticCurvePublicKey,
    name: str,
    names: list[x509.GeneralName],
    use: x509.ObjectIdentifier,
    life: tuple[dt.datetime, dt.datetime],
) -> x509.Certificate:
    """A certificate of one use; it never outlives its signer."""
    signing_key, authority = signer
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(authority.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(min(life[1], authority.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority_id(signing_key), critical=False)
        .sign(signing_key, hashes.SHA256())
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def authority_id(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
