"""The session journal: what happened, on disk at most a second later, one append-only file per session.

Layout: magic (16 bytes), then blocks of `length u32 · crc32 u32 · sealed payload` (big-endian). Block 0 holds a random
journal id that is part of every later seal, with the block number, so that blocks cannot be swapped or moved between
files. Any other block is a msgpack list of entries: everything between two syncs. A power cut can only spoil the end:
what is short or has a wrong checksum with nothing good behind it is the torn tail; reopening moves it to `<name>.torn`.
"""

import os
import secrets
import struct
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Self, TypeVar

import msgspec

from gateway.disk import OneWriter, make_folder, sync_folder, write_all
from gateway.errors import SealBroken, StoreCorrupt, StoreMissing, StoreUnwritable
from gateway.keys import OVERHEAD_BYTES, Keyring

MAGIC = b"xinyi journal 1\n"
_HEAD = struct.Struct(">II")
_ID_BYTES = 16
_LONGEST = 1 << 28

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JournalReading(Generic[T]):
    """What a journal holds.

    Attributes:
        entries: in the order in which they were appended.
        torn_bytes: bytes at the end that a power cut or crash left unfinished.
        damaged_blocks: blocks in the middle that a bad disk has changed; what stands after them was still read.
    """

    entries: list[T]
    torn_bytes: int
    damaged_blocks: int


class Journal:
    """An open journal. `append` and `sync` may be called from different threads; one process at a time."""

    def __init__(self, path: Path, keyring: Keyring, writer: OneWriter, scan: "_Scan") -> None:
        self.path, self._keyring, self._writer = path, keyring, writer
        self._journal, self._block, self._end = scan.journal, scan.blocks, scan.end
        self._handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer: list[msgspec.Raw] = []
        self._buffering, self._syncing = threading.Lock(), threading.Lock()

    @classmethod
    def create(cls, path: Path, keyring: Keyring) -> "Journal":
        """Begin a journal; file and folder entry are durable when this returns.

        Raises:
            StoreUnwritable: it exists already, or the disk refused.
        """
        make_folder(path.parent)
        writer = OneWriter(path)
        journal = secrets.token_bytes(_ID_BYTES)
        block = _pack(keyring.seal(journal, _context(b"", 0)))
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                write_all(handle, MAGIC + block, 0)
                os.fsync(handle)
            finally:
                os.close(handle)
            sync_folder(path.parent)
        except OSError as error:
            writer.close()
            raise StoreUnwritable(
                path, f"cannot be begun ({error.strerror})", "free disk space, or reopen the one that is there"
            ) from error
        return cls(path, keyring, writer, _Scan(journal, 1, len(MAGIC) + len(block)))

    @classmethod
    def reopen(cls, path: Path, keyring: Keyring) -> "Journal":
        """Continue a journal after a crash. A torn tail is moved to `<name>.torn` first.

        Raises:
            StoreMissing, StoreCorrupt, KeyLost, StoreUnwritable, StoreBusy.
        """
        writer = OneWriter(path)
        try:
            data = _load(path)
            scan = _scan(path, data, keyring)
            if scan.end < len(data):
                _cut(path, data[scan.end :], scan.end)
        except BaseException:
            writer.close()
            raise
        return cls(path, keyring, writer, scan)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, entry: msgspec.Struct) -> None:
        """Remember an entry; it is durable after the next `sync`."""
        encoded = msgspec.Raw(self._encoder.encode(entry))
        with self._buffering:
            self._buffer.append(encoded)

    def sync(self) -> int:
        """Write and fsync everything appended so far, as one sealed block. Returns the number of entries.

        Raises:
            StoreUnwritable: the disk refused. The entries stay buffered and the next sync writes them again.
        """
        with self._syncing:
            with self._buffering:
                count = len(self._buffer)
                payload = msgspec.msgpack.encode(self._buffer)
            if not count:
                return 0
            block = _pack(self._keyring.seal(payload, _context(self._journal, self._block)))
            try:
                write_all(self._handle, block, self._end)
                os.fsync(self._handle)
            except OSError as error:
                raise StoreUnwritable(
                    self.path, f"cannot be written ({error.strerror})", "free disk space or replace the disk"
                ) from error
            self._end += len(block)
            self._block += 1
            with self._buffering:
                del self._buffer[:count]
            return count

    def close(self) -> None:
        """Sync and close. A second call does nothing."""
        if self._handle < 0:
            return
        try:
            self.sync()
        finally:
            with self._syncing:
                if self._handle >= 0:
                    os.close(self._handle)
                self._handle = -1
                self._writer.close()


def read_journal(path: Path, keyring: Keyring, decoder: msgspec.msgpack.Decoder[T]) -> JournalReading[T]:
    """Everything that was synced, whatever happened to the end of the file.

    Args:
        path: the journal.
        keyring: holds the keys it was sealed with.
        decoder: of one entry, `msgspec.msgpack.Decoder[Entry](Entry)` where Entry is a union of tagged structs.

    Raises:
        StoreMissing: no such file.
        StoreCorrupt: not a journal, or written by a version with other entries.
        KeyLost: a key is not there.
    """
    data = _load(path)
    payloads: list[bytes] = []
    scan = _scan(path, data, keyring, payloads)
    blocks = msgspec.msgpack.Decoder(list[msgspec.Raw])
    try:
        entries = [decoder.decode(raw) for payload in payloads for raw in blocks.decode(payload)]
    except msgspec.DecodeError as error:
        raise StoreCorrupt(
            path, f"an entry is not understood ({error})", "read it with the version of xinyi that wrote it"
        ) from error
    return JournalReading(entries, len(data) - scan.end, scan.damaged)


@dataclass(frozen=True, slots=True)
class _Scan:
    journal: bytes
    blocks: int
    end: int
    damaged: int = 0


def _load(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreMissing(
            path, f"the journal cannot be read ({error.strerror})", "check the data folder of the room"
        ) from error


def _scan(path: Path, data: bytes, keyring: Keyring, payloads: list[bytes] | None = None) -> _Scan:
    """Walk over the blocks; `end` is behind the last good one."""
    first = _block_at(data, len(MAGIC))
    if not data.startswith(MAGIC) or first is None or zlib.crc32(first) != _HEAD.unpack_from(data, len(MAGIC))[1]:
        raise StoreCorrupt(path, "this is not one of our journals", "restore it from a backup")
    try:
        journal = keyring.open_sealed(first, _context(b"", 0))
    except SealBroken as error:
        raise StoreCorrupt(path, "the head of the journal was changed", "restore it from a backup") from error
    place = end = len(MAGIC) + _HEAD.size + len(first)
    number = blocks = 1
    bad = damaged = 0
    while (sealed := _block_at(data, place)) is not None:
        payload = _open(data, place, sealed, keyring, _context(journal, number))
        place += _HEAD.size + len(sealed)
        number += 1
        if payload is None:
            bad += 1
            continue
        end, blocks = place, number
        damaged, bad = damaged + bad, 0
        if payloads is not None:
            payloads.append(payload)
    return _Scan(journal, blocks, end, damaged)


def _block_at(data: bytes, place: int) -> bytes | None:
    if place + _HEAD.size > len(data):
        return None
    length = _HEAD.unpack_from(data, place)[0]
    start = place + _HEAD.size
    if not OVERHEAD_BYTES <= length <= _LONGEST or start + length > len(data):
        return None
    return data[start : start + length]


def _open(data: bytes, place: int, sealed: bytes, keyring: Keyring, context: bytes) -> bytes | None:
    """The payload, or None for a block that was not written completely. A lost key is an error: the block is whole."""
    if zlib.crc32(sealed) != _HEAD.unpack_from(data, place)[1]:
        return None
    try:
        return keyring.open_sealed(sealed, context)
    except SealBroken:
        return None


def _cut(path: Path, tail: bytes, end: int) -> None:
    """Move the torn tail aside, durably, before the file is used again: what cannot be read today may be looked at."""
    try:
        aside = os.open(path.with_name(path.name + ".torn"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            view = memoryview(tail)
            while view:
                view = view[os.write(aside, view) :]
            os.fsync(aside)
        finally:
            os.close(aside)
        handle = os.open(path, os.O_RDWR)
        try:
            os.ftruncate(handle, end)
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreUnwritable(
            path, f"its torn end cannot be cut off ({error.strerror})", "free disk space or check the folder's owner"
        ) from error


def _pack(sealed: bytes) -> bytes:
    return _HEAD.pack(len(sealed), zlib.crc32(sealed)) + sealed


def _context(journal: bytes, number: int) -> bytes:
    return b"journal\0" + journal + number.to_bytes(8, "big")
