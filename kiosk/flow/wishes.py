"""What the flow asks of others. It does nothing itself; the stage carries these out."""

from dataclasses import dataclass

from gateway.live import Action
from gateway.messages import Body


@dataclass(frozen=True, slots=True)
class ToRoom:
    """Ask the room service for something."""

    action: Action


@dataclass(frozen=True, slots=True)
class Keep:
    """Put a record on the disk, on its way to the site's centre."""

    body: Body


@dataclass(frozen=True, slots=True)
class Draft:
    """Keep what was answered so far, in place of what was drafted before; None: nothing is open any more."""

    body: Body | None


@dataclass(frozen=True, slots=True)
class MakeFile:
    """A new file under a code that was just drawn."""

    code: str
    pin: str
    age_band: str
    language: str


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Ask the centre for the file of a code; the answer goes to `Flow.opened`."""

    code: str
    pin: str


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """Print what `kiosk.slip` makes of this visit."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Staff leaves the kiosk, with the maintenance PIN. `again`: it starts anew."""

    again: bool


Wish = ToRoom | Keep | Draft | MakeFile | OpenFile | PrintSlip | Leave
