"""Whom a site believes: the root role of The Update Framework (TUF specification 1.0, chapters 4.3 and 5.3).

A root names the keys and how many of them must sign releases ("targets") and the next root ("root"). Signatures are
checked over the very bytes that travelled, before anything in them is read; python-tuf does the checking. A root is
replaced only by the next one, signed by enough keys of both, so lost or stolen keys are taken out without a visit.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Key, Signature
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Root, Targets
from tuf.api.serialization.json import CanonicalJSONSerializer

from gateway.disk import write_durably
from gateway.messages import ReleaseManifest
from gateway.releases.errors import KeyRefused, ManifestUnreadable, SignatureWrong, TrustMissing

MAX_BYTES = 256 * 1024
"""Of a manifest or a root; both travel as records."""
MAX_SIGNATURES = 16
ROOT = "root."
"""A root travels as a `ReleaseManifest` whose version is "root.<number>"."""

_signatures = msgspec.msgpack.Decoder(list[tuple[str, bytes]])


class TrustedKeys:
    """The root that a site believes now."""

    def __init__(self, root: Root) -> None:
        self._root = root

    @classmethod
    def read(cls, path: Path) -> "TrustedKeys":
        """The root in a file that a person put there; it must be signed by itself, so damage shows.

        Raises:
            TrustMissing: there is none, or it is damaged.
        """
        remedy = "copy the trusted keys (root-N.release) to this site again"
        try:
            signed = msgspec.msgpack.decode(path.read_bytes(), type=ReleaseManifest)
            root = parse_root(signed.manifest)
            root.verify_delegate("root", signed.manifest, signatures_of(signed))
        except OSError as error:
            raise TrustMissing(path, f"cannot be read ({error.strerror})", remedy) from None
        except (msgspec.DecodeError, RepositoryError, ManifestUnreadable, SignatureWrong) as error:
            raise TrustMissing(path, f"damaged ({error})", remedy) from None
        return cls(root)

    @property
    def number(self) -> int:
        """1, 2, 3 …: each root replaces the one before."""
        return self._root.version

    def check(self, signed: ReleaseManifest, now: datetime) -> None:
        """Whether enough release signers signed these bytes.

        Raises:
            SignatureWrong: they did not.
            TrustMissing: the root itself has expired.
        """
        self._verify(self._root, "targets", signed)
        if self._root.is_expired(now):
            raise TrustMissing(
                f"trusted keys {self.number}", f"expired {self._root.expires:%Y-%m-%d}", "send this site the next root"
            )

    def next(self, signed: ReleaseManifest) -> "TrustedKeys":
        """The root after this one. An expired root may still be replaced, or a site that was away would be lost.

        Raises:
            SignatureWrong: too few keys of the old or the new root signed it.
            ManifestUnreadable: it is not the next root.
        """
        self._verify(self._root, "root", signed)
        root = parse_root(signed.manifest)
        self._verify(root, "root", signed)
        if root.version != self.number + 1:
            raise ManifestUnreadable(
                signed.version, f"root {root.version} does not follow {self.number}", "send the roots one after another"
            )
        return TrustedKeys(root)

    @staticmethod
    def _verify(root: Root, role: str, signed: ReleaseManifest) -> None:
        try:
            root.verify_delegate(role, signed.manifest, signatures_of(signed))
        except (RepositoryError, UnverifiedSignatureError, ValueError) as error:
            raise SignatureWrong(
                signed.version, f"not signed by those whom this site trusts ({error})", "take nothing from this source"
            ) from None


def signatures_of(signed: ReleaseManifest) -> dict[str, Signature]:
    """The signatures beside a manifest, by key id.

    Raises:
        SignatureWrong: they cannot be read, or manifest or signatures are too large.
    """
    try:
        if max(len(signed.manifest), len(signed.signature)) > MAX_BYTES:
            raise SignatureWrong(signed.version, f"more than {MAX_BYTES} bytes", "take nothing from this source")
        found = _signatures.decode(signed.signature) if signed.signature else []
    except msgspec.DecodeError:
        raise SignatureWrong(signed.version, "its signatures are damaged", "fetch the manifest again") from None
    if len(found) > MAX_SIGNATURES:
        raise SignatureWrong(signed.version, "too many signatures", "take nothing from this source")
    return {key_id: Signature(key_id, signature.hex()) for key_id, signature in found}


def sign(signed: ReleaseManifest, signer: CryptoSigner) -> ReleaseManifest:
    """With one more signature; that of the same key is replaced."""
    signatures = signatures_of(signed)
    signatures[signer.public_key.keyid] = signer.sign(signed.manifest)
    packed = [(key_id, bytes.fromhex(one.signature)) for key_id, one in sorted(signatures.items())]
    return msgspec.structs.replace(signed, signature=msgspec.msgpack.encode(packed), key_id=packed[0][0])


def canonical(signed: Root | Targets) -> bytes:
    """The one byte form of a role (OLPC canonical JSON), which is what gets signed."""
    return CanonicalJSONSerializer().serialize(signed)


def parse_root(payload: bytes) -> Root:
    try:
        return Root.from_dict(json.loads(payload))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ManifestUnreadable("trusted keys", "not a root", "sign and send a root") from None


def make_root(
    number: int,
    expires: datetime,
    keys: Mapping[str, Iterable[Key]],
    need: Mapping[str, int],
) -> ReleaseManifest:
    """An unsigned root. Of the `keys` of each role ("root", "targets") `need` have to sign.

    Raises:
        KeyRefused: a role needs more signatures than it has keys, or less than one.
    """
    root = Root(version=number, expires=expires)
    for role, ones in keys.items():
        for key in ones:
            root.add_key(key, role)
        have = len(root.roles[role].keyids)
        if not 1 <= need[role] <= have:
            raise KeyRefused(f"{role} keys", f"{need[role]} of {have} cannot sign", "name more keys or need fewer")
        root.roles[role].threshold = need[role]
    return ReleaseManifest(f"{ROOT}{number}", canonical(root), b"", "")


def make_key(private: Path, public: Path) -> str:
    """A new Ed25519 key in two files: the private one (PKCS 8, mode 0600) and one to hand out. Returns its id.

    Raises:
        KeyRefused: one of the files is there.
    """
    for path in (private, public):
        if path.exists():
            raise KeyRefused(path, "is there already", "choose another name; a key is never overwritten")
    signer = CryptoSigner.generate_ed25519()
    write_durably(private, signer.private_bytes)
    key = signer.public_key
    write_durably(public, json.dumps({"keyid": key.keyid, **key.to_dict()}, indent=1).encode(), 0o644)
    return key.keyid


def read_public(path: Path) -> Key:
    try:
        table = json.loads(path.read_bytes())
        return Key.from_dict(table.pop("keyid"), table)
    except OSError as error:
        raise KeyRefused(path, f"cannot be read ({error.strerror})", "name the .pub file of a key") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyRefused(path, "not a public key", "name the .pub file of a key") from None


def read_signer(private: Path) -> CryptoSigner:
    """A key that can sign.

    Raises:
        KeyRefused: it cannot be read, or others may read it.
    """
    try:
        if private.stat().st_mode & 0o077:
            raise KeyRefused(private, "others may read this key", f"run: chmod 600 {private}")
        key = load_pem_private_key(private.read_bytes(), None)
    except OSError as error:
        raise KeyRefused(private, f"cannot be read ({error.strerror})", "name the .pem file of a key") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused(private, "not a private key", "name the .pem file of a key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(private, "not an Ed25519 key", "make one with `xinyi release keygen`")
    return CryptoSigner(key)
