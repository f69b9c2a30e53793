"""Nonin oximeters and OEM modules, serial data format 2: identify, open, stream, command are those of `oximeter.py`."""

from devices.clock import Clock
from devices.drivers.oximeter import Oximeter
from devices.protocols import nonin as wire


class NoninOximeter(Oximeter):
    """One oximeter that talks all the time."""

    maker, model, whose = "Nonin", "oximeter (data format 2)", "a Nonin oximeter's"
    rate_hz = wire.RATE_HZ

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, wire.Decoder(), baud=wire.BAUD)
