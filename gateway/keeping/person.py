"""Everything that is held about one person at one site, found by their code; and the same as a folder to hand over.

Found are: sessions, sittings, appointments, withdrawn consents, alerts that follow from their sittings, deletions, dead
letters that mention them, records that still wait in outboxes, and sessions that run. PIPL art. 45 (access, copy) and
47 (deletion).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from gateway import tables as t
from gateway.disk import make_folder, write_durably
from gateway.erasure import find_held
from gateway.errors import KeyLost, SealBroken, StoreUnwritable
from gateway.export import write_csv
from gateway.keeping.asking import Place
from gateway.keeping.waiting import OpenJournal, Waiting, journals_of, waiting_of
from gateway.messages import AlertEvent, Body, RecordKind, decode_body
from gateway.rows import DeadLetter, Rows
from gateway.sealing import of_record
from gateway.services.read import StoredSession, read_session

_IN_ONE = 500


class Kept(msgspec.Struct, frozen=True):
    """One record as it is stored."""

    record: UUID
    kind: RecordKind
    site: str
    made_utc_ns: int
    body: Body


@dataclass(frozen=True, slots=True)
class Person:
    """What is held. `unreadable`: records whose key is lost; they are counted, and an erasure takes them too."""

    code: str
    site: str
    sessions: list[StoredSession]
    records: list[Kept]
    alerts: list[Kept]
    deletions: list[Kept]
    letters: list[DeadLetter]
    waiting: list[Waiting]
    journals: list[OpenJournal]
    unreadable: list[UUID]

    @property
    def nothing(self) -> bool:
        return not (self.sessions or self.records or self.letters or self.waiting or self.journals or self.unreadable)


def find_person(place: Place, rows: Rows, code: str) -> Person:
    """Everything about a code. Nothing is written, not even the audit: `services.people` does that.

    Raises:
        StoreError: the store cannot be read.
    """
    keyring = rows.placement.keyring
    with rows.reading() as db:
        held = find_held(db, rows.placement, code)
        found, unreadable = _kept(db, rows, t.records.c.id, held.records)
        deletions, _ = _kept(db, rows, t.records.c.subject, {keyring.pseudonym(code)}, (RecordKind.DELETION,))
        steps, _ = _kept(db, rows, t.records.c.kind, {RecordKind.ALERT_EVENT})
    theirs = {
        each.body.alert for each in steps if isinstance(each.body, AlertEvent) and each.body.source in held.records
    }
    return Person(
        code,
        place.site,
        [] if unreadable else [read_session(rows, session) for session in _stored(rows, held.sessions)],
        found,
        [each for each in steps if isinstance(each.body, AlertEvent) and each.body.alert in theirs],
        deletions,
        [letter for letter in rows.dead_letters() if letter.id in held.letters] if held.letters else [],
        waiting_of(place.data, keyring, code, held.sessions, held.things),
        journals_of(place.data, keyring, code, held.sessions),
        unreadable,
    )


def _stored(rows: Rows, sessions: set[UUID]) -> list[UUID]:
    return [session for session in sorted(sessions) if rows.bodies(session)[1]]


def _kept(
    db: sa.Connection, rows: Rows, column: sa.Column[Any], wanted: set[Any], kinds: Sequence[RecordKind] = ()
) -> tuple[list[Kept], list[UUID]]:
    r = t.records.c
    found: list[Kept] = []
    unreadable: list[UUID] = []
    ordered = sorted(wanted)
    for start in range(0, len(ordered), _IN_ONE):
        question = sa.select(r.id, r.kind, r.site, r.made_utc_ns, r.body)
        question = question.where(column.in_(ordered[start : start + _IN_ONE])).order_by(r.made_utc_ns, r.id)
        for row in db.execute(question.where(r.kind.in_(kinds)) if kinds else question):
            try:
                plain = rows.placement.keyring.open_sealed(row.body, of_record(row.id))
                body = decode_body(RecordKind(row.kind), plain)
            except (KeyLost, SealBroken, msgspec.DecodeError):
                unreadable.append(row.id)
                continue
            found.append(Kept(row.id, RecordKind(row.kind), row.site, row.made_utc_ns, body))
    return found, unreadable


def write_person(person: Person, folder: Path) -> list[str]:
    """Write the folder to hand over; private to this user. Returns the names of the files.

    Raises:
        StoreUnwritable: it is there already and not empty, or the disk refused.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreUnwritable(folder, "is there already", "name a new folder")
    make_folder(folder)
    names: list[str] = []

    def put(name: str, data: bytes) -> None:
        make_folder((folder / name).parent)
        write_durably(folder / name, data)
        names.append(name)

    for stored in person.sessions:
        path = folder / "sessions" / f"{stored.session}.csv"
        make_folder(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            write_csv(stored, file)
        names.append(f"sessions/{path.name}")
    for name, kinds in _FILES.items():
        if kept := [each for each in person.records if each.kind in kinds]:
            put(f"{name}.json", _json(kept))
    for name, kept in (("alerts", person.alerts), ("deletions", person.deletions)):
        if kept:
            put(f"{name}.json", _json(kept))
    if person.waiting:
        put("waiting.json", _json([Kept(w.record, w.kind, person.site, w.made_utc_ns, w.body) for w in person.waiting]))
    for journal in person.journals:
        put(f"running/{journal.session}.json", _json(journal.entries))
    for letter in person.letters:
        put(f"refused/{letter.id}.bin", letter.payload)
    put("README.txt", readme(person, names).encode())
    return names


_FILES: dict[str, tuple[RecordKind, ...]] = {
    "sessions": (
        RecordKind.SESSION_OPENED,
        RecordKind.SESSION_CHUNK,
        RecordKind.SESSION_CLOSED,
        RecordKind.SESSION_WAVE,
    ),
    "assessments": (RecordKind.ASSESSMENT,),
    "appointments": (RecordKind.APPOINTMENT,),
    "file": (RecordKind.PERSON_FILE,),
    "consents": (RecordKind.CONSENT_WITHDRAWN,),
}

_WORDS = {
    "sessions/": ("放松训练的逐次数据(心搏、指标、事件)", "sessions in the chair: beats, figures, events"),
    "sessions.json": ("上述训练的原始记录", "the same sessions as they are stored"),
    "assessments.json": ("心理测评的作答与结果", "questionnaires: answers and results"),
    "appointments.json": ("预约", "appointments"),
    "file.json": (
        "以代码建立的档案(年龄段、语言、开启时间)",
        "the file under this code: age band, language, when it was opened",
    ),
    "consents.json": ("撤回的同意", "consents that were withdrawn"),
    "alerts.json": ("由测评引起的提醒及处理", "alerts that followed from questionnaires, and what staff did"),
    "deletions.json": ("删除请求", "requests to erase"),
    "waiting.json": ("尚在本机等待发送的记录", "records that still wait on this machine"),
    "running/": ("正在进行的训练", "sessions that are not over"),
    "refused/": ("未能入库的数据原样", "data that could not be stored, as it came"),
}


def readme(person: Person, names: Sequence[str]) -> str:
    """What is in the folder, in Chinese and English."""
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        f"代码 {person.code} 在站点 {person.site} 的全部数据,导出于 {made}。",
        f"Everything that site {person.site} holds about code {person.code}, written {made}.",
        "",
    ]
    for start, (chinese, english) in _WORDS.items():
        if count := sum(name.startswith(start) for name in names):
            lines.append(f"{start:20} {count:4}  {chinese} / {english}")
    if person.unreadable:
        number = len(person.unreadable)
        lines.append(f"{number} 条记录的密钥已丢失,无法打开 / {number} records cannot be opened: their key is lost")
    if person.nothing:
        lines.append("没有任何数据。 / Nothing is held.")
    lines += [
        "",
        "时间为自 1970 年起的 UTC 纳秒;训练内时间自开始起算。测评是筛查,不是诊断。",
        "Times are UTC nanoseconds since 1970, in sessions since their beginning. Questionnaires screen, they do not",
        "diagnose. Other sites answer for what they hold. 其他站点的数据由该站点另行提供。",
        "",
    ]
    return "\n".join(lines)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
