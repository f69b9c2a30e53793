"""What finger oximeters on a byte stream share: a pulse wave at a steady rate, SpO2 and pulse rate once a second.

None of them says who it is; it is known by its frames. Most do not count them either, so they are counted here, with
those that the decoder knows to be missing. Without a finger there is no number.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from devices.clock import Clock
from devices.drivers.unasked import recognise
from devices.events import Identity
from devices.links.link import Parity, byte_link
from devices.protocols.decoder import Decoder
from devices.sensor import ByteSensor
from signals.samples import Channel

_NAN = float("nan")


class FingerFrame(Protocol):
    """What every decoder's frame has."""

    @property
    def pleth(self) -> int: ...
    @property
    def pulse_rate_per_min(self) -> int | None: ...
    @property
    def spo2_percent(self) -> int | None: ...
    @property
    def contact(self) -> bool: ...
    @property
    def missed(self) -> int: ...


class FrameDecoder(Decoder, Protocol):
    def feed(self, data: bytes) -> Sequence[FingerFrame]: ...


class Oximeter(ByteSensor):
    """One finger oximeter.

    Attributes:
        maker, model: what its frames say that it is.
        whose: for the error when they are another's.
        rate_hz: frames a second.
        shares_its_shape: another family's frames look the same, at another speed.
    """

    maker: str
    model: str
    whose: str
    rate_hz: float
    shares_its_shape = False

    decoder: FrameDecoder

    def __init__(
        self, device: str, port: str, clock: Clock, decoder: FrameDecoder, *, baud: int, parity: Parity = "N"
    ) -> None:
        super().__init__(device, port, clock, byte_link(port, device, baud=baud, parity=parity), decoder)
        self._index = 0

    # identify

    async def identify(self) -> Identity:
        """It is what twenty of its frames in a row say it is.

        Raises:
            NoAnswer, WrongDevice: as `recognise`.
        """
        await recognise(self, self.whose, rate_hz=self.rate_hz if self.shares_its_shape else None)
        rates = ((Channel.PPG, self.rate_hz), (Channel.SPO2, 1.0), (Channel.PULSE_RATE, 1.0))
        return Identity(self.maker, self.model, "", "", channels=rates)

    # stream

    def take(self, data: bytes, arrival_ns: int) -> bool:
        frames = self.decoder.feed(data)
        if not frames:
            return False
        holes = [at for at, frame in enumerate(frames) if frame.missed and at]
        for begin, end in pairwise((0, *holes, len(frames))):
            self._index += frames[begin].missed
            self._put(frames[begin:end])
        self.streams.arrived(self._index / self.rate_hz, arrival_ns)
        return True

    def _put(self, frames: Sequence[FingerFrame]) -> None:
        """Frames that follow each other."""
        first, self._index = self._index, self._index + len(frames)
        pleth = [float(frame.pleth) if frame.contact else _NAN for frame in frames]
        self.streams.put(Channel.PPG, self.rate_hz, first, pleth)
        a_second = round(self.rate_hz)
        for at in range(-first % a_second, len(frames), a_second):
            frame, second = frames[at], (first + at) // a_second
            for channel, value in (
                (Channel.SPO2, frame.spo2_percent),
                (Channel.PULSE_RATE, frame.pulse_rate_per_min),
            ):
                known = frame.contact and value is not None
                self.streams.put(channel, 1.0, second, [float(value) if known and value is not None else _NAN])

    # command: none
