"""Berry/BCI 1.2 finger oximeters, by cable or by air: identify, open, stream, command are those of `oximeter.py`.

By air it speaks through a serial service of its radio chip (`devices/links/uart.py`), the same bytes.
"""

from devices.clock import Clock
from devices.drivers.oximeter import Oximeter
from devices.protocols import berry as wire


class BerryOximeter(Oximeter):
    """One oximeter that talks all the time."""

    maker, model, whose = "Berry", "finger oximeter (BCI 1.2)", "a Berry oximeter's"
    rate_hz = wire.RATE_HZ
    shares_its_shape = True

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, wire.Decoder(), baud=wire.BAUD)
