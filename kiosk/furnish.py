"""What this kiosk has, put together once at its start from files: instruments, rules, numbers, pieces, exercises."""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from uuid6 import uuid7

from care import exercises, handoff, hotlines, library, risk, routes
from care.codes import new_code
from care.instruments.catalogue import catalogue
from care.sounds import sounds
from kiosk.flow.house import House
from kiosk.texts import Language

TRIES, LOCKED_S = 5, 600.0


class NoPin(RuntimeError):
    """The file of the maintenance PIN cannot be used; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Furniture:
    """Where things are. A path of None is what is shipped.

    Attributes:
        library: folder of the site's own pieces.
        maintenance: file with the PIN that leads out; None: nothing does.
    """

    language: Language = "zh"
    seat: str = "1"
    level: str = "room"
    zone: str = "Asia/Shanghai"
    packs: Path | None = None
    reviewed: Path | None = None
    risk: Path | None = None
    handoff: Path | None = None
    hotlines: Path | None = None
    library: Path | None = None
    maintenance: Path | None = None
    demonstration: bool = False


@dataclass(slots=True)
class Lock:
    """The maintenance PIN: after a few wrong tries nothing opens for ten minutes."""

    pin: str
    wrong: int = 0
    until_s: float = field(default=float("-inf"))

    def opens(self, typed: str, now_s: float) -> bool:
        """Whether these digits open, at that second of the face's own clock."""
        if now_s < self.until_s:
            return False
        if hmac.compare_digest(typed.encode(), self.pin.encode()):
            self.wrong = 0
            return True
        self.wrong += 1
        if self.wrong >= TRIES:
            self.wrong, self.until_s = 0, now_s + LOCKED_S
        return False


def furnish(where: Furniture, utc_ns: Callable[[], int] = time.time_ns) -> House:
    """Everything, checked.

    Raises:
        ValueError: a file of care is not as it must be (its own error, one line).
        NoPin: the file of the PIN cannot be read, or holds no PIN.
    """
    rules = handoff.load(where.handoff)
    if problem := handoff.problem(rules, where.level):
        raise handoff.HandoffError(f"{where.handoff or 'care/handoff.toml'}: {problem}")
    return House(
        language=where.language,
        seat=where.seat,
        level=where.level,
        zone=where.zone,
        catalogue=catalogue(
            where.packs, where.reviewed, date_of(utc_ns(), where.zone), demonstration=where.demonstration
        ),
        risk=risk.load(where.risk),
        route=routes.load(),
        handoff=rules,
        hotlines=hotlines.load(where.hotlines),
        pieces=list(library.pieces(where.library)),
        exercises={key: exercises.load(key) for key in exercises.available()},
        sounds=[key for key, sound in sounds().items() if sound.shelf != "bell"],
        utc_ns=utc_ns,
        new_id=lambda: uuid7(),  # noqa: PLW0108 - uuid7 has arguments of its own
        new_code=lambda: new_code(secrets.randbelow),
        maintenance=Lock(_pin(where.maintenance)).opens if where.maintenance else None,
        demonstration=where.demonstration,
    )


def date_of(utc_ns: int, zone: str) -> date:
    """The day at the site."""
    return datetime.fromtimestamp(utc_ns / 1e9, ZoneInfo(zone)).date()


def _pin(file: Path) -> str:
    try:
        pin = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoPin(f"{file}: the maintenance PIN cannot be read ({error}); name the right file") from None
    if not (pin.isascii() and pin.isdigit() and 6 <= len(pin) <= 12):
        raise NoPin(f"{file}: a maintenance PIN has 6 to 12 digits")
    return pin
