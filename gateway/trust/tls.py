"""How a site shows its certificate to the broker above, and what a refusal means, in words with a remedy.

TLS 1.2 or newer, the broker's certificate checked against the authority and the host name. OpenSSL says why a broker
refused a certificate only in an alert (RFC 8446, section 6) that comes after the handshake; `explain` translates it.
"""

import datetime as dt
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from gateway.trust.errors import CertificateExpired, NotEnrolled, TrustError

_LISTEN_S = 2.0
_MEANINGS = {
    "CERTIFICATE_REVOKED": "our certificate was revoked, or is held for a while; ask the site above, then "
    "run xinyi enrol request with a new token",
    "CERTIFICATE_EXPIRED": "our certificate has expired; run: xinyi enrol renew",
    "UNKNOWN_CA": "our certificate is not from its authority; run xinyi enrol request with a token of that site",
    "CERTIFICATE_REQUIRED": "it wants a certificate; run xinyi enrol request with a token of that site",
    "BAD_CERTIFICATE": "it does not accept our certificate; run xinyi enrol request with a new token",
}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the authority that we trust, our certificate, our key. The last two may be one file."""

    ca: Path
    certificate: Path
    key: Path


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """What a client needs for a connection with its certificate.

    Raises:
        NotEnrolled: a file is missing or damaged.
        CertificateExpired: the certificate is past its end.
    """
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        context = ssl.create_default_context(cafile=str(files.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ValueError) as error:
        remedy = "run xinyi enrol request with a token of the site above"
        raise NotEnrolled(files.certificate, f"is no certificate that can be used ({error})", remedy) from None
    ends = certificate.not_valid_after_utc
    if ends <= dt.datetime.now(dt.UTC):
        raise CertificateExpired(
            files.certificate,
            f"the certificate expired on {ends:%Y-%m-%d}",
            "check the clock, then run: xinyi enrol renew",
        )
    return context


def refusal_by(host: str, port: int, files: TlsFiles | None) -> str:
    """Why a broker does not let us in, in words; "" when certificates are not the reason.

    Of a connection on which we spoke the alert may be lost with it (the broker closes, TCP resets). So this is another
    one, on which we only listen: who is let in hears nothing.
    """
    if files is None:
        return ""
    try:
        context = client_context(files)
        with (
            socket.create_connection((host, port), _LISTEN_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            tls.recv(1)
    except ssl.SSLError as error:
        return explain(str(error))
    except (OSError, TrustError):
        pass
    return ""


def explain(problem: str) -> str:
    """The same problem in words, when it is one of TLS; otherwise the text itself."""
    for name, meaning in _MEANINGS.items():
        if f"ALERT_{name}" in problem:
            return meaning
    if "CERTIFICATE_VERIFY_FAILED" in problem:
        why = problem.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return f"its certificate is not good ({why}); check host name and clock, or enrol again with a new token"
    return problem
