"""The counter of a centre: what faces of the same machine are told, and what it takes from them."""

import asyncio
import stat
import time

import msgspec
from counter_parts import SITE, Room, S, answered, raised

from care.alerts import AlertEvent, AlertStep
from gateway.box import new_id
from gateway.client.counter import ask_counter
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
