"""A serial line by air: a BLE service with one value to write and one that notifies, as a `ByteLink`.

There is no standard for it; makers of modules have one each. Frames are written without response, in pieces that the
connection can carry. All pieces of a frame are handed to the adapter at once and in order, frame after frame, so
that a frame that overtakes never lands inside another one and never waits for an answer.

Nordic UART: bleak's examples/uart_service.py. Microchip (ISSC) transparent UART: UUIDs as public drivers of Berry's
oximeters have them.
"""

import asyncio
import contextlib
from collections import deque
from types import TracebackType
from typing import Self

from devices.address import Address
from devices.clock import Clock
from devices.errors import DeviceError, WrongDevice
from devices.links.ble import Peripheral

_LAST_WORDS_S = 0.5
_UARTS = (
    ("6e400002-b5a3-f393-e0a9-e50e24dcca9e", "6e400003-b5a3-f393-e0a9-e50e24dcca9e"),
    ("49535343-8841-43f4-a8d4-ecbe34729bb3", "49535343-1e4d-4bd9-ba61-23c647249616"),
)
"""(to the device, from the device) of each maker."""


class Uart:
    """One serial line by air, a `ByteLink`. An async context manager."""

    def __init__(self, port: str, address: Address, device: str) -> None:
        self.port, self.device = port, device
        self._air = Peripheral(port, address, device, Clock())
        self._to = self._from = ""
        self._most = 20
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._writer: asyncio.Task[None] | None = None
        self._handing: set[asyncio.Task[None]] = set()
        self._failed: DeviceError | None = None

    @property
    def rssi_dbm(self) -> int | None:
        return self._air.rssi_dbm

    @property
    def name(self) -> str:
        """As it advertises itself."""
        return self._air.name

    async def __aenter__(self) -> Self:
        """Connect and listen. Raises as `Peripheral`.

        Raises:
            WrongDevice: no serial line by air is there.
        """
        await self._air.__aenter__()
        try:
            self._to, self._from = self._values()
            self._most = self._air.most_bytes(self._to)
            await self._air.listen(self._from)
        except BaseException:
            await self._air.__aexit__(None, None, None)
            raise
        self._writer = asyncio.create_task(self._write(), name=f"writer of {self.port}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._writer is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LAST_WORDS_S):
                        await self._idle.wait()  # such as a stop: the last word of a driver that leaves
                self._writer.cancel()
                await asyncio.gather(self._writer, *self._handing, return_exceptions=True)
        finally:
            await self._air.__aexit__(None, None, None)

    def _values(self) -> tuple[str, str]:
        for pair in _UARTS:
            if all(map(self._air.has, pair)):
                return pair
        raise WrongDevice(self.port, self.device, f"{self.name or 'it'} carries no serial line by air")

    async def read(self, within_s: float) -> bytes:
        """What has arrived; waits up to `within_s` real seconds for it, then returns b"".

        Raises:
            PortLost: the connection broke off.
        """
        data = b""
        while (more := await self._air.next(0.0 if data else within_s)) is not None:
            data += more.data
        if not data and self._failed is not None:
            raise self._failed
        return data

    def write(self, data: bytes, *, overtaking: bool = False) -> None:
        """Queue one whole frame. With `overtaking` everything that waits is dropped and the adapter has it at once.

        Raises:
            PortLost: the connection broke off.
        """
        if self._failed is not None:
            raise self._failed
        if overtaking:
            self._queue.clear()
            self._hand(data)
            return
        self._queue.append(data)
        self._idle.clear()
        self._wake.set()

    async def _write(self) -> None:
        """One frame after the other; what the adapter has taken is answered before the next one goes."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await asyncio.gather(*self._hand(self._queue.popleft()))
            self._idle.set()

    def _hand(self, frame: bytes) -> list[asyncio.Task[None]]:
        """Give all pieces of a frame to the adapter, in order (tasks begin in the order in which they are made)."""
        pieces = [frame[i : i + self._most] for i in range(0, len(frame), self._most)]
        tasks = [asyncio.create_task(self._piece(piece)) for piece in pieces]
        self._handing.update(tasks)
        for task in tasks:
            task.add_done_callback(self._handing.discard)
        return tasks

    async def _piece(self, piece: bytes) -> None:
        try:
            await self._air.write(self._to, piece, response=False)
        except DeviceError as error:
            self._failed = error
