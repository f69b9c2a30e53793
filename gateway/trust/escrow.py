"""A site's keys, wrapped for the level above: a lost key is lost data (DESIGN, "Keys").

HPKE (RFC 9180) of `cryptography`: X25519, HKDF-SHA256, AES-256-GCM. The id of the key and for whom it is wrapped are
bound to it, so one cannot be passed off as another. Above, the private key lies beside the authority (0600); it opens
every site's data there is a copy of, so it is to be guarded like the authority's own.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gateway.disk import write_durably
from gateway.keys import all_keys
from gateway.messages import KeyEscrow
from gateway.trust.errors import AuthorityMissing, EscrowBroken

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class EscrowKey:
    """The key pair of an upper site."""

    private: X25519PrivateKey

    def __repr__(self) -> str:
        return f"EscrowKey({escrow_id(self.private.public_key())})"

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def escrow_key(folder: Path) -> EscrowKey:
    """The pair in the authority's folder; made where there is none.

    Raises:
        AuthorityMissing: the file is damaged.
        StoreUnwritable: it cannot be written.
    """
    path = folder / "escrow.key"
    if not path.exists():
        made = X25519PrivateKey.generate()
        write_durably(
            path,
            made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise AuthorityMissing(path, "the escrow key is damaged", "restore it from a backup; no key opens without it")
    return EscrowKey(key)


def public_key(pem: bytes) -> X25519PublicKey:
    """Raises EscrowBroken."""
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise EscrowBroken("the escrow key above", "is not one", "enrol again with a new token")
    return key


def escrow_id(key: X25519PublicKey) -> str:
    """Which key pair something is wrapped for: "x25519:" and 16 hex digits of its SHA-256."""
    return f"x25519:{hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]}"


def wrap(key_above: X25519PublicKey, key_id: str, key: bytes) -> KeyEscrow:
    """Wrap one key for whoever holds the private half."""
    wrapped_for = escrow_id(key_above)
    return KeyEscrow(key_id, wrapped_for, _SUITE.encrypt(key, key_above, _info(wrapped_for, key_id)))


def wrap_all(key_above: X25519PublicKey, folder: Path) -> list[KeyEscrow]:
    """Every key of a key folder (`gateway.keys`).

    Raises:
        StoreMissing: there are no keys.
        KeyUnsafe: a key file is damaged or others may read it.
    """
    return [wrap(key_above, key_id, key) for key_id, key in all_keys(folder).items()]


def unwrap(private: X25519PrivateKey, escrow: KeyEscrow) -> bytes:
    """The key again.

    Raises:
        EscrowBroken: it was changed, or wrapped for another pair.
    """
    mine = escrow_id(private.public_key())
    if escrow.wrapped_for != mine:
        raise EscrowBroken(escrow.key_id, f"is wrapped for {escrow.wrapped_for}, here is {mine}", "ask that site")
    try:
        return _SUITE.decrypt(escrow.wrapped, private, _info(escrow.wrapped_for, escrow.key_id))
    except (InvalidTag, ValueError):
        raise EscrowBroken(escrow.key_id, "was changed on the way or in the store", "use another copy of it") from None


def _info(wrapped_for: str, key_id: str) -> bytes:
    return b"xinyi escrow 1\0" + wrapped_for.encode() + b"\0" + key_id.encode()
