"""A virtual BlueZ on a private D-Bus, for tests without hardware: run as a process of its own, never imported by ours.

It starts dbus-daemon and, in this process, bluezoo (GPL-2.0-only, a development tool, hence the process), and changes
what bluezoo 1.0.2 does not do as BlueZ does:

- Disconnect, by either side, takes the remote values away (else the second connection fails);
- a scan announces a device that it knows already (else the second scan sees nothing);
- links drop when the peripheral's program dies, or when an adapter is switched off or pulled out;
- a device that does not advertise cannot be connected; two connections at a time by one adapter are "InProgress"; an
  adapter that is off is "NotReady".

`org.bluezoo.Test1` at /org/bluezoo/test: FailConnects(n). The first line on stdout is the address of the bus; the
process ends when its stdin is closed, so that it can never outlive its test run.
"""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import sdbus
from bluezoo import bluezoo
from bluezoo.adapter import Adapter
from bluezoo.device import Device
from bluezoo.exceptions import DBusBluezFailedError, DBusBluezInProgressError, DBusBluezNotReadyError
from bluezoo.gatt.manager import GattManager

SCAN_EVERY_S = 0.1
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy>
</busconfig>"""

fail_connects = 0
connecting: set[int] = set()
connect_as_it_was, add_device_as_it_was = Device.connect, Adapter.add_device
start_discovery_as_it_was = Adapter.StartDiscovery


async def connect(self, uuid=None):
    global fail_connects  # noqa: PLW0603 - one process, one radio
    if fail_connects > 0:
        fail_connects -= 1
        raise DBusBluezFailedError("le-connection-abort-by-remote")
    if self.adapter.id in connecting:
        raise DBusBluezInProgressError("Operation already in progress")
    there = self.peer_adapter.mock.adapters.get(self.peer_adapter.id) is self.peer_adapter
    if not there or not self.peer_adapter.powered or not self.peer_adapter.advertisements:
        raise DBusBluezFailedError("le-connection-abort-by-remote")
    connecting.add(self.adapter.id)
    try:
        await connect_as_it_was(self, uuid)
    finally:
        connecting.discard(self.adapter.id)
    peer_view = self.peer_adapter.devices.get(self.peer.get_object_path())
    if peer_view is not None:
        peer_view.initiator = self  # the far side's Disconnect finds us by this
        if peer_view is not self.peer:
            await peer_view.Connected.set_async(True)
            self.peer = peer_view


async def disconnect(self, uuid=None):
    central = getattr(self, "initiator", None) or self  # the central's view owns the values
    central.connecting_task.cancel()
    values = list(central.services.values())
    central.services.clear()
    if central.connected:
        await central.Connected.set_async(False)
    if central.services_resolved:
        await central.ServicesResolved.set_async(False)
    if central.peer is not None and central.peer.connected:
        await central.peer.Connected.set_async(False)
    for value in reversed(values):
        subscription = getattr(value, "client_props_changed_subscription", None)
        if subscription is not None:
            subscription.unsubscribe()
            try:
                if value.client.Notifying.get(False):
                    await value.client.StopNotify()
            except Exception:  # noqa: BLE001 - the peripheral's program is gone
                pass
        with contextlib.suppress(KeyError):
            central.peer_adapter.mock.remove_object(value)


async def drop_links(adapter):
    for device in list(adapter.devices.values()):
        end = getattr(device, "initiator", None) or device
        if end.connected:
            await disconnect(end)


async def add_device(self, device):
    device.rssi = random.randint(-75, -45)
    await add_device_as_it_was(self, device)
    known = self.devices.get(device.get_object_path())
    if known is not None:
        known.rssi = device.rssi
        known.properties_changed.emit(("org.bluez.Device1", {"RSSI": ("n", known.rssi)}, []))


forget_application_as_it_was = GattManager._GattManager__del_gatt_application


async def forget_application(self, application):
    await drop_links(self)
    await forget_application_as_it_was(self, application)


remove_adapter_as_it_was = bluezoo.BluezMockService.del_adapter


async def remove_adapter(self, number):
    await drop_links(self.adapters[number])
    await remove_adapter_as_it_was(self, number)


create_discovering_as_it_was = bluezoo.BluezMockService.create_discovering_task


def create_discovering_task(self, number):
    if not self.adapters[number].powered:
        raise DBusBluezNotReadyError("Resource Not Ready")
    return create_discovering_as_it_was(self, number)


class TestControl(sdbus.DbusInterfaceCommonAsync, interface_name="org.bluezoo.Test1"):
    @sdbus.dbus_method_async(input_signature="u", input_args_names=["n"], flags=sdbus.DbusUnprivilegedFlag)
    async def FailConnects(self, n: int) -> None:  # noqa: N802 - D-Bus writes names so
        global fail_connects  # noqa: PLW0603
        fail_connects = n

    @sdbus.dbus_method_async(input_signature="yb", input_args_names=["id", "on"], flags=sdbus.DbusUnprivilegedFlag)
    async def Power(self, id: int, on: bool) -> None:  # noqa: A002, N802
        adapter = bluezoo.startup.service.adapters[id]
        if not on:
            await drop_links(adapter)
        await adapter.Powered.set_async(on)


async def serve(address):
    Device.connect, Device.disconnect = connect, disconnect
    Adapter.add_device = add_device
    GattManager._GattManager__del_gatt_application = forget_application
    bluezoo.BluezMockService.del_adapter = remove_adapter
    bluezoo.BluezMockService.create_discovering_task = create_discovering_task
    await bluezoo.startup(bus="system", auto_enable=True, scan_interval=SCAN_EVERY_S)
    control = TestControl()
    control.export_to_dbus("/org/bluezoo/test")
    print(address, flush=True)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    await over.wait()


def main():
    with tempfile.TemporaryDirectory(prefix="bluez-") as folder:
        address = f"unix:path={folder}/bus"
        configuration = Path(folder, "bus.conf")
        configuration.write_text(BUS.format(socket=f"{folder}/bus"))
        command = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile", "--print-address"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as daemon:
            try:
                assert daemon.stdout.readline(), "dbus-daemon did not start"
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
                asyncio.run(serve(address))
            finally:
                daemon.terminate()


main()
