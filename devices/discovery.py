"""Who is there? Every port and everything that advertises, recognised without changing anything on the other side.

On a port: what speaks unasked is listened to first; then the question of each family is asked that could hang there,
those first whose USB adapters look like this one. Bluetooth devices are told by the services and names that they
advertise.
Only one program can hold a port: one that is busy is named, with who holds it.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devices.address import Medium, parse, same_place
from devices.clock import Clock
from devices.errors import DeviceError, NoAnswer, PortBusy, PortForbidden, WrongDevice
from devices.events import ChairStatus, Identity, LinkHealth
from devices.families import BY_KIND, FAMILIES, Family
from devices.ports import RULES_FILE, Port, access_rule, holder
from devices.supervisor import Driver
from signals.samples import Channel, Intervals, Samples

LOW_BATTERY_PERCENT = 20
FIRST_WORDS_S = 4.0
_SETTLES = {Channel.PPG, Channel.ECG, Channel.SPO2}


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere a device could be.

    Attributes:
        address: as in xinyi.toml.
        hint: what is known of it without asking ("CP2102 USB to UART Bridge", "Polar H10 12345678").
        port: the serial port, where it is one.
        kind: the kind that it must be (it is configured so), or "".
        services: BLE services that it advertises.
        rssi_dbm: how loud it is.
        options: what a configured device is told besides.
    """

    address: str
    hint: str = ""
    port: Port | None = None
    kind: str = ""
    services: tuple[str, ...] = ()
    rssi_dbm: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a place.

    Attributes:
        family: what it is, or None where nothing of ours answered.
        notes: what is wrong or worth knowing, a line each, with what to do.
    """

    place: Place
    family: Family | None = None
    identity: Identity | None = None
    notes: tuple[str, ...] = ()
    ok: bool = True


def candidates(place: Place) -> list[Family]:
    """The families that could be there, the likeliest first."""
    if place.kind:
        return [BY_KIND[place.kind]]
    medium = parse(place.address).medium
    if medium is Medium.BLE:
        return [family for family in FAMILIES if medium in family.media and _advertises(family, place)]
    fits = [family for family in FAMILIES if medium in family.media and not family.needs_map]
    usb = place.port.usb if place.port else None
    return sorted(fits, key=lambda family: (usb not in family.usb, not family.speaks_first))


def _advertises(family: Family, place: Place) -> bool:
    named = any(place.hint.startswith(name) for name in family.names)
    served = any(service in place.services for service in family.services)
    return named or (served and not any(_named_otherwise(other, family, place) for other in FAMILIES))


def _named_otherwise(other: Family, family: Family, place: Place) -> bool:
    """A Polar strap advertises the Heart Rate Service too; who is known by name is taken by it."""
    return other is not family and any(place.hint.startswith(name) for name in other.names)


async def ask(place: Place, clock: Clock, *, listen_s: float = FIRST_WORDS_S) -> Found:
    """Find out who is there, and hear its first words."""
    silent = True
    for family in candidates(place):
        try:
            driver = family.make("", place.address, clock, **place.options)
            async with driver:
                notes = await _first_words(driver, clock.real_s(listen_s))
                return Found(place, family, driver.identity, tuple(notes))
        except WrongDevice:
            silent = False
        except NoAnswer as error:
            if place.kind:
                return Found(place, family, notes=(_plain(error),), ok=False)
        except DeviceError as error:
            return Found(place, BY_KIND.get(place.kind), notes=explain(error, place), ok=False)
    if place.kind:
        other = "another kind of device answers here; correct its kind in xinyi.toml"
        return Found(place, BY_KIND[place.kind], notes=(other,), ok=False)
    why = "nothing of ours answers; switch the device on, put a finger in, and look again"
    return Found(place, notes=(why if silent else "something talks here that is none of our kinds",), ok=False)


def explain(error: DeviceError, place: Place) -> tuple[str, ...]:
    """The error as lines for a person, with the rule or the program that it is about."""
    serial = place.port
    if serial is None and parse(place.address).medium is Medium.SERIAL:
        serial = Port(place.address, os.path.realpath(place.address))
    match error:
        case PortForbidden() if serial is not None:
            return (
                f"{error.what}; as root: echo '{access_rule(serial)}' > {RULES_FILE}",
                "then: udevadm control --reload && udevadm trigger; or add this user to dialout and sign in again",
            )
        case PortBusy() if serial is not None:
            who = holder(serial.node)
            return (f"{error.what}{f': {who}' if who else ''}; {error.remedy}",)
        case _:
            return (_plain(error),)


def _plain(error: DeviceError) -> str:
    return f"{error.what}{f' ({error.detail})' if error.detail else ''}; {error.remedy}"


async def _first_words(driver: Driver, seconds: float) -> list[str]:
    """What a device says in its first seconds, as notes: finger out, battery low, stopped, empty seat."""
    touching: bool | None = None
    health: LinkHealth | None = None
    status: ChairStatus | None = None
    try:
        async with asyncio.timeout(seconds):
            async for event in driver.events():
                match event:
                    case Samples(channel=channel) if channel in _SETTLES:
                        touching = bool((event.values == event.values).any())
                    case Intervals(contact=contact) if contact is not None:
                        touching = contact
                    case LinkHealth():
                        health = event
                    case ChairStatus():
                        status = event
                    case _:
                        continue
                if touching is not None and health is not None:
                    break
    except TimeoutError:
        pass
    notes = []
    battery = health.battery_percent if health else None
    if touching is False:
        notes.append("no contact: put a finger in, or moisten the electrodes and put it on")
    if battery is not None and battery < LOW_BATTERY_PERCENT:
        notes.append(f"battery {battery} %: charge it before the next session")
    if status is not None:
        notes += _stands(status)
    return notes


def _stands(status: ChairStatus) -> list[str]:
    notes = []
    if status.stop_pressed:
        notes.append("its stop button is in: pull it out, press the chair's reset, release the stop on the console")
    elif status.stopped:
        notes.append("it is stopped: press the reset at the chair, release the stop on the console")
    notes += [f"it reports a fault: {fault}" for fault in status.faults]
    return notes


async def ask_all(places: Sequence[Place], clock: Clock, tell: Callable[[Found], None] = lambda _: None) -> list[Found]:
    """Ask in every place: serial ports at the same time, Bluetooth devices one after the other."""
    air = [place for place in places if parse(place.address).medium is Medium.BLE]
    found: dict[str, Found] = {}

    async def take(place: Place) -> None:
        found[place.address] = await ask(place, clock)
        tell(found[place.address])

    async def by_air() -> None:
        for place in air:
            await take(place)

    await asyncio.gather(by_air(), *(take(place) for place in places if place not in air))
    return [found[place.address] for place in places]


def merged(configured: Sequence[Place], seen: Sequence[Place]) -> list[Place]:
    """Configured places first, each with what was seen there; then what was seen besides."""
    out = []
    rest = list(seen)
    for place in configured:
        here = next((other for other in rest if same_place(other.address, place.address)), None)
        if here is None:
            out.append(place)
        else:
            rest.remove(here)
            out.append(replace(here, address=place.address, kind=place.kind, options=place.options))
    return out + rest
