"""The room as people and devices find it, in any order of events: starts, stops, losses, crashes. No wires."""

import asyncio
import itertools
import shutil
from pathlib import Path

import pytest
from room_parts import BEGIN_NS, CHAIR, HandClock, S, TestRoom

from care.session import State
from devices.errors import NotConnected
from devices.events import Arm, Connected, Disarm, Heat, LegRest, Light, Massage, Pace, Recline, ReleaseStop, StopMotion
from devices.interlocks import moves_or_heats
from gateway.errors import StoreUnwritable
from gateway.journal import Journal
from gateway.live import (
    AdjustPace,
    ArmChair,
    Command,
    EmergencyStop,
    EndSession,
    MarkMoment,
    MoveChair,
    NextSegment,
    PauseSession,
    ReleaseChair,
    ResumeSession,
    StartSession,
)
from gateway.messages import GapRow
from gateway.outbox import Outbox
from gateway.room.score import Score
from signals.pipeline import HeartBeat, Hole

STOP = Command(1, EmergencyStop(), "test", 0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def room(tmp_path: Path, clock: HandClock):
    room = TestRoom(tmp_path, clock)
    async with room.chair:
        yield room
    room.die()


@pytest.fixture
async def seated(room: TestRoom) -> TestRoom:
    room.connect()
    await room.start()
    return room


async def settled(room: TestRoom) -> None:
    await room.chair.settle(5)


async def reborn(room: TestRoom, after_s: float, *, kernel: str = "kernel") -> TestRoom:
    """Killed, and started again some seconds later."""
    room.die()
    room.clock.t_ns += round(after_s * S)
    again = TestRoom(room.folder, room.clock, "boot-2")
    await again.take_up(kernel)
    return again


def stored_once(room: TestRoom) -> None:
    chunks = room.chunks()
    times = [beat.t_ns for chunk in chunks for beat in chunk.beats]
    assert times == sorted(set(times))
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    (closed,) = room.closed()
    assert (closed.beats, closed.chunks) == (len(times), len(chunks))
    gaps = sorted((gap for chunk in chunks for gap in chunk.gaps), key=lambda gap: gap.from_ns)
    assert all(before.to_ns <= after.from_ns for before, after in itertools.pairwise(gaps))
    assert not [t_ns for t_ns in times for gap in gaps if gap.from_ns < t_ns < gap.to_ns]
    assert list((room.folder / "journal").iterdir()) == []


# --- beginning


async def test_session_begins_only_with_a_chair(room):
    assert (await room.ask(StartSession())).code == "no_chair"
    room.connect()
    assert (await room.ask(StartSession())).ok
    assert (await room.ask(StartSession())).code == "session_running"


@pytest.mark.parametrize("limit_s", [float("nan"), -1.0, float("inf")])
async def test_absurd_limit_is_refused(room, limit_s):
    room.connect()
    assert (await room.ask(StartSession(limit_s=limit_s))).code == "out_of_range"


async def test_stopped_chair_begins_no_session(room):
    room.connect(stop_pressed=True)
    assert (await room.ask(StartSession())).code == "motion_locked"
    room.say(stopped=True)
    assert (await room.ask(ReleaseChair())).ok
    room.say()
    assert (await room.ask(StartSession())).ok


async def test_session_on_an_empty_chair_waits_for_somebody(room):
    room.connect(occupied=False)
    await room.start()
    assert room.state == ("paused", "person_left")
    room.say()
    assert room.state == ("running", "")


def while_opening(monkeypatch: pytest.MonkeyPatch, happens) -> None:
    """Have something happen while the disk is busy with a new session."""
    put = Outbox.put
    loop = asyncio.get_running_loop()

    def busy(*args, **kwargs):
        asyncio.run_coroutine_threadsafe(_call(happens), loop).result(5)
        return put(*args, **kwargs)

    monkeypatch.setattr(Outbox, "put", busy)


async def _call(happens) -> None:
    happens()


async def test_chair_lost_while_a_session_is_opened_is_a_pause_with_a_gap(room, monkeypatch):
    room.connect()
    while_opening(monkeypatch, room.pull)
    await room.start()
    monkeypatch.undo()
    assert room.state == ("paused", "device_lost")
    room.clock.t_ns += 3 * S
    room.connect()
    room.flow()
    assert room.state == ("running", "")
    await room.pass_time(2)
    await room.ask(EndSession())
    await room.room.tick()
    assert [gap for chunk in room.chunks() for gap in chunk.gaps] == [GapRow(0, 3 * S, "device_lost")]
    stored_once(room)


async def test_stop_while_a_session_is_opened_stops_it(room, monkeypatch):
    room.connect()
    while_opening(monkeypatch, lambda: room.say(stop_pressed=True))
    await room.start()
    assert room.state == ("paused", "emergency_stop")
    await settled(room)
    assert not any(moves_or_heats(command) for command in room.wires.asked)


async def test_beats_heard_while_the_disk_was_slow_are_not_lost(room, monkeypatch):
    room.connect()

    def hear() -> None:
        for _ in range(3):
            room.clock.t_ns += 800 * S // 1000
            room.beat()

    while_opening(monkeypatch, hear)
    await room.start()
    monkeypatch.undo()
    await room.ask(EndSession())
    await room.room.tick()
    beats = [beat for chunk in room.chunks() for beat in chunk.beats]
    assert [beat.t_ns for beat in beats] == [800_000_000, 1_600_000_000, 2_400_000_000]


async def test_beats_before_the_beginning_are_not_of_the_session(seated):
    seated.room._hear(HeartBeat(BEGIN_NS - 1, 800.0, 1.0))
    seated.room._hear(HeartBeat(BEGIN_NS + 300_000_000, 800.0, 1.0))
    seated.room._hear(HeartBeat(BEGIN_NS + 1_100_000_000, 800.0, 1.0))
    seated.clock.t_ns += 2 * S
    await seated.ask(EndSession())
    await seated.room.tick()
    assert [(beat.t_ns, beat.rr_ms) for chunk in seated.chunks() for beat in chunk.beats] == [
        (300_000_000, None),
        (1_100_000_000, 800.0),
    ]


@pytest.mark.parametrize(("store", "work"), [(Journal, "sync"), (Outbox, "put"), (Journal, "create")])
async def test_disk_that_refuses_a_session_leaves_nothing_behind(room, monkeypatch, store, work):
    room.connect()

    def refuse(*_: object, **__: object) -> None:
        raise StoreUnwritable("disk", "is full", "free space")

    monkeypatch.setattr(store, work, refuse)
    assert (await room.ask(StartSession())).code == "disk_full"
    monkeypatch.undo()
    assert list((room.folder / "journal").glob("*")) == []
    assert room.bodies() == []
    await room.start()
    assert room.state == ("running", "")


# --- running


async def test_disk_that_refuses_for_a_while_is_shown_and_costs_nothing(seated, monkeypatch):
    await seated.pass_time(4)

    def refuse(*_: object) -> None:
        raise StoreUnwritable("disk", "is full", "free space")

    monkeypatch.setattr(Journal, "sync", refuse)
    await seated.pass_time(14)
    assert seated.room.frame().session.saved == "disk_full"
    await seated.room.tick()
    assert seated.room.frame().session.saved == "disk_full"
    monkeypatch.undo()
    await seated.pass_time(2)
    assert seated.room.frame().session.saved == "room"
    await seated.ask(EndSession())
    await seated.room.tick()
    stored_once(seated)
    assert seated.closed()[0].beats == 26


async def test_lost_chair_is_a_pause_and_one_gap(seated):
    await seated.pass_time(5)
    seated.pull()
    assert seated.state == ("paused", "device_lost")
    seated.pull()
    await seated.pass_time(20, beats=False)
    seated.room.take(Connected("chair-1", seated.clock.t_ns, CHAIR, 2))
    assert seated.state == ("paused", "device_lost")
    seated.say()
    seated.flow()
    assert seated.state == ("running", "")
    await seated.pass_time(3)
    await seated.ask(EndSession())
    await seated.room.tick()
    assert [gap for chunk in seated.chunks() for gap in chunk.gaps] == [GapRow(5 * S, 25 * S, "device_lost")]
    stored_once(seated)


async def test_chair_that_comes_back_empty_does_not_move(seated):
    await settled(seated)
    await seated.pass_time(5)
    seated.pull()
    await settled(seated)
    seated.wires.asked.clear()
    seated.connect(occupied=False)
    assert seated.state == ("paused", "person_left")
    await settled(seated)
    assert not any(moves_or_heats(command) for command in seated.wires.asked)


async def test_gap_that_is_open_at_the_end_ends_there(seated):
    await seated.pass_time(5)
    seated.pull()
    await seated.pass_time(3, beats=False)
    await seated.ask(EndSession())
    seated.clock.t_ns += S
    await seated.room.tick()
    assert [gap for chunk in seated.chunks() for gap in chunk.gaps] == [GapRow(5 * S, 8 * S, "device_lost")]
    assert seated.closed()[0].ended_ns == 8 * S
    stored_once(seated)


async def test_hole_inside_a_gap_is_no_second_gap(seated):
    await seated.pass_time(5)
    seated.pull()
    seated.room._hear(Hole(BEGIN_NS + 6 * S, BEGIN_NS + 7 * S, "samples_lost"))
    await seated.pass_time(5, beats=False)
    seated.connect()
    seated.flow()
    seated.room._hear(Hole(BEGIN_NS + 11 * S, BEGIN_NS + 12 * S, "samples_lost"))
    seated.clock.t_ns += 3 * S
    await seated.ask(EndSession())
    await seated.room.tick()
    assert [gap.cause for chunk in seated.chunks() for gap in chunk.gaps] == ["device_lost", "samples_lost"]
    stored_once(seated)


async def test_one_lost_frame_is_a_gap_and_an_unrest_of_the_clock_is_none(seated):
    await seated.pass_time(5)
    seated.room._hear(Hole(BEGIN_NS + 2 * S, BEGIN_NS + 2 * S + 48_000_000, "samples_lost"))
    seated.room._hear(Hole(BEGIN_NS + 3 * S, BEGIN_NS + 3 * S - 2_000_000, "samples_lost"))
    assert seated.conductor.recording.ledger.gaps == [GapRow(2 * S, 2 * S + 48_000_000, "samples_lost")]


async def test_what_is_heard_after_the_end_is_not_of_the_session(seated):
    await seated.pass_time(5)
    await seated.ask(EndSession())
    seated.clock.t_ns += S
    seated.beat()
    await seated.ask(MarkMoment("late"))
    await seated.room.tick()
    stored_once(seated)
    assert seated.closed()[0].ended_ns == 5 * S
    assert (await seated.ask(MarkMoment("later"))).code == "no_session"
    await seated.start()
    assert seated.state == ("running", "")


async def test_pace_is_changed_only_while_somebody_is_paced(seated):
    assert (await seated.ask(AdjustPace(0.5))).code == "not_now"
    for _ in range(2):
        assert (await seated.ask(NextSegment())).ok
    assert (await seated.ask(AdjustPace(0.5))).ok
    assert seated.conductor.session.pacer.breaths_per_min == 6.5


async def test_pause_holds_a_back_rest_that_is_on_its_way(seated):
    await settled(seated)
    seated.say(moving=True)
    seated.wires.asked.clear()
    await seated.ask(PauseSession())
    await settled(seated)
    asked = seated.wires.asked
    assert asked == [Pace(0.0), Massage((), asked[1].rhythm, 0), Heat(0), Disarm()]


async def test_chair_is_armed_once_and_before_the_first_motion_of_a_session(seated):
    await settled(seated)
    asked = [type(command) for command in seated.wires.asked]
    assert asked == [Arm, Recline, LegRest, Light, Pace]
    assert seated.wires.asked[0].session == seated.conductor.number


async def test_a_programme_in_which_nothing_moves_never_arms_the_chair_not_even_after_a_pause(room):
    room.connect()
    assert (await room.ask(StartSession(programme="rhythm_check"), "kiosk")).ok
    await room.pass_time(20)
    assert room.state == ("running", "")
    assert (await room.ask(PauseSession(), "kiosk")).ok
    assert (await room.ask(ResumeSession(), "kiosk")).ok
    assert not room.chair.armed
    await room.pass_time(125 + 60)
    assert room.state[0] == "finished"
    await settled(room)
    assert not [command for command in room.wires.asked if isinstance(command, Arm) or moves_or_heats(command)]
    (closed,) = room.closed()
    assert closed.mean_hr_bpm == pytest.approx(75.0)


@pytest.mark.parametrize("what", ["watchdog", "seat", "link"])
async def test_chair_that_was_disarmed_moves_again_only_after_a_person_said_so(seated, what):
    await settled(seated)
    seated.say(armed=True)
    seated.wires.asked.clear()
    if what == "watchdog":
        seated.say(tripped=True)
    elif what == "seat":
        seated.say(occupied=False)
        seated.say()
    else:
        seated.pull()
        seated.connect()
    await settled(seated)
    await seated.ask(NextSegment())
    await seated.ask(NextSegment())
    await settled(seated)
    assert seated.state == ("running", "")
    assert not seated.chair.armed
    assert not any(moves_or_heats(command) or isinstance(command, Arm) for command in seated.wires.asked)
    assert (await seated.ask(ArmChair())).ok
    await settled(seated)
    assert [type(c) for c in seated.wires.asked if moves_or_heats(c) or isinstance(c, Arm)] == [
        Arm,
        Recline,
        LegRest,
        Pace,
    ]


async def test_chair_that_stopped_itself_is_written_down_once(seated):
    seated.say(tripped=True)
    seated.say(tripped=True)
    log = [entry.code for entry in seated.conductor.recording.ledger.events]
    assert log.count("chair_stopped_itself") == 1


async def test_resuming_is_a_word_for_the_chair_to_move(seated):
    await seated.ask(PauseSession())
    await settled(seated)
    assert not seated.chair.armed
    seated.wires.asked.clear()
    await seated.ask(ResumeSession())
    await settled(seated)
    assert [type(command) for command in seated.wires.asked][:2] == [Arm, Recline]


async def test_chair_moved_by_hand_outside_a_session_does_not_stay_armed(room):
    room.connect()
    assert (await room.ask(MoveChair(recline_deg=120))).ok
    assert [type(command) for command in room.wires.asked] == [Arm, Recline]
    room.say(armed=True, moving=True)
    await room.pass_time(10, beats=False)
    assert room.chair.armed
    room.say(armed=True)
    await room.pass_time(6, beats=False)
    await settled(room)
    assert room.wires.asked[-1] == Disarm()
    assert not room.chair.armed


async def test_disk_that_refuses_a_session_leaves_the_chair_unarmed(room, monkeypatch):
    room.connect()

    def refuse(*_args, **_kwargs):
        raise StoreUnwritable(room.folder, "full", "make room")

    monkeypatch.setattr(Journal, "create", refuse)
    assert not (await room.ask(StartSession())).ok
    assert not room.chair.armed


async def test_mistake_in_a_driver_does_not_end_the_wishes(seated):
    await settled(seated)

    def fail() -> None:
        raise RuntimeError

    seated.wires.during = fail
    seated.chair.hold_still()
    await settled(seated)
    seated.wires.during = lambda: None
    seated.wires.asked.clear()
    seated.chair.hold_still()
    await settled(seated)
    assert Pace(0.0) in seated.wires.asked


# --- emergency stop


async def test_stop_pauses_the_session_even_if_the_chair_never_confirms(seated, monkeypatch):
    monkeypatch.setattr("gateway.room.desk.CONFIRMED_WITHIN_S", 0.01)
    seated.wires.hangs = asyncio.Event()
    reply = await seated.desk.stop_now(STOP)
    assert (reply.ok, reply.code) == (False, "no_confirmation")
    assert seated.state == ("paused", "emergency_stop")
    assert StopMotion() in seated.wires.asked
    seated.wires.hangs.set()


async def test_stop_pauses_the_session_even_if_the_chair_is_away(seated):
    seated.wires.away = NotConnected(device="chair-1")
    reply = await seated.desk.stop_now(STOP)
    assert (reply.ok, reply.code) == (False, "not_connected")
    assert seated.state == ("paused", "emergency_stop")
    assert (await seated.ask(ResumeSession())).code == "not_now"
    assert (await seated.ask(ReleaseChair())).code == "not_connected"


async def test_stop_works_without_a_session_and_again_and_again(room):
    room.connect()
    for _ in range(3):
        assert (await room.desk.stop_now(STOP)).ok
    assert room.wires.asked == [StopMotion()] * 3
    assert (await room.ask(StartSession())).code == "motion_locked"
    assert (await room.ask(MoveChair(recline_deg=120.0))).code == "stopped"
    assert (await room.ask(MoveChair(light_percent=20))).ok


async def test_stop_during_a_release_wins(seated):
    await settled(seated)
    await seated.desk.stop_now(STOP)
    seated.wires.during = seated.chair.lock
    reply = await seated.ask(ReleaseChair())
    assert (reply.ok, reply.code) == (False, "stopped")
    assert seated.chair.locked
    assert seated.conductor.session.locked
    seated.wires.during = lambda: None
    assert (await seated.ask(ReleaseChair())).ok
    assert (await seated.ask(ResumeSession())).ok
    assert ReleaseStop() in seated.wires.asked


async def test_one_stop_is_written_down_once_however_often_it_is_heard_of(seated):
    await seated.pass_time(2)
    await seated.desk.stop_now(STOP)
    seated.say(stopped=True)
    seated.say(stopped=True)
    codes = [row.code for row in seated.conductor.recording.ledger.events]
    assert codes.count("paused") == 1


async def test_stop_of_the_chair_itself_pauses_until_released(seated):
    seated.say(stopped=True)
    assert seated.state == ("paused", "emergency_stop")
    assert (await seated.ask(ResumeSession())).code == "not_now"
    assert (await seated.ask(ReleaseChair())).ok
    seated.say(stopped=True)
    seated.say()
    assert (await seated.ask(ResumeSession())).ok


# --- crashes


@pytest.mark.parametrize("after_s", [0.0, 0.2, 1.0, 9.8, 10.4, 31.0])
async def test_killed_at_any_time_the_session_comes_back_paused_and_is_stored_once(seated, after_s):
    await seated.pass_time(after_s)
    inside = seated.conductor.session.in_segment_ns
    beats = [beat.t_ns for beat in seated.conductor.recording.ledger.beats]
    waiting = [beat.t_ns for beat in seated.conductor.recording.ledger.waiting]
    again = await reborn(seated, 20)
    async with again.chair:
        assert again.state == ("paused", "room_restarted")
        assert again.conductor.session.in_segment_ns == inside
        again.connect()
        again.flow()
        await again.pass_time(2)
        assert again.state == ("paused", "room_restarted")
        assert not any(moves_or_heats(command) for command in again.wires.asked)
        assert (await again.ask(ResumeSession())).ok
        assert again.state == ("running", "")
        await again.pass_time(12)
        await again.ask(EndSession())
        await again.room.tick()
    stored_once(again)
    stored = {beat.t_ns for chunk in again.chunks() for beat in chunk.beats}
    assert {*beats, *waiting} <= stored
    (gap,) = [gap for chunk in again.chunks() for gap in chunk.gaps]
    assert (gap.cause, gap.to_ns) == ("room_down", round((after_s + 20) * S))
    again.die()


async def test_resumed_before_the_chair_is_back_it_waits_for_it(seated):
    await seated.pass_time(8)
    again = await reborn(seated, 3)
    async with again.chair:
        again.wires.away = NotConnected(device="chair-1")
        await again.ask(ResumeSession())
        assert again.state == ("paused", "device_lost")
        again.wires.away = None
        again.connect()
        assert again.state == ("running", "")
        await settled(again)
        assert [type(c) for c in again.wires.asked if moves_or_heats(c)] == [Recline, LegRest]
        codes = [(row.code, row.detail) for row in again.conductor.recording.ledger.events]
        assert "chair_refused" not in {code for code, _ in codes}
    again.die()


async def test_killed_twice_in_a_row_and_while_paused(seated):
    await seated.pass_time(12)
    again = await reborn(seated, 5)
    third = await reborn(again, 5)
    third.connect()
    third.flow()
    await third.pass_time(1)
    fourth = await reborn(third, 5)
    assert fourth.state == ("paused", "room_restarted")
    fourth.connect()
    fourth.flow()
    await fourth.ask(ResumeSession())
    await fourth.pass_time(3)
    await fourth.ask(EndSession())
    await fourth.room.tick()
    stored_once(fourth)
    assert [gap.cause for chunk in fourth.chunks() for gap in chunk.gaps] == ["room_down", "room_down"]
    fourth.die()


async def test_killed_while_the_chair_was_away_the_gap_is_one(seated):
    await seated.pass_time(6)
    seated.pull()
    await seated.pass_time(4, beats=False)
    again = await reborn(seated, 5)
    again.pull()
    again.connect()
    again.flow()
    await again.ask(ResumeSession())
    await again.pass_time(3)
    await again.ask(EndSession())
    await again.room.tick()
    stored_once(again)
    (gap,) = [gap for chunk in again.chunks() for gap in chunk.gaps]
    assert gap.to_ns == 15 * S
    again.die()


async def test_killed_between_the_opening_and_its_first_event_it_can_be_ended(seated, monkeypatch):
    again = await reborn(seated, 1)
    assert again.state == ("paused", "room_restarted")
    assert (await again.ask(EndSession())).ok
    await again.room.tick()
    stored_once(again)
    again.die()


async def test_limit_that_passed_while_the_room_was_down_ends_the_session(room):
    room.connect()
    await room.start(limit_s=30)
    await room.pass_time(10)
    again = await reborn(room, 60)
    await again.room.tick()
    stored_once(again)
    assert again.closed()[0].outcome == "limit_reached"
    again.die()


async def test_device_that_never_returns_ends_in_an_abandoned_session(seated):
    await seated.pass_time(10)
    again = await reborn(seated, 5)
    again.clock.t_ns += 1000 * S
    await again.room.tick()
    stored_once(again)
    assert again.closed()[0].outcome == "abandoned"
    again.die()


@pytest.mark.parametrize(("store", "work", "calls"), [(Journal, "sync", 0), (Outbox, "put", 0), (Outbox, "put", 1)])
async def test_killed_while_closing_the_end_is_written_once_and_unchanged(seated, monkeypatch, store, work, calls):
    await seated.pass_time(25)
    await seated.ask(EndSession())
    done = getattr(store, work)
    count = itertools.count()

    def refuse(*args: object, **kwargs: object) -> object:
        if next(count) >= calls:
            raise StoreUnwritable("disk", "is full", "free space")
        return done(*args, **kwargs)

    monkeypatch.setattr(store, work, refuse)
    await seated.room.tick()
    monkeypatch.undo()
    assert seated.closed() == []
    again = await reborn(seated, 40)
    if again.conductor.recording:
        await again.room.tick()
        assert again.room.frame().session.state == "finished"
    stored_once(again)
    (closed,) = again.closed()
    assert (closed.ended_ns, closed.outcome) == (25 * S, "ended_early")
    assert [gap for chunk in again.chunks() for gap in chunk.gaps] == []
    again.die()


async def test_stop_outlives_a_crash(seated):
    await seated.pass_time(3)
    await seated.desk.stop_now(STOP)
    await seated.conductor.sync()
    again = await reborn(seated, 3)
    assert again.state == ("paused", "emergency_stop")
    assert again.chair.locked
    assert again.wires.asked == [StopMotion()]
    again.connect(stopped=True)
    assert (await again.ask(ResumeSession())).code == "not_now"
    assert (await again.ask(ReleaseChair())).ok
    assert (await again.ask(ResumeSession())).ok
    again.die()


async def test_another_boot_of_the_machine_goes_on_in_session_time(seated):
    await seated.pass_time(30)
    last = seated.conductor.recording.ledger.last_ns
    seated.clock.t_ns = 7 * S
    again = await reborn(seated, 0, kernel="another")
    assert again.conductor.session_ns() >= last
    again.connect()
    again.flow()
    await again.ask(ResumeSession())
    await again.pass_time(5)
    await again.ask(EndSession())
    await again.room.tick()
    stored_once(again)
    again.die()


async def test_older_open_session_is_closed_where_it_was_last_heard_of(tmp_path, clock):
    first = TestRoom(tmp_path, clock)
    first.connect()
    await first.start()
    await first.pass_time(7)
    first.die()
    journal = tmp_path / "journal"
    shutil.move(journal, tmp_path / "aside")
    second = TestRoom(tmp_path, clock)
    second.connect()
    await second.start()
    await second.pass_time(3)
    second.die()
    for path in (tmp_path / "aside").iterdir():
        shutil.move(path, journal / path.name)
    clock.t_ns += 50 * S
    third = TestRoom(tmp_path, clock)
    await third.take_up()
    (closed,) = third.closed()
    assert (closed.outcome, closed.ended_ns, closed.beats) == ("abandoned", 7 * S, 9)
    assert third.state == ("paused", "room_restarted")
    assert third.conductor.session_id != closed.session
    third.die()


# --- score


async def test_score_needs_the_whole_baseline_and_is_the_same_after_a_crash(seated):
    await seated.ask(NextSegment())
    assert seated.conductor.session.segment.key == "baseline"
    await seated.pass_time(61)
    assert seated.conductor.session.segment.key == "breathing"
    session = seated.conductor.session
    assert session.baseline_ns >= 60 * S
    await seated.pass_time(12)
    live, again = seated.conductor.score, Score.from_features(seated.conductor.recording.ledger)
    assert (again._moments, again._heard, again._paced_ns) == (live._moments, live._heard, live._paced_ns)
    assert live._moments >= 11
    assert session.state is State.RUNNING
