"""The control loop of a Modbus chair: the one place that talks on its port.

In this order it repeats an unconfirmed stop, refreshes the watchdog of the controller, writes what waits, and lets its
driver take a turn (stream movement, read how the chair stands). While a stop is unconfirmed nothing else is said, not
even to the watchdog: a chair that does not hear the stop stops by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable

from devices.clock import Clock
from devices.drivers.modbus_jobs import Jobs
from devices.drivers.modbus_line import ModbusLine
from devices.drivers.modbus_words import values
from devices.errors import DeviceError, NotConnected, PortLost
from devices.interlocks import Refusal
from devices.protocols.modbus_rtu import Answer, Written
from devices.protocols.register_map import Block, RegisterMap

SILENCE_S, _LEAST_SILENCE_S = 1.5, 0.4
STOP_AGAIN_S = 0.1
_REFRESHES, _LONGEST_REFRESH_S = 3, 0.4
"""So many times within the time-out of the watchdog, and no more seldom than this."""

Turn = Callable[[int, int], Awaitable[None]]


class Control:
    """One connection.

    Attributes:
        jobs: what waits to be written.
        stops: how many stops there have been: what was read or planned before one is void after it.
        failure: why the loop has ended.
        heard_ns: when the chair last answered.
    """

    def __init__(
        self,
        line: ModbusLine,
        chart: RegisterMap,
        clock: Clock,
        device: str,
        port: str,
        on_beat: Callable[[bool], None],
    ) -> None:
        """`on_beat`: called before each refresh with whether the watchdog must have bitten meanwhile."""
        self.jobs = Jobs()
        self.stops = self.heard_ns = 0
        self.failure: DeviceError | None = None
        self._line, self._chart, self._clock = line, chart, clock
        self._device, self._port, self._on_beat = device, port, on_beat
        self._fed_ns = 0
        self._confirmed: asyncio.Future[None] | None = None
        dog = chart.watchdog
        self._timeout_ns = round(dog.timeout_ms * 1e6) if dog is not None else 0

    async def run(self, turn: Turn) -> None:
        """Until the port is lost. `turn(now, gap)` is awaited `poll_hz` times a second; times in ns."""
        stop_ns = poll_ns = 0
        beat_ns = 0 if self._timeout_ns else None
        beat_gap_ns = min(round(_LONGEST_REFRESH_S * 1e9), self._timeout_ns // _REFRESHES)
        poll_gap_ns = round(1e9 / self._chart.line.poll_hz)
        try:
            while True:
                now = self._clock.now_ns()
                if self.stop_owed:
                    if now < stop_ns:
                        await self._idle(stop_ns - now)
                        continue
                    stop_ns = now + round(STOP_AGAIN_S * 1e9)
                    await self._ask_stop()
                    continue
                stop_ns = 0
                if beat_ns is not None and now >= beat_ns:
                    beat_ns = now + beat_gap_ns
                    await self._refresh(now)
                elif self.jobs:
                    await self.jobs.work(self.write)
                elif now >= poll_ns:
                    poll_ns = max(poll_ns + poll_gap_ns, now)
                    await turn(now, poll_gap_ns)
                else:
                    await self._idle(min(poll_ns, poll_ns if beat_ns is None else beat_ns) - now)
        except DeviceError as error:
            self.failure = error
        finally:
            self._let_go(self.gone())

    async def _idle(self, ns: int) -> None:
        await self._line.idle(self._clock.real_s(ns / 1e9))

    async def _refresh(self, now_ns: int) -> None:
        dog = self._chart.watchdog
        if dog is not None:
            self._on_beat(now_ns - self._fed_ns > self._timeout_ns)
            if isinstance(await self.write(dog.register, dog.value), Written):
                self._fed_ns = now_ns

    async def write(self, register: int, value: int) -> Answer | None:
        """Write one register; None: no answer in time, or a stop came.

        Raises:
            PortLost: the connection broke off, or the chair has been silent for too long.
        """
        return self._heard(await self._line.write(register, value))

    async def read(self, block: Block) -> Answer | None:
        """Read registers. Raises as `write`."""
        return self._heard(await self._line.read(block.table, block.address, block.count))

    def _heard(self, answer: Answer | None) -> Answer | None:
        """Silence for too long is a loss, if it was the chair that was silent and not we."""
        self.heard_ns = max(self.heard_ns, self._line.heard_ns)
        patience_s = self._clock.patience_s(SILENCE_S, _LEAST_SILENCE_S) * self._clock.speed
        if answer is None and self._clock.now_ns() - self.heard_ns > patience_s * 1e9:
            raise PortLost(self._port, self._device, "it has fallen silent")
        return answer

    async def ask(self, writes: list[tuple[int, int]], *, moves: bool = False, first: bool = False) -> Refusal | None:
        """Have `writes` written and confirmed, or say why not."""
        done = self.jobs.add(writes, moves=moves, first=first)
        self._line.wake()
        return await done

    def insist(self, writes: list[tuple[int, int]]) -> asyncio.Future[Refusal | None]:
        """Have `writes` written before anything else; if they are not confirmed the chair is stopped."""
        done = self.jobs.add(writes, first=True)
        done.add_done_callback(self._or_stop)
        self._line.wake()
        return done

    def _or_stop(self, done: asyncio.Future[Refusal | None]) -> None:
        if not done.cancelled() and done.exception() is None and done.result() not in {None, Refusal.STOPPED}:
            self.stop()

    @property
    def stop_owed(self) -> bool:
        """A stop has been asked for and is not confirmed."""
        return self._confirmed is not None and not self._confirmed.done()

    def stop(self) -> asyncio.Future[None]:
        """Stop: it is the next thing on the wire, and repeated until the chair has confirmed it."""
        self.stops += 1
        self.jobs.refuse(Refusal.STOPPED)
        if self._confirmed is None or self._confirmed.done():
            self._confirmed = asyncio.get_running_loop().create_future()
            self._line.interrupt()
        return self._confirmed

    async def _ask_stop(self) -> None:
        order, confirmed = self._chart.stop, self._confirmed
        if order is None or confirmed is None:
            return
        answer = self._heard(await self._line.write(order.register, order.value, overtaking=True))
        if isinstance(answer, Written) and not confirmed.done():
            confirmed.set_result(None)
            self.jobs.add(values(self._chart.safe.on_stop), first=True)

    def gone(self) -> DeviceError:
        """Why nothing can be said any more."""
        return NotConnected(self._port, self._device) if self.failure is None else self.failure

    def _let_go(self, error: DeviceError) -> None:
        """Nobody waits for a dead link."""
        self.jobs.fail(error)
        if self._confirmed is not None and not self._confirmed.done():
            self._confirmed.set_exception(error)
            self._confirmed.exception()  # known, even when nobody waits for it
