"""The twin of `devices/drivers/chair_link.py`: the firmware of a chair that speaks Chair Link, on a pseudo-terminal.

It keeps the rules of movement of `docs/protocols/chair-link.md` as a real chair must: it answers, but it also stops by
itself. Sans-IO (bytes and times in, bytes out); `twin.py` puts it on a port.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from devices.protocols import chair_link as wire
from firmware_sim import replay
from firmware_sim.actuators import Actuators
from firmware_sim.catalogue import SimDevice
from firmware_sim.control import ControlError
from firmware_sim.person import Person
from firmware_sim.rules import MOTION, moves_or_heats, needs, within_limits
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
    sits_down_at_start: bool = True
    """Somebody sits in it from the start; whoever is a recording sits down when the streams are first started."""


class ChairFirmware:
    """The rules of one chair. Times are seconds of the chair's own clock.

    Attributes:
        seat: who sits in it.
        actuators: what moves.
    """

    def __init__(self, model: ChairModel, seat: Seat) -> None:
        self.model, self.seat = model, seat
        self.actuators = Actuators()
        self._streams = declared(model.heart)
        self._sampler = Sampler(self._streams, seat)
        self._decoder = wire.Decoder()
        self._out: list[bytes] = []
        self._sequence = 0
        self._heard_s = float("-inf")
        self._status_s = 0.0
        self._button_in = self._button_latched = self._stopped = self._tripped = False
        self._faults: set[str] = set()
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
        """Whoever leaves the seat stops the chair."""
        self._sample(at_s, everything=True)
        self.seat.stand()
        self._stop(wire.Cause.SEAT_EMPTY, at_s)

    def press_stop(self, at_s: float) -> None:
        self._button_in = self._button_latched = self._stopped = True
        self._stop(wire.Cause.BUTTON, at_s)

    def release_stop(self, at_s: float) -> None:
        """The button is pulled out. The chair stays stopped until the host releases it."""
        self._button_in = False
        self._say_status(at_s)

    def fault(self, name: str, at_s: float, *, on: bool) -> None:
        if on:
            self._faults.add(name)
            self._stopped = True
            self._stop(wire.Cause.FAULT, at_s)
        else:
            self._faults.discard(name)
            self._say_status(at_s)

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        match do:
            case "press_stop":
                self.press_stop(at_s)
            case "release_stop":
                self.release_stop(at_s)
            case "fault":
                fault = str(fields.get("fault", "recline_motor"))
                if fault not in wire.FAULTS:
                    raise ControlError(f"no fault {fault!r}; there are {', '.join(wire.FAULTS)}")
                self.fault(fault, at_s, on=bool(fields.get("on", True)))
            case _:
                return False
        return True

    # what time does

    def advance(self, at_s: float) -> None:
        """Motors, watchdog, samples and status up to `at_s`."""
        self.actuators.advance(at_s)
        silent_s = at_s - self._heard_s
        if self.model.watchdog_ms and silent_s > self.model.watchdog_ms / 1000 and self.actuators.busy:
            self._tripped = True
            self._stop(wire.Cause.WATCHDOG, at_s)
        if silent_s > STREAMS_END_S:
            self._sampler.stop()
        self._sample(at_s)
        if self.seat.over(at_s):
            self.stand(at_s)
        if self._sampler.running and at_s >= self._status_s:
            self._say_status(at_s)

    def _sample(self, at_s: float, *, everything: bool = False) -> None:
        self._say_all(self._sampler.take(at_s, everything=everything))

    # what the host says

    def hear(self, data: bytes, at_s: float) -> None:
        """Bytes from the host. A STOP among them comes before everything that was sent earlier."""
        frames = [frame for frame in self._decoder.feed(data) if wire.of_host(frame.message)]
        stop = max((i for i, frame in enumerate(frames) if isinstance(frame.message, wire.Stop)), default=-1)
        if stop >= 0:
            self._heard_s = at_s
            self._stopped = True
            self._stop(wire.Cause.HOST, at_s)
        for i, frame in enumerate(frames):
            self._heard_s = at_s
            if i < stop and isinstance(frame.message, (*MOTION, wire.Release)):
                self._say(wire.Nak(frame.sequence, wire.Reason.STOPPED))
            else:
                self._obey(frame, at_s)

    def _obey(self, frame: wire.Frame, at_s: float) -> None:
        match frame.message:
            case wire.Heartbeat():
                return
            case wire.Identify():
                model = self.model
                self._say(
                    wire.Ident(model.watchdog_ms, "Xinyi", "Reference Chair", model.serial, "1.0.0", self._streams)
                )
                return
            case wire.StartStreams():
                self._say(wire.Ack(frame.sequence))
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
        if isinstance(message, MOTION) and (reason := self._forbids(message)) is not None:
            return reason
        actuators = self.actuators
        match message:
            case wire.Recline(angle_deg=angle, speed_deg_s=speed):
                actuators.recline.go(angle, speed)
            case wire.LegRest(angle_deg=angle, speed_deg_s=speed):
                actuators.leg_rest.go(angle, speed)
            case wire.Massage():
                actuators.massage = message if message.level else wire.Massage(0, 0, 0)
            case wire.Heat(level=level):
                actuators.heat = level
            case wire.Pace():
                inhale_at_s = actuators.breathe(message, at_s)
                self._feel(inhale_at_s)
            case wire.Light(percent=percent):
                if percent > 100:
                    return wire.Reason.OUT_OF_RANGE
                actuators.light = percent
            case wire.Volume(percent=percent):
                if percent > 100:
                    return wire.Reason.OUT_OF_RANGE
                actuators.volume = percent
            case wire.StopStreams():
                self._sampler.stop()
            case wire.Stop():
                pass  # done in `hear`, before anything else
            case wire.Release():
                if self._button_in:
                    return wire.Reason.BUTTON_IN
                self._stopped = self._button_latched = False
            case wire.Unknown(known_type=True):
                return wire.Reason.MALFORMED
            case _:
                return wire.Reason.UNKNOWN_TYPE
        if isinstance(message, MOTION):
            self._tripped = False
        return None

    def _forbids(self, message: wire.Message) -> wire.Reason | None:
        """The rules of movement, in the order of the page."""
        if not within_limits(message):
            return wire.Reason.OUT_OF_RANGE
        if not moves_or_heats(message):
            return None
        if self._stopped:
            return wire.Reason.STOPPED
        if self._faults & needs(message):
            return wire.Reason.FAULT
        if not self.seat.occupied and not self._towards_rest(message):
            return wire.Reason.SEAT_EMPTY
        return None

    def _towards_rest(self, message: wire.Message) -> bool:
        match message:
            case wire.Recline(angle_deg=angle):
                return angle <= self.actuators.back_deg
            case wire.LegRest(angle_deg=angle):
                return angle <= self.actuators.leg_rest.angle_deg
            case _:
                return False

    def _stop(self, cause: wire.Cause, at_s: float) -> None:
        self.actuators.halt()
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
        actuators, status = self.actuators, wire.Status
        flags = (
            status.MOVING * actuators.moving
            | status.OCCUPIED * self.seat.occupied
            | status.BUTTON * (self._button_in or self._button_latched)
            | status.WATCHDOG * self._tripped
            | status.STOPPED * self._stopped
        )
        massage = actuators.massage
        faults = sum(1 << bit for bit, name in enumerate(wire.FAULTS) if name in self._faults)
        self._say(
            status(
                flags,
                actuators.back_deg,
                actuators.leg_rest.angle_deg,
                massage.zones,
                massage.rhythm,
                massage.level,
                actuators.heat,
                actuators.light,
                actuators.volume,
                faults,
            )
        )


def build(device: SimDevice, person: Person, wait_for_sit: bool) -> ChairFirmware:
    """The chair that `device` describes, with `person` in it.

    Raises:
        ReplayError: its recording cannot be played.
    """
    heart = wire.Sensor[device.heart.upper()]
    recording = replay.load(device.replay, rates_hz(declared(heart)), device.heart) if device.replay else None
    model = ChairModel(device.id, heart, device.watchdog_ms, sits_down_at_start=not wait_for_sit)
    return ChairFirmware(model, Seat(person, recording))
