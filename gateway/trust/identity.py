"""The site's side of enrolment: its key, its certificate and what it knows of the authority above, in one folder.

`identity.pem` holds key and certificate together, so that a power cut cannot leave a pair that does not match; `ca.pem`
is the authority; `escrow.pem` the key for which this site wraps its own keys; `pending.json` a key whose certificate is
still on its way. All of mode 0600.
"""

import datetime as dt
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from gateway.disk import make_folder, write_durably
from gateway.trust.certificates import key_pem, new_key
from gateway.trust.enrolment import Request, Token, check_answer, renewal_signature, short_fingerprint
from gateway.trust.errors import NotEnrolled, RequestRefused, TokenRefused
from gateway.trust.tls import TlsFiles

RENEW_FROM = 2 / 3
"""Of a certificate's life."""


class _Pending(Struct, frozen=True):
    site: str
    key_pem: str
    authority: str
    renewal: bool = False


class Identity:
    """Who this site is for the one above."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file, self._ca, self._pending = folder / "identity.pem", folder / "ca.pem", folder / "pending.json"

    @property
    def tls_files(self) -> TlsFiles:
        """For `BrokerAddress(…, tls=…)`."""
        return TlsFiles(self._ca, self._file, self._file)

    @property
    def certificate(self) -> x509.Certificate:
        """The one in force.

        Raises:
            NotEnrolled: there is none.
        """
        return x509.load_pem_x509_certificate(self._read())

    @property
    def site(self) -> str:
        """Raises NotEnrolled."""
        return _site_of(self.certificate)

    @property
    def escrow_pem(self) -> bytes:
        """Public key of the level above, for `gateway.trust.escrow`.

        Raises:
            NotEnrolled: there is none.
        """
        self._read()
        return (self.folder / "escrow.pem").read_bytes()

    def needs_renewal(self, now: dt.datetime) -> bool:
        """Whether two thirds of the certificate's life are over.

        Raises:
            NotEnrolled: there is no certificate.
        """
        one = self.certificate
        begins, ends = one.not_valid_before_utc, one.not_valid_after_utc
        return now >= begins + (ends - begins) * RENEW_FROM

    def request(self, token: str) -> bytes:
        """Make a key and ask for its first certificate with a token.

        Raises:
            TokenRefused: it is not a whole token.
            StoreUnwritable: the key cannot be written.
        """
        told = Token.parse(token)
        key = new_key()
        self._keep(_Pending(told.site, key_pem(key).decode(), told.fingerprint))
        csr = _csr(key, told.site)
        return msgspec.json.encode(Request(told.site, _pem(csr), told.proof(csr)))

    def renewal(self) -> bytes:
        """Make a key and ask for its certificate with the one in force. While no answer came it is the same key.

        Raises:
            NotEnrolled: there is no certificate.
        """
        old, site = self._read(), self.site
        old_key = serialization.load_pem_private_key(old, None)
        assert isinstance(old_key, ec.EllipticCurvePrivateKey)
        pending = self._waiting()
        if pending and pending.renewal and pending.site == site:
            key = serialization.load_pem_private_key(pending.key_pem.encode(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
        else:
            key = new_key()
            authority = short_fingerprint(x509.load_pem_x509_certificate(self._ca.read_bytes()))
            self._keep(_Pending(site, key_pem(key).decode(), authority, renewal=True))
        csr = _csr(key, site)
        certificate = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return msgspec.json.encode(Request(site, _pem(csr), renewal_signature(old_key, csr), certificate))

    def install(self, answer: bytes) -> x509.Certificate:
        """Take the certificate that came. Nothing changes when it is not for us.

        Raises:
            NotEnrolled: nothing was asked for.
            TokenRefused: it is from another authority than the token named.
            RequestRefused: it is damaged, or for another key or site.
        """
        pending = self._waiting()
        if pending is None:
            raise NotEnrolled(self.folder, "has asked for no certificate", "run xinyi enrol request, or renew")
        got, certificate, ca = check_answer(answer)
        if short_fingerprint(ca) != pending.authority:
            raise TokenRefused("the answer", "is from another authority than the token", "ask who gave you the file")
        key = serialization.load_pem_private_key(pending.key_pem.encode(), None)
        if certificate.public_key() != key.public_key() or _site_of(certificate) != pending.site:
            raise RequestRefused("the answer", "is for another request", "install the answer to the newest request")
        write_durably(self._ca, got.ca_pem.encode())
        write_durably(self.folder / "escrow.pem", got.escrow_pem.encode())
        write_durably(self._file, pending.key_pem.encode() + got.certificate_pem.encode())
        self._pending.unlink(missing_ok=True)
        return certificate

    def _read(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError:
            remedy = "run xinyi enrol request with a token of the site above"
            raise NotEnrolled(self.folder, "there is no certificate", remedy) from None

    def _waiting(self) -> _Pending | None:
        try:
            return msgspec.json.decode(self._pending.read_bytes(), type=_Pending)
        except (OSError, msgspec.MsgspecError):
            return None

    def _keep(self, pending: _Pending) -> None:
        make_folder(self.folder)
        write_durably(self._pending, msgspec.json.encode(pending))


def _site_of(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _csr(key: ec.EllipticCurvePrivateKey, site: str) -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, site)])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def _pem(csr: x509.CertificateSigningRequest) -> str:
    return csr.public_bytes(serialization.Encoding.PEM).decode()
