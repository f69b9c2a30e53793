"""One encrypted file that holds named parts: how a backup lies on a disk that we do not trust.

    XINYIBK1 · length (4) · header (msgpack) · chunks: length (4) · AES-256-GCM of up to 64 KiB

Nonce = prefix (7) · number (4) · 1 for the last chunk (the STREAM construction, Hoang et al. 2015), and the header is
authenticated with each, so nothing can be changed, cut, swapped or appended. The key comes from a recovery passphrase
(scrypt, RFC 7914) or goes to a recovery public key (X25519, HKDF): then the machine that writes cannot read it again.
Inside: frames of name, data, end (size, SHA-256), and a manifest at the end.
"""

import hashlib
import hmac
import os
import secrets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gateway.errors import ArchiveRefused, StoreUnwritable

MAGIC = b"XINYIBK1"
CHUNK_BYTES = 1 << 16
SCRYPT_N = 1 << 16
"""64 MiB and about a quarter of a second for each guess."""
_MAX_N = 1 << 20
_LENGTH = struct.Struct(">I")
_BEGIN, _DATA, _END, _MANIFEST = b"B", b"D", b"E", b"M"


class Secret(msgspec.Struct, frozen=True):
    """What opens an archive: a passphrase, or half of a pair of keys (public to write, private to read)."""

    passphrase: str = ""
    public: bytes = b""
    private: bytes = b""


class _Header(msgspec.Struct, frozen=True):
    kind: Literal["scrypt", "x25519"]
    salt: bytes
    prefix: bytes
    n: int = 0
    sender: bytes = b""


class Part(msgspec.Struct, frozen=True):
    """One part, in the manifest."""

    name: str
    size: int
    sha256: str


def read_public(path: Path) -> Secret:
    """A recovery public key (PEM).

    Raises:
        ArchiveRefused: it is none.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ArchiveRefused(
            path, f"no public key can be read ({error})", "make one with: xinyi keys recovery"
        ) from error
    if not isinstance(key, X25519PublicKey):
        raise ArchiveRefused(path, "this is not an X25519 key", "make one with: xinyi keys recovery")
    return Secret(public=key.public_bytes_raw())


def read_private(path: Path) -> Secret:
    """A recovery private key (PEM).

    Raises:
        ArchiveRefused: it is none.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveRefused(
            path, f"no private key can be read ({error})", "name the file that was kept apart"
        ) from error
    if not isinstance(key, X25519PrivateKey):
        raise ArchiveRefused(path, "this is not an X25519 key", "name the file that was kept apart")
    return Secret(private=key.private_bytes_raw())


def new_recovery_pair() -> tuple[bytes, bytes]:
    """A new pair of recovery keys: private and public, PEM."""
    private = X25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    return (
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


class ArchiveWriter:
    """Writes an archive to an open file. The caller makes the file durable."""

    def __init__(self, file: BinaryIO, secret: Secret) -> None:
        self._file, self._buffer, self._number = file, bytearray(), 0
        salt, prefix = secrets.token_bytes(16), secrets.token_bytes(7)
        if secret.public:
            sender = X25519PrivateKey.generate()
            shared = sender.exchange(X25519PublicKey.from_public_bytes(secret.public))
            header = _Header("x25519", salt, prefix, 0, sender.public_key().public_bytes_raw())
            self.key = _from_shared(shared, header, secret.public)
        else:
            header = _Header("scrypt", salt, prefix, SCRYPT_N)
            self.key = _from_passphrase(secret.passphrase, header)
        raw = msgspec.msgpack.encode(header)
        self._cipher, self._prefix = AESGCM(self.key), prefix
        self._head = MAGIC + _LENGTH.pack(len(raw)) + raw
        self._digest = hashlib.sha256(self._head).digest()
        self.parts: list[Part] = []
        file.write(self._head)

    def part(self, name: str, blocks: Iterator[bytes]) -> None:
        """Write one part."""
        self._frame(_BEGIN, name.encode())
        digest, size = hashlib.sha256(), 0
        for block in blocks:
            digest.update(block)
            size += len(block)
            for start in range(0, len(block), CHUNK_BYTES):
                self._frame(_DATA, block[start : start + CHUNK_BYTES])
        part = Part(name, size, digest.hexdigest())
        self._frame(_END, msgspec.msgpack.encode(part))
        self.parts.append(part)

    def finish(self, manifest: bytes) -> None:
        """Write the manifest and the last chunk."""
        self._frame(_MANIFEST, manifest)
        self._chunk(bytes(self._buffer), last=True)

    def _frame(self, kind: bytes, payload: bytes) -> None:
        self._buffer += kind + _LENGTH.pack(len(payload)) + payload
        while len(self._buffer) > CHUNK_BYTES:
            self._chunk(bytes(self._buffer[:CHUNK_BYTES]), last=False)
            del self._buffer[:CHUNK_BYTES]

    def _chunk(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._prefix, self._number, last=last), plain, self._digest)
        try:
            self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        except OSError as error:
            raise StoreUnwritable(
                self._file.name,
                f"the backup cannot be written ({error.strerror})",
                "free disk space, or choose another disk",
            ) from error
        self._number += 1


class ArchiveReader:
    """Reads an archive from its beginning to its end, once.

    Args:
        path: the file.
        secret: what opens it.
        key: instead of a secret, of whoever has just written it.

    Raises:
        ArchiveRefused: not an archive, another secret, changed, or cut off.
    """

    def __init__(self, path: Path, secret: Secret, key: bytes = b"") -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise ArchiveRefused(path, f"cannot be read ({error.strerror})", "name the file of a backup") from error
        self._plain = bytearray()
        self._number, self._last = 0, False
        start = self._file.read(len(MAGIC) + _LENGTH.size)
        if len(start) != len(MAGIC) + _LENGTH.size or not start.startswith(MAGIC):
            raise self._refused("is not a backup of ours")
        raw = self._file.read(min(_LENGTH.unpack(start[len(MAGIC) :])[0], 1024))
        try:
            header = msgspec.msgpack.decode(raw, type=_Header)
        except (msgspec.DecodeError, ValueError):
            raise self._refused("its head is damaged") from None
        self._digest = hashlib.sha256(start + raw).digest()
        self._prefix = header.prefix
        self._cipher = AESGCM(key or self._key(secret, header))

    def close(self) -> None:
        self._file.close()

    def parts(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and data of each part, in order; each must be read before the next. `manifest` is there at the end."""
        self.found: list[Part] = []
        while True:
            kind, payload = self._frame()
            if kind == _MANIFEST:
                self.manifest = payload
                if self._plain or not self._last or self._file.read(1):
                    raise self._refused("something stands behind its end")
                return
            if kind != _BEGIN:
                raise self._refused("its parts are out of order")
            yield payload.decode(), self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        while True:
            kind, payload = self._frame()
            if kind == _DATA:
                digest.update(payload)
                size += len(payload)
                yield payload
                continue
            part = msgspec.msgpack.decode(payload, type=Part)
            if kind != _END or part.size != size or not hmac.compare_digest(part.sha256, digest.hexdigest()):
                raise self._refused("a part is not what its checksum says")
            self.found.append(part)
            return

    def _key(self, secret: Secret, header: _Header) -> bytes:
        if header.kind == "scrypt":
            if not secret.passphrase:
                raise self._refused("is sealed with a passphrase", "give the recovery passphrase")
            if not 1 < header.n <= _MAX_N or header.n & (header.n - 1):
                raise self._refused("its head is damaged")
            return _from_passphrase(secret.passphrase, header)
        if not secret.private:
            raise self._refused("is sealed for a recovery key", "name the private half with --recovery-key")
        private = X25519PrivateKey.from_private_bytes(secret.private)
        try:
            shared = private.exchange(X25519PublicKey.from_public_bytes(header.sender))
        except ValueError:
            raise self._refused("its head is damaged") from None
        return _from_shared(shared, header, private.public_key().public_bytes_raw())

    def _frame(self) -> tuple[bytes, bytes]:
        head = self._take(1 + _LENGTH.size)
        return head[:1], self._take(_LENGTH.unpack(head[1:])[0])

    def _take(self, count: int) -> bytes:
        while len(self._plain) < count:
            self._plain += self._chunk()
        taken = bytes(self._plain[:count])
        del self._plain[:count]
        return taken

    def _chunk(self) -> bytes:
        if self._last:
            raise self._refused("ends too early")
        head = self._file.read(_LENGTH.size)
        length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        if not 16 <= length <= CHUNK_BYTES + 16:
            raise self._refused("is cut off or damaged")
        sealed = self._file.read(length)
        for last in (False, True):
            try:
                plain = self._cipher.decrypt(_nonce(self._prefix, self._number, last=last), sealed, self._digest)
            except (InvalidTag, ValueError):
                continue
            self._number, self._last = self._number + 1, last
            return plain
        if self._number == 0:
            raise self._refused("does not open: another passphrase or key, or its beginning was changed")
        raise self._refused(f"was changed or cut off in its chunk {self._number + 1}")

    def _refused(
        self, problem: str, remedy: str = "check passphrase and file, or take another backup"
    ) -> ArchiveRefused:
        return ArchiveRefused(self._path, problem, remedy)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _from_passphrase(passphrase: str, header: _Header) -> bytes:
    return Scrypt(salt=header.salt, length=32, n=header.n, r=8, p=1).derive(passphrase.encode())


def _from_shared(shared: bytes, header: _Header, recipient: bytes) -> bytes:
    info = b"xinyi backup 1\0" + header.sender + recipient
    return HKDF(hashes.SHA256(), 32, header.salt, info).derive(shared)


def file_blocks(path: Path) -> Iterator[bytes]:
    """The content of a file in blocks."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while block := file.read(1 << 20):
            yield block
