"""The front door's wing for devices: what is plugged in, who it is, what it says, and whether it is well.

`xinyi devices` asks everywhere; a room that is running holds its devices, so what it knows is asked of it. Everything
is said in lines for a technician: the address, what is there, what is wrong, what to do now.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from devices.discovery import Found, Place
    from gateway.config import Config, DeviceConfig
    from gateway.live import DeviceView

ROOM_WITHIN_S = 1.5

kind_option = click.option("--kind", help="What it is, as `xinyi devices drivers` names it.")
map_option = click.option("--map", "map_", default="", help="Register map of a Modbus chair: a shipped name or a file.")


@click.group(invoke_without_command=True)
@config_option
@click.option("--no-bluetooth", is_flag=True, help="Ask only on serial ports.")
@click.option("--quick", is_flag=True, help="Only look; ask nobody who they are.")
@click.pass_context
def devices(ctx: click.Context, config: Path | None, no_bluetooth: bool, quick: bool) -> None:
    """What is plugged in and what advertises by Bluetooth, who it is, and what is wrong with it.

    Nothing is changed on the devices and nothing moves. Asking takes a few seconds a port. A room that is running
    holds its devices: what it knows of them is shown.
    """
    if ctx.invoked_subcommand is None:
        asyncio.run(_look(load_config(config), by_air=not no_bluetooth, quick=quick))


async def _look(settings: "Config", *, by_air: bool, quick: bool) -> None:
    from devices.clock import Clock
    from devices.discovery import Place, ask_all, merged

    held = {view.port: view for view in await _room_knows(settings)}
    configured = [
        Place(device.port, kind=device.kind, options=device.told)
        for device in settings.devices
        if device.port not in held
    ]
    for view in held.values():
        _tell_held(view)
    seen, trouble = await _seen(by_air=by_air)
    places = [place for place in merged(configured, seen) if not _is_held(place, held)]
    if trouble:
        click.echo(trouble)
    if quick:
        for place in places:
            click.echo(f"{place.address}  {place.hint or place.kind or 'not asked'}")
    else:
        known = _Known(settings)
        await ask_all(places, Clock(), known.tell)
    if not held and not places:
        click.echo("no device is here: plug one in, or switch a Bluetooth sensor on and put it on")


def _is_held(place: "Place", held: dict[str, "DeviceView"]) -> bool:
    from devices.address import same_place

    return any(same_place(place.address, port) for port in held)


async def _seen(*, by_air: bool) -> tuple[list["Place"], str]:
    """Everything that is there without being asked for, and why Bluetooth could not be looked at."""
    from devices.discovery import Place
    from devices.errors import DeviceError
    from devices.ports import serial_ports

    places = [Place(port.path, port.description, port) for port in serial_ports()]
    if not by_air:
        return places, ""
    from devices.scan import scan

    try:
        heard = await scan()
    except DeviceError as error:
        return places, f"Bluetooth: {error.what}; {error.remedy}"
    places += [Place(f"ble:{one.address}", one.name, services=one.services, rssi_dbm=one.rssi_dbm) for one in heard]
    return places, ""


async def _room_knows(settings: "Config") -> list["DeviceView"]:
    """The devices as the running room sees them; none where no room runs."""
    if not settings.room_socket.exists():
        return []
    from gateway.client import RoomClient

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ROOM_WITHIN_S), RoomClient(settings.room_socket, "devices") as client:
            async for frame in client.frames():
                if frame is not None:
                    return frame.devices
    return []


def _tell_held(view: "DeviceView") -> None:
    who = " ".join(filter(None, (view.model, view.serial, view.firmware and f"firmware {view.firmware}")))
    click.echo(f"{view.port}  {who or view.kind}")
    figures = [f"{view.id}, held by the room", str(view.health), f"{view.frames} frames, {view.lost_frames} lost"]
    if view.battery_percent is not None:
        figures.append(f"battery {view.battery_percent} %")
    if view.rssi_dbm is not None:
        figures.append(f"{view.rssi_dbm} dBm")
    click.echo("    " + ", ".join(figures))
    if view.advice:
        click.echo(f"    {view.advice}")


class _Known:
    """Tells what was found, with whom it belongs to by the site's memory."""

    def __init__(self, settings: "Config") -> None:
        from devices.known import Known
        from gateway.room.service import MEMORY

        self._settings = settings
        self._known = Known(settings.data / MEMORY)

    def tell(self, found: "Found") -> None:
        place, family, identity = found.place, found.family, found.identity
        if family is None:
            click.echo(f"{place.address}  {place.hint or 'unknown'}")
        else:
            who = " ".join(filter(None, (identity.maker, identity.model, identity.serial))) if identity else ""
            loud = "" if place.rssi_dbm is None else f", {place.rssi_dbm} dBm"
            click.echo(f"{place.address}  {family.kind}: {who or family.title}{loud}")
            if identity:
                click.echo(f"    {self._belongs(found)}")
        for note in found.notes:
            click.echo(f"    {note}")

    def _belongs(self, found: "Found") -> str:
        from devices.address import same_place
        from devices.known import key_of

        place, family, identity = found.place, found.family, found.identity
        assert family
        assert identity
        for device in self._settings.devices:
            if same_place(device.port, place.address):
                chair = f", belongs to {device.chair}" if device.chair else ""
                return f"configured as {device.id}{chair}"
        before = self._known.who(key_of(family.kind, identity, place.address))
        if before is None:
            lines = f'id = "…", kind = "{family.kind}", port = "{place.address}"'
            return f"new here; to use it, add a [[devices]] to xinyi.toml: {lines}"
        chair = f" of {before.chair}" if before.chair else ""
        return f'known as {before.device}{chair}, last at {before.port}; set port = "{place.address}" in xinyi.toml'


@devices.command()
def drivers() -> None:
    """The kinds of devices that are supported, what they give and how they are connected."""
    from devices.families import FAMILIES

    for family in FAMILIES:
        channels = ", ".join(family.channels)
        click.echo(f"{family.kind:<16}{family.title}")
        click.echo(f"{'':<16}{' or '.join(sorted(family.media))}; gives {channels}{'; moves' if family.chair else ''}")
        if family.unverified:
            click.echo(f"{'':<16}not verified: {family.unverified}")


def _one(settings: "Config", name: str | None, kind: str | None, map_: str) -> list["DeviceConfig"]:
    """The device that is meant: an id of the configuration, an address with a kind, or all that are configured."""
    from gateway.config import ConfigError, DeviceConfig, check_devices

    if name is None:
        if not settings.devices:
            raise ConfigError(
                "no device is configured; name a port and --kind, or add [[devices]] as in deploy/xinyi.toml"
            )
        return settings.devices
    by_id = [device for device in settings.devices if device.id == name]
    if by_id:
        return by_id
    if kind is None:
        ids = ", ".join(device.id for device in settings.devices) or "none"
        raise ConfigError(f"no device {name!r} is configured (there are: {ids}); for a port, say its --kind as well")
    device = DeviceConfig("device", kind, name, map=map_)
    check_devices("command line", [device])
    return [device]


@devices.command()
@config_option
@click.argument("device", required=False)
@kind_option
@map_option
def probe(config: Path | None, device: str | None, kind: str | None, map_: str) -> None:
    """Open DEVICE (an id, or a port with --kind; without it all that are configured) and say who answers."""
    from devices.errors import DeviceError
    from gateway.room.service import introduce

    settings = load_config(config)
    if device and kind is None and device not in {one.id for one in settings.devices}:
        problem = asyncio.run(_ask_one(device))
        if problem:
            click.echo(f"xinyi: {problem}", err=True)
            sys.exit(1)
        return
    failed = False
    for one in _one(settings, device, kind, map_):
        try:
            click.echo(f"{one.id}  {asyncio.run(introduce(one))}")
        except DeviceError as error:
            failed = True
            click.echo(f"xinyi: {error}", err=True)
    if failed:
        sys.exit(1)


async def _ask_one(address: str) -> str:
    """Find out who is at an address of which nothing is known; what is wrong, or ""."""
    from devices.address import AddressError, Medium, parse
    from devices.clock import Clock
    from devices.discovery import Place, ask

    try:
        medium = parse(address).medium
    except AddressError as error:
        return str(error)
    place = Place(address)
    if medium is Medium.BLE:
        seen, trouble = await _seen(by_air=True)
        place = next((one for one in seen if one.address.lower() == address.lower()), place)
        if trouble or place.services == ():
            return trouble or f"{address}: it does not advertise; switch it on, put it on, and bring it near"
    found = await ask(place, Clock())
    if not found.ok or found.family is None or found.identity is None:
        return f"{address}: {'; '.join(found.notes)}"
    identity = found.identity
    who = " ".join(filter(None, (identity.maker, identity.model, identity.serial)))
    click.echo(f"{address}  {found.family.kind}: {who or found.family.title}")
    for note in found.notes:
        click.echo(f"    {note}")
    return ""


@devices.command()
@config_option
@click.argument("device")
@kind_option
@map_option
@click.option("--seconds", type=float, help="End after so long; without it with Ctrl-C.")
def watch(config: Path | None, device: str, kind: str | None, map_: str, seconds: float | None) -> None:
    """Live values and link health of DEVICE, a line a second. It comes back by itself when it was unplugged."""
    from devices.clock import Clock
    from devices.watch import follow

    (one,) = _one(load_config(config), device, kind, map_)
    clock = Clock.from_environment()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(follow(one.id, lambda: one.driver(clock), clock, seconds, click.echo))


@devices.command()
@config_option
@click.argument("device")
@kind_option
@map_option
@click.option("--seconds", type=float, default=20.0, show_default=True, help="How long to listen.")
@click.option("--with-stop", is_flag=True, help="Also try a chair's stop; its reset has to be pressed afterwards.")
def selftest(config: Path | None, device: str, kind: str | None, map_: str, seconds: float, with_stop: bool) -> None:
    """Check DEVICE with a person at it: rates, losses, contact, battery, a chair's state. Nothing moves."""
    (one,) = _one(load_config(config), device, kind, map_)
    if not asyncio.run(_selftest(one, seconds, with_stop=with_stop)):
        sys.exit(1)


async def _selftest(one: "DeviceConfig", seconds: float, *, with_stop: bool) -> bool:
    from devices.clock import Clock
    from devices.selftest import selftest as run

    clock = Clock.from_environment()
    driver = one.driver(clock)
    failed = []
    async with contextlib.aclosing(run(one.family, driver, clock, seconds=seconds, with_stop=with_stop)) as checks:
        async for check in checks:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<18}{check.said}")
            if not check.ok:
                failed.append(check.name)
                click.echo(f"      {'':<18}{check.remedy}")
    verdict = "fit for a session" if not failed else f"not fit for a session: {', '.join(failed)}"
    click.echo(f"verdict: {one.id} ({one.family.title}) is {verdict}")
    return not failed
