"""A BLE peripheral through BlueZ, by bleak: connect, read, write, be told, leave cleanly.

Notifications wait in a bounded queue; each is dated in the callback, when it has come through D-Bus. The connection is
ended on every way out, also when the task is cancelled: a sensor that stays connected is lost to everybody else.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from devices.address import Address
from devices.clock import Clock
from devices.errors import CommandRefused, DeviceError, NotConnected, PortLost, WrongDevice
from devices.links.link import Notification
from devices.links.radio import FAULTS, Radio, cause, radio

LOOK_S = 4.0
"""A strap that is worn advertises at least once a second."""
CONNECT_S = 8.0
_ANSWER_S = 5.0
_LEAVE_S = 3.0
_MOST_WAITING = 2048
_UNKNOWN_RSSI = -127


class Peripheral:
    """One peripheral, a `GattLink`. An async context manager.

    Attributes:
        port: the address as it was given.
        name: as it advertises itself; "" where it does not.
        dropped: notifications lost here because nobody took them in time.
    """

    def __init__(self, port: str, address: Address, device: str, clock: Clock) -> None:
        self.port, self.device = port, device
        self.name = ""
        self.dropped = 0
        self._address, self._clock = address, clock
        self._radio: Radio | None = None
        self._client: BleakClient | None = None
        self._table: dict[str, BleakGATTCharacteristic] = {}
        self._waiting: deque[Notification] = deque()
        self._news = asyncio.Event()
        self._gone = False

    @property
    def rssi_dbm(self) -> int | None:
        """As its last advertisement was heard, dBm."""
        seen = self._radio.heard.get(self._address.place) if self._radio is not None else None
        return seen.rssi_dbm if seen is not None and seen.rssi_dbm != _UNKNOWN_RSSI else None

    async def __aenter__(self) -> Self:
        """Find and connect.

        Raises:
            BluetoothOff: no adapter, or switched off.
            PortForbidden: the system does not let us use it.
            OutOfReach: it is not there, or could not be connected.
        """
        self._radio = await radio(self._address.adapter, self.port, self.device)
        try:
            async with self._radio.reach(self._address.place, LOOK_S) as found:
                await self._connect(found)
        except (*FAULTS, DeviceError) as error:
            raise cause(error, self.port, self.device) from error
        finally:
            self._radio.forget(self._address.place)
        return self

    async def _connect(self, found: BLEDevice) -> None:
        self.name = found.name or ""
        client = BleakClient(found, self._lost, timeout=CONNECT_S)
        await client.connect()
        self._client = client
        for service in client.services:
            for characteristic in service.characteristics:
                self._table.setdefault(characteristic.uuid.lower(), characteristic)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        leaving = asyncio.create_task(self._leave(client))
        try:
            await asyncio.shield(leaving)
        except asyncio.CancelledError:
            await leaving
            raise

    @staticmethod
    async def _leave(client: BleakClient) -> None:
        with contextlib.suppress(*FAULTS, AssertionError):  # bleak asserts that the bus is there
            async with asyncio.timeout(_LEAVE_S):
                await client.disconnect()

    def _lost(self, _client: BleakClient) -> None:
        self._gone = True
        self._news.set()

    def has(self, uuid: str) -> bool:
        """Whether the peripheral has this characteristic."""
        return uuid in self._table

    def most_bytes(self, uuid: str) -> int:
        """How many bytes one write without response may carry."""
        return self._find(uuid).max_write_without_response_size

    async def read(self, uuid: str) -> bytes:
        """The value of a characteristic.

        Raises:
            WrongDevice: it has none such.
            CommandRefused: it does not allow it, as when it wants to be paired first.
            PortLost: the connection broke off.
        """
        async with self._asking() as client:
            return bytes(await client.read_gatt_char(self._find(uuid)))

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a value; with `response` returns when the peripheral has acknowledged it. Raises as `read`."""
        async with self._asking() as client:
            await client.write_gatt_char(self._find(uuid), data, response=response)

    async def listen(self, uuid: str) -> None:
        """Have the peripheral send this characteristic unasked. Raises as `read`."""

        def take(_of: BleakGATTCharacteristic, data: bytearray) -> None:
            self._take(Notification(uuid, bytes(data), self._clock.now_ns()))

        async with self._asking() as client:
            await client.start_notify(self._find(uuid), take)

    async def deafen(self, uuid: str) -> None:
        """The reverse of `listen`; does nothing where the link is gone."""
        if self._gone or self._client is None:
            return
        async with self._asking() as client:
            await client.stop_notify(self._find(uuid))

    async def next(self, within_s: float) -> Notification | None:
        """The oldest notification not yet taken; waits up to `within_s` real seconds, then None.

        Raises:
            PortLost: the connection broke off and everything that came before has been taken.
        """
        if not self._waiting and not self._gone and within_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._news.wait()
        self._news.clear()
        if self._waiting:
            return self._waiting.popleft()
        self._still_there()
        return None

    def _take(self, notification: Notification) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(notification)
        self._news.set()

    def _find(self, uuid: str) -> BleakGATTCharacteristic:
        found = self._table.get(uuid)
        if found is None:
            raise WrongDevice(self.port, self.device, f"{self.name or 'it'} has no value {uuid}")
        return found

    def _still_there(self) -> BleakClient:
        if self._client is None:
            raise NotConnected(self.port, self.device)
        if self._gone:
            raise PortLost(self.port, self.device, remedy="come back into reach; the connection comes back by itself")
        return self._client

    @contextlib.asynccontextmanager
    async def _asking(self) -> AsyncIterator[BleakClient]:
        client = self._still_there()
        try:
            async with asyncio.timeout(_ANSWER_S):
                yield client
        except FAULTS as error:
            if isinstance(error, BleakError) and client.is_connected:  # the device, or BlueZ, said no
                raise CommandRefused(self.port, self.device, str(error), "pair it first, or use another one") from error
            detail = "it does not answer" if isinstance(error, TimeoutError) else str(error)
            raise PortLost(self.port, self.device, "" if self._gone else detail) from error
