"""Berry/BCI 1.2 finger oximeters: identify, open, stream, command.

The device says neither who it is nor how many frames it has sent: it is known by its frames, and they are counted here.
Values come per 10 ms (pleth) and per second (SpO2, pulse rate).
"""

import numpy as np

from devices.clock import Clock
from devices.drivers.unasked import recognise
from devices.events import Identity
from devices.links.link import byte_link
from devices.protocols import berry as wire
from devices.sensor import ByteSensor
from signals.samples import Channel

_FRAMES_PER_S = round(wire.RATE_HZ)


class BerryOximeter(ByteSensor):
    """One oximeter on a serial line or by Bluetooth's serial port profile."""

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        self._decoder = wire.Decoder()
        super().__init__(device, port, clock, byte_link(port, device, baud=wire.BAUD), self._decoder)
        self._index = 0

    # identify

    async def identify(self) -> Identity:
        """It is what twenty of its frames in a row say it is.

        Raises:
            NoAnswer, WrongDevice: as `recognise`.
        """
        await recognise(self, "a Berry oximeter's")
        rates = ((Channel.PPG, wire.RATE_HZ), (Channel.SPO2, 1.0), (Channel.PULSE_RATE, 1.0))
        return Identity("Berry", "finger oximeter (BCI 1.2)", "", "", channels=rates)

    # stream

    def take(self, data: bytes, arrival_ns: int) -> bool:
        frames = self._decoder.feed(data)
        for frame in frames:
            self._index += frame.missed
            self.streams.put(Channel.PPG, wire.RATE_HZ, self._index, [float(frame.pleth) if frame.contact else np.nan])
            second, rest = divmod(self._index, _FRAMES_PER_S)
            if rest == 0:
                for channel, value in (
                    (Channel.SPO2, frame.spo2_percent),
                    (Channel.PULSE_RATE, frame.pulse_rate_per_min),
                ):
                    known = frame.contact and value is not None
                    self.streams.put(channel, 1.0, second, [float(value) if known and value is not None else np.nan])
            self._index += 1
        if frames:
            self.streams.arrived(self._index / wire.RATE_HZ, arrival_ns)
        return bool(frames)
