"""Which target a finger meant that touched none: the nearest one, if it is near and nothing else is about as near.

Older fingers miss more than they slip, by 3.4 mm on average, and land to the right of what they meant (Sultana &
Moffatt 2019; facts on touch). Help is apart: a miss never decides between help and anything else. Free of Kivy.
"""

from collections.abc import Sequence

from kiosk.theme import UNIT_MM

REACH = 4.0 / UNIT_MM
"""Units beyond the edge of a target that are still taken for it."""

DOUBT = 1.5 / UNIT_MM
"""Two targets whose distances differ by less are about equally far."""

RIGHTWARD = 1.0 / UNIT_MM
"""So much nearer counts a target that lies to the left of the touch."""

APART = 2 * REACH
"""As far from help as this, a miss is not taken for anything else, nor for help near anything else."""

Box = tuple[float, float, float, float]


def distance(x: float, y: float, box: Box) -> float:
    """From a point to a box (left, top, width, height); 0 inside."""
    left, top, wide, high = box
    aside = max(left - x, x - left - wide, 0.0)
    below = max(top - y, y - top - high, 0.0)
    return float((aside**2 + below**2) ** 0.5)


def meant(x: float, y: float, boxes: Sequence[tuple[Box, bool]]) -> int | None:
    """The index of the target that a touch beside all of them meant; None: nobody can tell.

    Args:
        x: of the touch, in units from the left.
        y: of the touch, in units from the top.
        boxes: of the targets, and whether it is help.

    >>> meant(110.0, 50.0, [((0.0, 0.0, 100.0, 100.0), False)])
    0
    >>> meant(110.0, 50.0, [((0.0, 0.0, 100.0, 100.0), False), ((120.0, 0.0, 100.0, 100.0), True)]) is None
    True
    """
    far = [distance(x, y, box) for box, _ in boxes]
    if not far or min(far) > REACH:
        return None
    near = [index for index, length in enumerate(far) if length <= APART]
    if len(near) > 1 and any(boxes[index][1] for index in near):
        return None
    seems = {index: far[index] - (RIGHTWARD if boxes[index][0][0] + boxes[index][0][2] < x else 0.0) for index in near}
    first, *others = sorted(seems, key=lambda index: seems[index])
    if far[first] > REACH or (others and seems[others[0]] - seems[first] < DOUBT):
        return None
    return first
