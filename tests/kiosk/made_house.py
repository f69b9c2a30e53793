"""A house and a visit with nothing left to chance: fixed time, counted ids, counted codes."""

import itertools
from functools import cache
from uuid import UUID

from care import exercises, handoff, hotlines, library, risk, routes
from care.instruments.catalogue import catalogue
from kiosk.flow import Flow, House, Place, Tap
from kiosk.furnish import date_of

NOW_UTC_NS = 1_795_000_000_000_000_000
"""2026-11-18, a Wednesday."""


@cache
def _shipped():
    return {
        "catalogue": catalogue(None, None, date_of(NOW_UTC_NS, "Asia/Shanghai"), demonstration=True),
        "risk": risk.load(),
        "route": routes.load(),
        "handoff": handoff.load(),
        "hotlines": hotlines.load(),
        "pieces": list(library.pieces()),
        "exercises": {key: exercises.load(key) for key in exercises.available()},
    }


def made_house(**changed):
    """A kiosk of seat 1 with everything that ships; unsigned wording under its watermark."""
    ids = itertools.count(1)
    codes = (f"ABCD234{sign}" for sign in itertools.cycle("56789"))
    fields = {
        "language": "zh",
        "seat": "1",
        "level": "room",
        "zone": "Asia/Shanghai",
        **_shipped(),
        "utc_ns": lambda: NOW_UTC_NS,
        "new_id": lambda: UUID(int=next(ids)),
        "new_code": lambda: next(codes),
        "site_name": "新华社区心理服务室",
        "sounds": ["rain", "sea"],
        "speaks": True,
        "printer": True,
        "demonstration": True,
    }
    return House(**fields | changed)


def walk_to(flow, place, *, consents=("test", "keep", "see"), age="18-59", now_s=0.0):
    """Tap one's way from the first page to one of the beginning's."""
    steps = [(Tap.NEXT, ""), (Tap.NEXT, ""), *((Tap.CHOOSE, each) for each in consents), (Tap.NEXT, "")]
    steps += [(Tap.CHOOSE, age), (Tap.CHOOSE, "none")]
    for tap, value in steps:
        if flow.place is place:
            break
        flow.tap(tap, now_s, value)
    assert flow.place is place, flow.place


def at_home(**changed):
    """A flow whose person has come to the list of what there is to do."""
    consents, age = changed.pop("consents", ("test", "keep", "see")), changed.pop("age", "18-59")
    flow = Flow(made_house(**changed))
    walk_to(flow, Place.HOME, consents=consents, age=age)
    return flow
