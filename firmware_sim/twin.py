"""A simulated device at its port: firmware, pseudo-terminal, clock, cable."""

import asyncio
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from devices.clock import Clock
from firmware_sim.noise import Noise
from firmware_sim.port import PseudoPort
from firmware_sim.seat import Seat

_TICK_S = 0.05
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
        noise: its cable.
        mute: it has hung itself up: plugged in, and silent.
    """

    def __init__(self, firmware: F, port: PseudoPort, clock: Clock, noise: Noise, *, drift_ppm: float = 0.0) -> None:
        self.firmware, self.port, self.noise = firmware, port, noise
        self.mute = False
        self._clock, self._drift = clock, drift_ppm * 1e-6
        self._born_ns = clock.now_ns()

    @property
    def now_s(self) -> float:
        """Seconds of the device's own clock since it was built; its crystal may run fast."""
        return (self._clock.now_ns() - self._born_ns) / 1e9 * (1 + self._drift)

    async def run(self) -> None:
        """Plugged in, until cancelled."""
        tick_s = max(self._clock.real_s(_TICK_S), _LEAST_TICK_S)
        loop = asyncio.get_running_loop()
        with self.port.plugged_in():
            due = loop.time()
            while True:
                heard = await self.port.read(due - loop.time())
                if heard:
                    self.firmware.hear(heard, self.now_s)
                if loop.time() >= due:
                    self.firmware.advance(self.now_s)
                    due = max(due + tick_s, loop.time())
                self.send()

    def send(self) -> None:
        """What the firmware has to say, at once."""
        for frame in self.firmware.output():
            if not self.mute:
                self.port.write(self.noise.spoil(frame))
