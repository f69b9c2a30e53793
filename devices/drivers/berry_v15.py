"""Berry 1.5 finger oximeters, by cable or by air: identify, open, stream, command.

It numbers its frames and says how many it sends a second. Its beat intervals come in steps of 5 ms: good enough to pace
a breath, too coarse for RMSSD, so beats are found in its pulse wave as in any other.
"""

from collections.abc import Sequence

from devices.clock import Clock
from devices.drivers.oximeter import FingerFrame, Oximeter
from devices.drivers.unasked import recognise
from devices.errors import PortLost
from devices.events import Identity
from devices.protocols import berry_v15 as wire
from signals.samples import Channel

LEAST_RATE_HZ = 50


class BerryV15Oximeter(Oximeter):
    """One oximeter that talks all the time."""

    maker, model, whose = "Berry", "finger oximeter (1.5)", "a Berry 1.5 oximeter's"
    rate_hz = 100.0

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, wire.Decoder(), baud=wire.BAUD)

    # identify

    async def identify(self) -> Identity:
        """It is what twenty of its frames in a row say it is, and as fast as they say.

        Raises:
            NoAnswer, WrongDevice: as `recognise`.
        """
        newest = await recognise(self, self.whose)
        assert isinstance(newest, wire.Frame)
        self.rate_hz = float(newest.rate_hz)
        numbers = ((Channel.SPO2, 1.0), (Channel.PULSE_RATE, 1.0))
        wave = ((Channel.PPG, self.rate_hz),) if newest.rate_hz >= LEAST_RATE_HZ else ()
        return Identity(self.maker, self.model, "", "", channels=(*wave, *numbers))

    # stream

    def _put(self, frames: Sequence[FingerFrame]) -> None:
        for frame in frames:
            assert isinstance(frame, wire.Frame)
            if frame.rate_hz != self.rate_hz:
                raise PortLost(self.port, self.device, "it sends at another rate now")
            self.battery_percent = frame.battery_percent
        super()._put(frames)
