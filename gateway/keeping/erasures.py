"""`erasures.log`: every deletion that was done here, so that none comes undone when an older backup is restored.

One line for each, appended and synced after the rows have committed; what a crash left out is appended when the rows
are opened next. Sealed with what follows from the site's first key, which is in every backup: any copy of the log can
be read beside any backup of the site. Copy it to where the backups are.
"""

import base64
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from gateway.disk import sync_folder
from gateway.errors import SealBroken, StoreMissing, StoreUnwritable
from gateway.keys import Keyring
from gateway.messages import Record

ERASURES_FILE = "erasures.log"
_CONTEXT = b"erasure\0"


class _Line(msgspec.Struct):
    id: str
    sealed: str


def note_erasures(data: Path, keyring: Keyring, deletions: Iterable[Record]) -> int:
    """Append those that are not there yet, durably. Returns how many.

    Raises:
        StoreUnwritable: the disk refused.
    """
    path = data / ERASURES_FILE
    known = {line.id for line in _lines(path)}
    new = [record for record in deletions if record.id.hex not in known]
    if not new:
        return 0
    lines = b"".join(msgspec.json.encode(_Line(each.id.hex, _sealed(keyring, each))) + b"\n" for each in new)
    try:
        fresh = not path.exists()
        torn = not fresh and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, b"\n" + lines if torn else lines)
            os.fsync(handle)
        finally:
            os.close(handle)
        if fresh:
            sync_folder(data)
    except OSError as error:
        raise StoreUnwritable(path, f"cannot be written ({error.strerror})", "free disk space") from error
    return len(new)


def read_erasures(path: Path, keyring: Keyring) -> list[Record]:
    """The deletions of a log; of a data folder its own keys are used.

    Raises:
        StoreMissing: no such file.
        SealBroken: it is of another site.
    """
    if path.is_dir():
        keyring = Keyring.open(path / "keys", create=False)
        path /= ERASURES_FILE
        if not path.exists():
            return []  # nothing was ever erased there
    if not path.is_file():
        raise StoreMissing(path, "there is no list of erasures here", "name erasures.log or a data folder")
    found = []
    for line in _lines(path):
        try:
            sealed = base64.b64decode(line.sealed, validate=True)
        except ValueError as error:
            raise SealBroken(path, f"line {line.id} is damaged", "use another copy of the log") from error
        plain = keyring.open_lasting(sealed, _CONTEXT + bytes.fromhex(line.id))
        found.append(msgspec.msgpack.decode(plain, type=Record))
    return found


def _sealed(keyring: Keyring, record: Record) -> str:
    plain = msgspec.msgpack.encode(record)
    return base64.b64encode(keyring.seal_lasting(plain, _CONTEXT + record.id.bytes)).decode()


def _lines(path: Path) -> Iterator[_Line]:
    """Whole lines; one that a crash has torn was of rows that are still there, and is appended again."""
    raw = path.read_bytes() if path.is_file() else b""
    for line in raw.split(b"\n"):
        try:
            yield msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError:
            continue
