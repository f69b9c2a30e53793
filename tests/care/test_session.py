"""The session machine: what it does, what stops it, and that a log replays to the same session."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from care import programme as programmes
from care import session as machine
from care.session import (
    Began,
    DeviceCame,
    DeviceWent,
    EndAsked,
    EnterSegment,
    Event,
    Finished,
    HoldStill,
    NextAsked,
    Outcome,
    PaceAsked,
    Pause,
    PauseAsked,
    Released,
    ResumeAsked,
    RoomRestarted,
    SeatLeft,
    SeatTaken,
    Session,
    SetPacer,
    State,
    Stopped,
    Tick,
)

S = 1_000_000_000


def begun(limit_s: float | None = None) -> Session:
    session = Session(programmes.load("resonance"))
    session.advance(Began(0, limit_s))
    return session


def run(session: Session, until_s: float, *, good: bool = True) -> list[machine.Action]:
    actions: list[machine.Action] = []
    while session.now_ns < until_s * S and session.state is not State.FINISHED:
        actions += session.advance(Tick(session.now_ns + S // 4, good))
    return actions


def test_programme_runs_from_check_to_end():
    session = begun()
    actions = run(session, 600)
    assert [action.index for action in actions if isinstance(action, EnterSegment)] == [1, 2, 3]
    assert session.outcome is Outcome.COMPLETED
    assert session.now_ns == (5 + 60 + 300 + 60) * S


def test_sensor_check_waits_for_a_good_signal():
    session = begun()
    run(session, 60, good=False)
    assert session.segment.key == "check"
    run(session, 66)
    assert session.segment.key == "baseline"


def test_signal_must_be_good_without_a_break():
    session = begun()
    run(session, 4)
    session.advance(Tick(session.now_ns + S // 4, signal_good=False))
    run(session, 8)
    assert session.segment.key == "check"


def test_pacer_begins_with_the_paced_segment_and_ends_with_it():
    session = begun()
    run(session, 66)
    assert session.pacer is not None
    assert session.pacer.breaths_per_min == 6.0
    assert session.pacer.began_ns == session.now_ns - session.in_segment_ns
    run(session, 366)
    assert session.pacer is None


def test_lost_device_pauses_and_goes_on_by_itself():
    session = begun()
    run(session, 100)
    assert any(isinstance(action, HoldStill) for action in session.advance(DeviceWent(101 * S)))
    assert (session.state, session.pause) == (State.PAUSED, Pause.DEVICE_LOST)
    inside = session.in_segment_ns
    session.advance(DeviceCame(150 * S))
    assert session.state is State.RUNNING
    assert session.in_segment_ns == inside
    assert session.pacer is not None
    assert session.pacer.began_ns == 150 * S


def test_asked_pause_is_not_ended_by_a_device():
    session = begun()
    run(session, 10)
    session.advance(PauseAsked(11 * S))
    session.advance(DeviceWent(12 * S))
    session.advance(DeviceCame(13 * S))
    assert session.pause is Pause.ASKED
    session.advance(ResumeAsked(14 * S))
    assert session.state is State.RUNNING


def test_resume_says_what_is_in_the_way():
    session = begun()
    run(session, 10)
    session.advance(PauseAsked(11 * S))
    session.advance(DeviceWent(12 * S))
    session.advance(ResumeAsked(13 * S))
    assert session.pause is Pause.DEVICE_LOST
    session.advance(DeviceCame(14 * S))
    assert session.state is State.RUNNING


def test_emergency_stop_needs_release_and_a_person():
    session = begun()
    run(session, 100)
    session.advance(Stopped(100 * S))
    session.advance(ResumeAsked(101 * S))
    assert session.pause is Pause.EMERGENCY_STOP
    session.advance(Released(102 * S))
    assert session.state is State.PAUSED
    session.advance(ResumeAsked(103 * S))
    assert session.state is State.RUNNING


def test_emergency_stop_wins_over_any_other_pause():
    session = begun()
    run(session, 10)
    session.advance(DeviceWent(10 * S))
    session.advance(Stopped(11 * S))
    session.advance(DeviceCame(12 * S))
    assert (session.state, session.pause) == (State.PAUSED, Pause.EMERGENCY_STOP)


def test_restarted_room_comes_back_paused_and_waits_for_a_person():
    session = begun()
    run(session, 100)
    session.advance(RoomRestarted(130 * S))
    session.advance(DeviceWent(131 * S))
    session.advance(DeviceCame(132 * S))
    assert (session.state, session.pause) == (State.PAUSED, Pause.ROOM_RESTARTED)


def test_leaving_the_seat_pauses_until_seated():
    session = begun()
    run(session, 100)
    session.advance(SeatLeft(100 * S))
    assert session.pause is Pause.PERSON_LEFT
    session.advance(SeatTaken(110 * S))
    assert session.state is State.RUNNING


def test_limit_ends_a_session_even_while_it_is_paused():
    session = begun(limit_s=50)
    run(session, 20)
    session.advance(PauseAsked(21 * S))
    session.advance(Tick(50 * S, signal_good=True))
    assert session.outcome is Outcome.LIMIT_REACHED


def test_forgotten_session_is_closed():
    session = begun()
    run(session, 20)
    session.advance(PauseAsked(20 * S))
    run(session, 20 + machine.ABANDONED_AFTER_S + 1)
    assert session.outcome is Outcome.ABANDONED


def test_pace_changes_without_a_jump_of_the_breath():
    session = begun()
    run(session, 100)
    before = session.pacer
    assert before is not None
    session.advance(PaceAsked(session.now_ns, -0.5))
    after = session.pacer
    assert after is not None
    assert after.breaths_per_min == 5.5

    def phase(pacer: machine.Pacer) -> float:
        return (session.now_ns - pacer.began_ns) * pacer.breaths_per_min / 60e9 % 1.0

    assert abs(phase(before) - phase(after)) < 1e-6
    for _ in range(10):
        session.advance(PaceAsked(session.now_ns, -0.5))
    assert session.pacer is not None
    assert session.pacer.breaths_per_min == programmes.MIN_PACE


def test_changed_pace_outlives_a_pause_and_not_the_segment():
    session = begun()
    run(session, 100)
    session.advance(PaceAsked(session.now_ns, -0.5))
    session.advance(PauseAsked(session.now_ns))
    session.advance(ResumeAsked(session.now_ns))
    assert session.pacer is not None
    assert session.pacer.breaths_per_min == 5.5
    session.advance(NextAsked(session.now_ns))
    assert session.pacer is None
    assert session.pace_by == 0


def test_end_asked_early_is_called_early():
    session = begun()
    run(session, 20)
    assert Finished(Outcome.ENDED_EARLY) in session.advance(EndAsked(20 * S))
    assert session.advance(NextAsked(21 * S)) == []


def test_time_while_the_room_was_down_is_no_time_of_the_segment():
    session = begun()
    run(session, 20)
    inside, baseline = session.in_segment_ns, session.baseline_ns
    session.advance(RoomRestarted(120 * S))
    session.advance(Tick(121 * S, signal_good=True))
    session.advance(ResumeAsked(121 * S))
    assert (session.segment.key, session.in_segment_ns, session.baseline_ns) == ("baseline", inside, baseline)


def test_session_of_yesterday_is_over():
    session = begun()
    run(session, 20)
    session.advance(RoomRestarted(20 * S + 9 * 3600 * S))
    assert session.state is State.PAUSED
    session.advance(Tick(21 * S + 9 * 3600 * S, signal_good=False))
    assert session.outcome is Outcome.ABANDONED


def test_second_pause_is_counted_from_its_own_beginning():
    session = begun()
    run(session, 20)
    for _ in range(3):
        session.advance(PauseAsked(session.now_ns))
        session.advance(Tick(session.now_ns + 500 * S, signal_good=True))
        session.advance(ResumeAsked(session.now_ns))
    assert session.state is State.RUNNING


def test_end_stays_where_it_was():
    session = begun()
    run(session, 20)
    session.advance(EndAsked(20 * S))
    for event in (Tick(30 * S, signal_good=True), RoomRestarted(40 * S), DeviceWent(41 * S)):
        assert session.advance(event) == []
    assert session.now_ns == 20 * S
    assert session.outcome is Outcome.ENDED_EARLY


def test_baseline_is_as_long_as_it_ran():
    session = begun()
    run(session, 30)
    session.advance(PauseAsked(30 * S))
    session.advance(Tick(60 * S, signal_good=True))
    session.advance(ResumeAsked(60 * S))
    run(session, 96)
    assert session.segment.key == "breathing"
    assert session.baseline_ns == 60 * S


EVENTS = st.sampled_from([
    Tick, DeviceWent, DeviceCame, SeatLeft, SeatTaken, Stopped, Released, RoomRestarted,
    PauseAsked, ResumeAsked, NextAsked, EndAsked, PaceAsked,
])  # fmt: skip


def event_of(kind: type, t_ns: int, flag: bool) -> Event:
    if kind is Tick:
        return Tick(t_ns, flag)
    if kind is PaceAsked:
        return PaceAsked(t_ns, 0.5 if flag else -0.5)
    return kind(t_ns)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(EVENTS, st.integers(0, 90 * S), st.booleans()), max_size=60))
def test_log_replays_to_the_identical_session_and_nothing_moves_while_locked(steps):
    events: list[Event] = [Began(0)]
    session = begun()
    for kind, passed_ns, flag in steps:
        event = event_of(kind, session.now_ns + passed_ns, flag)
        events.append(msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Event))
        actions = session.advance(event)
        if session.locked:
            assert not any(isinstance(action, SetPacer) and action.pacer for action in actions)
            assert session.state is not State.RUNNING
        assert (session.pacer is not None) <= (session.state is State.RUNNING)
    again = machine.replay(session.programme, events)
    assert msgspec.to_builtins(again) == msgspec.to_builtins(session)
