"""How a site comes to its certificate and keeps it: a token once, the certificate in force from then on.

Everything is bytes, so that it travels on a USB stick (`xinyi enrol …`) as well as by MQTT:

    above: token ──► below: request (key and CSR are made here, the key stays) ──► above: answer ──► below: install

A token is single-use and names the authority by its fingerprint. It does not travel with the request: an HMAC made with
it binds it to this one CSR, so a request that is read on the way lets nobody else in. A renewal is signed by the key of
the certificate in force. A room that was away longer than its certificate renews by stick: the newest certificate of a
site may ask for `GRACE` after its end, unless it was revoked. Asked twice, the answer is the same.

For the centre: what comes on `topics.up(site, "renew", "relay")` goes into `answer_renewal`, what it returns goes to
`topics.down(site, "certificate", "relay")`, where the relay hands it to `Identity.install`.
"""

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from gateway.trust import register as book
from gateway.trust.authority import LIFE, Authority
from gateway.trust.certificates import fingerprint, key_hash, site_id
from gateway.trust.errors import CertificateExpired, CertificateRevoked, RequestRefused, TokenRefused
from gateway.trust.escrow import escrow_key

TOKEN_LIFE = dt.timedelta(days=7)
GRACE = dt.timedelta(days=180)
MOST_BYTES = 16 * 1024
"""No request or answer is larger."""
_FINGERPRINT_CHARACTERS = 32
_RENEWAL = b"xinyi renewal 1\0"
_ESCROW = b"xinyi escrow key 1\0"
_AGAIN = "make a new one: xinyi enrol request, or xinyi enrol renew"


T = TypeVar("T", bound=Struct)


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What a site asks. `proof` (hex) is an HMAC by the token, or the signature of `certificate_pem`'s key."""

    site: str
    csr_pem: str
    proof: str
    certificate_pem: str = ""


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """What a site gets. `escrow_pem` is the key for which it wraps its keys; the authority has signed it."""

    certificate_pem: str
    ca_pem: str
    escrow_pem: str
    escrow_signature: str


class Token(Struct, frozen=True):
    """The parts of a token's text `<site>:<secret>:<fingerprint of the authority>`."""

    site: str
    secret: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"Token(site={self.site!r})"  # never the secret, wherever this is printed

    @classmethod
    def parse(cls, text: str) -> "Token":
        """Raises TokenRefused."""
        parts = text.strip().split(":")
        if len(parts) != 3 or len(parts[2]) != _FINGERPRINT_CHARACTERS:
            raise TokenRefused("the token", "is not whole", "copy all of what xinyi enrol token printed")
        return cls(site_id(parts[0]), parts[1], parts[2])

    def is_of(self, ca: x509.Certificate) -> bool:
        return hmac.compare_digest(short_fingerprint(ca), self.fingerprint)

    def proof(self, csr: x509.CertificateSigningRequest) -> str:
        return _proof(_verifier(self.secret), csr)


def short_fingerprint(ca: x509.Certificate) -> str:
    """128 bits of the authority's fingerprint: what a token and a site remember of it."""
    return fingerprint(ca)[:_FINGERPRINT_CHARACTERS]


def make_token(authority: Authority, site: str, *, now: dt.datetime, life: dt.timedelta = TOKEN_LIFE) -> str:
    """A new token for a site; those of it that nobody used are void from now on. Only a hash of it is kept here.

    Raises:
        NameRefused: not a site's id.
    """
    site_id(site)
    secret = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
    with book.changing(authority.register_path) as register:
        register.tokens = [one for one in register.tokens if one.site != site or one.used_by]
        register.tokens.append(book.TokenEntry(site, _verifier(secret), _ns(now + life)))
    return f"{site}:{secret}:{short_fingerprint(authority.certificate)}"


def answer(authority: Authority, request: bytes, *, now: dt.datetime, life: dt.timedelta = LIFE) -> bytes:
    """The answer to a request of either kind, as `xinyi enrol sign` gives it.

    Raises:
        RequestRefused: it is damaged, or signed by another key.
        TokenRefused: token unknown, used by another key, or too old.
        CertificateRevoked: the certificate that asks was taken back.
        CertificateExpired: it ended longer than `GRACE` ago, or a newer one was made since.
    """
    asked = _decode(request, Request)
    csr = _csr(asked)
    if asked.certificate_pem:
        _check_renewal(authority, asked, csr, now)
    else:
        _use_token(authority, asked, csr, now)
    certificate = authority.issue(csr, asked.site, now=now, life=life)
    escrow_pem = escrow_key(authority.folder).public_pem
    signature = authority.sign(_ESCROW + escrow_pem).hex()
    return msgspec.json.encode(Answer(certificate.decode(), authority.ca_pem.decode(), escrow_pem.decode(), signature))


def answer_renewal(
    authority: Authority, request: bytes, *, site: str, now: dt.datetime, life: dt.timedelta = LIFE
) -> bytes:
    """The answer to a renewal that came by MQTT from this site. Tokens are not for this way.

    Raises:
        RequestRefused: as `answer`, or it speaks for another site than the one it came from.
        CertificateRevoked: as `answer`.
        CertificateExpired: as `answer`.
    """
    asked = _decode(request, Request)
    if asked.site != site or not asked.certificate_pem:
        raise RequestRefused(site, "asks for something that is not its renewal", _AGAIN)
    return answer(authority, request, now=now, life=life)


def renewal_signature(key: ec.EllipticCurvePrivateKey, csr: x509.CertificateSigningRequest) -> str:
    return key.sign(_RENEWAL + _der(csr), ec.ECDSA(hashes.SHA256())).hex()


def check_answer(data: bytes) -> tuple[Answer, x509.Certificate, x509.Certificate]:
    """The answer, its certificate and its authority, when they belong together. Whether it is *our* authority is for
    the reader to check.

    Raises:
        RequestRefused: damaged, or not signed by its authority.
    """
    got = _decode(data, Answer)
    try:
        certificate = x509.load_pem_x509_certificate(got.certificate_pem.encode())
        ca = x509.load_pem_x509_certificate(got.ca_pem.encode())
        certificate.verify_directly_issued_by(ca)
        _verify(ca.public_key(), got.escrow_signature, _ESCROW + got.escrow_pem.encode())
    except (ValueError, TypeError, InvalidSignature):
        raise RequestRefused("the answer", "is not signed by its authority", _AGAIN) from None
    return got, certificate, ca


def _check_renewal(authority: Authority, asked: Request, csr: x509.CertificateSigningRequest, now: dt.datetime) -> None:
    try:
        old = x509.load_pem_x509_certificate(asked.certificate_pem.encode())
        old.verify_directly_issued_by(authority.certificate)
        _verify(old.public_key(), asked.proof, _RENEWAL + _der(csr))
    except (ValueError, TypeError, InvalidSignature):
        raise RequestRefused(asked.site, "the renewal is not signed by a certificate of ours", _AGAIN) from None
    mine = [one for one in authority.register().certificates if one.site == asked.site]
    entry = next((one for one in mine if one.serial == f"{old.serial_number:x}"), None)
    if entry is None:
        raise RequestRefused(asked.site, "the certificate is not one of this site", _AGAIN)
    if entry.revoked_utc_ns or entry.held:
        raise CertificateRevoked(asked.site, "its certificate was revoked", "give it a new token: xinyi enrol token")
    newest = max(mine, key=lambda one: one.from_utc_ns)
    asked_before = newest.key_hash == key_hash(csr.public_key())
    if (
        entry.to_utc_ns <= _ns(now)
        and not asked_before
        and (entry is not newest or entry.to_utc_ns <= _ns(now - GRACE))
    ):
        raise CertificateExpired(
            asked.site, "its certificate ended too long ago", "give it a new token: xinyi enrol token"
        )


def _use_token(authority: Authority, asked: Request, csr: x509.CertificateSigningRequest, now: dt.datetime) -> None:
    key = key_hash(csr.public_key())
    with book.changing(authority.register_path) as register:
        for token in register.tokens:
            if token.site == asked.site and hmac.compare_digest(_proof(token.verifier, csr), asked.proof):
                break
        else:
            raise TokenRefused(asked.site, "the token is unknown", "give it a new one: xinyi enrol token")
        if token.used_by not in {"", key}:
            raise TokenRefused(asked.site, "the token was used before", "give it a new one: xinyi enrol token")
        if token.until_utc_ns <= _ns(now):
            raise TokenRefused(asked.site, "the token is too old", "give it a new one: xinyi enrol token")
        token.used_by = key


def _decode(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data if len(data) <= MOST_BYTES else b"", type=kind)
    except msgspec.MsgspecError:
        what = kind.__name__.lower()
        raise RequestRefused(f"the {what}", f"is not a whole {what}", "carry the file over again") from None


def _csr(asked: Request) -> x509.CertificateSigningRequest:
    site_id(asked.site)
    try:
        csr = x509.load_pem_x509_csr(asked.csr_pem.encode())
        good = csr.is_signature_valid and isinstance(csr.public_key(), ec.EllipticCurvePublicKey)
    except (ValueError, TypeError):
        good = False
    if not good:
        raise RequestRefused(asked.site, "the signing request is not good", _AGAIN)
    return csr


def _verify(key: object, signature: str, data: bytes) -> None:
    """Raises InvalidSignature, TypeError or ValueError."""
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError
    key.verify(bytes.fromhex(signature), data, ec.ECDSA(hashes.SHA256()))


def _verifier(secret: str) -> str:
    """The secret has 192 random bits: a plain hash is enough. It lies beside the authority's own key."""
    return hashlib.sha256(b"xinyi enrolment 1\0" + secret.encode()).hexdigest()


def _proof(verifier: str, csr: x509.CertificateSigningRequest) -> str:
    return hmac.new(bytes.fromhex(verifier), _der(csr), hashlib.sha256).hexdigest()


def _der(csr: x509.CertificateSigningRequest) -> bytes:
    return csr.public_bytes(serialization.Encoding.DER)


def _ns(time: dt.datetime) -> int:
    return int(time.timestamp()) * 1_000_000_000
