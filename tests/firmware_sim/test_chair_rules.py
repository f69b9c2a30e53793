"""The rules of movement of docs/protocols/chair-link.md, in the simulated firmware. Sans-IO: no port, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import chair_link as wire
from firmware_sim.control import ControlError
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twins.chair_link import ChairFirmware, ChairModel

MASSAGE = wire.Massage(1, 1, 2)
BACK = 1
MOTION = [wire.Recline(120, 3, 5), wire.LegRest(10, 3, 5), MASSAGE, wire.Heat(1), wire.Pace(6, 0.4, 0, BACK)]


class Host:
    """Talks to a firmware by hand and moves its time on."""

    def __init__(self, **model):
        self.chair = ChairFirmware(ChairModel(**model), Seat(Person(1)))
        self.now_s = 0.0
        self._decoder = wire.Decoder()
        self._sequence = 0

    def say(self, *messages):
        raw = b""
        for message in messages:
            self._sequence += 1
            raw += wire.encode(message, self._sequence)
        self.chair.hear(raw, self.now_s)
        return self.heard()

    def wait(self, seconds, *, beating=True, step_s=0.05):
        heard = []
        for _ in range(round(seconds / step_s)):
            self.now_s += step_s
            if beating:
                self._sequence += 1
                self.chair.hear(wire.encode(wire.Heartbeat(), self._sequence), self.now_s)
            self.chair.advance(self.now_s)
            heard += self.heard()
        return heard

    def heard(self):
        return [frame.message for raw in self.chair.output() for frame in self._decoder.feed(raw)]


@pytest.fixture
def host():
    """Of a chair that is armed, with somebody in it whom its sensor feels."""
    host = Host()
    host.say(wire.Identify(), wire.StartStreams(), wire.Arm(1))
    return host


@pytest.fixture
def blind():
    """Of a chair that cannot feel who sits in it."""
    host = Host(seat_sensor=False)
    host.say(wire.Identify(), wire.StartStreams())
    return host


def answers(messages):
    return [message for message in messages if isinstance(message, wire.Ack | wire.Nak)]


def reasons(messages):
    return [getattr(answer, "reason", 0) for answer in answers(messages)]


def status(messages):
    return [message for message in messages if isinstance(message, wire.Status)][-1]


def test_silence_of_two_seconds_stops_motion_and_heat(host):
    host.say(wire.Recline(160, 3, 5), wire.Heat(2), MASSAGE)
    host.wait(1.9, beating=False)
    assert host.chair.actuators.busy
    heard = host.wait(0.2, beating=False)
    assert wire.Stopped(wire.Cause.WATCHDOG) in heard
    host.wait(0.5, beating=False)
    assert not host.chair.actuators.busy
    assert status(heard).flags & wire.Status.WATCHDOG
    assert not status(heard).flags & (wire.Status.ARMED | wire.Status.STOPPED)


def test_neither_heartbeats_nor_commands_bring_motion_back_after_silence_before_it_is_armed_again(host):
    host.say(wire.Recline(160, 3, 5))
    host.wait(3, beating=False)
    stood = host.chair.actuators.back_deg
    host.wait(3)
    assert reasons(host.say(wire.Recline(160, 3, 5))) == [wire.Reason.NOT_ARMED]
    assert host.chair.actuators.back_deg == stood
    assert reasons(host.say(wire.Arm(1), wire.Recline(160, 3, 5))) == [0, 0]
    heard = host.wait(1)
    assert host.chair.actuators.back_deg > stood
    assert not status(heard).flags & wire.Status.WATCHDOG


def test_what_was_sent_before_a_silence_and_arrives_after_it_moves_nothing(host):
    host.now_s += 2.5  # no timer of the twin has run meanwhile
    heard = host.say(wire.Recline(160, 3, 5))
    assert wire.Stopped(wire.Cause.WATCHDOG) in heard
    assert reasons(heard) == [wire.Reason.NOT_ARMED]


def test_its_own_echo_is_no_heartbeat_and_gets_no_answer(host):
    host.say(wire.Recline(160, 3, 5))
    answered = []
    for _ in range(50):
        host.now_s += 0.05
        host.chair.hear(wire.encode(wire.Ack(1), 7) + wire.encode(wire.Status(*[0] * 11), 8), host.now_s)
        host.chair.advance(host.now_s)
        answered += answers(host.heard())
    assert not host.chair.guard.session
    assert answered == []


@given(st.lists(st.binary(max_size=60), max_size=10), st.integers(0, 127), st.binary(max_size=20))
def test_no_bytes_break_the_firmware(chunks, code, payload):
    from devices.protocols import framing

    host = Host()
    host.say(wire.StartStreams())
    for chunk in (*chunks, framing.wrap(bytes([2, code, 0]) + payload)):
        host.chair.hear(chunk, host.now_s)
        host.wait(0.2)
    assert 90 <= host.chair.actuators.back_deg <= 160


def test_rubbish_is_no_heartbeat(host):
    host.say(wire.Recline(160, 3, 5))
    for _ in range(50):
        host.now_s += 0.05
        host.chair.hear(b"\x00\x06\x02\x04\x03\x5b\x5f\x00", host.now_s)
        host.chair.advance(host.now_s)
    assert wire.Stopped(wire.Cause.WATCHDOG) in host.heard()


def test_stop_comes_before_what_was_sent_earlier(host):
    heard = host.say(wire.Recline(160, 3, 5), MASSAGE, wire.Stop())
    assert reasons(heard) == [wire.Reason.STOPPED, wire.Reason.STOPPED, 0]
    assert heard[0] == wire.Stopped(wire.Cause.HOST)
    assert not host.chair.actuators.busy


def test_an_arm_sent_before_a_stop_does_not_arm(host):
    assert reasons(host.say(wire.Disarm(), wire.Arm(2), wire.Stop())) == [0, wire.Reason.STOPPED, 0]
    assert host.chair.guard.session == 0


def test_a_release_sent_before_a_stop_does_not_undo_it(host):
    host.say(wire.Stop())
    host.say(wire.Release(), wire.Stop())
    assert reasons(host.say(wire.Recline(120, 3, 5))) == [wire.Reason.STOPPED]


def test_a_stop_stays_until_somebody_at_the_chair_has_cleared_it_and_the_host_has_released_it(host):
    host.say(wire.Recline(160, 3, 5))
    host.say(wire.Stop())
    for message in (*MOTION, wire.Arm(1)):
        assert reasons(host.say(message)) == [wire.Reason.STOPPED]
    assert reasons(host.say(wire.Heat(0), wire.Light(10))) == [0, 0]
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]
    host.chair.reset(host.now_s)
    assert status(host.heard()).flags & wire.Status.CLEARED
    assert reasons(host.say(MASSAGE, wire.Release())) == [wire.Reason.STOPPED, 0]
    assert reasons(host.say(MASSAGE, wire.Arm(1), MASSAGE)) == [wire.Reason.NOT_ARMED, 0, 0]


def test_a_reset_before_the_stop_clears_nothing(host):
    host.chair.reset(host.now_s)
    host.say(wire.Stop())
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]


def test_a_stop_after_the_reset_has_to_be_cleared_again(host):
    host.say(wire.Stop())
    host.chair.reset(host.now_s)
    host.say(wire.Stop())
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]


def test_a_stop_outlasts_a_power_cut_and_being_armed_does_not(host):
    host.chair.power_cycle(host.now_s)
    assert any(isinstance(message, wire.Ident) for message in host.heard())
    assert reasons(host.say(MASSAGE, wire.Stop())) == [wire.Reason.STOPPED, 0]
    host.chair.power_cycle(host.now_s)
    assert reasons(host.say(wire.StartStreams(), wire.Arm(1), wire.Release())) == [
        0,
        wire.Reason.STOPPED,
        wire.Reason.NOT_CLEARED,
    ]


def test_the_button_says_so_at_once_and_blocks_reset_and_release(host):
    host.say(wire.Recline(160, 3, 5))
    host.chair.press_stop(host.now_s)
    heard = host.heard()
    assert heard[0] == wire.Stopped(wire.Cause.BUTTON)
    assert status(heard).flags & wire.Status.BUTTON
    host.chair.reset(host.now_s)
    assert reasons(host.say(wire.Release())) == [wire.Reason.BUTTON_IN]
    host.chair.release_stop(host.now_s)
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]
    host.chair.reset(host.now_s)
    assert reasons(host.say(wire.Recline(120, 3, 5), wire.Release(), wire.Arm(1))) == [wire.Reason.STOPPED, 0, 0]
    assert not status(host.wait(1)).flags & wire.Status.BUTTON


@pytest.mark.parametrize(
    "message",
    [
        wire.Recline(89.9, 3, 5),
        wire.Recline(160.1, 3, 5),
        wire.Recline(120, 0, 5),
        wire.Recline(120, 3, 0),
        wire.LegRest(70.1, 5, 5),
        wire.Massage(16, 1, 1),
        wire.Massage(1, 4, 1),
        wire.Massage(1, 1, 6),
        wire.Heat(4),
        wire.Light(101),
        wire.Volume(101),
        wire.Pace(2.9, 0.4, 0, BACK),
        wire.Pace(15.1, 0.4, 0, BACK),
        wire.Pace(6, 0.19, 0, BACK),
        wire.Pace(6, 0.4, 0, 0),
        wire.Pace(6, 0.4, 0, 8),
        wire.Arm(0),
    ],
)
def test_out_of_range_moves_nothing(host, message):
    assert reasons(host.say(message)) == [wire.Reason.OUT_OF_RANGE]
    assert not host.chair.actuators.busy


def test_leaving_the_seat_stops_and_an_empty_chair_does_not_move_in_any_direction(host):
    host.say(wire.Recline(150, 3, 5), MASSAGE)
    host.wait(3)
    host.chair.stand(host.now_s)
    assert wire.Stopped(wire.Cause.SEAT_EMPTY) in host.heard()
    host.wait(0.5)
    assert not host.chair.actuators.busy
    for message in (*MOTION, wire.Recline(90, 3, 5), wire.LegRest(0, 5, 5), wire.Arm(1)):
        assert reasons(host.say(message)) == [wire.Reason.SEAT_EMPTY]
    host.chair.sit(host.now_s)
    assert reasons(host.say(MASSAGE, wire.Arm(1), MASSAGE)) == [wire.Reason.NOT_ARMED, 0, 0]


@pytest.mark.parametrize("message", MOTION)
def test_motion_needs_an_armed_chair_and_disarming_ends_it(host, message):
    host.say(message)
    assert host.chair.actuators.busy
    assert reasons(host.say(wire.Disarm())) == [0]
    heard = host.wait(0.5)
    assert not host.chair.actuators.busy
    assert not status(heard).flags & (wire.Status.ARMED | wire.Status.STOPPED)
    assert reasons(host.say(message)) == [wire.Reason.NOT_ARMED]


def test_a_new_host_finds_it_disarmed_and_at_rest(host):
    host.say(wire.Recline(150, 3, 5))
    host.wait(1)
    host.say(wire.StartStreams())
    host.wait(0.5)
    assert not host.chair.actuators.busy
    assert reasons(host.say(MASSAGE)) == [wire.Reason.NOT_ARMED]


def test_a_press_stands_in_for_a_seat_sensor_for_one_session(blind):
    assert not status(blind.wait(0.5)).flags & wire.Status.OCCUPIED
    assert reasons(blind.say(wire.Arm(7))) == [wire.Reason.SEAT_EMPTY]
    blind.chair.here(blind.now_s)
    assert status(blind.heard()).flags & wire.Status.OCCUPIED
    assert reasons(blind.say(wire.Arm(7), wire.Arm(7), MASSAGE)) == [0, 0, 0]
    assert reasons(blind.say(wire.Arm(8))) == [wire.Reason.SEAT_EMPTY]
    assert blind.chair.actuators.busy
    blind.wait(100)
    assert blind.chair.actuators.busy
    assert reasons(blind.say(wire.Disarm(), wire.Arm(7))) == [0, wire.Reason.SEAT_EMPTY]


def test_a_press_that_nobody_uses_lapses(blind):
    blind.chair.here(blind.now_s)
    blind.wait(wire.PRESS_GOOD_FOR_S - 1)
    assert blind.chair.guard.occupied(blind.now_s)
    blind.wait(2)
    assert reasons(blind.say(wire.Arm(1))) == [wire.Reason.SEAT_EMPTY]


def test_another_press_says_that_they_get_up(blind):
    blind.chair.here(blind.now_s)
    blind.say(wire.Arm(1), wire.Recline(150, 3, 5))
    blind.chair.here(blind.now_s)
    assert wire.Stopped(wire.Cause.SEAT_EMPTY) in blind.heard()
    blind.wait(0.5)
    assert not blind.chair.actuators.busy
    assert reasons(blind.say(wire.Arm(1))) == [wire.Reason.SEAT_EMPTY]


@pytest.mark.parametrize("end", ["stop", "button", "silence", "new host"])
def test_whatever_ends_an_armed_time_voids_the_press(blind, end):
    blind.chair.here(blind.now_s)
    assert reasons(blind.say(wire.Arm(1))) == [0]
    match end:
        case "stop":
            blind.say(wire.Stop())
        case "button":
            blind.chair.press_stop(blind.now_s)
        case "silence":
            blind.wait(2.5, beating=False)
        case _:
            blind.say(wire.StartStreams())
    assert not blind.chair.guard.occupied(blind.now_s)


def test_a_seat_sensor_lets_another_session_begin(host):
    assert reasons(host.say(wire.Arm(2), MASSAGE)) == [0, 0]


@pytest.mark.parametrize("fault", wire.FAULTS)
def test_every_fault_latches_until_its_cause_is_gone_and_somebody_has_looked(host, fault):
    host.say(wire.Recline(150, 3, 5))
    host.chair.fault(fault, host.now_s, on=True)
    heard = host.heard()
    assert wire.Stopped(wire.Cause.FAULT) in heard
    assert status(heard).faults == 1 << wire.FAULTS.index(fault)
    host.wait(0.5)
    assert not host.chair.actuators.busy
    host.chair.reset(host.now_s)
    assert reasons(host.say(wire.Release(), wire.Arm(1))) == [wire.Reason.FAULT, wire.Reason.STOPPED]
    host.chair.fault(fault, host.now_s, on=False)
    assert status(host.heard()).faults  # until somebody has looked
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]
    host.chair.reset(host.now_s)
    assert reasons(host.say(wire.Release(), wire.Arm(1), MASSAGE)) == [0, 0, 0]
    assert status(host.wait(1)).faults == 0


def test_a_fault_that_comes_back_after_the_reset_has_to_be_looked_at_again(host):
    host.chair.fault("too_hot", host.now_s, on=True)
    host.chair.fault("too_hot", host.now_s, on=False)
    host.chair.reset(host.now_s)
    host.chair.fault("too_hot", host.now_s, on=True)
    host.chair.fault("too_hot", host.now_s, on=False)
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]


def test_unknown_and_malformed_commands_are_named(host):
    from devices.protocols import framing

    host.chair.hear(framing.wrap(bytes([2, 0x7A, 9])) + framing.wrap(bytes([2, 0x10, 10, 1])), host.now_s)
    assert host.heard() == [wire.Nak(9, wire.Reason.UNKNOWN_TYPE), wire.Nak(10, wire.Reason.MALFORMED)]


def test_motors_take_their_time(host):
    host.say(wire.Recline(150, 9.0, 9.0))
    host.wait(2)
    before = host.chair.actuators.back_deg
    host.wait(2)
    assert host.chair.actuators.back_deg == pytest.approx(before + 2 * 4.0, abs=0.3)  # its own limit
    host.say(wire.Recline(150, 1.0, 5.0))
    host.wait(1)
    before = host.chair.actuators.back_deg
    host.wait(2)
    assert host.chair.actuators.back_deg == pytest.approx(before + 2, abs=0.2)


def test_the_back_breathes_and_so_does_who_sits_in_it(host):
    host.say(wire.Pace(6, 0.4, 2.0, BACK))
    person = host.chair.seat.person
    assert person.breathing.pace.inhale_at_s == pytest.approx(host.now_s - 2.0)
    angles = []
    for _ in range(300):
        host.wait(0.1)
        angles.append(host.chair.actuators.back_deg)
    assert 107.9 <= min(angles) < 108.3
    assert 111.7 < max(angles) <= 112.1
    host.say(wire.Stop())
    assert person.breathing.pace is None


def test_streams_end_ten_seconds_after_the_host_has_gone(host):
    host.wait(10.5, beating=False)
    assert host.wait(1, beating=False) == []


def test_counters_start_at_zero_and_never_skip(host):
    host.say(wire.StartStreams())
    heard = host.wait(5, step_s=0.037)
    for sensor in (wire.Sensor.ECG, wire.Sensor.SKIN_CONDUCTANCE, wire.Sensor.RESPIRATION):
        parts = [message for message in heard if isinstance(message, wire.Stream) and message.sensor is sensor]
        counter = 0
        for part in parts:
            assert part.counter == counter
            counter += len(part.counts)
        assert counter > 0


def test_contact_changes_at_the_sample(host):
    host.wait(1)
    host.chair.seat.contact = False
    heard = host.wait(1)
    ecg = [message for message in heard if isinstance(message, wire.Stream) and message.sensor is wire.Sensor.ECG]
    assert not any(part.contact for part in ecg)
    assert set(ecg[-1].counts) == {0}


def test_something_in_the_way_is_felt_given_free_and_latches(host):
    host.say(wire.Recline(150, 3, 5))
    host.wait(2)
    host.chair.hands("obstruct", {"joint": "back"}, host.now_s)
    heard = host.wait(4)
    assert wire.Stopped(wire.Cause.FAULT) in heard
    assert status(heard).faults == 1 << wire.FAULTS.index("obstruction")
    assert not host.chair.actuators.busy
    assert host.chair.actuators.recline.force_n == 0
    host.chair.hands("obstruct", {"joint": "back", "on": False}, host.now_s)
    assert reasons(host.say(wire.Release())) == [wire.Reason.NOT_CLEARED]
    host.chair.hands("reset", {}, host.now_s)
    assert reasons(host.say(wire.Release(), wire.Arm(1), wire.Recline(150, 3, 5))) == [0, 0, 0]
    host.wait(4)
    assert host.chair.actuators.busy


@pytest.mark.parametrize(
    ("do", "fields", "says"),
    [
        ("here", {}, "feels who sits"),
        ("fault", {"fault": "mood"}, "mood.*recline_motor"),
        ("obstruct", {"joint": "head"}, "head.*back, legs"),
        ("age", {"friction": "much"}, "age: .*float"),
    ],
)
def test_hands_that_cannot_are_told_why(host, do, fields, says):
    with pytest.raises(ControlError, match=says):
        host.chair.hands(do, fields, host.now_s)


def test_an_old_chair_is_moved_by_hands_too(host):
    assert host.chair.hands("age", {"device": "chair-1", "friction": 1.4}, host.now_s)
    assert host.chair.actuators.recline.friction == 1.4
    assert not host.chair.hands("sing", {}, host.now_s)
