"""The test's end of the virtual BlueZ: start it, add and remove adapters, make things go wrong."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

CENTRAL = 0


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02X}"


class VirtualBluez:
    """One that runs. Adapter 0 ("hci0") is the room's; devices are on the others."""

    async def add(self, number: int) -> None:
        await self._call("/org/bluezoo", "org.bluezoo.Manager1", "AddAdapter", "ys", number, mac(number))

    async def remove(self, number: int) -> None:
        await self._call("/org/bluezoo", "org.bluezoo.Manager1", "RemoveAdapter", "y", number)

    async def power(self, number: int, *, on: bool) -> None:
        await self._call("/org/bluezoo/test", "org.bluezoo.Test1", "Power", "yb", number, on)

    async def fail_connects(self, count: int) -> None:
        """The next `count` connections fail."""
        await self._call("/org/bluezoo/test", "org.bluezoo.Test1", "FailConnects", "u", count)

    async def _call(self, path: str, interface: str, member: str, signature: str, *body: object) -> None:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        try:
            reply = await bus.call(
                Message(
                    destination="org.bluez",
                    path=path,
                    interface=interface,
                    member=member,
                    signature=signature,
                    body=list(body),
                )
            )
            assert reply.message_type is not MessageType.ERROR, (member, reply.error_name, reply.body)
        finally:
            bus.disconnect()


@contextlib.contextmanager
def virtual_bluez() -> Iterator[VirtualBluez]:
    """Start it; for the length of the block it is this process's system bus."""
    script = Path(__file__).with_name("bluez_process.py")
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    with subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        assert address, "the virtual BlueZ did not start: is dbus-daemon installed?"
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        try:
            yield VirtualBluez()
        finally:
            process.stdin.close()
            if before is None:
                del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
            else:
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
