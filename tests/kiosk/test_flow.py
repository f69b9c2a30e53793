"""Which page is shown, without a screen."""

import doctest

import pytest

from gateway.live import EndSession, PauseSession, Reply, ResumeSession, StartSession
from kiosk import idle as idle_module
from kiosk.flow import SOLO_S, Flow, Place, Quiet, Tap, relax_minutes
from kiosk.idle import IdleTimes, idle_after


@pytest.fixture
def flow(made):
    flow = Flow("zh")
    flow.heard(made.frame())
    return flow


def test_it_begins_at_home_and_says_how_long_relaxing_takes(flow):
    assert flow.place is Place.HOME
    assert relax_minutes() == 8


def test_before_the_room_is_heard_it_says_so_and_help_works():
    flow = Flow("zh")
    assert flow.place is Place.AWAY
    flow.tap(Tap.HELP, 0.0)
    assert flow.place is Place.HELP


@pytest.mark.parametrize(
    ("segment", "place"), [(0, Place.CHECK), (1, Place.BASELINE), (2, Place.PACED), (3, Place.RECOVERY)]
)
def test_a_session_that_runs_is_shown_whoever_began_it(flow, made, segment, place):
    flow.tap(Tap.HOW, 0.0)
    flow.heard(made.frame(made.session(segment)))
    assert flow.place is place


def test_a_start_is_asked_for_once_until_the_room_answers(flow):
    assert flow.tap(Tap.START, 0.0) == StartSession(programme="resonance")
    assert flow.tap(Tap.START, 1.0) is None
    flow.replied(StartSession(), Reply(1, ok=False, code="no_chair"))
    assert (flow.place, flow.refused) == (Place.REFUSED, "no_chair")
    flow.tap(Tap.BACK, 2.0)
    assert flow.tap(Tap.START, 3.0) is not None


def test_a_start_that_the_counsellor_was_faster_with_is_no_refusal(flow):
    flow.tap(Tap.START, 0.0)
    flow.replied(StartSession(), Reply(1, ok=False, code="session_running"))
    assert flow.place is Place.HOME


def test_what_only_the_counsellor_may_do_leads_to_the_page_that_brings_one(flow, made):
    flow.heard(made.frame(made.session(2)))
    flow.tap(Tap.END, 0.0)
    assert flow.tap(Tap.CONFIRM_END, 1.0) == EndSession()
    flow.replied(EndSession(), Reply(1, ok=False, code="not_yours"))
    assert flow.place is Place.HELP
    flow.tap(Tap.BACK, 2.0)
    assert flow.place is Place.PACED


def test_help_holds_a_running_session_and_leads_back_to_it(flow, made):
    flow.heard(made.frame(made.session(2)))
    assert flow.tap(Tap.HELP, 0.0) == PauseSession()
    assert flow.place is Place.HELP
    flow.heard(made.frame(made.session(2, state="paused", reason="asked")))
    assert flow.place is Place.HELP
    assert flow.tap(Tap.BACK, 1.0) is None
    assert flow.place is Place.PAUSED
    assert flow.tap(Tap.RESUME, 2.0) == ResumeSession()


def test_help_leads_back_to_where_one_was(flow):
    flow.tap(Tap.HOW, 0.0)
    assert flow.tap(Tap.HELP, 1.0) is None
    flow.tap(Tap.BACK, 2.0)
    assert flow.place is Place.HOW


def test_a_session_that_ends_behind_the_help_page_is_not_lost(flow, made):
    flow.heard(made.frame(made.session(2)))
    flow.tap(Tap.HELP, 0.0)
    flow.heard(made.frame(made.session(4, state="finished")))
    assert flow.place is Place.HELP
    flow.tap(Tap.BACK, 1.0)
    assert flow.place is Place.AFTER


def test_ending_is_asked_for_twice(flow, made):
    flow.heard(made.frame(made.session(2)))
    assert flow.tap(Tap.END, 0.0) is None
    assert flow.place is Place.END
    flow.tap(Tap.KEEP, 1.0)
    assert flow.place is Place.PACED
    flow.tap(Tap.END, 2.0)
    assert flow.tap(Tap.CONFIRM_END, 3.0) == EndSession()


def test_a_finished_session_is_shown_once_and_only_to_who_was_in_it(flow, made):
    over = made.frame(made.session(4, state="finished"))
    flow.heard(over)
    assert flow.place is Place.HOME
    flow.heard(made.frame(made.session(3)))
    flow.heard(over)
    assert flow.place is Place.AFTER
    flow.tap(Tap.DONE, 0.0)
    flow.heard(over)
    assert flow.place is Place.HOME


def test_the_room_away_in_a_session_comes_back_to_the_session(flow, made):
    flow.heard(made.frame(made.session(2)))
    flow.heard(None)
    assert (flow.place, flow.watched) == (Place.AWAY, "s1")
    flow.heard(made.frame(made.session(2, state="paused", reason="room_restarted")))
    assert flow.place is Place.PAUSED


def test_breathing_alone_needs_no_room_and_ends_by_itself(flow):
    flow.heard(None)
    flow.tap(Tap.SOLO, 10.0)
    assert flow.place is Place.SOLO
    assert flow.solo_left_s(11.0) == SOLO_S - 1
    assert flow.place is Place.SOLO
    flow.solo_left_s(10.0 + SOLO_S)
    assert flow.place is Place.AFTER


def test_forgetting_leaves_no_trace_but_a_session_that_runs(flow, made):
    for tap in (Tap.LARGE, Tap.LANGUAGE, Tap.HELP):
        flow.tap(tap, 0.0)
    flow.forget()
    assert (flow.language, flow.large, flow.place) == ("zh", False, Place.HOME)
    flow.heard(made.frame(made.session(2)))
    flow.forget()
    assert (flow.place, flow.watched) == (Place.PACED, "s1")


def test_a_programme_that_this_kiosk_does_not_know_is_told_by_its_pace(flow, made):
    import msgspec

    for segment, place in ((2, Place.PACED), (1, Place.BASELINE)):
        session = msgspec.structs.replace(made.session(segment), programme="newer")
        flow.heard(made.frame(session))
        assert flow.place is place


def test_nobody_is_asked_whether_they_are_there_in_a_session_or_at_home(flow, made):
    assert flow.quiet is Quiet.NOTHING
    flow.tap(Tap.LARGE, 0.0)
    assert flow.quiet is Quiet.SILENT
    flow.tap(Tap.HOW, 0.0)
    assert flow.quiet is Quiet.ASK
    flow.heard(made.frame(made.session(2)))
    assert flow.quiet is Quiet.NOTHING
    flow.heard(made.frame(made.session(4, state="finished")))
    assert flow.quiet is Quiet.ASK


def test_the_examples_of_the_idle_module_hold():
    assert doctest.testmod(idle_module).failed == 0


def test_the_screen_dims_asks_for_twenty_seconds_and_forgets():
    times = IdleTimes()
    assert not idle_after(times, 44.9).dim
    assert idle_after(times, 45.0).dim
    assert idle_after(times, 59.9).ask_left_s is None
    assert idle_after(times, 60.0).ask_left_s == 20.0
    assert not idle_after(times, 79.9).forget
    assert idle_after(times, 80.0).forget


def test_the_help_page_stays_four_times_as_long_with_the_same_countdown():
    times = IdleTimes()
    assert not idle_after(times, 179.0, on_help=True).dim
    assert idle_after(times, 240.0, on_help=True).ask_left_s == 20.0
    assert idle_after(times, 260.0, on_help=True).forget


def test_times_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="idle times"):
        IdleTimes(dim_s=50.0, ask_s=40.0)
