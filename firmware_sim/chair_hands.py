"""What hands can do to a simulated chair: its buttons, what breaks in it, what gets in its way, and what years do.

| verb | fields | |
| --- | --- | --- |
| `press_stop`, `release_stop` | | the stop button in, and pulled out again |
| `reset` | | somebody has looked: the stop may be released |
| `here` | | the button of a chair without a seat sensor: "I sit here", and the next time "I get up" |
| `fault` | `fault`, `on` | a part fails, or is mended |
| `obstruct` | `joint` (back, legs), `on` | something is in the way of where it goes, or is taken away |
| `age` | fields of `actuators.Ageing` | it is this old from now on |
| `power_cycle` | | switched off and on |
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from devices.protocols import chair_link as wire
from firmware_sim.actuators import Ageing
from firmware_sim.control import ControlError
from firmware_sim.motor import Obstacle

if TYPE_CHECKING:
    from firmware_sim.twins.chair_link import ChairFirmware

_AHEAD_DEG = 1.0


def act(chair: "ChairFirmware", do: str, fields: Mapping[object, object], at_s: float) -> bool:
    """Do it; whether `do` means something to a chair.

    Raises:
        ControlError: it does, but not so.
    """
    on = bool(fields.get("on", True))
    match do:
        case "press_stop":
            chair.press_stop(at_s)
        case "release_stop":
            chair.release_stop(at_s)
        case "reset":
            chair.reset(at_s)
        case "here":
            if chair.model.seat_sensor:
                raise ControlError(f"{chair.model.serial} feels who sits in it and has no such button")
            chair.here(at_s)
        case "fault":
            chair.fault(_one_of(wire.FAULTS, fields, "fault", "recline_motor"), at_s, on=on)
        case "obstruct":
            _obstruct(chair, _one_of(("back", "legs"), fields, "joint", "back"), on=on)
        case "age":
            chair.actuators.age(_ageing(fields))
        case "power_cycle":
            chair.power_cycle(at_s)
        case _:
            return False
    return True


def _obstruct(chair: "ChairFirmware", name: str, *, on: bool) -> None:
    joint = chair.actuators.recline if name == "back" else chair.actuators.leg_rest
    direction = 1 if joint.target_deg >= joint.angle_deg else -1
    joint.obstacle = Obstacle(joint.true_deg + direction * _AHEAD_DEG, direction) if on else None


def _one_of(known: tuple[str, ...], fields: Mapping[object, object], name: str, usual: str) -> str:
    value = str(fields.get(name, usual))
    if value not in known:
        raise ControlError(f"no {name} {value!r}; there are {', '.join(known)}")
    return value


def _ageing(fields: Mapping[object, object]) -> Ageing:
    """What is not named is new."""
    if unknown := [name for name in fields if name != "device" and name not in Ageing.__dataclass_fields__]:
        raise ControlError(f"age: no {unknown[0]!r}; there are {', '.join(Ageing.__dataclass_fields__)}")
    try:
        return msgspec.convert({name: each for name, each in fields.items() if name != "device"}, Ageing)
    except msgspec.ValidationError as error:
        raise ControlError(f"age: {error}") from None
