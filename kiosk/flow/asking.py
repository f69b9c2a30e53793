"""Questionnaires: what is asked next, what an answer does, what is kept.

An answer to a risk question calls a person when it is confirmed, or a few seconds after it was marked and left so, or
when whoever marked it goes away: whichever comes first. Partial answers are kept and never give a band.
"""

from typing import get_args

from care import risk, routes
from care.alerts import AlertEvent
from care.instruments.model import Item, Step
from care.instruments.scoring import feedback, score
from care.sitting import Sitting
from gateway.messages import Assessment
from kiosk.flow import handoff
from kiosk.flow.house import House
from kiosk.flow.places import Place
from kiosk.flow.visit import Answered, Open, Visit
from kiosk.flow.wishes import Draft, Keep, Wish

LEFT_MARKED_S = 8.0
"""A risk answer that is marked and left so for this long counts as given."""

ORANGE = "orange"


def choices(house: House, visit: Visit) -> list[str]:
    """Instruments that this person may choose, the recommended one first."""
    return [key for key in routes.choices(house.route, visit.person) if key in house.catalogue.offered]


def first(house: House, visit: Visit) -> str:
    """Where the quick look begins; "" when nothing is offered to this person."""
    key = routes.first(house.route, visit.person)
    return key if key in house.catalogue.offered else ""


def introduce(house: House, visit: Visit, key: str) -> None:
    """Say what comes, before its first question."""
    if key in house.catalogue.offered:
        visit.intro = key
        visit.go(Place.INTRO)


def begin(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """To the first question of what was introduced, or on with it where it was left."""
    wishes: list[Wish] = []
    called = False
    if visit.open is None or visit.open.instrument.key != visit.intro:
        quick = visit.quick
        wishes = leave(house, visit, now_s)
        visit.open = Open(house.new_id(), Sitting(house.instrument(visit.intro)), house.utc_ns())
        visit.quick = quick
        called = any(isinstance(wish, Keep) and isinstance(wish.body, AlertEvent) for wish in wishes)
    visit.go(Place.QUESTION)
    if called:
        visit.go(Place.HAND_OFF)
    return wishes


def needs_next(visit: Visit, item: Item) -> bool:
    """Whether an answer waits for 下一题: for risk questions, and in large text."""
    return item.risk or visit.large


def mark(house: House, visit: Visit, value: int, now_s: float) -> list[Wish]:
    """An option was touched."""
    open_ = visit.open
    if open_ is None or (item := open_.sitting.item) is None:
        return []
    if value not in item.values:
        return []
    open_.choice, open_.chosen_s = value, now_s
    return [] if needs_next(visit, item) else confirm(house, visit, now_s)


def confirm(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """The marked option is the answer; on to the next question, or to what follows."""
    open_ = visit.open
    if open_ is None or open_.sitting.item is None or open_.choice is None:
        return []
    wishes = fire(house, visit, now_s)
    called = bool(wishes)
    open_.sitting = open_.sitting.answer(open_.choice).forward()
    open_.choice = open_.sitting.chosen
    if open_.sitting.item is None:
        more, called_now = finish(house, visit, now_s)
        wishes += more
        called = called or called_now
    else:
        wishes.append(Draft(_assessment(house, visit, open_, complete=False)))
    if called:
        visit.go(Place.HAND_OFF)
    return wishes


def back(visit: Visit) -> None:
    """To the question before, or to the introduction."""
    open_ = visit.open
    if open_ is None or open_.sitting.position == 0:
        visit.back()
        return
    open_.sitting = open_.sitting.back()
    open_.choice = open_.sitting.chosen


def fire(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """Call a person if what is marked asks for one, once for an answer that is no worse."""
    open_ = visit.open
    if open_ is None or (item := open_.sitting.item) is None or open_.choice is None:
        return []
    tier = risk.item_fires(house.risk, open_.instrument.key, item.id, open_.choice)
    if tier != handoff.RED or open_.fired.get(item.id, -1) >= open_.choice:
        return []
    open_.fired[item.id] = open_.choice
    return handoff.call(house, visit, tier, "risk_item", now_s, open_.id)


def left_marked(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """Time has passed: what was marked and left so is given."""
    open_ = visit.open
    if open_ is None or open_.choice is None or now_s - open_.chosen_s < LEFT_MARKED_S:
        return []
    wishes = fire(house, visit, now_s)
    if wishes:
        open_.sitting = open_.sitting.answer(open_.choice)
        wishes.append(Draft(_assessment(house, visit, open_, complete=False)))
        visit.go(Place.HAND_OFF)
    return wishes


def finish(house: House, visit: Visit, now_s: float) -> tuple[list[Wish], bool]:
    """Every question is answered: keep it, call somebody if it asks for that, and say what follows.

    Returns:
        What others shall do, and whether a person is offered now.
    """
    open_ = visit.open
    assert open_ is not None
    result = score(open_.instrument, open_.sitting.given)
    body = _assessment(house, visit, open_, complete=result.complete)
    visit.answered.append(Answered(open_.instrument, result, body.tier))
    wishes: list[Wish] = [Keep(body), Draft(None)]
    called: list[Wish] = []
    if body.tier in {ORANGE, handoff.RED} and not open_.fired:
        called = handoff.call(house, visit, body.tier, "score", now_s, open_.id)
    visit.open = None
    visit.trail = [Place.HOME]
    more = following(house, visit) if visit.quick else []
    if more:
        introduce(house, visit, more[0])
    else:
        visit.go(Place.RESULT)
    return [*wishes, *called], bool(called) and body.tier == handoff.RED


def leave(house: House, visit: Visit, now_s: float) -> list[Wish]:
    """Stop in the middle, or go away: what was answered is kept, and a risk answer that is only marked counts."""
    open_ = visit.open
    if open_ is None:
        return []
    wishes = fire(house, visit, now_s)
    unanswered = open_.sitting.item is not None and open_.sitting.chosen is None
    if open_.choice is not None and (unanswered or wishes):
        open_.sitting = open_.sitting.answer(open_.choice)
    if open_.sitting.given:
        body = _assessment(house, visit, open_, complete=False)
        wishes.append(Keep(body))
        if body.tier == ORANGE:
            wishes += handoff.call(house, visit, ORANGE, "risk_item", now_s, open_.id)
    visit.open, visit.quick = None, False
    return [*wishes, Draft(None)]


_STEPS = get_args(Step)
"""From the least urgent on."""


def gravest(visit: Visit) -> Answered | None:
    """The form that the result speaks for: of those that are complete the one whose next step is the most urgent, then
    the one of the highest tier, then the newest; None when none was finished.
    """

    def weight(numbered: tuple[int, Answered]) -> tuple[int, int, int]:
        number, each = numbered
        step = feedback(each.instrument, each.score, "zh").step
        tier = risk.TIERS.index(each.tier) if each.tier in risk.TIERS else -1
        return (len(_STEPS) if each.tier == handoff.RED else _STEPS.index(step), tier, number)

    complete = [pair for pair in enumerate(visit.answered) if pair[1].score.complete]
    return max(complete, key=weight)[1] if complete else None


def following(house: House, visit: Visit) -> list[str]:
    """What may be answered next, after what was answered."""
    wanted = routes.following(house.route, [each.score for each in visit.answered], visit.person)
    done = {each.instrument.key for each in visit.answered}
    return [key for key in wanted if key in house.catalogue.offered and key not in done]


def _assessment(house: House, visit: Visit, open_: Open, *, complete: bool) -> Assessment:
    open_.version += 1
    given = open_.sitting.given
    result = score(open_.instrument, given)
    fired = risk.fired_by(house.risk, open_.instrument.key, given)
    return Assessment(
        assessment=open_.id,
        instrument=open_.instrument.key,
        instrument_version=open_.instrument.version,
        language=visit.language,
        began_utc_ns=open_.began_utc_ns,
        ended_utc_ns=house.utc_ns(),
        answers=given,
        complete=complete,
        score=result.values.get("total") if complete else None,
        band=result.band if complete else "",
        tier=risk.tier_of(house.risk, open_.instrument.key, result, fired),
        rules_version=house.risk.version,
        subject=visit.code if "keep" in visit.consents else "",
        consents=sorted(visit.consents),
        version=open_.version,
    )
