"""The small authority of an upper site: it says which key speaks for which site below, and takes that back.

One EC P-256 key in one folder (0600), certificates of 30 days for sites (CN = site id, URI `xinyi:site:<id>`), one for
its own broker, and a revocation list (RFC 5280). Private keys of sites never come here: they send a signing request,
and `gateway.trust.enrolment` decides who may. A certificate begins an hour before it is made, for rooms whose clock is
behind; so does the list, whose time must grow with every one (OpenSSL takes the newest by time, not by number).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.disk import make_folder, write_durably
from gateway.trust import register as book
from gateway.trust.certificates import (
    authority_certificate,
    authority_id,
    general_name,
    key_hash,
    key_pem,
    new_key,
    signed_certificate,
    site_id,
)
from gateway.trust.errors import AuthorityMissing, RequestRefused

LIFE = dt.timedelta(days=30)
SERVER_LIFE = dt.timedelta(days=397)
_BACKDATED = dt.timedelta(hours=1)
_S = 1_000_000_000


class Authority:
    """The authority in one folder. Made by `Authority.open`; safe to use from several processes."""

    def __init__(self, folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.folder, self._key, self.certificate = folder, key, certificate

    @classmethod
    def open(cls, folder: Path, *, site: str = "", create: bool = True) -> "Authority":
        """Load the authority of a folder; make it where there is none.

        Args:
            folder: its own folder.
            site: the upper site's id, for the name in its certificate; needed to make one.
            create: False: it must be there.

        Raises:
            AuthorityMissing: it is not there and `create` is False, or a part is missing or damaged.
            StoreUnwritable: it cannot be written.
        """
        path, ca = folder / "authority.key", folder / "ca.pem"
        if not path.exists() and not ca.exists():
            if not create:
                raise AuthorityMissing(folder, "has no authority", "run at the site above: xinyi enrol token SITE")
            _make(folder, site_id(site))
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(ca.read_bytes())
        except (OSError, ValueError) as error:
            remedy = "restore the authority's folder from a backup"
            raise AuthorityMissing(folder, f"is incomplete or damaged ({type(error).__name__})", remedy) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise AuthorityMissing(folder, "key and certificate do not belong together", "restore both from a backup")
        authority = cls(folder, key, certificate)
        if not authority.crl_path.exists():
            authority.crl()
        return authority

    @property
    def ca_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def ca_path(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def crl_path(self) -> Path:
        """The newest list; a broker is pointed at it."""
        return self.folder / "crl.pem"

    @property
    def register_path(self) -> Path:
        return self.folder / "register.json"

    def register(self) -> book.Register:
        """What was issued and taken back, as it is on the disk now."""
        return book.read(self.register_path)

    def issue(
        self, csr: x509.CertificateSigningRequest, site: str, *, now: dt.datetime, life: dt.timedelta = LIFE
    ) -> bytes:
        """A certificate (PEM) for a site's key. Of the request only the key is used; asked again with the same key,
        the answer is the same while it is in force. Who may ask is decided before (`gateway.trust.enrolment`).

        Raises:
            NameRefused: not a site's id.
            RequestRefused: the request is not signed by its key, or not EC P-256.
        """
        site_id(site)
        key = csr.public_key()
        if (
            not csr.is_signature_valid
            or not isinstance(key, ec.EllipticCurvePublicKey)
            or key.curve.name != "secp256r1"
        ):
            raise RequestRefused(site, "the signing request is not good", "make a new one: xinyi enrol request")
        with book.changing(self.register_path) as register:
            now_ns = _ns(now)
            for one in register.good(site, now_ns):
                if one.key_hash == key_hash(key):
                    return one.pem.encode()
            register.forget(now_ns)
            certificate = signed_certificate(
                (self._key, self.certificate),
                key,
                site,
                [x509.UniformResourceIdentifier(f"xinyi:site:{site}")],
                ExtendedKeyUsageOID.CLIENT_AUTH,
                (now - _BACKDATED, now + life),
            )
            pem = certificate.public_bytes(serialization.Encoding.PEM)
            serial, ends = f"{certificate.serial_number:x}", _ns(certificate.not_valid_after_utc)
            register.certificates.append(book.Issued(serial, site, key_hash(key), now_ns, ends, pem.decode()))
        return pem

    def serve(self, names: Sequence[str], *, now: dt.datetime) -> tuple[Path, Path]:
        """Certificate and key files for the site's own broker, good for these host names and addresses.

        What is there is kept while it says the same names and has half of its life left.
        """
        certificate_path, path = self.folder / "broker.pem", self.folder / "broker.key"
        wanted: list[x509.GeneralName] = [general_name(name) for name in names]
        if certificate_path.exists() and path.exists():
            old = x509.load_pem_x509_certificate(certificate_path.read_bytes())
            said = list(old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
            if said == wanted and old.not_valid_after_utc - now > SERVER_LIFE / 2:
                return certificate_path, path
        key = new_key()
        certificate = signed_certificate(
            (self._key, self.certificate),
            key.public_key(),
            names[0][:64],
            wanted,
            ExtendedKeyUsageOID.SERVER_AUTH,
            (now - _BACKDATED, now + SERVER_LIFE),
        )
        write_durably(path, key_pem(key))
        write_durably(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
        return certificate_path, path

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256, of something that is no certificate; the caller puts what it is for in front."""
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def revoke(self, what: str, *, now: dt.datetime) -> list[str]:
        """Take back a certificate by its serial, or all that a site has; the list is written anew.

        Returns:
            The serials that were taken back now; empty when there was nothing in force.
        """
        serials = []
        with book.changing(self.register_path) as register:
            for one in register.certificates:
                if what in {one.site, one.serial} and one.to_utc_ns > _ns(now) and not one.revoked_utc_ns:
                    one.revoked_utc_ns = _ns(now)
                    serials.append(one.serial)
            for token in register.tokens:
                if token.site == what and not token.used_by:
                    token.until_utc_ns = min(token.until_utc_ns, _ns(now))
        self.crl(now=now)
        return serials

    def hold(self, sites: Iterable[str], *, now: dt.datetime) -> None:
        """Put exactly these sites on the list for a while (reason "certificateHold"); all others come off it."""
        held = set(sites)
        with book.changing(self.register_path) as register:
            for one in register.certificates:
                one.held = one.site in held
        self.crl(now=now)

    def crl(self, *, now: dt.datetime | None = None) -> bytes:
        """Write the revocation list (PEM) with the next number, and return it. It holds until the authority ends: a
        broker must go on when nobody renews a list.
        """
        now = now or dt.datetime.now(dt.UTC)
        with book.changing(self.register_path) as register:
            register.crl_number += 1
            register.crl_from_utc_s = max(register.crl_from_utc_s + 1, int((now - _BACKDATED).timestamp()))
            builder = (
                x509.CertificateRevocationListBuilder()
                .issuer_name(self.certificate.subject)
                .last_update(dt.datetime.fromtimestamp(register.crl_from_utc_s, dt.UTC))
                .next_update(self.certificate.not_valid_after_utc)
                .add_extension(x509.CRLNumber(register.crl_number), critical=False)
                .add_extension(authority_id(self._key), critical=False)
            )
            for one in register.certificates:
                if (one.revoked_utc_ns or one.held) and one.to_utc_ns > _ns(now):
                    builder = builder.add_revoked_certificate(_revoked(one, now))
            pem = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            write_durably(
                self.crl_path, pem
            )  # under the register's lock, so that the newest number is the last written
        return pem


def _make(folder: Path, site: str) -> None:
    make_folder(folder)
    key = new_key()
    certificate = authority_certificate(key, f"Xinyi authority {site}", now=dt.datetime.now(dt.UTC))
    write_durably(folder / "register.json", b"{}")
    write_durably(folder / "authority.key", key_pem(key))
    write_durably(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM))


def _revoked(one: book.Issued, now: dt.datetime) -> x509.RevokedCertificate:
    at = dt.datetime.fromtimestamp(one.revoked_utc_ns // _S, dt.UTC) if one.revoked_utc_ns else now
    entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16)).revocation_date(at)
    if not one.revoked_utc_ns:
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.certificate_hold), critical=False)
    return entry.build()


def _ns(time: dt.datetime) -> int:
    return int(time.timestamp()) * _S
