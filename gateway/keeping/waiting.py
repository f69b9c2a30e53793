"""What of a person is not in the rows yet: records in outboxes of this site's processes, and sessions that still run.

Outboxes are read without their writer's lock; journals are there only while a session runs or waits to be taken up.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from gateway.errors import KeyLost, SealBroken, StoreBusy, StoreError
from gateway.journal import read_journal
from gateway.keys import Keyring
from gateway.messages import Body, RecordKind, about_of, decode_body, session_of, subject_of
from gateway.outbox import Outbox
from gateway.room.ledger import Entry, Opened

_decoder = msgspec.msgpack.Decoder[Entry](Entry)


class Waiting(NamedTuple):
    """A record in an outbox."""

    outbox: Path
    record: UUID
    kind: RecordKind
    made_utc_ns: int
    body: Body


class OpenJournal(NamedTuple):
    """A session that has not ended, and what was written of it."""

    path: Path
    session: UUID
    entries: list[Entry]


def waiting_of(data: Path, keyring: Keyring, code: str, sessions: set[UUID], things: set[UUID]) -> list[Waiting]:
    """Records in outboxes that are of a person, of these sessions, or of these sittings and appointments."""
    found = [each for path in sorted(data.rglob("outbox*.sqlite")) for each in _records(path, keyring)]
    theirs = [each for each in found if code and subject_of(each.body) == code]
    sessions = sessions | {session for each in theirs if (session := session_of(each.body))}
    things = things | {thing for each in theirs if (thing := about_of(each.body))}
    return [
        each
        for each in found
        if each.kind not in {RecordKind.DELETION, RecordKind.DELETION_DONE}
        and (subject_of(each.body) == code or session_of(each.body) in sessions or about_of(each.body) in things)
    ]


def journals_of(data: Path, keyring: Keyring, code: str, sessions: set[UUID]) -> list[OpenJournal]:
    """Sessions of a person that run, or wait to be taken up after a crash."""
    found = []
    for path in sorted(data.rglob("*.journal")):
        try:
            entries = read_journal(path, keyring, _decoder).entries
        except (StoreError, OSError):
            continue  # not ours to read, or just ended
        opened = next((entry.body for entry in entries if isinstance(entry, Opened)), None)
        if opened and (opened.subject == code or opened.session in sessions):
            found.append(OpenJournal(path, opened.session, entries))
    return found


def erase_waiting(keyring: Keyring, site: str, found: list[Waiting]) -> int:
    """Take them out of the outboxes whose process does not run; a running one sends them, and the centre, which knows
    that they are erased, says that it has them. Returns how many went.
    """
    gone = 0
    for path in sorted({each.outbox for each in found}):
        producer = path.stem.partition("-")[2] or "room"
        with (
            contextlib.suppress(StoreBusy),
            Outbox(path, keyring, site=site, producer=producer, boot=str(uuid4())) as outbox,
        ):
            gone += outbox.erase([], [each.record for each in found if each.outbox == path])
    return gone


def _records(path: Path, keyring: Keyring) -> Iterator[Waiting]:
    question = "SELECT id, kind, made_utc_ns, body FROM waiting ORDER BY place"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute(question).fetchall()
    except sqlite3.Error:
        return
    for raw_id, kind, made_utc_ns, sealed in rows:
        record = UUID(bytes=raw_id)
        with contextlib.suppress(KeyLost, SealBroken, msgspec.DecodeError):
            body = decode_body(RecordKind(kind), keyring.open_sealed(sealed, b"outbox\0" + raw_id))
            yield Waiting(path, record, RecordKind(kind), made_utc_ns, body)
