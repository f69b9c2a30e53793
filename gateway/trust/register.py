"""What an authority remembers: certificates, tokens and the number of its revocation list, in one small JSON file.

Several processes of a site may change it (the centre answers renewals while somebody revokes at the command line), so
each change reads, changes and writes the file under a lock (flock(2)) that is held for milliseconds.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.disk import write_durably
from gateway.errors import StoreUnwritable
from gateway.trust.errors import AuthorityMissing

FORGET_AFTER_NS = 400 * 24 * 3600 * 1_000_000_000
"""So long after its end a certificate or token is still listed; a revocation list needs it only until its end."""


class Issued(Struct):
    """One certificate. `key_hash` is the SHA-256 of its public key: the same key asked for again gets the same answer.

    Attributes:
        serial: hex, lower case.
        revoked_utc_ns: 0: it is good.
        held: taken back only for a while (quarantine), while the list says so.
    """

    serial: str
    site: str
    key_hash: str
    from_utc_ns: int
    to_utc_ns: int
    pem: str
    revoked_utc_ns: int = 0
    held: bool = False


class TokenEntry(Struct):
    """An enrolment token, as its hash. `used_by` is the public key that it let in ("" is nobody yet)."""

    site: str
    verifier: str
    until_utc_ns: int
    used_by: str = ""


class Register(Struct):
    crl_number: int = 0
    crl_from_utc_s: int = 0
    certificates: list[Issued] = []
    tokens: list[TokenEntry] = []

    def good(self, site: str, now_ns: int) -> list[Issued]:
        """The certificates of a site that are in force."""
        return [
            one for one in self.certificates if one.site == site and not one.revoked_utc_ns and one.to_utc_ns > now_ns
        ]

    def forget(self, now_ns: int) -> None:
        """Drop what ended long ago, so that the file stays small."""
        self.certificates = [one for one in self.certificates if one.to_utc_ns + FORGET_AFTER_NS > now_ns]
        self.tokens = [one for one in self.tokens if one.until_utc_ns + FORGET_AFTER_NS > now_ns]


def read(path: Path) -> Register:
    """The register as it is now.

    Raises:
        AuthorityMissing: the file is missing or is not one.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Register)
    except (OSError, msgspec.MsgspecError) as error:
        raise AuthorityMissing(
            path, f"is not a register ({error})", "restore the authority's folder from a backup"
        ) from None


@contextlib.contextmanager
def changing(path: Path) -> Iterator[Register]:
    """The register, to be changed; it is durable when the block ends without an error and untouched otherwise."""
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnwritable(
            lock, f"cannot be made ({error.strerror})", "run this as the user of the site's services"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        register = read(path)
        yield register
        write_durably(path, msgspec.json.format(msgspec.json.encode(register)))
    finally:
        os.close(handle)
