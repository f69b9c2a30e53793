"""What is told after the questions, on screen, slip and telephone alike: of all forms of a visit the gravest.

Whoever has given a risk answer is not told that all is steady, whatever the sum says.
"""

from care.instruments.model import Feedback
from care.instruments.scoring import feedback
from kiosk.flow.asking import gravest
from kiosk.flow.handoff import RED
from kiosk.flow.visit import Answered, Visit
from kiosk.texts import Texts


def told(visit: Visit, texts: Texts) -> tuple[Answered, Feedback] | None:
    """The form that is spoken for, and the words; None when nothing was answered."""
    if not visit.answered:
        return None
    spoken_for = gravest(visit) or visit.answered[-1]
    if spoken_for.tier == RED:
        return spoken_for, Feedback(texts("result.red_normal"), texts("result.red_meaning"), "help")
    return spoken_for, feedback(spoken_for.instrument, spoken_for.score, visit.language)
