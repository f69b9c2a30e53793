"""AES-GCM for everything at rest: outbox, journal, rows. A key id stands in front of every sealed value.

Keys are files `NNNN-<id>.key` of mode 0600 in one folder; the highest number seals, all of them open. The id is a hash
of the key itself, so a wrong or damaged key file is found out by name and never mistaken for a broken seal.
Sealed = version (1 byte) · key id (8) · nonce (12, random) · ciphertext and tag. NIST SP 800-38D: at most 2**32 random
nonces per key; a room seals about once a second, and `rotate` makes a new key. Pseudonyms that must be found again are
hashed with the first key of the folder (HMAC-SHA-256), which is never thrown away.
"""

import hashlib
import hmac
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.disk import make_folder, write_durably
from gateway.errors import KeyLost, KeyUnsafe, SealBroken, StoreMissing

KEYS_FOLDER = "keys"
"""Where the keys lie in a data folder."""
_VERSION = b"\x01"
_ID_BYTES, _NONCE_BYTES, _KEY_BYTES = 8, 12, 32
_HEAD = len(_VERSION) + _ID_BYTES
OVERHEAD_BYTES = _HEAD + _NONCE_BYTES + 16


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"xinyi key id 1\0" + key).digest()[:_ID_BYTES]


class Keyring:
    """The keys of one data folder. Made by `Keyring.open`."""

    def __init__(self, folder: Path, keys: dict[bytes, bytes], current: bytes) -> None:
        self._folder, self._current = folder, current
        first = next(iter(keys.values()))
        self._lasting = AESGCM(hmac.new(first, b"xinyi lasting 1", hashlib.sha256).digest())
        self._index_key = hmac.new(first, b"xinyi index 1", hashlib.sha256).digest()
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @classmethod
    def open(cls, folder: Path, *, create: bool = True) -> "Keyring":
        """Read all keys of a folder; make the first one where there is none.

        Raises:
            StoreMissing: there is no key and `create` is False.
            KeyUnsafe: a key file is damaged or others may read it.
            StoreUnwritable: the first key cannot be written.
        """
        files = sorted(folder.glob("*-*.key"))
        if not files:
            if not create:
                raise StoreMissing(
                    folder, "there are no keys", "point to the data folder that the site wrote, keys included"
                )
            make_folder(folder)
            files = [_make_key(folder, 1)]
        keys: dict[bytes, bytes] = {}
        current = b""
        for file in files:
            current, key = _read_key(file)
            keys[current] = key
        return cls(folder, keys, current)

    @property
    def key_id(self) -> str:
        """Id of the key that seals now, 16 hex digits."""
        return self._current.hex()

    @property
    def key_ids(self) -> list[str]:
        """Ids of all keys, oldest first."""
        return [key_id.hex() for key_id in self._ciphers]

    def rotate(self) -> str:
        """Make a new key that seals from now on; old ones still open. Returns the new id."""
        newest = max(self._folder.glob("*-*.key"), default=None)
        number = int(newest.name.split("-")[0]) + 1 if newest else 1
        key_id, key = _read_key(_make_key(self._folder, number))
        self._ciphers[key_id] = AESGCM(key)
        self._current = key_id
        return key_id.hex()

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Encrypt. The context (which row, which block) is not stored but must be the same at `open`."""
        head = _VERSION + self._current
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return head + nonce + self._ciphers[self._current].encrypt(nonce, data, head + context)

    def open_sealed(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt what `seal` made with the same context.

        Raises:
            KeyLost: its key is not in the folder.
            SealBroken: the bytes were changed, cut, or belong to another context.
        """
        if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _VERSION:
            raise SealBroken(self._folder, "these bytes are not sealed by us", "restore the store from a backup")
        key_id = sealed[1:_HEAD]
        if key_id not in self._ciphers:
            self._look_again()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyLost(
                self._folder,
                f"key {key_id.hex()} is not here",
                f"restore its file (NNNN-{key_id.hex()}.key) from the escrow or a backup",
            )
        nonce, text = sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, text, sealed[:_HEAD] + context)
        except InvalidTag as error:
            raise SealBroken(
                self._folder, f"something sealed with key {key_id.hex()} was changed", "restore the store from a backup"
            ) from error

    def seal_lasting(self, data: bytes, context: bytes) -> bytes:
        """Encrypt with what follows from the first key, so that any later or earlier copy of the folder opens it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._lasting.encrypt(nonce, data, context)

    def open_lasting(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt what `seal_lasting` made.

        Raises:
            SealBroken: the bytes were changed, or the first key was another.
        """
        try:
            return self._lasting.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(
                self._folder, "this was changed, or is of another site", "use the file that this site wrote"
            ) from error

    def pseudonym(self, code: str) -> str:
        """What stands in a column for a person's code: the same for the same code, useless without the first key."""
        return hmac.new(self._index_key, code.encode(), hashlib.sha256).hexdigest()[:32]

    def _look_again(self) -> None:
        """Another process may have rotated since; what seals here stays the same."""
        for file in self._folder.glob("*-*.key"):
            key_id, key = _read_key(file)
            self._ciphers.setdefault(key_id, AESGCM(key))


def all_keys(folder: Path) -> dict[str, bytes]:
    """Every key of a folder by its id, for its escrow.

    Raises:
        StoreMissing: there is none.
        KeyUnsafe: a key file is damaged or others may read it.
    """
    files = sorted(folder.glob("*-*.key"))
    if not files:
        raise StoreMissing(folder, "there are no keys", "point to the key folder of a site's data")
    return {key_id.hex(): key for key_id, key in map(_read_key, files)}


def restore_key(folder: Path, key_id: str, key: bytes) -> Path:
    """Write a key back that came from the escrow. It opens what it sealed; newer keys go on sealing.

    Raises:
        KeyUnsafe: this is not the key of that id.
    """
    if len(key) != _KEY_BYTES or _id_of(key).hex() != key_id:
        raise KeyUnsafe(folder, f"this is not key {key_id}", "restore the file from another escrow or a backup")
    make_folder(folder)
    path = next(folder.glob(f"*-{key_id}.key"), folder / f"0000-{key_id}.key")
    write_durably(path, key)
    return path


def _make_key(folder: Path, number: int) -> Path:
    key = secrets.token_bytes(_KEY_BYTES)
    path = folder / f"{number:04d}-{_id_of(key).hex()}.key"
    write_durably(path, key)
    return path


def _read_key(path: Path) -> tuple[bytes, bytes]:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyUnsafe(path, "others may read this key", f"run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES or not path.stem.endswith(_id_of(key).hex()):
        raise KeyUnsafe(path, "the key is damaged or misnamed", "restore the file from the escrow or a backup")
    return _id_of(key), key
