"""A simulated BLE device on a Bluetooth adapter: firmware, antenna, clock. What `twin.py` is for a cable.

It is registered with BlueZ through D-Bus as a GATT application with an advertisement, on a real adapter or on a virtual
one. One device per adapter, for an adapter has one address. `bluetoothd` must allow it (the group bluetooth).
"""

import asyncio
import contextlib
import math
from typing import Any

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from devices.clock import Clock
from firmware_sim.gatt import GattFirmware
from firmware_sim.gatt_objects import ADVERTISEMENT, ROOT, Advertisement, Application, ServiceObject, ValueObject
from firmware_sim.line import Line, LinkConditions
from firmware_sim.noise import Noise
from firmware_sim.twin import TICK_S, Firmware, Twin

_LEAST_TICK_S = 0.004
_DEVICE = "org.bluez.Device1"


class AirError(Exception):
    """The device could not go on the air. One line: which adapter, and why."""


class Antenna:
    """Switched on, the device advertises; switched off, it is out of reach."""

    def __init__(self) -> None:
        self.plugged = True
        self.changed = asyncio.Event()

    def plug(self) -> None:
        self.plugged = True
        self.changed.set()

    def unplug(self) -> None:
        self.plugged = False
        self.changed.set()


class GattTwin:
    """One BLE device that runs.

    Attributes:
        firmware: its rules and its seat.
        adapter: the adapter that it is on ("hci1").
        port: its antenna.
        line: what its notifications come through, value by value.
        noise: share of notifications that are spoilt on the way: by air these are lost.
        mute: it has hung itself up: connected, and silent.
        hung: its firmware stands still.
        on_air: set while it advertises.
    """

    def __init__(
        self,
        firmware: GattFirmware,
        adapter: str,
        clock: Clock,
        *,
        seed: int = 0,
        link: LinkConditions | None = None,
        drift_ppm: float = 0.0,
    ) -> None:
        self.firmware, self.adapter = firmware, adapter
        self.port = Antenna()
        self.noise = Noise(seed, link.noise_share if link else 0.0)
        self.line: Line[tuple[str, bytes]] = Line(seed + 1, lambda told: len(told[1]), link)
        self.mute = self.hung = False
        self.on_air = asyncio.Event()
        self._clock, self._drift = clock, drift_ppm * 1e-6
        self._born_ns = clock.now_ns()
        self._stood_s = self._hung_at_s = 0.0
        self._broken = False
        self._bus: MessageBus | None = None
        self._values: dict[str, ValueObject] = {}
        self._now = {of.uuid: of.value for service in firmware.peripheral.services for of in service.characteristics}

    @property
    def _awake_s(self) -> float:
        return (self._clock.now_ns() - self._born_ns) / 1e9 * (1 + self._drift)

    @property
    def now_s(self) -> float:
        """Seconds of the device's own clock since it was built; its crystal may run fast, and stops while it hangs."""
        return (self._hung_at_s if self.hung else self._awake_s) - self._stood_s

    async def run(self) -> None:
        """On the air, until cancelled.

        Raises:
            AirError: BlueZ does not take it.
        """
        tick_s = max(self._clock.real_s(TICK_S), _LEAST_TICK_S)
        bus = MessageBus(bus_type=BusType.SYSTEM)
        try:
            await bus.connect()
            self._bus = bus
            await self._register(bus)
            while True:
                if self.port.plugged != self.on_air.is_set():
                    await (self._appear() if self.port.plugged else self._vanish())
                wait_s = tick_s
                if math.isfinite(self.line.next_s):
                    wait_s = min(wait_s, self._clock.real_s(max(0.0, self.line.next_s - self.now_s)))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self.port.changed.wait()
                self.port.changed.clear()
                self.step()
                self.send()
        except (DBusError, OSError, EOFError) as error:
            raise AirError(f"{self.adapter}: {error}; is the Bluetooth service there?") from error
        finally:
            self._bus = None
            self.on_air.clear()
            bus.disconnect()

    def step(self) -> None:
        """Time has passed."""
        broken = self.line.broken(self.now_s)
        if broken != self._broken:
            self._broken = broken
            (self.unplug if broken else self.port.plug)()
        if not self.hung:
            self.firmware.advance(self.now_s)

    def send(self) -> None:
        """What the firmware has to say goes into the air, and what has come through it to the host."""
        now_s = self.now_s
        for told in self.firmware.output():
            if not (self.mute or self.hung):
                self.line.put(told, now_s)
        for uuid, value in self.line.take(now_s):
            if not value or self.noise.spoil(value) == value:
                self.notify(uuid, value)

    def notify(self, uuid: str, value: bytes) -> None:
        """A value arrives at the host."""
        self._values[uuid].notify(value)

    def relink(self, link: LinkConditions) -> None:
        """The air becomes better or worse."""
        self.line.conditions = link
        self.noise.share = link.noise_share

    def unplug(self) -> None:
        """Out of reach; what was under way is lost."""
        self.line.cut()
        self.port.unplug()

    def hang(self, *, on: bool) -> None:
        """The firmware stops where it is, or goes on from there."""
        if on and not self.hung:
            self._hung_at_s = self._awake_s
        elif self.hung and not on:
            self._stood_s += self._awake_s - self._hung_at_s
        self.hung = on

    async def drop_link(self) -> None:
        """The device hangs up."""
        for path in await self._hosts():
            await self._call(path, _DEVICE, "Disconnect")

    async def _register(self, bus: MessageBus) -> None:
        objects: list[ServiceObject | ValueObject] = []
        for number, service in enumerate(self.firmware.peripheral.services):
            above = ServiceObject(f"{ROOT}/s{number:02d}", service)
            objects.append(above)
            for place, of in enumerate(service.characteristics):
                thing = ValueObject(
                    f"{above.path}/c{place:02d}", above, of, self._asked, self._written, self._subscribed
                )
                self._values[of.uuid] = thing
                objects.append(thing)
        bus.export(ROOT, Application(objects))
        for shown in objects:
            bus.export(shown.path, shown)
        bus.export(ADVERTISEMENT, Advertisement(self.firmware.peripheral))
        bus.add_message_handler(self._overheard)
        rule = f"type='signal',interface='org.freedesktop.DBus.Properties',path_namespace='{self._path}'"
        await self._call(
            "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", rule, at="org.freedesktop.DBus"
        )
        await self._call(self._path, "org.bluez.GattManager1", "RegisterApplication", "oa{sv}", ROOT, {})

    async def _appear(self) -> None:
        await self._call(
            self._path, "org.bluez.LEAdvertisingManager1", "RegisterAdvertisement", "oa{sv}", ADVERTISEMENT, {}
        )
        self.on_air.set()

    async def _vanish(self) -> None:
        self.on_air.clear()
        await self._call(self._path, "org.bluez.LEAdvertisingManager1", "UnregisterAdvertisement", "o", ADVERTISEMENT)
        await self.drop_link()

    @property
    def _path(self) -> str:
        return f"/org/bluez/{self.adapter}"

    async def _hosts(self) -> list[str]:
        """Who is connected to this device."""
        (objects,) = await self._call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        return [
            path
            for path, interfaces in objects.items()
            if path.startswith(self._path + "/") and _DEVICE in interfaces and interfaces[_DEVICE]["Connected"].value
        ]

    async def _call(
        self, path: str, interface: str, member: str, signature: str = "", *body: object, at: str = "org.bluez"
    ) -> list[Any]:
        if self._bus is None:
            raise AirError(f"{self.adapter}: the device is not on the air")
        reply = await self._bus.call(
            Message(destination=at, path=path, interface=interface, member=member, signature=signature, body=list(body))
        )
        if reply.message_type is MessageType.ERROR:
            raise AirError(f"{self.adapter}: {member}: {reply.error_name} {' '.join(map(str, reply.body))}".strip())
        return reply.body

    def _overheard(self, message: Message) -> None:
        """A host that leaves without a word stops listening."""
        if message.member != "PropertiesChanged" or message.body[0] != _DEVICE or "Connected" not in message.body[1]:
            return
        if not message.body[1]["Connected"].value:
            for value in self._values.values():
                value.turn(on=False)
            self.firmware.left(self.now_s)

    def _asked(self, uuid: str) -> bytes:
        self.firmware.advance(self.now_s)
        self._now.update(self.firmware.values())
        return self._now[uuid]

    def _written(self, uuid: str, data: bytes) -> None:
        self._now[uuid] = data
        self.firmware.written(uuid, data, self.now_s)
        self.send()

    def _subscribed(self, uuid: str, on: bool) -> None:
        self.firmware.subscribed(uuid, self.now_s, on=on)
        self.send()


AnyTwin = Twin[Firmware] | GattTwin
