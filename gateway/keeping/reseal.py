"""Sealing everything with the newest key, so that an older one can be retired: rows, outboxes, in small transactions.

A reader or writer beside it sees a body before or after, never between. The first key stays for ever: codes are hashed
with it (`gateway/keys.py`). Journals are left: they last as long as a session.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from gateway import tables as t
from gateway.disk import OneWriter
from gateway.errors import KeyLost, SealBroken, StoreBusy, StoreUnwritable
from gateway.keeping.asking import Place
from gateway.keys import Keyring
from gateway.sealing import DEAD, INCIDENT, RECORD

_IN_ONE = 200
_HEAD = slice(1, 9)
"""Where the id of its key stands in what is sealed."""
_SEALED = (
    (t.records, t.records.c.id, t.records.c.body, RECORD),
    (t.dead_letters, t.dead_letters.c.id, t.dead_letters.c.body, DEAD),
    (t.incidents, t.incidents.c.id, t.incidents.c.body, INCIDENT),
    (t.audit, t.audit.c.id, t.audit.c.detail, b"audit\0"),
)


class Resealed(NamedTuple):
    """`changed`: bodies that now have the newest key. `lost`: bodies that nothing here opens. `busy`: outboxes whose
    process runs; `in_use`: keys that something is still sealed with, newest included.
    """

    changed: int
    lost: int
    busy: list[Path]
    in_use: set[str]


def reseal(place: Place) -> Resealed:
    """Seal rows and outboxes with the newest key.

    Raises:
        StoreBusy: a centre writes to the rows.
        StoreError: a part is done; do it again.
    """
    keyring = place.keyring()
    changed = lost = 0
    in_use: set[str] = {keyring.key_id}
    with place.writing() as rows:
        for table, key, body, context in _SEALED:
            last = UUID(int=0)
            while True:
                with rows.writing() as db:
                    question = sa.select(key, body).where(key > last).order_by(key).limit(_IN_ONE)
                    found = db.execute(question).all()
                    for record, sealed in found:
                        new = _newer(keyring, sealed, context + record.bytes)
                        if new is None:
                            lost += 1
                            in_use.add(sealed[_HEAD].hex())
                        elif new != sealed:
                            # only if nobody has changed it since: on PostgreSQL a centre may run
                            where = (key == record) & (body == sealed)
                            changed += db.execute(table.update().where(where).values({body.name: new})).rowcount
                if len(found) < _IN_ONE:
                    break
                last = found[-1][0]
        rows.scrub()
    busy: list[Path] = []
    for path in sorted(place.data.rglob("outbox*.sqlite")):
        try:
            more, gone = _outbox(path, keyring, in_use)
        except StoreBusy:
            busy.append(path)
            continue
        changed, lost = changed + more, lost + gone
    return Resealed(changed, lost, busy, in_use)


def retire(place: Place, key_id: str) -> Path:
    """Rename a key that nothing is sealed with any more, so that no program reads it. Returns its new place.

    Raises:
        StoreUnwritable: it seals now, it is the first, or something may still need it.
    """
    keyring = place.keyring()
    ids = keyring.key_ids
    folder = place.data / "keys"
    if key_id not in ids:
        raise StoreUnwritable(folder, f"there is no key {key_id}", "list them with: xinyi keys list")
    if key_id in {ids[0], keyring.key_id}:
        raise StoreUnwritable(folder, f"key {key_id} is the first or the newest, and stays", "retire one between them")
    done = reseal(place)
    if key_id in done.in_use or done.busy or list(place.data.rglob("*.journal")):
        raise StoreUnwritable(
            folder,
            f"something may still be sealed with key {key_id}",
            "stop room and kiosk, end all sessions, try again",
        )
    (file,) = folder.glob(f"*-{key_id}.key")
    return file.rename(file.with_suffix(".retired"))


def _newer(keyring: Keyring, sealed: bytes, context: bytes) -> bytes | None:
    """The same, sealed with the newest key; itself when it is that already; None when it cannot be opened."""
    if sealed[_HEAD].hex() == keyring.key_id:
        return sealed
    try:
        return keyring.seal(keyring.open_sealed(sealed, context), context)
    except (KeyLost, SealBroken):
        return None


def _outbox(path: Path, keyring: Keyring, in_use: set[str]) -> tuple[int, int]:
    changed = lost = 0
    writer = OneWriter(path)
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete=ON")
            last = 0
            while rows := db.execute(
                "SELECT place, id, body FROM waiting WHERE place>? ORDER BY place LIMIT ?", (last, _IN_ONE)
            ).fetchall():
                db.execute("BEGIN IMMEDIATE")
                for place, raw_id, sealed in rows:
                    last = place
                    new = _newer(keyring, sealed, b"outbox\0" + raw_id)
                    if new is None:
                        lost += 1
                        in_use.add(sealed[_HEAD].hex())
                    elif new != sealed:
                        db.execute("UPDATE waiting SET body=? WHERE place=?", (new, place))
                        changed += 1
                db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StoreUnwritable(path, f"cannot be written ({error})", "free disk space, then do it again") from error
    finally:
        writer.close()
    return changed, lost
