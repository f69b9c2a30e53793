"""One Bluetooth adapter, shared by all its sensors: who is in reach, and one thing at a time.

BlueZ answers "InProgress" when several connections are begun at once, and a connection fails more often while a scan
runs. So an adapter has one turn, taken by a scan or by one connection. Whoever misses a device joins the same scan; the
scan gives way as soon as one of the missed is heard, and goes on for the others afterwards.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError
from dbus_fast.unpack import unpack_variants

from devices.errors import BluetoothOff, DeviceError, OutOfReach, PortForbidden

FAULTS = (BleakError, DBusError, OSError, EOFError, TimeoutError, ValueError)
"""What bleak and D-Bus raise."""

_BUS_WITHIN_S = 5.0
_STILL_TRUE_S = 1.0
_FORBIDDEN = "org.freedesktop.DBus.Error.AccessDenied"
_NOBODY = ("org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner")
_OFF = ("org.bluez.Error.NotReady", "org.freedesktop.DBus.Error.UnknownObject")
_START_BLUETOOTH = "start Bluetooth: `systemctl enable --now bluetooth`"
_GROUP = "add this user to the group bluetooth (`sudo usermod -aG bluetooth $USER`) and sign in again"


@dataclass(frozen=True, slots=True)
class Seen:
    """An advertisement.

    Attributes:
        address: upper case.
        name: as advertised; "" where there is none.
        services: UUIDs, 128 bits, lower case.
        adapter: which one heard it ("hci0").
    """

    address: str
    name: str
    rssi_dbm: int
    services: tuple[str, ...]
    adapter: str


class Radio:
    """One adapter.

    Attributes:
        adapter: its name ("hci0").
        heard: address -> the last advertisement.
    """

    def __init__(self, adapter: str) -> None:
        self.adapter = adapter
        self.heard: dict[str, Seen] = {}
        self._at: dict[str, tuple[BLEDevice, float]] = {}
        self._fresh: set[str] = set()
        self._turn = asyncio.Lock()
        self._missed: dict[asyncio.Future[BLEDevice], str] = {}
        self._give_way = asyncio.Event()
        self._scan: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def reach(self, address: str, within_s: float) -> AsyncIterator[BLEDevice]:
        """Hear from `address`, then have the adapter alone for the length of the block, to connect.

        Raises:
            OutOfReach: not heard within `within_s` real seconds.
            BleakError: the adapter failed.
        """
        found = await self._find(address, within_s)
        self._give_way.set()
        async with self._turn:
            yield found

    async def listen(self, seconds: float) -> list[Seen]:
        """Everything that advertises within `seconds` of real time."""
        async with self._turn, self._scanner():
            self._fresh.clear()
            await asyncio.sleep(seconds)
        return [self.heard[address] for address in self._fresh]

    async def _find(self, address: str, within_s: float) -> BLEDevice:
        loop = asyncio.get_running_loop()
        known = self._at.get(address)
        if known is not None and loop.time() - known[1] < _STILL_TRUE_S:
            return known[0]
        for held in await self._held():  # by another program, or by us before a crash: it advertises no more
            if held.address.upper() == address:
                return held
        wish: asyncio.Future[BLEDevice] = loop.create_future()
        self._missed[wish] = address
        if self._scan is None or self._scan.done():
            self._scan = asyncio.create_task(self._look(), name=f"scan of {self.adapter}")
        try:
            async with asyncio.timeout(within_s):
                return await wish
        except TimeoutError:
            raise OutOfReach(f"ble:{address}") from None
        finally:
            del self._missed[wish]
            if not self._missed:
                self._give_way.set()

    async def _held(self) -> list[BLEDevice]:
        """Devices that this adapter is connected to at the moment."""
        above = f"/org/bluez/{self.adapter}/"
        held = [
            (path, parts["org.bluez.Device1"])
            for path, parts in (await _bluez()).items()
            if path.startswith(above) and "org.bluez.Device1" in parts
        ]
        return [
            BLEDevice(props["Address"], props.get("Name"), {"path": path, "props": props})
            for path, props in held
            if props["Connected"]
        ]

    async def _look(self) -> None:
        """Scan for as long as somebody misses a device."""
        try:
            while self._missed:
                async with self._turn:
                    self._give_way.clear()
                    async with self._scanner():
                        await self._give_way.wait()
        except FAULTS as error:
            for wish in self._missed:
                if not wish.done():
                    wish.set_exception(error)

    def _scanner(self) -> BleakScanner:
        return BleakScanner(self._hear, bluez={"adapter": self.adapter})

    def _hear(self, found: BLEDevice, said: AdvertisementData) -> None:
        address = found.address.upper()
        self._at[address] = found, asyncio.get_running_loop().time()
        self._fresh.add(address)
        self.heard[address] = Seen(
            address,
            said.local_name or found.name or "",
            said.rssi,
            tuple(uuid.lower() for uuid in said.service_uuids),
            self.adapter,
        )
        for wish, missed in self._missed.items():
            if missed == address and not wish.done():
                wish.set_result(found)
                self._give_way.set()

    def forget(self, address: str) -> None:
        """It was connected, or failed to be: that it advertised before says nothing any more."""
        self._at.pop(address, None)


_RADIOS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Radio]] = WeakKeyDictionary()


async def radio(adapter: str, port: str = "", device: str = "") -> Radio:
    """The adapter of this name, or the first that is switched on when the name is "".

    Raises:
        BluetoothOff: there is no Bluetooth here, or it is switched off.
        PortForbidden: the system does not let us use it.
    """
    there = await adapters(port, device)
    if not there:
        raise BluetoothOff(port, device, "there is no adapter")
    name = adapter or next((name for name, on in there.items() if on), next(iter(there)))
    if name not in there:
        raise BluetoothOff(port, device, f"there is no {name}; there is {', '.join(there)}")
    if not there[name]:
        raise BluetoothOff(port, device, f"{name} is switched off")
    return _RADIOS.setdefault(asyncio.get_running_loop(), {}).setdefault(name, Radio(name))


async def adapters(port: str = "", device: str = "") -> dict[str, bool]:
    """The adapters of this machine in order, and whether each is switched on.

    Raises:
        BluetoothOff: no D-Bus, or no BlueZ on it.
        PortForbidden: the system does not let us use it.
    """
    try:
        there = await _bluez()
    except FAULTS as error:
        raise cause(error, port, device) from error
    found = {
        path.rpartition("/")[2]: bool(parts["org.bluez.Adapter1"]["Powered"])
        for path, parts in there.items()
        if "org.bluez.Adapter1" in parts
    }
    return dict(sorted(found.items()))


async def _bluez() -> dict[str, dict[str, dict[str, Any]]]:
    """Everything that BlueZ knows: path -> interface -> property -> value."""
    ask = Message(
        destination="org.bluez", path="/", interface="org.freedesktop.DBus.ObjectManager", member="GetManagedObjects"
    )
    bus: MessageBus | None = None
    try:
        async with asyncio.timeout(_BUS_WITHIN_S):
            bus = MessageBus(bus_type=BusType.SYSTEM)
            await bus.connect()
            reply = await bus.call(ask)
    finally:
        if bus is not None:
            bus.disconnect()
    if reply.message_type is MessageType.ERROR:
        raise BleakDBusError(reply.error_name or "", reply.body)
    found: dict[str, dict[str, dict[str, Any]]] = unpack_variants(reply.body[0])
    return found


def cause(error: BaseException, port: str, device: str) -> DeviceError:
    """What an error of Bluetooth means for a person."""
    match error:
        case DeviceError():
            return type(error)(port, device, error.detail, error.remedy)
        case BleakDBusError() if error.dbus_error == _FORBIDDEN:
            return PortForbidden(port, device, "Bluetooth", _GROUP)
        case BleakDBusError() if error.dbus_error in _NOBODY:
            return BluetoothOff(port, device, "the Bluetooth service is not running", _START_BLUETOOTH)
        case BleakDBusError() if error.dbus_error in _OFF:
            return BluetoothOff(port, device, error.dbus_error_details or "the adapter went away")
        case BleakBluetoothNotAvailableError() if error.reason is BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM:
            return PortForbidden(port, device, "Bluetooth", _GROUP)
        case BleakBluetoothNotAvailableError():
            return BluetoothOff(port, device, str(error.args[0]))
        case BleakError():
            return OutOfReach(port, device, f"the connection failed: {error}")
        case TimeoutError():
            return OutOfReach(port, device, "it does not answer")
        case PermissionError():
            return PortForbidden(port, device, "Bluetooth", _GROUP)
        case _:
            return BluetoothOff(port, device, f"no D-Bus: {str(error) or type(error).__name__}", _START_BLUETOOTH)
