"""The counter of a centre: what faces of the same machine are told, and what it takes from them."""

import asyncio
import stat
import time
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from counter_parts import SITE, Room, S, answered, raised

from care.alerts import AlertEvent, AlertStep
from devices.clock import Clock
from gateway import centre_service
from gateway.box import new_id
from gateway.client import KioskLine
from gateway.client.counter import ask_counter
from gateway.config import CentreConfig, Config, ConfigError, PathsConfig
from gateway.counter.messages import (
    AlertAnswer,
    AlertStanding,
    DutyAnswer,
    HandedIn,
    HandIn,
    NotNow,
    OpenFile,
    Told,
    WhoIsOnDuty,
)
from gateway.duty.config import CareConfig
from gateway.eyes import FRESH_S, Eyes, is_seen
from gateway.keeping.asking import have_stored
from gateway.messages import (
    Body,
    ContentViewed,
    DutyEntry,
    DutyRoster,
    Envelope,
    Record,
    RecordKind,
    encode,
    kind_of,
    lane_of,
)
from gateway.pager_notes import delivered_note, failed_note
from gateway.socket import pack, read_message

HOUR = 3600 * S


def envelope_of(body: Body, producer: str = "kiosk-1", seq: int = 1) -> bytes:
    kind = kind_of(body)
    return encode(Envelope("boot", lane_of(kind), seq, Record(new_id(), kind, SITE, producer, 1, encode(body))))


async def said_to(room: Room, message: bytes) -> object:
    """What the counter says to these bytes."""
    reader, writer = await asyncio.open_unix_connection(room.config.centre_socket)
    writer.write(message)
    told = await read_message(reader)
    writer.close()
    return msgspec.msgpack.decode(told, type=Told).answer


async def stored(room: Room, *bodies: Body) -> None:
    await asyncio.to_thread(have_stored, room.place, list(bodies), time.time_ns())


async def test_nobody_but_the_user_of_the_site_gets_to_the_counter(room: Room) -> None:
    assert stat.S_IMODE(room.config.centre_socket.stat().st_mode) == 0o600


async def test_who_is_on_duty_is_not_known_until_a_roster_was_sent_and_then_counted(room: Room) -> None:
    now = time.time_ns()
    async with room.line() as line:
        assert await answered(line, WhoIsOnDuty()) == DutyAnswer(known=False)
        early, late = now - HOUR, now + HOUR
        shifts = [
            DutyEntry("s-1", "王医生", "counsellor", early, late),
            DutyEntry("s-2", "Li Na", "counsellor", early, late + HOUR),
            DutyEntry("s-3", "Zhao", "counsellor", early - HOUR, early),
            DutyEntry("s-3", "Zhao", "counsellor", late, late + HOUR),
        ]
        await stored(room, DutyRoster(1, shifts))
        assert await answered(line, WhoIsOnDuty()) == DutyAnswer(True, 2, late + HOUR, late)
        await stored(room, DutyRoster(2, [shifts[3]]))
        assert await answered(line, WhoIsOnDuty()) == DutyAnswer(True, 0, None, late)


async def test_a_resident_learns_the_name_of_whoever_comes_only_if_it_stands_in_the_roster(room: Room) -> None:
    now = time.time_ns()
    alerts = [raised(at_utc_ns=now), raised(at_utc_ns=now)]
    answers = [
        AlertEvent(alert.alert, 2, AlertStep.ACKNOWLEDGED, now, "room", who)
        for alert, who in zip(alerts, ("s-1", "root"), strict=True)
    ]
    await stored(room, DutyRoster(1, [DutyEntry("s-1", "王医生", "counsellor", now - HOUR, now + HOUR)]))
    await stored(room, *alerts, *answers)
    async with room.line() as line:
        taken, by_a_stranger = [await answered(line, AlertStanding(alert.alert)) for alert in alerts]
        assert await answered(line, AlertStanding(new_id())) == AlertAnswer(known=False)
    assert (taken.status, taken.owner, taken.acknowledged_utc_ns) == ("acknowledged", "王医生", now)
    assert (by_a_stranger.status, by_a_stranger.owner) == ("acknowledged", "")
    assert taken.next_deadline_utc_ns is None


async def test_what_is_handed_in_is_stored_once_and_a_broker_that_brings_it_again_changes_nothing(room: Room) -> None:
    alert = envelope_of(raised())
    path = room.config.centre_socket
    first = await ask_counter(path, "kiosk-1", HandIn("kiosk-1", alert))
    second = await ask_counter(path, "kiosk-1", HandIn("kiosk-1", alert))
    assert isinstance(first, HandedIn)
    assert first == second
    assert room.stored(RecordKind.ALERT_EVENT) == 1


async def test_nobody_hands_in_for_another(room: Room) -> None:
    for producer, body in (("room", envelope_of(raised(), "room")), ("centre", envelope_of(raised(), "centre"))):
        assert await ask_counter(room.config.centre_socket, "kiosk-1", HandIn(producer, body)) is None
    mine = await ask_counter(room.config.centre_socket, "kiosk-1", HandIn("kiosk-1", envelope_of(raised(), "room")))
    assert isinstance(mine, HandedIn)  # as with the broker: it is kept among the dead letters, and blocks nobody
    assert room.stored(RecordKind.ALERT_EVENT) == 0
    with room.reading() as rows:
        (letter,) = rows.dead_letters()
    assert "says huadu.xinhua.0007 room" in letter.reason


async def test_what_is_no_question_is_answered_and_the_next_one_is_heard(room: Room) -> None:
    assert isinstance(await said_to(room, pack(ContentViewed("a", 1, "zh", 1, 1))), NotNow)
    assert isinstance(await said_to(room, b"\0\0\0\x01\xc1"), NotNow)
    broken = await ask_counter(room.config.centre_socket, "kiosk-1", HandIn("kiosk-1", b"\xc1"))
    assert broken is None
    async with room.line() as line:
        assert await line.ask(WhoIsOnDuty()) == DutyAnswer(known=False)


async def test_ten_tries_at_once_are_ten_tries(room: Room) -> None:
    async with room.line() as line:
        answers = await asyncio.gather(*(line.ask(OpenFile("ABCD2345", "9375")) for _ in range(10)))
    assert [answer.outcome for answer in answers].count("wrong") == 5
    assert [answer.outcome for answer in answers].count("locked") == 5


async def test_alert_whose_first_step_has_not_come_is_not_known(room: Room) -> None:
    alert = raised()
    async with room.line() as line:
        await stored(room, AlertEvent(alert.alert, 2, AlertStep.NOTED, alert.at_utc_ns, "room", "resident"))
        assert await answered(line, AlertStanding(alert.alert)) == AlertAnswer(known=False)
        await stored(room, alert)
        assert (await answered(line, AlertStanding(alert.alert))).known


async def test_who_answers_from_where_and_who_is_called_next_is_told(room: Room) -> None:
    alert = raised(at_utc_ns=time.time_ns())
    async with room.line() as line:
        await stored(room, alert)
        first = await answered(line, AlertStanding(alert.alert))
        assert (first.next_level, first.next_deadline_utc_ns) == ("town", alert.deadlines[0].until_utc_ns)
        assert first.delivered is False  # this site has no level above, and that is said at once
        await stored(room, AlertEvent(alert.alert, 2, AlertStep.ESCALATED, alert.at_utc_ns, "town", "system"))
        called = await answered(line, AlertStanding(alert.alert))
        assert (called.level, called.next_level, called.next_deadline_utc_ns) == ("town", "", None)
        await stored(room, AlertEvent(alert.alert, 3, AlertStep.ACKNOWLEDGED, alert.at_utc_ns, "town", "li"))
        taken = await answered(line, AlertStanding(alert.alert))
        assert (taken.status, taken.owner_level) == ("acknowledged", "town")


async def test_told_means_that_somebody_can_have_learned_of_it(room: Room) -> None:
    now = time.time_ns()
    alerts = [raised(at_utc_ns=now) for _ in range(4)]
    rung, failed, shown, other = (alert.alert for alert in alerts)

    async def told(line: KioskLine) -> set[UUID]:
        return {each.alert for each in alerts if (await answered(line, AlertStanding(each.alert))).told}

    async with room.line() as line:
        await stored(room, *alerts)
        assert await told(line) == set()
        await stored(
            room,
            AlertEvent(rung, 2, AlertStep.NOTED, now, "room", "system", detail=delivered_note("mail")),
            AlertEvent(failed, 2, AlertStep.NOTED, now, "room", "system", detail=failed_note("mail") + ": no route"),
        )
        assert await told(line) == {rung}
        eyes = Eyes(room.config.data, "console")
        eyes.see([shown])
        assert await told(line) == {rung, shown}
        eyes.close()
        assert await told(line) == {rung}
        await stored(room, DutyRoster(1, [DutyEntry("s-1", "王医生", "counsellor", now - HOUR, now + HOUR)]))
        assert await told(line) == {rung, failed, shown, other}


def test_mark_of_a_screen_that_has_died_is_not_believed_for_long(tmp_path: Path) -> None:
    alert = new_id()
    Eyes(tmp_path, "console").see([alert])
    now = time.time_ns()
    assert is_seen(tmp_path, alert, now)
    assert not is_seen(tmp_path, new_id(), now)
    assert not is_seen(tmp_path, alert, now + int((FRESH_S + 1) * S))
    (tmp_path / "eyes-broken").write_bytes(b"torn")
    assert is_seen(tmp_path, alert, now)


def test_a_screen_writes_its_mark_again_only_when_other_alerts_are_shown(tmp_path: Path) -> None:
    eyes, first, second = Eyes(tmp_path, "console"), new_id(), new_id()
    eyes.see([first])
    (tmp_path / "eyes-console").unlink()
    eyes.see([first])
    assert not is_seen(tmp_path, first, time.time_ns())
    eyes.see([first, second])
    assert is_seen(tmp_path, second, time.time_ns())


def test_a_disk_that_refuses_the_mark_is_no_trouble_of_whoever_looks(tmp_path: Path) -> None:
    Eyes(tmp_path / "gone", "console").see([new_id()])


@pytest.mark.parametrize(
    ("level", "rules", "says"),
    [
        ("station", "", "care/handoff.toml: rule 1 (red): the ladder has no level 'station'"),
        ("room", "own.toml", "own.toml: there is no rule for red (risk_item): nobody would be called"),
    ],
)
async def test_centre_by_whose_rules_nobody_would_be_called_does_not_start(
    tmp_path: Path, level: str, rules: str, says: str
) -> None:
    own = tmp_path / "own.toml"
    shipped = files("care").joinpath("handoff.toml").read_text("utf-8")
    own.write_text(shipped.replace('tier = "red"', 'tier = "crimson"'), "utf-8")
    config = Config(
        paths=PathsConfig(str(tmp_path / "data"), str(tmp_path)),
        centre=CentreConfig(level),
        care=CareConfig(handoff=str(own) if rules else ""),
    )
    with pytest.raises(ConfigError) as caught:
        await centre_service.run(config, Clock(), asyncio.Event())
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
