"""A thousand people who touch anything: no crash, no dead end, no lost answer, nothing left of them."""

import random

from care.alerts import AlertEvent
from gateway.messages import Assessment
from kiosk.flow import Flow, Place
from kiosk.flow.visit import Visit
from kiosk.flow.wishes import Keep
from tests.kiosk.made_house import made_house
from tests.kiosk.walks import Walk

WALKS, STEPS = 1000, 140


def test_a_thousand_walks_end_well(made):
    places, assessments, alerts = set(), 0, 0
    for seed in range(WALKS):
        walk = Walk(Flow(made_house()), made, random.Random(seed))
        for _ in range(STEPS):
            walk.step()
            places.add(walk.flow.place)
        walk.way_out()
        walk.carry(walk.flow.forget(walk.now_s))
        assert walk.lost() == {}, seed
        assert walk.flow.visit == Visit("zh"), seed
        bodies = [wish.body for wish in walk.wishes if isinstance(wish, Keep)]
        assessments += sum(isinstance(body, Assessment) for body in bodies)
        alerts += sum(isinstance(body, AlertEvent) for body in bodies)
    unseen = set(Place) - places - {Place.SERVICE, Place.SERVICE_PIN, Place.RHYTHM}
    assert unseen == set()
    assert assessments > 500
    assert alerts > 100


def test_a_risk_answer_that_was_confirmed_always_called_somebody(made):
    fired = 0
    for seed in range(200):
        walk = Walk(Flow(made_house()), made, random.Random(seed))
        walk.flow.visit.consents, walk.flow.visit.age_band = {"test"}, "18-59"
        walk.flow.visit.intro = "phq9"
        walk.flow.visit.trail = [Place.HOME, Place.INTRO]
        for _ in range(STEPS):
            walk.step()
        walk.carry(walk.flow.forget(walk.now_s))
        bodies = [wish.body for wish in walk.wishes if isinstance(wish, Keep)]
        risky = [body for body in bodies if isinstance(body, Assessment) and body.answers.get("phq9.9", 0) > 0]
        if risky:
            fired += 1
            assert any(isinstance(body, AlertEvent) and body.tier == "red" for body in bodies), seed
    assert fired > 5
