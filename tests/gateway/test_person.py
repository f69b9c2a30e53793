"""What a person can ask for: everything that is held of them, and that it goes at every level, with a proof."""

import json
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from gateway_parts import a_session, chunk, closed, opened, placement
from levels import DISTRICT, NEIGHBOUR, ROOM, TOWN, Levels
from test_rows_together import an_alert, arrivals_of

from care.session import Began
from gateway import tables as t
from gateway.arrivals import Poison
from gateway.box import new_id
from gateway.errors import NotAllowed, SessionRuns, StoreUnwritable, UnknownDeletion
from gateway.journal import Journal
from gateway.keeping.audit import AUDIT_FILE, swallow
from gateway.keeping.erasures import ERASURES_FILE, read_erasures
from gateway.messages import (
    Appointment,
    Assessment,
    Body,
    Deletion,
    RecordKind,
    SessionOpened,
    SessionWave,
    decode_body,
)
from gateway.outbox import Outbox
from gateway.room.ledger import Happened, Opened
from gateway.rows import Rows
from gateway.services.audit import find_audit
from gateway.services.people import erase_person, export_person, read_person, read_proof, withdraw_consent

CODE, OTHER = "K7QX2M4A", "B2WW9ZZT"


def opened_by(session: UUID, code: str) -> SessionOpened:
    return msgspec.structs.replace(opened(session), subject=code)


def of_a_person(code: str) -> list[Body]:
    session = a_session()
    sitting = Assessment(new_id(), "phq9", 1, "zh", 1, 2, {"q1": 3}, True, 15.0, "mod", "orange", 1, code)
    wave = SessionWave(session, "ecg", 1, 0, 256.0, "mV", 1.0, 0.0, bytes(100))
    return [
        opened_by(session, code),
        *(chunk(session, number) for number in (1, 2)),
        wave,
        closed(session, 2),
        sitting,
        Appointment(new_id(), 1, "asked", code, note="下午"),
    ]


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[Levels]:
    found = Levels(tmp_path / "levels")
    yield found
    found.close()


@pytest.fixture
def room(levels: Levels) -> Rows:
    """A room with two people in it, an alert of the first, and a message of theirs that was refused."""
    rows = levels.rows[ROOM]
    theirs = arrivals_of(of_a_person(CODE))
    sitting = next(each for each in theirs if each.record.kind is RecordKind.ASSESSMENT)
    raised, *steps = an_alert(new_id())
    rows.store(
        [*theirs, *arrivals_of([msgspec.structs.replace(raised, source=sitting.record.id), *steps], boot="a")], 1
    )
    rows.store(arrivals_of(of_a_person(OTHER), boot="b"), 1)
    rows.store([Poison(new_id(), "no record", b"\xc1 half of it " + CODE.encode())], 1)
    return rows


def everything(rows: Rows) -> bytes:
    """All bytes of the database files."""
    return b"".join(path.read_bytes() for path in rows.data.glob("rows.sqlite*"))


def sealed_bodies(rows: Rows, code: str) -> list[bytes]:
    r = t.records.c
    with rows.reading() as db:
        sessions = db.scalars(sa.select(r.session).where(r.subject == rows.placement.keyring.pseudonym(code))).all()
        return list(db.scalars(sa.select(r.body).where(r.session.in_([each for each in sessions if each]))))


@pytest.mark.usefixtures("room")
def test_everything_about_a_code_is_written_to_a_folder_with_a_list(levels: Levels, tmp_path: Path) -> None:
    folder = tmp_path / "给他的"
    names = export_person(levels.place(ROOM), CODE, "li", folder)
    (csv,) = (folder / "sessions").iterdir()
    assert "segment_began" in csv.read_text("utf-8-sig")
    (sitting,) = json.loads((folder / "assessments.json").read_text())
    assert sitting["body"]["answers"] == {"q1": 3}
    assert len(json.loads((folder / "sessions.json").read_text())) == 5
    assert json.loads((folder / "alerts.json").read_text())[0]["body"]["step"] == "raised"
    assert json.loads((folder / "appointments.json").read_text())[0]["body"]["note"] == "下午"
    assert len(list((folder / "refused").iterdir())) == 1
    text = (folder / "README.txt").read_text()
    assert all(name.split("/")[0] in text for name in names if name != "README.txt")
    assert "放松训练" in text
    assert "sessions in the chair" in text
    every = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert OTHER.encode() not in every
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])
    with pytest.raises(StoreUnwritable, match="name a new folder"):
        export_person(levels.place(ROOM), CODE, "li", folder)


@pytest.mark.usefixtures("room")
def test_what_waits_and_what_runs_is_held_too(levels: Levels, tmp_path: Path) -> None:
    place = levels.place(ROOM)
    waiting, running = a_session(), a_session()
    with Outbox(place.data / "outbox.sqlite", place.keyring(), site=ROOM, producer="room", boot="x") as outbox:
        for body in (opened_by(waiting, CODE), chunk(waiting, 1), opened_by(a_session(), OTHER)):
            outbox.put(body, made_utc_ns=1)
        with Journal.create(place.data / "journal" / f"{running}.journal", place.keyring()) as journal:
            journal.append(Opened(new_id(), opened_by(running, CODE), 0, "k"))
            journal.append(Happened(Began(0)))
            journal.sync()
            person = read_person(place, CODE, "li")
    assert [each.kind for each in person.waiting] == ["session_opened", "session_chunk"]
    assert [(each.session, len(each.entries)) for each in person.journals] == [(running, 2)]
    export_person(place, CODE, "li", tmp_path / "out")
    assert (tmp_path / "out" / "running" / f"{running}.json").exists()
    assert len(json.loads((tmp_path / "out" / "waiting.json").read_text())) == 2


def test_a_code_that_nobody_knows_gives_a_folder_that_says_so(levels: Levels, tmp_path: Path) -> None:
    assert export_person(levels.place(ROOM), "UNKNOWN1", "li", tmp_path / "out") == ["README.txt"]
    assert "没有任何数据" in (tmp_path / "out" / "README.txt").read_text()


def test_every_look_is_written_down_before_anything_is_shown(levels: Levels, room: Rows) -> None:
    place = levels.place(ROOM)
    read_person(place, CODE, "li")
    with pytest.raises(NotAllowed, match="--actor"):
        read_person(place, CODE, " ")
    assert CODE.encode() not in (place.data / AUDIT_FILE).read_bytes()
    assert find_audit(room) == []
    assert swallow(room) == 1
    assert swallow(room) == 0
    (entry,) = find_audit(room, code=CODE)
    assert (entry.actor, entry.action) == ("li", "person.read")
    (place.data / AUDIT_FILE).mkdir()
    with pytest.raises(StoreUnwritable, match="cannot be written down"):
        read_person(place, CODE, "li")


def test_entries_survive_a_crash_while_they_are_taken(levels: Levels, room: Rows) -> None:
    place = levels.place(ROOM)
    read_person(place, CODE, "li")
    before = (place.data / AUDIT_FILE).read_bytes()
    assert swallow(room) == 1
    (place.data / f"{AUDIT_FILE}.taken").write_bytes(before + b'{"id": "torn')  # the commit was there, the unlink not
    read_person(place, CODE, "wu")
    assert (swallow(room), swallow(room)) == (1, 1)
    assert [entry.actor for entry in find_audit(room)] == ["wu", "li"]


def close_room(levels: Levels) -> None:
    levels.rows[ROOM].close()


def erase_at(levels: Levels, site: str, code: str = CODE) -> UUID:
    """The command, while the centre of the site does not run."""
    levels.rows[site].close()
    deletion = erase_person(levels.place(site), code, "li", "书面申请").deletion
    levels.rows[site] = levels.open(site)
    return deletion


def held(rows: Rows, code: str = CODE) -> set[str]:
    r = t.records.c
    with rows.reading() as db:
        return set(db.scalars(sa.select(r.kind).where(r.subject == rows.placement.keyring.pseudonym(code))))


def test_an_erasure_in_a_room_is_done_and_proved_at_every_level_above(levels: Levels, room: Rows) -> None:
    sealed = sealed_bodies(room, CODE)
    others = sealed_bodies(room, OTHER)
    assert all(each in everything(room) for each in sealed)
    for site in (TOWN, DISTRICT):  # they hold something of the person, too
        levels.rows[site].store(arrivals_of(of_a_person(CODE), ROOM), 1)
    deletion = erase_at(levels, ROOM)
    room = levels.rows[ROOM]
    assert not any(each in everything(room) for each in sealed)
    assert all(each in everything(room) for each in others)
    assert held(room) == {"deletion"}
    assert held(room, OTHER) == {"session_opened", "assessment", "appointment"}
    assert room.dead_letters() == []

    (proof,) = read_proof(levels.place(ROOM), deletion)
    assert [answer.site for answer in proof.answers] == [ROOM]
    assert (proof.answers[0].left, proof.answers[0].removed["records"]) == (0, 7)
    assert [(each.site, each.delivered) for each in proof.waiting] == [(TOWN, False)]
    levels.away = {DISTRICT}
    levels.carry()
    (proof,) = read_proof(levels.place(ROOM), str(deletion)[:13])
    assert {answer.site for answer in proof.answers} == {ROOM, TOWN}
    (at_town,) = read_proof(levels.place(TOWN), deletion)
    assert [(each.site, each.delivered) for each in at_town.waiting] == [(DISTRICT, False)]
    levels.away = set()
    levels.carry()
    (proof,) = read_proof(levels.place(ROOM))
    assert {(answer.site, answer.left, answer.removed["records"]) for answer in proof.answers} == {
        (ROOM, 0, 7),
        (TOWN, 0, 7),
        (DISTRICT, 0, 7),
    }
    assert proof.complete
    assert (proof.deletion.actor, proof.deletion.reason) == ("li", "书面申请")
    assert held(levels.rows[TOWN]) == held(levels.rows[DISTRICT]) == {"deletion"}
    assert [rows.sequence_gaps() for rows in levels.rows.values()] == [[]] * 4
    with pytest.raises(UnknownDeletion, match="xinyi person proof"):
        read_proof(levels.place(ROOM), new_id())


def test_an_erasure_at_the_district_reaches_every_room_below(levels: Levels, room: Rows) -> None:
    levels.rows[NEIGHBOUR].store(arrivals_of(of_a_person(CODE), NEIGHBOUR), 1)
    sealed = sealed_bodies(room, CODE)
    levels.away = {NEIGHBOUR}
    deletion = erase_at(levels, DISTRICT)
    levels.carry()
    assert held(room) == {"deletion"}
    assert not any(each in everything(room) for each in sealed)
    assert "session_opened" in held(levels.rows[NEIGHBOUR])
    (at_town,) = read_proof(levels.place(TOWN), deletion)
    assert [(each.site, each.delivered) for each in at_town.waiting] == [(NEIGHBOUR, False)]
    levels.away = set()
    levels.carry()
    assert held(levels.rows[NEIGHBOUR]) == {"deletion"}
    (proof,) = read_proof(levels.place(DISTRICT), deletion)
    assert {answer.site for answer in proof.answers} == {DISTRICT, TOWN, ROOM, NEIGHBOUR}
    assert proof.complete
    assert levels.carry() == 0


def test_what_a_room_asks_goes_to_another_room_only_when_something_had_come_from_there(levels: Levels) -> None:
    for site in (ROOM, NEIGHBOUR):
        levels.rows[site].store(arrivals_of(of_a_person(CODE), site), 1)
    erase_at(levels, ROOM)
    levels.carry()
    assert "assessment" in held(levels.rows[NEIGHBOUR])
    levels.rows[TOWN].store(arrivals_of([of_a_person(CODE)[5]], NEIGHBOUR), 1)
    assert held(levels.rows[TOWN]) == {"deletion"}


def test_a_town_that_held_records_of_two_rooms_asks_the_other_one(levels: Levels) -> None:
    levels.rows[NEIGHBOUR].store(arrivals_of(of_a_person(CODE), NEIGHBOUR), 1)
    levels.rows[TOWN].store(arrivals_of(of_a_person(CODE)[5:6], NEIGHBOUR), 1)
    erase_at(levels, ROOM)
    levels.carry()
    assert held(levels.rows[NEIGHBOUR]) == {"deletion"}


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_late_of_an_erased_person_is_not_stored_and_what_is_new_is(
    tmp_path: Path, rows_url: str, seed: int
) -> None:
    late = arrivals_of([*of_a_person(CODE), *of_a_person(CODE)])
    deletion = arrivals_of([_deletion(CODE, asked_utc_ns=100)], boot="d")
    rng = random.Random(seed)
    order = rng.sample(late, len(late))
    cut = rng.randrange(len(order))
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        rows.store(order[:cut], 1)
        rows.store(deletion, 100)
        for some in ([*order[cut:]], *([each] for each in order), order):  # all at once, and one after the other
            rows.store(some, 200)
        assert set(_kinds(rows)) == {"deletion", "deletion_done"}
        assert rows.find() == []
        assert rows.dead_letters() == []
        assert rows.sequence_gaps() == []
        for arrival in arrivals_of(of_a_person(CODE), boot="n"):  # made after the request: theirs again
            record = msgspec.structs.replace(arrival.record, made_utc_ns=101)
            rows.store([replace(arrival, envelope=msgspec.structs.replace(arrival.envelope, record=record))], 300)
        assert len(rows.find()) == 1


def _deletion(code: str, asked_utc_ns: int) -> Deletion:
    return Deletion(new_id(), code, [], [], ROOM, "li", asked_utc_ns)


def _kinds(rows: Rows) -> list[str]:
    with rows.reading() as db:
        return list(db.scalars(sa.select(t.records.c.kind)))


def test_a_person_with_very_many_records_can_be_erased(tmp_path: Path, rows_url: str) -> None:
    session = a_session()
    bodies = [opened_by(session, CODE), *(chunk(session, number) for number in range(1, 3000))]
    with Rows.for_writing(tmp_path, placement(tmp_path, ROOM, TOWN), rows_url) as rows:
        rows.store(arrivals_of(bodies), 1)
        began = time.monotonic()
        rows.put(_deletion(CODE, 10), 10)
        assert time.monotonic() - began < 20
        assert sorted(_kinds(rows)) == ["deletion", "deletion_done"]


def test_somebody_who_reads_for_long_holds_up_no_erasure_and_is_waited_for_with_the_scrubbing(
    levels: Levels, room: Rows
) -> None:
    sealed = sealed_bodies(room, CODE)
    with levels.place(ROOM).reading() as reader, reader.reading() as db:
        db.exec_driver_sql("BEGIN")
        assert db.scalars(sa.select(t.records.c.id)).all()
        began = time.monotonic()
        room.put(_deletion(CODE, time.time_ns()), time.time_ns())
        assert time.monotonic() - began < 5
        assert held(room) == {"deletion"}
        assert any(each in everything(room) for each in sealed)  # the reader still sees them
        db.rollback()
    room.store(arrivals_of([opened_by(a_session(), OTHER)], boot="next"), 1)
    assert not any(each in everything(room) for each in sealed)


def test_outboxes_of_processes_that_do_not_run_are_erased_too(levels: Levels) -> None:
    place = levels.place(ROOM)
    session = a_session()
    with Outbox(place.data / "outbox.sqlite", place.keyring(), site=ROOM, producer="room", boot="x") as outbox:
        for body in (opened_by(session, CODE), *(chunk(session, n) for n in (1, 2)), opened_by(a_session(), OTHER)):
            outbox.put(body, made_utc_ns=1)
    close_room(levels)
    erased = erase_person(place, CODE, "li", "asked")
    assert (erased.by_centre, erased.from_outboxes) == (False, 3)
    with Outbox(place.data / "outbox.sqlite", place.keyring(), site=ROOM, producer="room", boot="y") as outbox:
        assert [e.record.kind for e in outbox.take(outbox.pending(10))] == ["session_opened", "tombstone"]
    levels.rows[ROOM] = levels.open(ROOM)


def test_a_session_that_runs_must_be_ended_first(levels: Levels) -> None:
    place = levels.place(ROOM)
    running = a_session()
    close_room(levels)
    with Journal.create(place.data / "journal" / f"{running}.journal", place.keyring()) as journal:
        journal.append(Opened(new_id(), opened_by(running, CODE), 0, "k"))
        journal.sync()
        with pytest.raises(SessionRuns, match="has not ended; end it at the chair"):
            erase_person(place, CODE, "li", "asked")
        assert erase_person(place, OTHER, "li", "asked").from_outboxes == 0
    levels.rows[ROOM] = levels.open(ROOM)


def test_without_the_consent_to_keep_everything_goes_and_without_another_it_stays(levels: Levels) -> None:
    levels.rows[ROOM].store(arrivals_of(of_a_person(CODE)), 1)
    close_room(levels)
    assert withdraw_consent(levels.place(ROOM), CODE, "see", "li") is None
    with levels.place(ROOM).reading() as rows:
        assert held(rows) == {"session_opened", "assessment", "appointment", "consent_withdrawn"}
    erased = withdraw_consent(levels.place(ROOM), CODE, "keep", "li")
    assert erased
    levels.rows[ROOM] = levels.open(ROOM)
    assert held(levels.rows[ROOM]) == {"deletion"}
    (proof,) = read_proof(levels.place(ROOM), erased.deletion)
    assert proof.deletion.reason == "consent withdrawn"


def test_erasures_are_listed_beside_the_rows_whatever_was_torn(levels: Levels, room: Rows) -> None:
    deletion = erase_at(levels, ROOM)
    data = levels.folder / ROOM
    keyring = levels.place(ROOM).keyring()
    (record,) = read_erasures(data / ERASURES_FILE, keyring)
    assert decode_body(record.kind, record.body).deletion == deletion
    assert CODE.encode() not in (data / ERASURES_FILE).read_bytes()
    torn = (data / ERASURES_FILE).read_bytes()[:-20]
    (data / ERASURES_FILE).write_bytes(torn)
    levels.rows[ROOM].close()
    levels.rows[ROOM] = levels.open(ROOM)
    assert [each.id for each in read_erasures(data, keyring)] == [record.id]
    shutil.copy(data / ERASURES_FILE, levels.folder / "copy.log")
    keyring.rotate()
    assert [each.id for each in read_erasures(levels.folder / "copy.log", levels.place(ROOM).keyring())] == [record.id]
