"""Every situation in which a page is drawn by tests: a flow with fixed data, and whether it is kept as a picture.

A new page: its situations go into one of the lists that are joined here. `made_house` has the data.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.flow import Flow, Place
from tests.kiosk.made_frames import make_frame
from tests.kiosk.made_house import made_house

NOW_S = 1000.0
"""On the face's own clock, when the pages are drawn."""


@dataclass(frozen=True)
class Situation:
    """One page in one state.

    Attributes:
        name: unique.
        arrange: makes the flow whose page is drawn; None: the veil that asks whether somebody is still there.
        pictured: kept as a reference picture, in both languages and sizes.
        contrasted: also in high contrast.
        screens: also measured on a larger screen.
    """

    name: str
    arrange: Callable[[], Flow] | None
    pictured: bool = True
    contrasted: bool = False
    screens: bool = True


def at(place, prepare=None, *, frame="here", **house):
    """A flow that stands at a place, prepared by a function of its visit and itself; `frame` None: no room."""

    def arrange():
        flow = Flow(made_house(**house))
        flow.heard(make_frame() if frame == "here" else frame)
        flow.visit.age_band = "18-59"
        flow.visit.trail = [place] if place in {Place.WELCOME, Place.HOME, Place.BYE} else [Place.HOME, place]
        if prepare:
            prepare(flow)
        return flow

    return arrange


def everything():
    """All situations."""
    from tests.kiosk.chair_situations import CHAIR
    from tests.kiosk.rest_situations import REST
    from tests.kiosk.visit_situations import VISIT

    return [*VISIT, *REST, *CHAIR]
