"""What hands can do to any simulated device: sit down, pull the plug, spoil the cable, freeze the firmware.

What only one kind of device knows (a stop button, an obstruction) is its firmware's own `hands`.
"""

from collections.abc import Mapping

import msgspec

from firmware_sim.air import AnyTwin
from firmware_sim.control import ControlError
from firmware_sim.line import LinkConditions

Fields = Mapping[object, object]
_ABOUT = {"device", "person"}


def act_on(twin: AnyTwin, do: str, fields: Fields) -> bool:
    """Do it; whether `do` means something to this device.

    Raises:
        ControlError: it does, but not so.
    """
    on = bool(fields.get("on", True))
    firmware = twin.firmware
    match do:
        case "sit":
            firmware.sit(twin.now_s)
        case "stand":
            firmware.stand(twin.now_s)
        case "contact":
            firmware.seat.contact = on
        case "plug":
            twin.port.plug()
        case "unplug":
            twin.unplug()
        case "mute":
            twin.mute = on
        case "noise":
            twin.noise.share = number(fields, "share", 0.2)
        case "link":
            twin.relink(_link(fields))
        case "breathe":
            rate = number(fields, "rate_per_min", 6.0)
            if rate > 0:
                firmware.seat.person.follow(rate, number(fields, "inhale_share", 0.4), twin.now_s)
            else:
                firmware.seat.person.breathe_freely()
        case "hang":
            if not firmware.hands(do, fields, twin.now_s):
                twin.hang(on=on)
        case _:
            return firmware.hands(do, fields, twin.now_s)
    return True


def _link(fields: Fields) -> LinkConditions:
    """A line of these conditions; what is not named is good."""
    try:
        return msgspec.convert({name: each for name, each in fields.items() if name not in _ABOUT}, LinkConditions)
    except msgspec.ValidationError as error:
        raise ControlError(f"link: {error}") from None


def number(fields: Fields, name: str, usual: float) -> float:
    value = fields.get(name, usual)
    if not isinstance(value, int | float):
        raise ControlError(f"{name} must be a number")
    return float(value)
