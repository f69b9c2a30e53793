"""The rules of movement of docs/protocols/chair-link.md, in the simulated firmware. Sans-IO: no port, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import chair_link as wire
from firmware_sim.person import Person
from firmware_sim.seat import Seat
from firmware_sim.twins.chair_link import ChairFirmware, ChairModel

MASSAGE = wire.Massage(1, 1, 2)


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
    host = Host()
    host.say(wire.Identify(), wire.StartStreams())
    return host


def answers(messages):
    return [message for message in messages if isinstance(message, wire.Ack | wire.Nak)]


def reasons(messages):
    return [getattr(answer, "reason", 0) for answer in answers(messages)]


def status(messages):
    return [message for message in messages if isinstance(message, wire.Status)][-1]


def test_silence_of_two_seconds_stops_motion_and_heat(host):
    host.say(wire.Recline(160, 3), wire.Heat(2), MASSAGE)
    host.wait(1.9, beating=False)
    assert host.chair.actuators.busy
    heard = host.wait(0.2, beating=False)
    assert wire.Stopped(wire.Cause.WATCHDOG) in heard
    assert not host.chair.actuators.busy
    assert status(heard).flags & wire.Status.WATCHDOG


def test_a_heartbeat_does_not_bring_motion_back_but_a_command_does(host):
    host.say(wire.Recline(160, 3))
    host.wait(2.5, beating=False)
    stood = host.chair.actuators.back_deg
    host.wait(3)
    assert host.chair.actuators.back_deg == stood
    assert reasons(host.say(wire.Recline(160, 3))) == [0]
    heard = host.wait(1)
    assert host.chair.actuators.back_deg > stood
    assert not status(heard).flags & wire.Status.WATCHDOG


def test_its_own_echo_is_no_heartbeat_and_gets_no_answer(host):
    host.say(wire.Recline(160, 3))
    answered = []
    for _ in range(50):
        host.now_s += 0.05
        host.chair.hear(wire.encode(wire.Ack(1), 7) + wire.encode(wire.Status(*[0] * 10), 8), host.now_s)
        host.chair.advance(host.now_s)
        answered += answers(host.heard())
    assert host.chair.actuators.busy is False
    assert answered == []


@given(st.lists(st.binary(max_size=60), max_size=10), st.integers(0, 127), st.binary(max_size=20))
def test_no_bytes_break_the_firmware(chunks, code, payload):
    from devices.protocols import framing

    host = Host()
    host.say(wire.StartStreams())
    for chunk in (*chunks, framing.wrap(bytes([1, code, 0]) + payload)):
        host.chair.hear(chunk, host.now_s)
        host.wait(0.2)
    assert 90 <= host.chair.actuators.back_deg <= 160


def test_rubbish_is_no_heartbeat(host):
    host.say(wire.Recline(160, 3))
    for _ in range(50):
        host.now_s += 0.05
        host.chair.hear(b"\x00\x05\x01\x04\x03\x0b\x07\x00", host.now_s)
        host.chair.advance(host.now_s)
    assert wire.Stopped(wire.Cause.WATCHDOG) in host.heard()


def test_stop_comes_before_what_was_sent_earlier(host):
    heard = host.say(wire.Recline(160, 3), MASSAGE, wire.Stop())
    assert reasons(heard) == [wire.Reason.STOPPED, wire.Reason.STOPPED, 0]
    assert heard[0] == wire.Stopped(wire.Cause.HOST)
    assert not host.chair.actuators.busy


def test_a_release_sent_before_a_stop_does_not_undo_it(host):
    host.say(wire.Stop())
    host.say(wire.Release(), wire.Stop())
    assert reasons(host.say(wire.Recline(120, 3))) == [wire.Reason.STOPPED]


def test_a_stop_stays_until_release(host):
    host.say(wire.Recline(160, 3))
    host.say(wire.Stop())
    for message in (wire.Recline(120, 3), wire.LegRest(10, 3), MASSAGE, wire.Heat(1), wire.Pace(6, 0.4, 0)):
        assert reasons(host.say(message)) == [wire.Reason.STOPPED]
    assert reasons(host.say(wire.Heat(0), wire.Light(10), wire.Release(), wire.Recline(120, 3))) == [0, 0, 0, 0]


def test_the_button_says_so_at_once_and_blocks_release(host):
    host.say(wire.Recline(160, 3))
    host.chair.press_stop(host.now_s)
    heard = host.heard()
    assert heard[0] == wire.Stopped(wire.Cause.BUTTON)
    assert status(heard).flags & wire.Status.BUTTON
    assert reasons(host.say(wire.Release())) == [wire.Reason.BUTTON_IN]
    host.chair.release_stop(host.now_s)
    assert reasons(host.say(wire.Recline(120, 3), wire.Release(), wire.Recline(120, 3))) == [wire.Reason.STOPPED, 0, 0]


@pytest.mark.parametrize(
    "message",
    [
        wire.Recline(89.9, 3),
        wire.Recline(160.1, 3),
        wire.Recline(120, 0),
        wire.LegRest(70.1, 5),
        wire.Massage(16, 1, 1),
        wire.Massage(1, 4, 1),
        wire.Massage(1, 1, 6),
        wire.Heat(4),
        wire.Light(101),
        wire.Volume(101),
        wire.Pace(2.9, 0.4, 0),
        wire.Pace(15.1, 0.4, 0),
        wire.Pace(6, 0.19, 0),
    ],
)
def test_out_of_range_moves_nothing(host, message):
    assert reasons(host.say(message)) == [wire.Reason.OUT_OF_RANGE]
    assert not host.chair.actuators.busy


def test_leaving_the_seat_stops_and_an_empty_chair_only_goes_to_rest(host):
    host.say(wire.Recline(150, 3), MASSAGE)
    host.wait(3)
    host.chair.stand(host.now_s)
    assert wire.Stopped(wire.Cause.SEAT_EMPTY) in host.heard()
    assert not host.chair.actuators.busy
    assert reasons(host.say(wire.Recline(155, 3), MASSAGE, wire.Pace(6, 0.4, 0))) == [wire.Reason.SEAT_EMPTY] * 3
    assert reasons(host.say(wire.Recline(90, 3), wire.LegRest(0, 5))) == [0, 0]


def test_a_faulty_part_refuses_and_the_others_work(host):
    host.chair.fault("heat", host.now_s, on=True)
    assert wire.Stopped(wire.Cause.FAULT) in host.heard()
    assert reasons(host.say(wire.Release(), wire.Heat(1), MASSAGE)) == [0, wire.Reason.FAULT, 0]


def test_unknown_and_malformed_commands_are_named(host):
    from devices.protocols import framing

    host.chair.hear(framing.wrap(bytes([1, 0x7A, 9])) + framing.wrap(bytes([1, 0x10, 10, 1])), host.now_s)
    assert host.heard() == [wire.Nak(9, wire.Reason.UNKNOWN_TYPE), wire.Nak(10, wire.Reason.MALFORMED)]


def test_motors_take_their_time(host):
    host.say(wire.Recline(140, 9.0))
    host.wait(2)
    assert host.chair.actuators.back_deg == pytest.approx(110 + 2 * 4.0, abs=0.3)  # its own limit, not the host's wish
    host.say(wire.Recline(140, 1.0))
    before = host.chair.actuators.back_deg
    host.wait(2)
    assert host.chair.actuators.back_deg == pytest.approx(before + 2, abs=0.2)


def test_the_back_breathes_and_so_does_who_sits_in_it(host):
    host.say(wire.Pace(6, 0.4, 2.0))
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
