"""The host's end of a Modbus RTU line: one question at a time, pauses kept, and an interruption that jumps the queue.

Only one task, the control loop of a driver, asks. Whoever wants a stop calls `interrupt`: then the question that waits,
perhaps for an answer that never comes, is given up at once and the stop is the next thing on the wire. It still waits
until our own last frame has left the wire and for 3.5 characters more ("MODBUS over Serial Line V1.02", 2.5.1.1): glued
to another frame no chair would understand it. At 9600 baud that is 17 ms at most after the longest question we ask.
"""

import asyncio
import contextlib

from devices.clock import Clock
from devices.links.link import ByteLink
from devices.protocols import modbus_rtu as wire
from devices.protocols.register_map import RegisterMap

_PAUSE_CHARS = 3.5
_LEAST_PAUSE_S = 0.001_75


class ModbusLine:
    """Questions and answers on one open link.

    Attributes:
        decoder: its counters are the health of the link.
        heard_ns: when the chair last answered.
    """

    def __init__(self, link: ByteLink, chart: RegisterMap, clock: Clock) -> None:
        self.decoder = wire.Answers()
        self.heard_ns = 0
        self.noise = False
        self._link, self._clock, self._line = link, clock, chart.line
        self._char_s = clock.real_s(wire.BITS_PER_CHAR / self._line.baud)
        self._pause_s = max(_PAUSE_CHARS * self._char_s, clock.real_s(_LEAST_PAUSE_S))
        self._free_s = 0.0
        self._owed_s = 0.0
        self._interrupted = False
        self._idle = False
        self._patience: asyncio.Timeout | None = None

    async def read(self, table: wire.Table, address: int, count: int) -> wire.Answer | None:
        """Registers, a refusal, or None: no answer in time, or interrupted."""
        return await self.ask(wire.Read(self._line.unit, table, address, count))

    async def write(self, address: int, value: int, *, overtaking: bool = False) -> wire.Answer | None:
        """Write one register. With `overtaking` nothing interrupts it, and what the port still holds is dropped."""
        write = wire.Write(self._line.unit, address, (value,), many=self._line.writes == "many")
        return await self.ask(write, overtaking=overtaking)

    async def ask(self, question: wire.Question, *, overtaking: bool = False) -> wire.Answer | None:
        """One question and its answer; None: none in time, or interrupted.

        Raises:
            PortLost: the connection broke off.
        """
        loop = asyncio.get_running_loop()
        if overtaking:
            self._interrupted = False
        free_s = self._free_s if overtaking else max(self._free_s, self._owed_s)
        while (wait_s := free_s - loop.time()) > 0 and not self._interrupted:
            self._hear(await self._listen(wait_s))
        if self._interrupted:
            return None
        self._hear(await self._link.read(0.0))  # an answer that came too late
        raw = self.decoder.ask(question)
        self._link.write(raw, overtaking=overtaking)
        gone_s = loop.time() + len(raw) * self._char_s
        self._free_s = gone_s + self._pause_s
        longest_s = self._clock.patience_s(self._line.answer_ms / 1000) + self._longest(question) * self._char_s
        until_s = gone_s + longest_s
        while (wait_s := until_s - loop.time()) > 0 and not self._interrupted:
            if answers := self._hear(await self._listen(wait_s)):
                self._free_s = loop.time() + self._pause_s
                self._owed_s = 0.0
                return answers[0]
        self._owed_s = until_s  # before that, what comes may be the answer to this one
        return None

    async def idle(self, seconds: float) -> None:
        """Nothing to ask for `seconds` (real ones), or until `wake` or `interrupt`."""
        self._idle = True
        try:
            if not self._interrupted:
                self._hear(await self._listen(seconds))
        finally:
            self._idle = False

    def wake(self) -> None:
        """Something is to be asked: no more idling. A question that waits goes on waiting."""
        if self._idle:
            self._break_off()

    def interrupt(self) -> None:
        """Give up what waits now; nothing but an overtaking question is asked from now on, until one has been."""
        self._interrupted = True
        self._break_off()

    def _break_off(self) -> None:
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _listen(self, seconds: float) -> bytes:
        """What comes within `seconds`; b"" after them, or when broken off."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)) as patience:
                self._patience = patience
                try:
                    return await self._link.read(seconds)
                finally:
                    self._patience = None
        return b""

    def _hear(self, data: bytes) -> list[wire.Answer]:
        answers = self.decoder.feed(data) if data else []
        self.noise = self.noise or bool(data)
        if answers:
            self.heard_ns = self._clock.now_ns()
        return answers

    @staticmethod
    def _longest(question: wire.Question) -> int:
        """Characters of the longest answer."""
        return 5 + 2 * question.count if isinstance(question, wire.Read) else 8
