"""Every kind of device that can be simulated: one row each, kind -> "module:function" that builds its firmware.

Kinds are those of `devices/families.py`; a test holds the two tables together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, cast

from devices.protocols import chair_link
from firmware_sim.fit import FitTraits
from firmware_sim.gatt import GattFirmware
from firmware_sim.line import LinkConditions
from firmware_sim.person import Person
from firmware_sim.twin import Firmware

TWINS: dict[str, str] = {
    "chair-link": "firmware_sim.twins.chair_link:build",
    "modbus-chair": "firmware_sim.twins.modbus_chair:build",
    "heart-rate": "firmware_sim.twins.heart_rate:build",
    "polar": "firmware_sim.twins.polar:build",
    "pulse-oximeter": "firmware_sim.twins.pulse_oximeter:build",
    "nonin-ble": "firmware_sim.twins.nonin_ble:build",
    "berry": "firmware_sim.twins.berry:build",
    "berry-v15": "firmware_sim.twins.berry_v15:build",
    "contec": "firmware_sim.twins.contec:build",
    "contec-v7": "firmware_sim.twins.contec_v7:build",
    "nonin": "firmware_sim.twins.nonin:build",
    "bitalino": "firmware_sim.twins.bitalino:build",
    "shimmer": "firmware_sim.twins.shimmer:build",
    "go-direct": "firmware_sim.twins.go_direct:build",
}


@dataclass(frozen=True, slots=True)
class SimDevice:
    """One simulated device.

    Attributes:
        id: its name for the control socket, and its serial number.
        kind: as in `catalogue.TWINS`.
        path: where its port appears (a symbolic link).
        map: the register map of a Modbus chair: a path, or the bare name of one that comes with us.
        air: instead of a port, the Bluetooth adapter that it is on ("hci1").
        heart: the heart sensor of a chair.
        replay: a WFDB record that is played instead of a simulated person.
        drift_ppm: how much its crystal runs fast.
        watchdog_ms: 0 for a chair without a hardware watchdog.
        seat_sensor: False for a chair that cannot feel who sits in it.
        noise: share of frames that its cable spoils, when `link` does not say.
        link: its cable; None is a good one.
        person: who wears it, by name; "": the n-th device of each kind is worn by the n-th stranger.
        empty: nobody sits there at first.
        fit: how its sensors sit; None: well.
        age: what years have done to a chair (`actuators.Ageing`); None: new.
    """

    id: str
    kind: str
    path: Path = Path()
    heart: Literal["ecg", "ppg"] = "ecg"
    replay: Path | None = None
    drift_ppm: float = 0.0
    watchdog_ms: int = round(chair_link.WATCHDOG_S * 1000)
    seat_sensor: bool = True
    noise: float = 0.0
    link: LinkConditions | None = None
    person: str = ""
    empty: bool = False
    fit: FitTraits | None = None
    age: Mapping[object, object] | None = None
    air: str = ""
    map: Path | str = ""


def build(device: SimDevice, person: Person, *, wait_for_sit: bool) -> Firmware | GattFirmware:
    """The firmware of a device, with a person at it.

    Raises:
        KeyError: nobody simulates this kind.
        ReplayError: its recording cannot be played.
    """
    module, _, name = TWINS[device.kind].partition(":")
    make = cast(Callable[[SimDevice, Person, bool], Firmware | GattFirmware], getattr(import_module(module), name))
    return make(device, person, wait_for_sit)
