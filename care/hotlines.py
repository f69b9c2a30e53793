"""Numbers that somebody can call: whose they are, what for, when, and when a person last made sure of that.

Shipped are numbers that are the same in the whole country (`care/hotlines.toml`); a site's own file adds its local
lines and replaces what it knows better, by number. A number that nobody has looked after for too long is still shown,
but the administrator is warned: a wrong number on a bad night is worse than none.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.shipped import convert

FILE = "hotlines.toml"
STALE_DAYS = 180
"""After so many days without a look a number counts as out of date, if the site does not say otherwise."""


class HotlineError(ValueError):
    """A list of numbers is not as it must be; one line with file and what is wrong."""


class Hotline(Struct, frozen=True, forbid_unknown_fields=True):
    """A number on a card.

    Attributes:
        number: as it is dialled.
        name_zh: whose it is.
        what_zh: what for, in a few words.
        hours_zh: when somebody answers, in words.
        verified: when a person last made sure of all this.
        kind: "support" (to talk), "local" (of the city or the site), "police", "medical".
    """

    number: Annotated[str, Meta(pattern=r"^[0-9+][0-9 -]{1,19}$")]
    name_zh: Annotated[str, Meta(min_length=1)]
    name_en: Annotated[str, Meta(min_length=1)]
    what_zh: Annotated[str, Meta(min_length=1)]
    what_en: Annotated[str, Meta(min_length=1)]
    hours_zh: Annotated[str, Meta(min_length=1)]
    hours_en: Annotated[str, Meta(min_length=1)]
    verified: date
    kind: Literal["support", "local", "police", "medical"]


class _Lines(Struct, frozen=True, forbid_unknown_fields=True):
    hotline: Annotated[list[Hotline], Meta(min_length=1)]


def load(path: Path | None = None) -> list[Hotline]:
    """The numbers of a site: its own first (the nearest help stands on top), then those shipped that it does not
    replace.

    Raises:
        HotlineError: a file cannot be read, or is not as it must be.
    """
    shipped = parse(files("care").joinpath(FILE).read_text("utf-8"), f"care/{FILE}")
    if path is None:
        return shipped
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HotlineError(f"{path}: cannot be read ({error}); name the right file") from None
    own = {line.number: line for line in parse(text, str(path))}
    shown = [own.pop(line.number, line) for line in shipped]
    return [*own.values(), *shown]


def parse(text: str, name: str) -> list[Hotline]:
    """Numbers out of TOML text.

    Raises:
        HotlineError: naming `name` and what is wrong.
    """
    lines = convert(text, name, _Lines, HotlineError).hotline
    numbers = [line.number for line in lines]
    for number in numbers:
        if numbers.count(number) > 1:
            raise HotlineError(f"{name}: {number} stands twice")
    return lines


def stale(hotlines: Sequence[Hotline], today: date, days: int = STALE_DAYS) -> list[Hotline]:
    """Numbers that nobody has looked after for more than so many days, the oldest first."""
    limit = today - timedelta(days=days)
    return sorted((line for line in hotlines if line.verified < limit), key=lambda line: (line.verified, line.number))
