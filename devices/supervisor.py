"""Keeps one device connected: opens it, notices silence, tries again, and tells the room in one stream of events.

A device may be pulled out, switched off or appear behind the same path as another port; the room sees `Disconnected`
once, then `Connected` with a new epoch. A stop that could not be delivered is delivered first thing after that. The
first new attempt follows within a tenth of a second, the next ones ever more slowly; only a connection that has lasted
counts as a success. Leaving waits until the driver has stopped what it began, also when we are cancelled meanwhile.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Protocol, Self

from devices.clock import Clock
from devices.errors import CommandRefused, DeviceError, NoAnswer, NotConnected, PortLost
from devices.events import ChairCommand, Connected, DeviceEvent, Disconnected, Identity, StopMotion
from devices.stall import STALL_S, Flow
from signals.samples import Channel

SILENCE_S = 1.5
CONNECT_S = 40.0
"""More than any driver allows itself for its first words, by air and by cable; what takes longer hangs."""
LASTING_S = 5.0
LEAST_SILENCE_S = 0.4
LEAST_STALL_S = 1.5
_LOOK_S = 1.0
_OUR_DELAY_S = 0.02
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0

log = logging.getLogger(__name__)


class Driver(Protocol):
    """What every driver is: identify and open on entering, a stream of events, perhaps commands."""

    epoch: int
    heard_ns: int

    @property
    def identity(self) -> Identity: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def events(self) -> AsyncIterator[DeviceEvent]: ...
    async def command(self, command: ChairCommand) -> None: ...


class Supervised:
    """A device that comes back by itself. An async context manager; inside it `events()` and `command()`.

    Attributes:
        device: id of the device in this room.
        epoch: how many connections there have been.
    """

    def __init__(
        self, device: str, make_driver: Callable[[], Driver], clock: Clock, *, connect_s: float = CONNECT_S
    ) -> None:
        """`connect_s`: how long opening may take, real seconds."""
        self.device = device
        self._connect_s = connect_s
        self.epoch = 0
        self._make_driver, self._clock = make_driver, clock
        self._driver: Driver | None = None
        self._opening: Driver | None = None
        self._events: asyncio.Queue[DeviceEvent] = asyncio.Queue()
        self._told: type[DeviceError] | None = None
        self._since_ns = 0
        self._stop_owed = False
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._driver is not None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep(), name=f"supervisor of {self.device}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await asyncio.wait([task])  # a sensor must not stay on because somebody is in a hurry
            raise

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """Connections, losses and everything that the device says, for as long as the context is open."""
        while True:
            yield await self._events.get()

    async def command(self, command: ChairCommand) -> None:
        """Pass `command` to the device.

        Raises:
            NotConnected: it is not there now. A `StopMotion` is kept and given first thing when it is back; while the
                device is being opened it is given as soon as there is a link.
            CommandRefused: by the driver or the device.
        """
        driver = self._opening if self._driver is None and isinstance(command, StopMotion) else self._driver
        if driver is None:
            self._stop_owed = self._stop_owed or isinstance(command, StopMotion)
            raise NotConnected(device=self.device)
        try:
            await driver.command(command)
        except CommandRefused:
            raise
        except DeviceError:
            self._stop_owed = self._stop_owed or isinstance(command, StopMotion)
            raise

    async def _keep(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            self._since_ns = 0
            try:
                await self._one_connection()
            except DeviceError as error:
                self._tell(error)
            except Exception as error:  # ours to mend; the room must not lose the device for it
                log.exception("%s: the driver failed", self.device)
                self._tell(DeviceError(device=self.device, detail=f"{type(error).__name__} in the driver"))
            if self._since_ns and self._clock.now_ns() - self._since_ns >= LASTING_S * 1e9:
                pause_s = _FIRST_PAUSE_S
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _one_connection(self) -> None:
        driver = self._make_driver()
        driver.epoch = self.epoch + 1
        self._opening = driver
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._connect_s):
                    await stack.enter_async_context(driver)
            except TimeoutError as error:
                raise NoAnswer(device=self.device, detail=f"not ready after {self._connect_s:g} s") from error
            if self._stop_owed:
                await self._pay_stop(driver)
            self.epoch += 1
            self._since_ns = self._clock.now_ns()
            self._told = None
            self._driver = driver
            self._events.put_nowait(Connected(self.device, self._clock.now_ns(), driver.identity, self.epoch))
            try:
                flow = Flow(round(self._clock.patience_s(STALL_S, LEAST_STALL_S) * self._clock.speed * 1e9))
                await self._first_of(self._pump(driver, flow), self._watch(driver), self._watch_flow(driver, flow))
            finally:
                self._driver = self._opening = None

    async def _pay_stop(self, driver: Driver) -> None:
        """Before anybody else can command the chair, give the stop that it has missed."""
        try:
            async with asyncio.timeout(self._clock.patience_s(SILENCE_S)):
                await driver.command(StopMotion())
        except TimeoutError as error:
            raise PortLost(device=self.device, detail="it does not confirm a stop") from error
        self._stop_owed = False

    async def _first_of(self, *jobs: Coroutine[None, None, None]) -> None:
        """Until the first of the jobs ends; its error is ours."""
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, driver: Driver, flow: Flow) -> None:
        async for event in driver.events():
            flow.note(event, self._clock.now_ns())
            self._events.put_nowait(event)
        raise PortLost(device=self.device)

    async def _watch(self, driver: Driver) -> None:
        silence_s = getattr(driver, "silence_s", SILENCE_S)  # a driver says so whose device speaks seldom
        patience_ns = round(self._clock.patience_s(silence_s, LEAST_SILENCE_S) * self._clock.speed * 1e9)
        while True:
            heard_ns = driver.heard_ns
            await self._clock.sleep((heard_ns + patience_ns - self._clock.now_ns()) / 1e9)
            await asyncio.sleep(_OUR_DELAY_S)  # if it was we who were late, what lies in the port comes first
            if driver.heard_ns == heard_ns:
                raise PortLost(device=self.device, detail="it has fallen silent")

    async def _watch_flow(self, driver: Driver, flow: Flow) -> None:
        doubted: Channel | None = None
        while True:
            channel = flow.stalled(driver.identity, self._clock.now_ns())
            if channel is not None and channel is doubted:
                raise PortLost(device=self.device, detail=f"it talks, but {channel} has stopped")
            doubted = channel  # if it was we who were late, what lies in the port comes first
            await self._clock.sleep(_LOOK_S)

    def _tell(self, error: DeviceError) -> None:
        if type(error) is not self._told:
            self._told = type(error)
            self._events.put_nowait(Disconnected(self.device, self._clock.now_ns(), error))
