"""The twin of `devices/drivers/chair_link.py`: the firmware of a chair that speaks Chair Link, on a pseudo-terminal.

It keeps the rules of movement of `docs/protocols/chair-link.md` as a real chair must: it answers, but it also stops by
itself. Sans-IO (bytes and times in, bytes out); `twin.py` puts it on a port.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from devices.protocols import chair_link as wire
from firmware_sim import chair_hands, replay
from firmware_sim.actuators import Actuators
from firmware_sim.catalogue import SimDevice
from firmware_sim.person import Person
from firmware_sim.rules import MOTION, Guard
from firmware_sim.sampler import Sampler, declared, rates_hz
from firmware_sim.seat import Seat

STATUS_S = 0.25
STREAMS_END_S = 10.0


@dataclass(frozen=True, slots=True)
class ChairModel:
    """What a chair is built as."""

    serial: str = "0001"
    heart: wire.Sensor = wire.Sensor.ECG
    watchdog_ms: int = round(wire.WATCHDOG_S * 1000)
    """0: a chair without a hardware watchdog."""
    seat_sensor: bool = True
    """False: it cannot feel who sits in it; its "here" button stands in."""
    sits_down_at_start: bool = True
    """Somebody sits in it from the start; whoever is a recording sits down when the streams are first started."""


class ChairFirmware:
    """The rules of one chair. Times are seconds of the chair's own clock.

    Attributes:
        seat: who sits in it.
        actuators: what moves.
        guard: whether it may.
    """

    def __init__(self, model: ChairModel, seat: Seat) -> None:
        self.model, self.seat = model, seat
        self.actuators = Actuators()
        self.guard = Guard(seat, seat_sensor=model.seat_sensor)
        self._streams = declared(model.heart)
        self._sampler = Sampler(self._streams, seat)
        self._decoder = wire.Decoder()
        self._out: list[bytes] = []
        self._sequence = 0
        self._heard_s = float("-inf")
        self._status_s = 0.0
        self._forced: frozenset[str] = frozenset()
        self._awaited = model.sits_down_at_start and seat.recording is not None
        if model.sits_down_at_start and seat.recording is None:
            seat.sit(0.0)

    # what people do to it

    def sit(self, at_s: float) -> None:
        self._sample(at_s, everything=True)
        self.seat.sit(at_s)
        self._say_all(self._sampler.announce(at_s))
        self._say_status(at_s)

    def stand(self, at_s: float) -> None:
        """Whoever leaves the seat stops the chair, if it can feel that."""
        self._sample(at_s, everything=True)
        self.seat.stand()
        if self.model.seat_sensor:
            self._leave(at_s)

    def here(self, at_s: float) -> None:
        """The "here" button of a chair without a seat sensor: "I sit here", and the next time "I get up"."""
        self.advance(at_s)  # what has just ended an armed time has ended it before this press
        if self.guard.press_here(at_s):
            self._say_status(at_s)
        else:
            self._leave(at_s)

    def press_stop(self, at_s: float) -> None:
        self.guard.press_stop()
        self._stop(wire.Cause.BUTTON, at_s)

    def release_stop(self, at_s: float) -> None:
        """The button is pulled out. The chair stays stopped until it has been reset here and released by the host."""
        self.guard.button_in = False
        self._say_status(at_s)

    def reset(self, at_s: float) -> None:
        """Somebody at the chair has looked, and presses its reset."""
        self.guard.reset()
        self._say_status(at_s)

    def fault(self, name: str, at_s: float, *, on: bool) -> None:
        """The cause of a fault is there from now on, or is gone."""
        self._forced = self._forced | {name} if on else self._forced - {name}
        self._find(at_s)
        self._say_status(at_s)

    def power_cycle(self, at_s: float) -> None:
        """Switched off and on: it knows only that it was stopped, and says who it is."""
        self._sampler.stop()
        self.guard.disarm()
        self.actuators.halt()
        self._feel(at_s)
        self._say(self._ident())

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        return chair_hands.act(self, do, fields, at_s)

    # what time does

    def advance(self, at_s: float) -> None:
        """Motors, watchdog, samples and status up to `at_s`."""
        self.actuators.advance(at_s)
        self._find(at_s)
        self._watch(at_s)
        if at_s - self._heard_s > STREAMS_END_S:
            self._sampler.stop()
        self._sample(at_s)
        if self.seat.over(at_s):
            self.stand(at_s)
        if self._sampler.running and at_s >= self._status_s:
            self._say_status(at_s)

    def _watch(self, at_s: float) -> None:
        """The watchdog: a chair that is armed hears from its host, or is armed no longer."""
        patience_s = self.model.watchdog_ms / 1000
        if patience_s and at_s - self._heard_s > patience_s and (self.guard.session or self.actuators.busy):
            if self.guard.session:  # what is still coming to rest takes away no press that was made since
                self.guard.disarm()
            self.guard.tripped = True
            self._stop(wire.Cause.WATCHDOG, at_s)

    def _find(self, at_s: float) -> None:
        """What the drives feel, and what hands have broken."""
        felt = self.actuators.faults
        if self.guard.find(self._forced | felt):
            self._stop(wire.Cause.FAULT, at_s, retreat="obstruction" in felt)

    def _sample(self, at_s: float, *, everything: bool = False) -> None:
        self._say_all(self._sampler.take(at_s, everything=everything))

    # what the host says

    def hear(self, data: bytes, at_s: float) -> None:
        """Bytes from the host. A STOP among them comes before everything that was sent earlier."""
        self.actuators.advance(at_s)
        self._find(at_s)  # what its drives have felt by now comes before anything that it is asked
        self._watch(at_s)
        frames = [frame for frame in self._decoder.feed(data) if wire.of_host(frame.message)]
        stop = max((i for i, frame in enumerate(frames) if isinstance(frame.message, wire.Stop)), default=-1)
        if stop >= 0:
            self._heard_s = at_s
            self.guard.latch()
            self._stop(wire.Cause.HOST, at_s)
        for i, frame in enumerate(frames):
            self._heard_s = at_s
            if i < stop and isinstance(frame.message, (*MOTION, wire.Arm, wire.Release)):
                self._say(wire.Nak(frame.sequence, wire.Reason.STOPPED))
            else:
                self._obey(frame, at_s)

    def _obey(self, frame: wire.Frame, at_s: float) -> None:
        match frame.message:
            case wire.Heartbeat():
                return
            case wire.Identify():
                self._say(self._ident())
                return
            case wire.StartStreams():
                self._say(wire.Ack(frame.sequence))
                self._disarm(at_s)  # a new host begins
                if self._awaited:
                    self._awaited = False
                    self.seat.sit(at_s)
                self._say_status(at_s)
                self._say_all(self._sampler.start(at_s))
                return
            case _:
                reason = self._do(frame.message, at_s)
        self._say(wire.Ack(frame.sequence) if reason is None else wire.Nak(frame.sequence, reason))
        if reason is None:
            self._say_status(at_s)

    def _do(self, message: wire.Message, at_s: float) -> wire.Reason | None:
        if (reason := self.guard.forbids(message, at_s)) is not None:
            return reason
        actuators = self.actuators
        match message:
            case wire.Recline(angle_deg=angle, speed_deg_s=speed, acceleration_deg_s2=acceleration):
                actuators.go_back(angle, speed, acceleration)
            case wire.LegRest(angle_deg=angle, speed_deg_s=speed, acceleration_deg_s2=acceleration):
                actuators.leg_rest.go(angle, speed, acceleration)
            case wire.Massage():
                actuators.massage = message if message.level else wire.Massage(0, 0, 0)
            case wire.Heat(level=level):
                actuators.heat = level
            case wire.Pace():
                inhale_at_s = actuators.breathe(message, at_s)
                self._feel(inhale_at_s)
            case wire.Light(percent=percent):
                actuators.light = percent
            case wire.Volume(percent=percent):
                actuators.volume = percent
            case wire.StopStreams():
                self._sampler.stop()
            case wire.Stop():
                pass  # done in `hear`, before anything else
            case wire.Arm(session=session):
                return self.guard.arm(session, at_s)
            case wire.Disarm():
                self._disarm(at_s)
            case wire.Release():
                return self.guard.release()
            case wire.Unknown(known_type=True):
                return wire.Reason.MALFORMED
            case _:
                return wire.Reason.UNKNOWN_TYPE
        return None

    def _disarm(self, at_s: float) -> None:
        self.guard.disarm()
        self.actuators.halt()
        self._feel(at_s)

    def _leave(self, at_s: float) -> None:
        self.guard.disarm()
        self._stop(wire.Cause.SEAT_EMPTY, at_s)

    def _stop(self, cause: wire.Cause, at_s: float, *, retreat: bool = False) -> None:
        self.actuators.halt(retreat=retreat)
        self._feel(at_s)
        self._say(wire.Stopped(cause))
        self._say_status(at_s)

    def _feel(self, inhale_at_s: float) -> None:
        """The person feels the back rest breathe, or feels that it has ceased to."""
        pace, person = self.actuators.pace, self.seat.person
        if pace.rate_per_min > 0 and self.seat.occupied:
            person.follow(pace.rate_per_min, pace.inhale_share, inhale_at_s)
        else:
            person.breathe_freely()

    # what it says

    def _ident(self) -> wire.Ident:
        model = self.model
        flags = wire.Ident.SEAT_SENSOR * model.seat_sensor
        return wire.Ident(model.watchdog_ms, flags, "Xinyi", "Reference Chair", model.serial, "2.0.0", self._streams)

    def output(self) -> list[bytes]:
        """Frames to send, since the last call."""
        out, self._out = self._out, []
        return out

    def _say(self, message: wire.Message) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        self._out.append(wire.encode(message, self._sequence))

    def _say_all(self, messages: list[wire.Stream | wire.Note]) -> None:
        for message in messages:
            self._say(message)

    def _say_status(self, at_s: float) -> None:
        self._status_s = at_s + STATUS_S
        actuators, guard, status = self.actuators, self.guard, wire.Status
        flags = (
            status.MOVING * actuators.moving
            | status.OCCUPIED * guard.occupied(at_s)
            | status.BUTTON * guard.button
            | status.WATCHDOG * guard.tripped
            | status.STOPPED * guard.stopped
            | status.ARMED * (guard.session > 0)
            | status.CLEARED * guard.cleared
        )
        massage = actuators.massage
        faults = sum(1 << bit for bit, name in enumerate(wire.FAULTS) if name in guard.faults)
        self._say(
            status(
                flags,
                actuators.back_deg,
                actuators.legs_deg,
                massage.zones,
                massage.rhythm,
                massage.level,
                actuators.heat,
                actuators.light,
                actuators.volume,
                faults,
                round(at_s * 1000) % 2**32,
            )
        )


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> ChairFirmware:
    """The chair that `device` describes, with `person` in it.

    Raises:
        ReplayError: its recording cannot be played.
    """
    heart = wire.Sensor[device.heart.upper()]
    recording = replay.load(device.replay, rates_hz(declared(heart)), device.heart) if device.replay else None
    model = ChairModel(device.id, heart, device.watchdog_ms, device.seat_sensor, sits_down_at_start=not wait_for_sit)
    return ChairFirmware(model, Seat(person, recording))
