"""Who looked at what of whom: every look at a person's data leaves an entry, also one by a program that only reads.

A reader cannot write to the rows (one writer per file), so it appends to `audit.log` in the data folder, synced before
it shows anything: no entry, no look. The centre takes the log into its table `audit` when it starts and every hour.
Codes stand in it as keyed hashes; what else is to say is sealed.
"""

import base64
import fcntl
import os
import time
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.box import new_id
from gateway.disk import sync_folder
from gateway.errors import KeyLost, SealBroken, StoreUnwritable
from gateway.keys import Keyring
from gateway.rows import Rows
from gateway.upsert import insert_new

AUDIT_FILE = "audit.log"
_TAKEN = "audit.log.taken"


class _Line(msgspec.Struct):
    id: UUID
    at_utc_ns: int
    actor: str
    action: str
    what: str
    sealed: str


class AuditEntry(NamedTuple):
    """One look or deed. `what` is the keyed hash of a code, or an id; `detail` None: its key is lost."""

    id: UUID
    at_utc_ns: int
    actor: str
    action: str
    what: str
    detail: str | None


def note(data: Path, keyring: Keyring, actor: str, action: str, what: str, detail: str = "") -> None:
    """Write an entry down, durably, before the deed.

    Args:
        data: data folder.
        keyring: its keys.
        actor: staff id, or the name of the user.
        action: "person.read", "person.export", "person.erase" …
        what: hash of a code, or an id.
        detail: anything else; sealed.

    Raises:
        StoreUnwritable: it cannot be written, so the deed must not be done.
    """
    path = data / AUDIT_FILE
    entry = new_id()
    sealed = base64.b64encode(keyring.seal(detail.encode(), _context(entry))).decode()
    line = msgspec.json.encode(_Line(entry, time.time_ns(), actor, action, what, sealed)) + b"\n"
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
            path, f"the look cannot be written down ({error.strerror})", "make the data folder writable for this user"
        ) from error


def swallow(rows: Rows) -> int:
    """Take the log of a data folder into the table. Returns how many entries; a crash in between repeats harmlessly."""
    path, taken = rows.data / AUDIT_FILE, rows.data / _TAKEN
    if not taken.exists():
        if not path.exists():
            return 0
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            path.rename(taken)
        finally:
            os.close(handle)
    values = []
    for raw in taken.read_bytes().split(b"\n"):
        try:
            line = msgspec.json.decode(raw, type=_Line)
            detail = base64.b64decode(line.sealed, validate=True)
        except (msgspec.DecodeError, ValueError):
            continue
        values.append({name: getattr(line, name) for name in ("id", "at_utc_ns", "actor", "action", "what")})
        values[-1]["detail"] = detail
    if values:
        with rows.writing() as db:
            db.execute(insert_new(db, t.audit), values)
    taken.unlink()
    sync_folder(rows.data)
    return len(values)


def entries(rows: Rows, *, what: str = "", limit: int = 1000) -> list[AuditEntry]:
    """Entries of the table, newest first; those that are still in the log are not among them."""
    a = t.audit.c
    question = sa.select(t.audit).order_by(a.at_utc_ns.desc()).limit(limit)
    if what:
        question = question.where(a.what == what)
    with rows.reading() as db:
        found = db.execute(question).all()
    return [
        AuditEntry(row.id, row.at_utc_ns, row.actor, row.action, row.what, _plain(rows, row.id, row.detail))
        for row in found
    ]


def _plain(rows: Rows, entry: UUID, sealed: bytes) -> str | None:
    try:
        return rows.placement.keyring.open_sealed(sealed, _context(entry)).decode()
    except (KeyLost, SealBroken):
        return None


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _context(entry: UUID) -> bytes:
    return b"audit\0" + entry.bytes
