"""Contec CMS50D+ and CMS50E with firmware up to 4.x: identify, open, stream, command are those of `oximeter.py`."""

from devices.clock import Clock
from devices.drivers.oximeter import Oximeter
from devices.protocols import contec as wire


class ContecOximeter(Oximeter):
    """One oximeter that talks all the time."""

    maker, model, whose = "Contec", "CMS50D+/E (firmware up to 4.x)", "an old Contec oximeter's"
    rate_hz = wire.RATE_HZ
    shares_its_shape = True

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, wire.Decoder(), baud=wire.BAUD, parity=wire.PARITY)
