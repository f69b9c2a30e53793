"""A simulated BLE peripheral in virtual time, and the host's end of it (a `GattLink`): BlueZ, bleak and air left out.

For what needs many minutes of a peripheral in milliseconds: traffic to fuzz and to measure with. That the real bleak
does the same is tested over the virtual BlueZ (`tests/devices/`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from devices.errors import NotConnected, WrongDevice
from devices.links.link import Notification
from firmware_sim.gatt import GattFirmware
from firmware_sim.virtual import TICK_S, World


class Air:
    """A peripheral that runs in a world.

    Attributes:
        told: called with (uuid, value, second) for each notification that reaches the host.
    """

    def __init__(self, world: World, firmware: GattFirmware) -> None:
        self.world, self.firmware = world, firmware
        self.told: Callable[[str, bytes, float], None] | None = None
        self.end: AirEnd | None = None
        self.values = {of.uuid: of.value for service in firmware.peripheral.services for of in service.characteristics}
        world.at(world.now_s + TICK_S, self._tick)

    def _tick(self) -> None:
        self.firmware.advance(self.world.now_s)
        self.flush()
        self.world.at(self.world.now_s + TICK_S, self._tick)

    def flush(self) -> None:
        """What the peripheral has to say arrives."""
        self.values.update(self.firmware.values())
        for uuid, value in self.firmware.output():
            if self.end is None:
                continue
            if self.told is not None:
                self.told(uuid, value, self.world.now_s)
            self.end.take(Notification(uuid, value, round(self.world.now_s * 1e9)))


class AirEnd:
    """The host's end."""

    rssi_dbm = -60
    dropped = 0

    def __init__(self, air: Air) -> None:
        self.port, self.name = "virtual", air.firmware.peripheral.name
        self._air = air
        self._waiting: deque[Notification] = deque()
        self._news = asyncio.Event()

    def take(self, notification: Notification) -> None:
        self._waiting.append(notification)
        self._air.world.stirred = True
        self._news.set()

    async def __aenter__(self) -> Self:
        self._air.end = self
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._air.end = None
        self._air.firmware.left(self._air.world.now_s)

    @property
    def _firmware(self) -> GattFirmware:
        if self._air.end is not self:
            raise NotConnected(self.port)
        return self._air.firmware

    def has(self, uuid: str) -> bool:
        return uuid in self._air.values

    def most_bytes(self, uuid: str) -> int:  # noqa: ARG002 - the same for all
        return 244

    async def read(self, uuid: str) -> bytes:
        if not self.has(uuid):
            raise WrongDevice(self.port)
        self._firmware.advance(self._air.world.now_s)
        self._air.flush()
        return self._air.values[uuid]

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:  # noqa: ARG002 - nothing is lost
        self._firmware.written(uuid, data, self._air.world.now_s)
        self._air.flush()

    async def listen(self, uuid: str) -> None:
        self._firmware.subscribed(uuid, self._air.world.now_s, on=True)
        self._air.flush()

    async def deafen(self, uuid: str) -> None:
        if self._air.end is self:
            self._firmware.subscribed(uuid, self._air.world.now_s, on=False)

    async def next(self, within_s: float) -> Notification | None:
        if not self._waiting:
            self._news.clear()
            try:
                async with asyncio.timeout(max(0.0, within_s)):
                    await self._news.wait()
            except TimeoutError:
                return None
        return self._waiting.popleft()
