"""Which questionnaire comes first, which follows from a score, and what else a person may choose: data, and pure.

A route only names keys. Whether an instrument may be offered here and today is the catalogue's business, and what is
not offered is left out by whoever asks. Partial scores lead nowhere.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.instruments.loading import shipped
from care.instruments.model import Score
from care.located import Located, read

AgeBand = Literal["14-17", "18-59", "60+"]
YOUNGEST = {"14-17": 14, "18-59": 18, "60+": 60}
"""The youngest age of each band of the kiosk; people under 14 are in none."""


class Person(Struct, frozen=True):
    """What a route may know of somebody: the age band ("" or another: nobody is led anywhere), and "male", "female"
    or "" for what was not said.
    """

    age_band: str
    sex: str = ""


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument, and for whom."""

    instrument: str
    ages: Annotated[list[AgeBand], Meta(min_length=1)]


class Then(Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument that follows another; with `positive` only when that scale of it is positive."""

    after: str
    instrument: str
    ages: Annotated[list[AgeBand], Meta(min_length=1)]
    positive: str = ""


class Route(Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1)]
    first: list[Stop]
    then: list[Then]
    choice: list[Stop] = []


@cache
def load() -> Route:
    """The shipped route."""
    return parse(files("care").joinpath("routes.toml").read_text("utf-8"), "care/routes.toml")


def parse(text: str, name: str) -> Route:
    """A route out of TOML text.

    Raises:
        DataError: it names an instrument or scale that there is not, or one that is not for these ages.
    """
    file = read(text, name, Route)
    for part in ("first", "then", "choice"):
        for number, stop in enumerate(getattr(file.value, part)):
            _check(file, f"{part}[{number}]", stop)
    return file.value


def _check(file: Located[Route], at: str, stop: Stop | Then) -> None:
    known = shipped()
    if stop.instrument not in known:
        raise file.at(f"{at}.instrument", f"there is no {stop.instrument!r}")
    instrument = known[stop.instrument]
    if not instrument.unattended or instrument.informant != "self":
        raise file.at(f"{at}.instrument", f"{stop.instrument} is not for a kiosk with nobody near")
    for band in stop.ages:
        if YOUNGEST[band] < instrument.age_from:
            raise file.at(f"{at}.ages", f"{stop.instrument} is for people from {instrument.age_from} on")
    if isinstance(stop, Then):
        if stop.after not in known:
            raise file.at(f"{at}.after", f"there is no {stop.after!r}")
        if stop.positive and stop.positive not in {scale.key for scale in known[stop.after].scales}:
            raise file.at(f"{at}.positive", f"{stop.after} has no scale {stop.positive!r}")


def first(route: Route, person: Person) -> str:
    """Where somebody begins; "" for nobody's age."""
    return next((stop.instrument for stop in route.first if person.age_band in stop.ages), "")


def following(route: Route, scores: Sequence[Score], person: Person) -> list[str]:
    """What comes next after these scores, in order, without what is done already."""
    done = {score.instrument: score for score in scores if score.complete}
    found = [
        then.instrument
        for then in route.then
        if then.after in done
        and person.age_band in then.ages
        and (not then.positive or then.positive in done[then.after].positive)
    ]
    return [key for key in dict.fromkeys(found) if key not in done]


def choices(route: Route, person: Person) -> list[str]:
    """What somebody may choose besides, in order."""
    return [stop.instrument for stop in route.choice if person.age_band in stop.ages]
