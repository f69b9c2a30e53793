"""Which screen the kiosk shows, free of Kivy: a state machine of one person's visit, and of the room's session.

`flow.Flow` takes taps, frames and answers and gives a place and wishes. What a person has said is one `visit.Visit`,
thrown away whole. A new screen: its `Place`, a line in `flow._AT`, a page in `kiosk/screens`.
"""

from kiosk.flow.beginning import SERVICES
from kiosk.flow.flow import Flow
from kiosk.flow.handoff import HandOff
from kiosk.flow.house import House
from kiosk.flow.leisure import SOLO_S
from kiosk.flow.places import HELPING, Place, Quiet, Tap
from kiosk.flow.session import kind_now, moves, relax_minutes, segment_now
from kiosk.flow.visit import AGES, CONSENTS, Visit

__all__ = [
    "AGES",
    "CONSENTS",
    "HELPING",
    "SERVICES",
    "SOLO_S",
    "Flow",
    "HandOff",
    "House",
    "Place",
    "Quiet",
    "Tap",
    "Visit",
    "kind_now",
    "moves",
    "relax_minutes",
    "segment_now",
]
