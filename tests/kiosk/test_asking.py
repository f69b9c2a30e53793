"""Questionnaires and the call for a person, without a screen."""

from uuid import UUID

import msgspec
import pytest

from care import handoff as handoff_rules
from care.alerts import AlertEvent, AlertStep
from care.instruments.scoring import score
from gateway.counter.messages import AlertAnswer, DutyAnswer
from gateway.live import EndSession, Reply
from gateway.messages import Assessment
from kiosk.flow import Flow, HandOff, Place, Quiet, Tap, Visit
from kiosk.flow.asking import LEFT_MARKED_S
from kiosk.flow.handoff import OLD_S, UNREACHED_S
from kiosk.flow.visit import Answered
from kiosk.flow.wishes import Draft, Keep
from kiosk.telling import told
from kiosk.texts import load
from tests.kiosk.made_house import at_home, made_house, walk_to


def kept(wishes, kind):
    return [wish.body for wish in wishes if isinstance(wish, Keep) and isinstance(wish.body, kind)]


def begin(flow, key="quick"):
    flow.tap(Tap.CHOOSE, 0.0, "tests")
    flow.tap(Tap.CHOOSE, 0.0, key)
    assert flow.place is Place.INTRO
    flow.tap(Tap.NEXT, 0.0)
    assert flow.place is Place.QUESTION


def at_phq9(flow):
    """Straight to the nine questions, as if the route had led there."""
    flow.visit.intro = "phq9"
    flow.visit.go(Place.INTRO)
    flow.tap(Tap.NEXT, 0.0)


def answer_all(flow, value, now_s=1.0, upto=None):
    """The same answer to everything that is asked; all wishes."""
    wishes, number = [], 0
    while flow.visit.open and flow.place is Place.QUESTION and number != upto:
        item = flow.visit.open.sitting.item
        choice = value if value in item.values else min(item.values)
        wishes += flow.tap(Tap.CHOOSE, now_s, str(choice))
        if flow.visit.open and flow.visit.open.sitting.item is item:
            wishes += flow.tap(Tap.NEXT, now_s)
        number += 1
    return wishes


def test_one_question_after_another_and_the_result_in_the_end():
    flow = at_home()
    begin(flow)
    wishes = answer_all(flow, 3)
    (assessment,) = kept(wishes, Assessment)
    assert assessment.complete
    assert assessment.instrument == "who5"
    assert len(assessment.answers) == 5
    assert assessment.rules_version == flow.house.risk.version
    assert assessment.subject == ""
    assert wishes[-1] == Draft(None)


def test_the_quick_look_leads_on_by_the_scores():
    flow = at_home()
    begin(flow)
    answer_all(flow, 3)
    assert (flow.place, flow.visit.intro) == (Place.INTRO, "phq4")
    flow.tap(Tap.NEXT, 0.0)
    answer_all(flow, 3)
    assert flow.visit.intro == "phq9"
    flow.tap(Tap.STOP, 0.0)
    assert flow.place is Place.RESULT
    flow.tap(Tap.CHOOSE, 0.0, "gad7")
    assert (flow.place, flow.visit.intro) == (Place.INTRO, "gad7")


def test_nothing_follows_where_nothing_points():
    flow = at_home()
    begin(flow)
    answer_all(flow, 5)
    flow.tap(Tap.NEXT, 0.0)
    answer_all(flow, 0)
    assert flow.place is Place.RESULT


def test_a_drafted_answer_is_on_its_way_to_the_disk_after_each_question():
    flow = at_home()
    begin(flow)
    wishes = answer_all(flow, 3, upto=2)
    drafts = [wish.body for wish in wishes if isinstance(wish, Draft)]
    assert [len(draft.answers) for draft in drafts] == [1, 2]
    assert [draft.version for draft in drafts] == [1, 2]
    assert not any(draft.complete or draft.band for draft in drafts)


def test_the_question_before_is_always_one_tap_away_with_its_answer():
    flow = at_home()
    begin(flow)
    answer_all(flow, 3, upto=2)
    flow.tap(Tap.BACK, 2.0)
    assert (flow.visit.open.sitting.position, flow.visit.open.choice) == (1, 3)
    flow.tap(Tap.BACK, 2.0)
    flow.tap(Tap.BACK, 2.0)
    assert flow.place is Place.INTRO


def test_large_text_and_risk_questions_wait_for_next():
    flow = at_home()
    flow.tap(Tap.LARGE, 0.0)
    begin(flow)
    flow.tap(Tap.CHOOSE, 1.0, "3")
    assert flow.visit.open.sitting.position == 0
    flow.tap(Tap.NEXT, 1.0)
    assert flow.visit.open.sitting.position == 1


def test_stopping_in_the_middle_keeps_what_was_said_and_gives_no_band():
    flow = at_home()
    begin(flow)
    answer_all(flow, 0, upto=3)
    flow.tap(Tap.STOP, 5.0)
    assert flow.place is Place.STOP
    flow.tap(Tap.KEEP, 5.0)
    assert flow.place is Place.QUESTION
    flow.tap(Tap.STOP, 6.0)
    (partial,) = kept(flow.tap(Tap.CONFIRM_END, 6.0), Assessment)
    assert (partial.complete, partial.band, partial.score, partial.tier) == (False, "", None, "")
    assert len(partial.answers) == 3
    assert flow.place is Place.HOME


def test_walking_away_keeps_what_was_said():
    flow = at_home()
    begin(flow)
    answer_all(flow, 0, upto=3)
    (partial,) = kept(flow.forget(100.0), Assessment)
    assert len(partial.answers) == 3
    assert flow.visit == Visit("zh")


# a person is called


def to_risk_item(flow, now_s=1.0):
    at_phq9(flow)
    answer_all(flow, 0, now_s, upto=8)
    assert flow.visit.open.sitting.item.risk


def test_a_risk_answer_calls_a_person_when_it_is_confirmed():
    flow = at_home()
    to_risk_item(flow)
    assert kept(flow.tap(Tap.CHOOSE, 2.0, "1"), AlertEvent) == []
    assert flow.place is Place.QUESTION
    (alert,) = kept(flow.tap(Tap.NEXT, 3.0), AlertEvent)
    assert flow.place is Place.HAND_OFF
    assert (alert.step, alert.tier, alert.cause, alert.seat) == (AlertStep.RAISED, "red", "risk_item", "1")
    assert [deadline.level for deadline in alert.deadlines] == ["room", "town", "district"]
    flow.tap(Tap.CHOOSE, 4.0, "look")
    assert flow.place is Place.RESULT  # it was the last question


def test_a_risk_answer_that_is_corrected_before_it_is_confirmed_calls_nobody():
    flow = at_home()
    to_risk_item(flow)
    flow.tap(Tap.CHOOSE, 2.0, "1")
    flow.tap(Tap.CHOOSE, 3.0, "0")
    assert kept(flow.tap(Tap.NEXT, 4.0), AlertEvent) == []


def test_a_risk_answer_that_is_left_marked_calls_a_person_after_a_few_seconds():
    flow = at_home()
    to_risk_item(flow)
    flow.tap(Tap.CHOOSE, 2.0, "2")
    assert flow.passed(2.0 + LEFT_MARKED_S - 0.1) == []
    (alert,) = kept(flow.passed(2.0 + LEFT_MARKED_S), AlertEvent)
    assert alert.tier == "red"
    assert flow.place is Place.HAND_OFF
    assert flow.passed(30.0) == []
    flow.tap(Tap.CHOOSE, 31.0, "look")
    assert kept(flow.tap(Tap.NEXT, 32.0), AlertEvent) == []


@pytest.mark.parametrize("leaving", ["forget", "stop", "back"])
def test_a_risk_answer_fires_even_if_the_person_goes_away_without_confirming_it(leaving):
    flow = at_home()
    to_risk_item(flow)
    flow.tap(Tap.CHOOSE, 2.0, "1")
    match leaving:
        case "forget":
            wishes = flow.forget(3.0)
        case "back":
            wishes = flow.tap(Tap.BACK, 3.0)
        case _:
            flow.tap(Tap.STOP, 3.0)
            wishes = flow.tap(Tap.CONFIRM_END, 3.0)
    assert len(kept(wishes, AlertEvent)) == 1
    if leaving != "back":
        (partial,) = kept(wishes, Assessment)
        assert partial.answers["phq9.9"] == 1
        assert (partial.tier, partial.band) == ("red", "")


def test_without_leave_to_see_the_alert_names_seat_and_tier_and_nothing_more():
    for consents, source in ((("test",), None), (("test", "see"), "there")):
        flow = at_home(consents=consents)
        to_risk_item(flow)
        flow.tap(Tap.CHOOSE, 2.0, "1")
        open_id = flow.visit.open.id
        (alert,) = kept(flow.tap(Tap.NEXT, 3.0), AlertEvent)
        assert alert.source == (open_id if source else None)
        assert "phq9" not in repr(alert)


def test_a_heavy_score_is_told_without_calling():
    flow = at_home()
    at_phq9(flow)
    wishes = answer_all(flow, 3, upto=8)
    flow.tap(Tap.CHOOSE, 2.0, "0")
    wishes += flow.tap(Tap.NEXT, 2.0)
    wishes += answer_all(flow, 1)
    (alert,) = kept(wishes, AlertEvent)
    assert (alert.tier, alert.cause) == ("orange", "score")
    assert flow.place is Place.RESULT


def test_the_help_button_calls_a_person_at_once_and_only_once_while_the_call_waits():
    flow = at_home()
    (alert,) = kept(flow.tap(Tap.HELP, 1.0), AlertEvent)
    assert (alert.step, alert.tier, alert.cause) == (AlertStep.RAISED, "red", "help_button")
    assert flow.place is Place.HAND_OFF
    flow.tap(Tap.BACK, 2.0)
    (again,) = kept(flow.tap(Tap.HELP, 3.0), AlertEvent)
    assert (again.alert, again.step, again.detail) == (alert.alert, AlertStep.NOTED, "again: help_button")
    assert flow.place is Place.HAND_OFF


@pytest.mark.parametrize("why", ["acknowledged", "closed", "mistake"])
def test_whoever_asks_again_after_an_answer_or_a_mistake_gets_somebody_called_anew(why):
    flow = at_home()
    (first,) = kept(flow.tap(Tap.HELP, 1.0), AlertEvent)
    if why == "mistake":
        flow.tap(Tap.MISTAKE, 2.0)
    else:
        flow.stands(first.alert, AlertAnswer(known=True, status=why, level="room"), 2.0)
        flow.tap(Tap.BACK, 3.0)
    to_risk_item(flow)
    flow.tap(Tap.CHOOSE, 4.0, "3")
    (second,) = kept(flow.tap(Tap.NEXT, 5.0), AlertEvent)
    assert (second.step, second.alert != first.alert) == (AlertStep.RAISED, True)
    assert flow.place is Place.HAND_OFF


def test_a_risk_answer_while_a_call_waits_still_offers_a_person_and_is_told():
    flow = at_home()
    (first,) = kept(flow.tap(Tap.HELP, 1.0), AlertEvent)
    flow.tap(Tap.BACK, 2.0)
    to_risk_item(flow)
    flow.tap(Tap.CHOOSE, 4.0, "3")
    (told,) = kept(flow.tap(Tap.NEXT, 5.0), AlertEvent)
    assert (told.alert, told.step, told.detail) == (first.alert, AlertStep.NOTED, "again: risk_item")
    assert flow.place is Place.HAND_OFF


def test_the_next_person_on_the_first_screen_gets_nothing_of_a_call_before():
    flow = Flow(made_house())
    (first,) = kept(flow.tap(Tap.HELP, 1.0), AlertEvent)
    flow.tap(Tap.BACK, 2.0)
    assert (flow.place, flow.quiet) == (Place.WELCOME, Quiet.SILENT)
    flow.forget(82.0)
    assert (flow.quiet, flow.progress(83.0)) == (Quiet.NOTHING, HandOff.NONE)
    (second,) = kept(flow.tap(Tap.HELP, 84.0), AlertEvent)
    assert (second.step, second.alert != first.alert) == (AlertStep.RAISED, True)


def test_back_on_the_first_screen_nothing_is_known_of_whoever_was_there():
    flow = Flow(made_house())
    walk_to(flow, Place.HOME)
    flow.tap(Tap.LARGE, 0.0)
    flow.visit.trail = [Place.WELCOME, Place.PRIVACY]
    flow.tap(Tap.BACK, 1.0)
    assert flow.visit == Visit("zh", large=True)


def test_a_marked_risk_answer_is_given_also_behind_another_screen(made):
    for leave in (lambda flow: flow.tap(Tap.STOP, 3.0), lambda flow: flow.heard(made.frame(made.session(2)))):
        flow = at_home()
        to_risk_item(flow)
        flow.tap(Tap.CHOOSE, 2.0, "2")
        leave(flow)
        wishes = flow.passed(2.0 + LEFT_MARKED_S)
        assert [step.step for step in kept(wishes, AlertEvent)] == [AlertStep.RAISED]
        assert [wish.body.answers["phq9.9"] for wish in wishes if isinstance(wish, Draft)] == [2]
        assert flow.place is Place.HAND_OFF


def test_a_watched_answer_of_half_a_form_is_told_when_the_person_goes_away():
    flow = at_home(age="60+")
    flow.visit.intro = "gds15"
    flow.visit.go(Place.INTRO)
    flow.tap(Tap.NEXT, 0.0)
    answer_all(flow, 0, upto=13)
    flow.tap(Tap.CHOOSE, 1.0, "1")
    if flow.visit.open.sitting.position == 13:
        flow.tap(Tap.NEXT, 1.0)
    wishes = flow.forget(100.0)
    (alert,) = kept(wishes, AlertEvent)
    (partial,) = kept(wishes, Assessment)
    assert (alert.tier, partial.tier, partial.complete) == ("orange", "orange", False)


def red_bands():
    """Rules of a site that call the gravest band red."""
    rules = at_home().house.risk
    bands = [
        msgspec.structs.replace(rule, red=["severe"], orange=[]) if rule.instrument == "gad7" else rule
        for rule in rules.band
    ]
    return msgspec.structs.replace(rules, version=1000, band=bands)


def test_a_score_that_a_site_calls_red_calls_somebody():
    flow = at_home(risk=red_bands())
    flow.visit.intro = "gad7"
    flow.visit.go(Place.INTRO)
    flow.tap(Tap.NEXT, 0.0)
    (alert,) = kept(answer_all(flow, 3), AlertEvent)
    assert (alert.tier, alert.cause) == ("red", "score")
    assert flow.place is Place.HAND_OFF


def test_a_tier_without_a_rule_makes_no_alert_and_loses_no_answer():
    rules = handoff_rules.load()
    flow = at_home(handoff=msgspec.structs.replace(rules, rule=[rule for rule in rules.rule if rule.tier == "red"]))
    flow.visit.intro = "gad7"
    flow.visit.go(Place.INTRO)
    flow.tap(Tap.NEXT, 0.0)
    wishes = answer_all(flow, 3)
    assert kept(wishes, AlertEvent) == []
    assert kept(wishes, Assessment)[0].complete


def test_the_result_speaks_for_the_gravest_form_and_never_says_steady_after_a_risk_answer():
    flow = at_home()
    for key, value in (("phq9", 3), ("gad7", 0)):
        instrument = flow.house.instrument(key)
        answers = {item.id: value for item in instrument.items}
        tier = "orange" if value else "green"
        flow.visit.answered.append(Answered(instrument, score(instrument, answers), tier))
    form, words = told(flow.visit, load("zh"))
    assert (form.instrument.key, words.step) == ("phq9", "doctor")
    instrument = flow.house.instrument("phq9")
    answers = {item.id: 0 for item in instrument.items} | {"phq9.9": 1}
    flow.visit.answered = [Answered(instrument, score(instrument, answers), "red")]
    _, words = told(flow.visit, load("zh"))
    assert (words.step, "平稳" in words.meaning) == ("help", False)


def test_what_the_person_wishes_is_written_down_beside_the_alert():
    flow = at_home()
    flow.tap(Tap.HELP, 1.0)
    places = {"staff": Place.STAFF, "phone": Place.HELP, "family": Place.FAMILY}
    for number, (choice, place) in enumerate(places.items(), 2):
        (step,) = kept(flow.tap(Tap.CHOOSE, 2.0, choice), AlertEvent)
        assert (step.step, step.version, step.detail) == (AlertStep.NOTED, number, f"resident chose: {choice}")
        assert flow.place is place
        flow.tap(Tap.BACK, 3.0)
    (step,) = kept(flow.tap(Tap.MISTAKE, 4.0), AlertEvent)
    assert "mistake" in step.detail
    assert flow.place is Place.HOME


def test_who_asks_for_staff_gets_them_called_also_after_a_call_that_is_closed_or_was_never_made():
    flow = at_home()
    flow.visit.go(Place.HAND_OFF)
    alert, step = kept(flow.tap(Tap.CHOOSE, 1.0, "staff"), AlertEvent)
    assert (alert.step, alert.tier, step.step) == (AlertStep.RAISED, "red", AlertStep.NOTED)
    flow.stands(alert.alert, AlertAnswer(known=True, status="closed", level="room"), 2.0)
    assert flow.progress(2.0) is HandOff.OVER
    flow.tap(Tap.BACK, 3.0)
    again, _ = kept(flow.tap(Tap.CHOOSE, 4.0, "staff"), AlertEvent)
    assert again.alert != alert.alert
    assert flow.progress(4.0) is HandOff.SENDING


def test_the_screen_says_only_what_is_true_of_the_call():
    flow = at_home()
    assert flow.progress(0.0) is HandOff.NONE
    flow.tap(Tap.HELP, 10.0)
    alert = flow.visit.called.alert
    flow.duty = DutyAnswer(known=True, people=0)
    assert flow.progress(11.0) is HandOff.NOBODY
    flow.duty = DutyAnswer(known=True, people=1)
    assert flow.progress(11.0) is HandOff.SENDING
    assert flow.progress(10.0 + UNREACHED_S) is HandOff.UNREACHED
    flow.stands(UUID(int=999), AlertAnswer(known=True, status="acknowledged", level="room"), 19.0)
    flow.stands(alert, AlertAnswer(known=False), 19.0)
    flow.stands(alert, AlertAnswer(known=True, status="incomplete"), 19.0)
    assert flow.progress(20.0) is HandOff.UNREACHED
    flow.stands(alert, AlertAnswer(known=True, status="open", level="room"), 20.0)
    assert flow.progress(20.0) is HandOff.KEPT
    flow.stands(alert, AlertAnswer(known=True, status="open", level="room", told=True), 20.0)
    assert flow.progress(20.0) is HandOff.TOLD
    flow.duty = DutyAnswer(known=True, people=0)
    assert flow.progress(20.0) is HandOff.NOBODY
    flow.stands(alert, AlertAnswer(known=True, status="open", level="town"), 20.0)
    assert flow.progress(20.0) is HandOff.ABOVE
    assert flow.progress(20.0 + OLD_S) is HandOff.UNREACHED
    flow.stands(alert, AlertAnswer(known=True, status="acknowledged", level="room", owner="王老师"), 20.0)
    assert flow.progress(20.0 + OLD_S) is HandOff.SEEN
    flow.stands(alert, AlertAnswer(known=True, status="closed", level="room"), 20.0)
    assert flow.progress(20.0) is HandOff.OVER
    assert len(kept(flow.tap(Tap.HELP, 30.0), AlertEvent)) == 1


def test_asking_for_staff_calls_somebody_even_where_nobody_was_called_before(made):
    flow = at_home()
    flow.heard(made.frame(made.session(2)))
    flow.replied(EndSession(), Reply(1, ok=False, code="not_yours"))
    assert (flow.place, flow.visit.called) == (Place.HAND_OFF, None)
    alert, wish = kept(flow.tap(Tap.CHOOSE, 1.0, "staff"), AlertEvent)
    assert (alert.step, alert.cause) == (AlertStep.RAISED, "help_button")
    assert wish.detail == "resident chose: staff"
    assert flow.place is Place.STAFF
