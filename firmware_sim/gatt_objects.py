"""The objects that a GATT application shows to BlueZ on D-Bus: services, values, advertisement.

BlueZ: doc/org.bluez.GattService.rst, org.bluez.GattCharacteristic.rst, org.bluez.LEAdvertisement.rst.
"""

from collections.abc import Callable
from typing import Annotated

from dbus_fast import PropertyAccess, Variant
from dbus_fast.annotations import DBusBool, DBusBytes, DBusDict, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from firmware_sim.gatt import Characteristic, Peripheral, Service

ROOT = "/xinyi/device"
ADVERTISEMENT = "/xinyi/advertisement"

_Names = Annotated[list[str], DBusSignature("as")]
_Objects = Annotated[dict[str, dict[str, dict[str, Variant]]], DBusSignature("a{oa{sa{sv}}}")]


class ServiceObject(ServiceInterface):
    """One service."""

    def __init__(self, path: str, service: Service) -> None:
        super().__init__("org.bluez.GattService1")
        self.path, self._uuid = path, service.uuid

    def shown(self) -> dict[str, Variant]:
        return {"UUID": Variant("s", self._uuid), "Primary": Variant("b", True)}

    @dbus_property(access=PropertyAccess.READ, name="UUID")
    def uuid(self) -> DBusStr:
        return self._uuid

    @dbus_property(access=PropertyAccess.READ, name="Primary")
    def primary(self) -> DBusBool:
        return True


class ValueObject(ServiceInterface):
    """One characteristic; `asked`, `written` and `subscribed` are called when the host does so."""

    def __init__(
        self,
        path: str,
        service: ServiceObject,
        of: Characteristic,
        asked: Callable[[str], bytes],
        written: Callable[[str, bytes], None],
        subscribed: Callable[[str, bool], None],
    ) -> None:
        super().__init__("org.bluez.GattCharacteristic1")
        self.path, self._service, self._of = path, service, of
        self._asked, self._written, self._subscribed = asked, written, subscribed
        self._value = of.value
        self.on = False

    def shown(self) -> dict[str, Variant]:
        return {
            "UUID": Variant("s", self._of.uuid),
            "Service": Variant("o", self._service.path),
            "Flags": Variant("as", list(self._of.flags)),
            "Notifying": Variant("b", self.on),
        }

    def notify(self, value: bytes) -> None:
        """Tell the host, if it listens."""
        self._value = value
        if self.on:
            self.emit_properties_changed({"Value": value})

    def turn(self, *, on: bool) -> bool:
        """The host listens, or no longer; whether that is news."""
        news, self.on = self.on != on, on
        if news:
            self.emit_properties_changed({"Notifying": on})
        return news

    @dbus_property(access=PropertyAccess.READ, name="UUID")
    def uuid(self) -> DBusStr:
        return self._of.uuid

    @dbus_property(access=PropertyAccess.READ, name="Service")
    def service(self) -> DBusObjectPath:
        return self._service.path

    @dbus_property(access=PropertyAccess.READ, name="Flags")
    def flags(self) -> _Names:
        return list(self._of.flags)

    @dbus_property(access=PropertyAccess.READ, name="Value")
    def value(self) -> DBusBytes:
        return self._value

    @dbus_property(access=PropertyAccess.READ, name="Notifying")
    def notifying(self) -> DBusBool:
        return self.on

    @dbus_method(name="ReadValue")
    def read_value(self, _options: DBusDict) -> DBusBytes:
        self._value = self._asked(self._of.uuid)
        return self._value

    @dbus_method(name="WriteValue")
    def write_value(self, value: DBusBytes, _options: DBusDict) -> None:
        self._written(self._of.uuid, bytes(value))

    @dbus_method(name="StartNotify")
    def start_notify(self) -> None:
        if self.turn(on=True):
            self._subscribed(self._of.uuid, True)

    @dbus_method(name="StopNotify")
    def stop_notify(self) -> None:
        if self.turn(on=False):
            self._subscribed(self._of.uuid, False)

    @dbus_method(name="Confirm")
    def confirm(self) -> None:
        """The host has taken an indication."""


class Application(ServiceInterface):
    """The table of values."""

    def __init__(self, objects: list[ServiceObject | ValueObject]) -> None:
        super().__init__("org.freedesktop.DBus.ObjectManager")
        self._objects = objects

    @dbus_method(name="GetManagedObjects")
    def get_managed_objects(self) -> _Objects:
        return {thing.path: {thing.name: thing.shown()} for thing in self._objects}


class Advertisement(ServiceInterface):
    """What the device says of itself before anybody connects."""

    def __init__(self, peripheral: Peripheral) -> None:
        super().__init__("org.bluez.LEAdvertisement1")
        self._peripheral = peripheral

    @dbus_property(access=PropertyAccess.READ, name="Type")
    def type(self) -> DBusStr:
        return "peripheral"

    @dbus_property(access=PropertyAccess.READ, name="ServiceUUIDs")
    def service_uuids(self) -> _Names:
        return list(self._peripheral.advertised)

    @dbus_property(access=PropertyAccess.READ, name="LocalName")
    def local_name(self) -> DBusStr:
        return self._peripheral.name

    @dbus_property(access=PropertyAccess.READ, name="Discoverable")
    def discoverable(self) -> DBusBool:
        return True

    @dbus_method(name="Release")
    def release(self) -> None:
        """BlueZ has taken the advertisement down."""
