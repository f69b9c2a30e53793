"""A simulated device at its port: firmware, clock, cable. `step` is what time does; `run` lets time pass by itself."""

import asyncio
import math
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from devices.clock import Clock
from firmware_sim.line import Line, LinkConditions
from firmware_sim.noise import Noise
from firmware_sim.port import Port
from firmware_sim.seat import Seat

TICK_S = 0.05
_LEAST_TICK_S = 0.004


class Firmware(Protocol):
    """What runs inside a device. Times are seconds of the device's own clock."""

    seat: Seat

    def hear(self, data: bytes, at_s: float) -> None: ...
    def advance(self, at_s: float) -> None: ...
    def output(self) -> list[bytes]: ...
    def sit(self, at_s: float) -> None: ...
    def stand(self, at_s: float) -> None: ...
    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:
        """Something that hands do to this device alone; False: it knows nothing of that."""
        ...


class SensorFirmware:
    """What most sensors are: something worn, that talks and takes no special handling. A base for twins.

    Attributes:
        seat: who wears it.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self._out: list[bytes] = []

    def sit(self, at_s: float) -> None:
        """It is put on."""
        self.seat.sit(at_s)

    def stand(self, at_s: float) -> None:  # noqa: ARG002 - some want the time
        """It is taken off."""
        self.seat.stand()

    def hear(self, data: bytes, at_s: float) -> None:
        """Most listen to nobody."""

    def hands(self, do: str, fields: Mapping[object, object], at_s: float) -> bool:  # noqa: ARG002 - nothing special
        return False

    def output(self) -> list[bytes]:
        """Frames to send, since the last call."""
        out, self._out = self._out, []
        return out


F = TypeVar("F", bound=Firmware)


class Twin(Generic[F]):
    """One device that runs.

    Attributes:
        firmware: its rules and its seat.
        port: where a host finds it.
        line: its cable, towards the host; `inward` is the same cable the other way.
        noise: what the cable does to frames.
        mute: it has hung itself up: plugged in, and silent.
        hung: its firmware stands still: it neither hears, nor speaks, nor counts.
    """

    def __init__(
        self,
        firmware: F,
        port: Port,
        clock: Clock,
        *,
        seed: int = 0,
        link: LinkConditions | None = None,
        drift_ppm: float = 0.0,
    ) -> None:
        self.firmware, self.port = firmware, port
        self.noise = Noise(seed, link.noise_share if link else 0.0)
        self.line: Line[bytes] = Line(seed + 1, len, link)
        self.inward: Line[bytes] = Line(seed + 2, len, link)
        self.mute = self.hung = False
        self._clock, self._drift = clock, drift_ppm * 1e-6
        self._born_ns = clock.now_ns()
        self._stood_s = 0.0
        self._hung_at_s = 0.0
        self._broken = False

    @property
    def _awake_s(self) -> float:
        return (self._clock.now_ns() - self._born_ns) / 1e9 * (1 + self._drift)

    @property
    def now_s(self) -> float:
        """Seconds of the device's own clock since it was built; its crystal may run fast, and stops while it hangs."""
        return (self._hung_at_s if self.hung else self._awake_s) - self._stood_s

    async def run(self) -> None:
        """Plugged in, until cancelled."""
        tick_s = max(self._clock.real_s(TICK_S), _LEAST_TICK_S)
        loop = asyncio.get_running_loop()
        with self.port.plugged_in():
            due = loop.time()
            while True:
                wait_s = due - loop.time()
                next_s = min(self.line.next_s, self.inward.next_s)
                if math.isfinite(next_s):
                    wait_s = min(wait_s, self._clock.real_s(max(0.0, next_s - self.now_s)))
                self.hear(await self.port.read(wait_s))
                if loop.time() >= due:
                    self.step()
                    due = max(due + tick_s, loop.time())
                self.send()

    def hear(self, data: bytes) -> None:
        """The host has sent this."""
        if data:
            self.inward.put(data, self.now_s)
        for heard in self.inward.take(self.now_s):
            if not self.hung:
                self.firmware.hear(heard, self.now_s)

    def step(self) -> None:
        """Time has passed."""
        broken = self.line.broken(self.now_s)
        if broken != self._broken:
            self._broken = broken
            (self.unplug if broken else self.port.plug)()
        if not self.hung:
            self.firmware.advance(self.now_s)

    def send(self) -> None:
        """What the firmware has to say goes onto the line, and what has come through it to the host."""
        now_s = self.now_s
        for frame in self.firmware.output():
            if not (self.mute or self.hung):
                self.line.put(frame, now_s)
        for frame in self.line.take(now_s):
            self.port.write(self.noise.spoil(frame))

    def relink(self, link: LinkConditions) -> None:
        """The cable becomes another one, both ways."""
        self.line.conditions = self.inward.conditions = link
        self.noise.share = link.noise_share

    def unplug(self) -> None:
        """The plug is pulled; what was under way is lost."""
        self.line.cut()
        self.inward.cut()
        self.port.unplug()

    def hang(self, *, on: bool) -> None:
        """The firmware stops where it is, or goes on from there."""
        if on and not self.hung:
            self._hung_at_s = self._awake_s
        elif self.hung and not on:
            self._stood_s += self._awake_s - self._hung_at_s
        self.hung = on
