"""What hands can do to any simulated device and to whoever wears it. Every verb, with its fields and what they are
when they are not named:

| verb | fields | |
| --- | --- | --- |
| `sit`, `stand` | | somebody sits down (puts it on), gets up (takes it off) |
| `contact` | `on` true | the sensors touch, or do not |
| `loosen`, `dry` | `amount` 0.6, 0.8; `settles_s` 0 | a sensor slips, an electrode dries |
| `plug`, `unplug`, `mute`, `hang` | `on` true | plug in, pull out; silent; the firmware stands still |
| `noise` | `share` 0.2 | frames that are spoilt |
| `link` | fields of `line.LinkConditions` | another line; what is not named is good |
| `breathe` | `rate_per_min` 6 (0: freely), `inhale_share` 0.4 | breathe at a pace |
| `move` | `seconds` 2, `strength` 1 | fidget, stretch, cough |
| `stress`, `cold` | `level` 0.8, `amount` 0.8; `settles_s` 0 | of the person, of their hands |
| `heart` | `pvc_per_min`, `pac_per_min`, `missed_per_min`, `af`, `resting_rr_ms`, `settles_s` | what their heart does |

What only one kind of device knows (a stop button, an obstruction, a battery) is its firmware's own `hands`.
"""

from collections.abc import Mapping

import msgspec

from firmware_sim.air import AnyTwin
from firmware_sim.control import ControlError
from firmware_sim.fit import Fit
from firmware_sim.line import LinkConditions
from firmware_sim.person import Person

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
        case "loosen":
            _fit(twin).loose.turn(twin.now_s, _share(fields, "amount", 0.6), number(fields, "settles_s", 0.0))
        case "dry":
            _fit(twin).dry.turn(twin.now_s, _share(fields, "amount", 0.8), number(fields, "settles_s", 0.0))
        case "hang":
            if not firmware.hands(do, fields, twin.now_s):
                twin.hang(on=on)
        case _:
            return act_on_person(firmware.seat.person, do, fields, twin.now_s) or firmware.hands(do, fields, twin.now_s)
    return True


def act_on_person(person: Person, do: str, fields: Fields, at_s: float) -> bool:
    """Do something to whoever is there, or have them do it; whether `do` means something to a person.

    Raises:
        ControlError: it does, but not so.
    """
    settles_s = number(fields, "settles_s", 0.0)
    match do:
        case "breathe":
            rate = number(fields, "rate_per_min", 6.0)
            if rate > 0:
                person.follow(rate, number(fields, "inhale_share", 0.4), at_s)
            else:
                person.breathe_freely()
        case "move":
            person.move(at_s, max(0.1, number(fields, "seconds", 2.0)), number(fields, "strength", 1.0))
        case "stress":
            person.stress.turn(at_s, _share(fields, "level", 0.8), settles_s)
        case "cold":
            person.cold.turn(at_s, _share(fields, "amount", 0.8), settles_s)
        case "heart":
            rhythm = person.rhythm
            for name in ("pvc_per_min", "pac_per_min", "missed_per_min"):
                setattr(rhythm, name, number(fields, name, getattr(rhythm, name)))
            if "af" in fields:
                rhythm.fibrillates.turn(at_s, 1.0 if fields["af"] else 0.0)
            if "resting_rr_ms" in fields:
                person.resting_rr_ms.turn(at_s, number(fields, "resting_rr_ms", 810.0), settles_s)
        case _:
            return False
    return True


def _fit(twin: AnyTwin) -> Fit:
    seat = twin.firmware.seat
    if seat.fit is None:
        seat.fit = Fit(0)
    return seat.fit


def _share(fields: Fields, name: str, usual: float) -> float:
    value = number(fields, name, usual)
    if not 0 <= value <= 1:
        raise ControlError(f"{name} lies between 0 and 1")
    return value


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
