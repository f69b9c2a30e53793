"""Who looked at what of whom, and who asked a room for what: every look and every command leaves an entry.

Who cannot write to the rows (one writer per file) appends to `audit.log` in the data folder (`audit_log.py`); a reader
syncs it before it shows anything: no entry, no look. The centre takes the log into its table `audit` when it starts
and every hour. Codes stand in it as keyed hashes; what else is to say is sealed.
"""

import base64
import fcntl
import os
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.disk import sync_folder
from gateway.errors import KeyLost, SealBroken
from gateway.keeping.audit_log import AUDIT_FILE, AuditLine, context, note
from gateway.rows import Rows
from gateway.upsert import insert_new

__all__ = ["AuditEntry", "entries", "note", "swallow"]

_TAKEN = "audit.log.taken"


class AuditEntry(NamedTuple):
    """One look or deed. `what` is the keyed hash of a code, or an id; `detail` None: its key is lost."""

    id: UUID
    at_utc_ns: int
    actor: str
    action: str
    what: str
    detail: str | None


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
            line = msgspec.json.decode(raw, type=AuditLine)
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
        return rows.placement.keyring.open_sealed(sealed, context(entry)).decode()
    except (KeyLost, SealBroken):
        return None
