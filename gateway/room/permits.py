"""Who may ask what of a room at its own socket, as a table. An emergency stop is everybody's and never comes here.

The kiosk offers to begin, pause, go on and end, and pausing is always right; but a session that a counsellor began is
resumed and ended by the counsellor, who sits beside the person. Who is not in the table may only look. Actors name
themselves and the socket is for one user of the machine (mode 0600): this stands against mistakes, not against that
user.
"""

from dataclasses import dataclass

from gateway.live import (
    Action,
    AdjustPace,
    ArmChair,
    EndSession,
    MarkMoment,
    MoveChair,
    NextSegment,
    PauseSession,
    ReleaseChair,
    ResumeSession,
    StartSession,
)

NOT_ALLOWED, NOT_YOURS = "not_allowed", "not_yours"


@dataclass(frozen=True, slots=True)
class Permit:
    """What one role may ask.

    Attributes:
        asks: these actions.
        own: of them those that concern only sessions which the role itself has begun.
    """

    asks: frozenset[type]
    own: frozenset[type] = frozenset()


_SESSION: frozenset[type] = frozenset({StartSession, PauseSession, ResumeSession, EndSession})
_CHAIR: frozenset[type] = frozenset({MoveChair, ArmChair, ReleaseChair})

PERMITS: dict[str, Permit] = {
    "console": Permit(_SESSION | _CHAIR | {NextSegment, MarkMoment, AdjustPace}),
    "kiosk": Permit(_SESSION, own=frozenset({ResumeSession, EndSession})),
    "demo": Permit(_SESSION),
}


def role_of(actor: str) -> str:
    """Of "console:wang" it is "console"."""
    return actor.partition(":")[0]


def refusal(actor: str, action: Action, began_by: str) -> str:
    """The code with which it is refused, or "".

    Args:
        actor: who asks.
        action: what.
        began_by: who began the session that is open; "": nobody, or it is not known.
    """
    permit = PERMITS.get(role_of(actor))
    if permit is None or type(action) not in permit.asks:
        return NOT_ALLOWED
    if type(action) in permit.own and began_by and role_of(began_by) != role_of(actor):
        return NOT_YOURS
    return ""
