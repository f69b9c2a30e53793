"""A person's own file: opened with code and PIN, seen by nobody else, closed to whoever guesses."""

import hashlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from counter_parts import SITE, Room, S, answered, until
from gateway_parts import judge_all, placement

from care.codes import new_code, pin_problem
from gateway.box import new_id
from gateway.counter.messages import (
    AppointmentPoint,
    AppointmentsAnswer,
    FileAnswer,
    OpenAppointments,
    OpenFile,
    TrendPoint,
)
from gateway.keeping.asking import Place
from gateway.keeping.audit import swallow
from gateway.link import BrokerAddress
from gateway.messages import Appointment, Assessment, PersonFile, Record, RecordKind, encode
from gateway.pins import new_file
from gateway.routing import Routing
from gateway.rows import Rows
from gateway.services import open_store
from gateway.services.audit import find_audit
from gateway.services.files import file_of, look_into_file, open_file, renew_pin
from gateway.services.people import erase_person, read_person

CODE, OTHER = new_code(lambda n: 5), new_code(lambda n: 7)
PIN = "4071"
EVENING = 1_764_345_600 * S  # 2025-11-28 16:00 UTC: the 29th in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")


def a_file(code: str = CODE, pin: str = PIN, version: int = 1, opened_utc_ns: int = 5) -> PersonFile:
    return new_file(
        code, pin, age_band="60+", language="zh", opened_utc_ns=opened_utc_ns, opened_by="kiosk", version=version
    )


def sitting(subject: str, ended_utc_ns: int = EVENING, *, complete: bool = True, version: int = 1) -> Assessment:
    return Assessment(
        new_id(), "nobody-knows-it", 1, "zh", ended_utc_ns - S, ended_utc_ns, {"a": 1}, complete, 4.0, "mild",
        subject=subject, version=version,
    )  # fmt: skip


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as store:
        yield store


def look(rows: Rows, code: str = CODE, pin: str = PIN, at_s: float = 0.0, door: str = "kiosk-1") -> FileAnswer:
    now = EVENING + int(at_s * S)
    return look_into_file(rows, code, pin, door, site=SITE, zone=ZONE, now_utc_ns=now)


async def test_a_file_opened_at_the_kiosk_shows_its_owner_what_became_of_everything(room: Room) -> None:
    wish = Appointment(new_id(), 1, "asked", CODE)
    async with room.line() as line:
        kept = [await line.open_file(CODE, PIN, age_band="60+", language="zh")]
        kept += [line.keep(body) for body in (sitting(CODE), sitting(OTHER), sitting(CODE, EVENING + 90 * S), wish)]
        await until(lambda: all(map(line.is_delivered, kept)), "all are delivered")
        assert await answered(line, OpenAppointments(CODE)) == AppointmentsAnswer(ok=False)
        assert await answered(line, OpenFile(CODE, "4072")) == FileAnswer("wrong")
        assert await answered(line, OpenAppointments(CODE)) == AppointmentsAnswer(ok=False)
        answer = await answered(line, OpenFile(CODE, PIN))
        assert (answer.outcome, answer.subject, answer.age_band, answer.language) == ("ok", CODE, "60+", "zh")
        first, second = answer.trend
        assert first == TrendPoint("2025-11-29", EVENING, "nobody-knows-it", 1, True, "mild")
        assert second.ended_utc_ns == EVENING + 90 * S
        found = await answered(line, OpenAppointments(CODE))
        assert found == AppointmentsAnswer(ok=True, appointments=[AppointmentPoint(wish.appointment, "asked", None)])
        assert await answered(line, OpenAppointments(OTHER)) == AppointmentsAnswer(ok=False)


def test_an_incomplete_sitting_has_no_band_and_the_newest_version_counts(rows: Rows) -> None:
    old = sitting(CODE, complete=False)
    rows.store(judge_all([a_file(), old, msgspec.structs.replace(old, version=2, ended_utc_ns=EVENING + S)]), 1)
    (point,) = look(rows).trend
    assert (point.complete, point.band, point.ended_utc_ns) == (False, "", EVENING + S)


def test_after_five_wrong_tries_the_right_one_waits_a_quarter_of_an_hour(rows: Rows) -> None:
    rows.store(judge_all([a_file()]), 1)
    for second in range(5):
        assert look(rows, pin="9375", at_s=second) == FileAnswer("wrong")
    assert look(rows, at_s=5.0) == FileAnswer("locked", 15 * 60 - 5)
    assert look(rows, at_s=15 * 60 - 0.5) == FileAnswer("locked", 1)
    assert look(rows, at_s=15 * 60 + 0.5).outcome == "ok"


def test_a_restart_forgives_no_try(tmp_path: Path) -> None:
    for second in range(6):
        with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
            rows.store(judge_all([a_file()], boot=f"b{second}"), 1)
            outcome = look(rows, pin="9375", at_s=second).outcome
    assert outcome == "locked"


def test_a_try_counts_even_if_the_centre_dies_while_it_looks(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.services.files.opens", dies)
    for second in range(5):
        with pytest.raises(KeyboardInterrupt):
            look(rows, at_s=second)
    assert look(rows, at_s=6.0).outcome == "locked"


def test_who_opens_their_file_is_forgiven_their_own_tries_and_nobody_elses(rows: Rows) -> None:
    rows.store(judge_all([a_file(), a_file(OTHER)]), 1)
    for second, (code, pin) in enumerate([(CODE, "9375")] * 4 + [(OTHER, "9375")] * 5 + [(CODE, PIN)]):
        look(rows, code, pin, second)
    assert look(rows, CODE, "9375", 20).outcome == "wrong"
    assert look(rows, OTHER, PIN, 21).outcome == "locked"


def test_a_kiosk_at_which_twenty_were_wrong_within_an_hour_opens_nothing(rows: Rows) -> None:
    rows.store(judge_all([a_file()]), 1)
    for second, letters in zip(range(20), product("ABCDEF", repeat=2), strict=False):
        assert look(rows, "".join(letters), PIN, second).outcome == "wrong"
    assert look(rows, at_s=60.0) == FileAnswer("locked", 3600 - 60)
    assert look(rows, at_s=60.0, door="kiosk-2").outcome == "ok"
    assert look(rows, at_s=3600.5).outcome == "ok"


def test_an_unknown_code_is_answered_like_a_wrong_pin_and_costs_the_same_hash(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.store(judge_all([a_file()]), 1)
    real, costs = hashlib.scrypt, []

    def counted(secret: bytes, **how: int) -> bytes:
        costs.append((how["n"], how["r"], how["p"], len(how["salt"]), how["dklen"]))
        return real(secret, **how)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    assert look(rows, CODE, "9375") == look(rows, OTHER, "9375") == FileAnswer("wrong")
    assert len(costs) == 2
    assert costs[0] == costs[1]
    assert costs[0][0] >= 1 << 14


def test_a_new_pin_replaces_the_old_one_and_a_second_file_of_a_code_does_not_replace_the_first(rows: Rows) -> None:
    rows.store(judge_all([a_file(pin="9375", opened_utc_ns=9), a_file(opened_utc_ns=5)]), 1)
    assert look(rows, pin=PIN).outcome == "ok"
    assert look(rows, pin="9375").outcome == "wrong"
    rows.store(judge_all([a_file(pin="8064", version=2)], boot="later"), 1)
    assert look(rows, pin=PIN).outcome == "wrong"
    assert look(rows, pin="8064").outcome == "ok"


def test_every_look_is_in_the_audit_without_the_code(rows: Rows) -> None:
    rows.store(judge_all([a_file()]), 1)
    look(rows, pin="9375")
    look(rows)
    assert CODE.encode() not in (rows.data / "audit.log").read_bytes()
    swallow(rows)
    assert [(each.actor, each.action) for each in find_audit(rows, code=CODE)] == [
        ("kiosk-1", "file.open"),
        ("kiosk-1", "file.wrong"),
    ]


def at(data: Path) -> Place:
    return Place(SITE, data, BrokerAddress("127.0.0.1", 1))


def test_a_counsellor_opens_a_file_and_gives_a_new_pin(tmp_path: Path) -> None:
    Rows.for_writing(tmp_path, placement(tmp_path)).close()
    made = open_file(at(tmp_path), "wang", age_band="60+")
    assert pin_problem(made.pin) == ""
    with open_store(tmp_path) as rows:
        assert file_of(rows, made.code).opened_by == "counsellor:wang"
    again = renew_pin(at(tmp_path), made.code, "wang")
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        assert look(rows, made.code, again.pin).outcome == "ok"
        swallow(rows)
        assert [each.action for each in find_audit(rows, code=made.code)] == ["file.open", "file.pin", "file.new"]


def test_an_erasure_takes_the_file_with_the_sittings(tmp_path: Path) -> None:
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        rows.store(judge_all([a_file(), sitting(CODE), a_file(OTHER), sitting(OTHER)]), 1)
        look(rows, pin="9375")
    assert {each.kind.value for each in read_person(at(tmp_path), CODE, "wang").records} == {
        "person_file",
        "assessment",
    }
    erase_person(at(tmp_path), CODE, "wang", "asked")
    assert read_person(at(tmp_path), CODE, "wang").nothing
    with Rows.for_writing(tmp_path, placement(tmp_path)) as rows:
        assert look(rows).outcome == "wrong"
        assert look(rows, OTHER).outcome == "ok"
        with rows.reading() as db:
            assert db.exec_driver_sql("SELECT count(*) FROM wrong_tries").scalar() == 1  # the look just now


def test_no_policy_and_no_target_sends_a_file_up() -> None:
    routing = Routing(SITE, "huadu.xinhua", dict.fromkeys(RecordKind, True))
    for target in ("", "huadu.xinhua", "huadu"):
        record = Record(new_id(), RecordKind.PERSON_FILE, SITE, "kiosk-1", 1, encode(a_file()), target)
        assert routing.hops(record, SITE) == []
