"""Contec CMS50D+ and CMS50E with firmware 4.6 and 7.0: identify, open, stream, command.

It sends only while it is asked to, for 30 s at a time; identifying is asking. What is left sending by a host that
vanished ends by itself.
"""

from devices.clock import Clock
from devices.drivers.hush import hush
from devices.drivers.oximeter import Oximeter
from devices.errors import PortLost, WrongDevice
from devices.events import Identity
from devices.protocols import contec_v7 as wire

ASK_AGAIN_S = 10.0


class ContecV7Oximeter(Oximeter):
    """One oximeter that talks when asked."""

    maker, model, whose = "Contec", "CMS50D+/E (firmware 4.6, 7.0)", "a Contec oximeter's"
    rate_hz = wire.RATE_HZ

    def __init__(self, device: str, port: str, clock: Clock) -> None:
        super().__init__(device, port, clock, wire.Decoder(), baud=wire.BAUD)
        self._asked_ns = 0
        self._another = False

    # identify

    async def identify(self) -> Identity:
        """Ask it to send.

        Raises:
            NoAnswer, WrongDevice: as `recognise`.
        """
        self._ask()
        try:
            return await super().identify()
        except WrongDevice:
            self._another = True
            raise

    # open: it sends already

    async def tend(self, now_ns: int) -> None:
        """Ask again long before it stops by itself."""
        if now_ns - self._asked_ns >= ASK_AGAIN_S * 1e9:
            self._ask()

    def _ask(self) -> None:
        self.link.write(wire.START + wire.KEEP_ALIVE if self._asked_ns else wire.START)  # one firmware heeds either
        self._asked_ns = self.clock.now_ns()

    async def close(self) -> None:
        """Stop it, and see that it is silent: a stop that still waits in the adapter would be lost. Others go on."""
        if self._another:
            self.link.write(wire.STOP)
        elif not await hush(self.link, wire.STOP):
            raise PortLost(self.port, self.device, "it goes on sending")
