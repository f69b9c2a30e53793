"""The audit log of a data folder: whoever does not write the rows puts down here who did what.

One sealed line each, appended under a lock and synced; the centre takes the file into its table (`audit.py`). It knows
no database, so that a room service need not load one.
"""

import base64
import fcntl
import os
import time
from pathlib import Path
from uuid import UUID

import msgspec

from gateway.box import new_id
from gateway.disk import sync_folder
from gateway.errors import StoreUnwritable
from gateway.keys import Keyring

AUDIT_FILE = "audit.log"


class AuditLine(msgspec.Struct):
    """One line of the file; `sealed` is bound to `id`."""

    id: UUID
    at_utc_ns: int
    actor: str
    action: str
    what: str
    sealed: str


def note(data: Path, keyring: Keyring, actor: str, action: str, what: str, detail: str = "") -> None:
    """Write an entry down, durably; of a look at a person before it is shown.

    Args:
        data: data folder.
        keyring: its keys.
        actor: staff id, or the name of the user.
        action: "person.read", "person.export", "person.erase", "room.start", "remote.diagnostics" …
        what: hash of a code, or an id.
        detail: anything else; sealed.

    Raises:
        StoreUnwritable: it cannot be written, so the deed must not be done.
    """
    path = data / AUDIT_FILE
    entry = new_id()
    sealed = base64.b64encode(keyring.seal(detail.encode(), context(entry))).decode()
    line = msgspec.json.encode(AuditLine(entry, time.time_ns(), actor, action, what, sealed)) + b"\n"
    try:
        while True:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if not _same(handle, path):
                    continue  # a centre has just taken it
                os.write(handle, line)
                os.fsync(handle)
                sync_folder(data)
                return
            finally:
                os.close(handle)
    except OSError as error:
        raise StoreUnwritable(
            path,
            f"what is done here cannot be written down ({error.strerror})",
            "make the data folder writable for this user",
        ) from error


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def context(entry: UUID) -> bytes:
    """What the seal of an entry is bound to."""
    return b"audit\0" + entry.bytes
