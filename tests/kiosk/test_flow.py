"""Which screen is shown, without a screen: the room's session, and the way of one person."""

import doctest

import pytest

from gateway.live import EndSession, PauseSession, Reply, ResumeSession, StartSession
from kiosk import idle as idle_module
from kiosk.flow import SOLO_S, Flow, Place, Quiet, Tap, Visit, relax_minutes
from kiosk.flow.wishes import Keep, Leave, MakeFile, OpenFile, PrintSlip, ToRoom
from kiosk.furnish import Lock
from kiosk.idle import IdleTimes, idle_after
from tests.kiosk.made_house import at_home, made_house, walk_to


@pytest.fixture
def flow(made):
    flow = Flow(made_house())
    flow.heard(made.frame())
    return flow


def asked(wishes):
    return [wish.action for wish in wishes if isinstance(wish, ToRoom)]


def kept(wishes):
    return [wish.body for wish in wishes if isinstance(wish, Keep)]


def test_it_begins_with_a_welcome_and_says_how_long_relaxing_takes(flow):
    assert flow.place is Place.WELCOME
    assert relax_minutes() == 8


def test_privacy_comes_before_anything_is_asked(flow):
    seen = [flow.place]
    for tap, value in ((Tap.NEXT, ""), (Tap.NEXT, ""), (Tap.NEXT, ""), (Tap.CHOOSE, "60+")):
        flow.tap(tap, 0.0, value)
        seen.append(flow.place)
    assert seen == [Place.WELCOME, Place.PRIVACY, Place.CONSENT, Place.WHO, Place.HOME]


# the room leads


@pytest.mark.parametrize(
    ("segment", "place"), [(0, Place.CHECK), (1, Place.BASELINE), (2, Place.PACED), (3, Place.RECOVERY)]
)
def test_a_session_that_runs_is_shown_whoever_began_it(flow, made, segment, place):
    flow.tap(Tap.NEXT, 0.0)
    flow.heard(made.frame(made.session(segment)))
    assert flow.place is place


def in_chair(flow):
    walk_to(flow, Place.HOME)
    flow.tap(Tap.CHOOSE, 0.0, "relax")
    flow.tap(Tap.CHOOSE, 0.0, "chair")
    assert flow.place is Place.HOW


def test_a_start_is_asked_for_once_until_the_room_answers(flow):
    in_chair(flow)
    assert asked(flow.tap(Tap.START, 0.0)) == [StartSession(programme="resonance")]
    assert flow.tap(Tap.START, 1.0) == []
    flow.replied(StartSession(), Reply(1, ok=False, code="no_chair"))
    assert (flow.place, flow.watch.refused) == (Place.REFUSED, "no_chair")
    flow.tap(Tap.BACK, 2.0)
    assert asked(flow.tap(Tap.START, 3.0))


def test_a_start_that_the_counsellor_was_faster_with_is_no_refusal(flow):
    in_chair(flow)
    flow.tap(Tap.START, 0.0)
    flow.replied(StartSession(), Reply(1, ok=False, code="session_running"))
    assert flow.place is Place.HOW


def test_without_the_room_a_start_says_so_and_breathing_alone_works(flow):
    in_chair(flow)
    flow.heard(None)
    assert flow.tap(Tap.START, 0.0) == []
    assert (flow.place, flow.watch.refused) == (Place.REFUSED, "room_away")
    flow.tap(Tap.CHOOSE, 1.0, "breathe")
    assert flow.place is Place.SOLO


def test_what_only_the_counsellor_may_do_leads_to_the_page_that_brings_one(flow, made):
    flow.heard(made.frame(made.session(2)))
    flow.tap(Tap.END, 0.0)
    assert asked(flow.tap(Tap.CONFIRM_END, 1.0)) == [EndSession()]
    flow.replied(EndSession(), Reply(1, ok=False, code="not_yours"))
    assert flow.place is Place.HAND_OFF
    flow.tap(Tap.BACK, 2.0)
    assert flow.place is Place.PACED


def test_help_holds_a_running_session_and_leads_back_to_it(flow, made):
    flow.heard(made.frame(made.session(2)))
    assert asked(flow.tap(Tap.HELP, 0.0)) == [PauseSession()]
    assert flow.place is Place.HAND_OFF
    flow.heard(made.frame(made.session(2, state="paused", reason="asked")))
    assert flow.place is Place.HAND_OFF
    flow.tap(Tap.BACK, 1.0)
    assert flow.place is Place.PAUSED
    assert asked(flow.tap(Tap.RESUME, 2.0)) == [ResumeSession()]


def test_a_session_that_ends_behind_the_help_page_is_not_lost(flow, made):
    flow.heard(made.frame(made.session(2)))
    flow.tap(Tap.HELP, 0.0)
    flow.heard(made.frame(made.session(4, state="finished")))
    assert flow.place is Place.HAND_OFF
    flow.tap(Tap.BACK, 1.0)
    assert flow.place is Place.AFTER


def test_ending_is_asked_for_twice(flow, made):
    flow.heard(made.frame(made.session(2)))
    assert flow.tap(Tap.END, 0.0) == []
    assert flow.place is Place.END
    flow.tap(Tap.KEEP, 1.0)
    assert flow.place is Place.PACED
    flow.tap(Tap.END, 2.0)
    assert asked(flow.tap(Tap.CONFIRM_END, 3.0)) == [EndSession()]


def test_a_finished_session_is_shown_once_and_only_to_who_was_in_it(flow, made):
    over = made.frame(made.session(4, state="finished"))
    flow.heard(over)
    assert flow.place is Place.WELCOME
    flow.heard(made.frame(made.session(3)))
    flow.heard(over)
    assert flow.place is Place.AFTER
    flow.tap(Tap.DONE, 0.0)
    flow.heard(over)
    assert flow.place is Place.WELCOME


def test_the_room_away_in_a_session_comes_back_to_the_session(flow, made):
    flow.heard(made.frame(made.session(2)))
    flow.heard(None)
    assert (flow.place, flow.watch.watched) == (Place.AWAY, "s1")
    flow.heard(made.frame(made.session(2, state="paused", reason="room_restarted")))
    assert flow.place is Place.PAUSED


def test_a_programme_that_this_kiosk_does_not_know_is_told_by_its_pace(flow, made):
    import msgspec

    for segment, place in ((2, Place.PACED), (1, Place.BASELINE)):
        session = msgspec.structs.replace(made.session(segment), programme="newer")
        flow.heard(made.frame(session))
        assert flow.place is place


# the room may be away


def test_without_the_room_everything_else_works():
    flow = at_home()
    for service, place in (("tests", Place.TESTS), ("read", Place.READ), ("book", Place.BOOK), ("relax", Place.RELAX)):
        flow.tap(Tap.CHOOSE, 0.0, service)
        assert flow.place is place
        flow.tap(Tap.BACK, 0.0)


def test_breathing_alone_needs_no_room_and_ends_by_itself():
    flow = at_home()
    flow.tap(Tap.CHOOSE, 10.0, "relax")
    flow.tap(Tap.CHOOSE, 10.0, "breathe")
    assert flow.place is Place.SOLO
    flow.passed(11.0)
    assert flow.place is Place.SOLO
    flow.passed(10.0 + SOLO_S + 4)
    assert flow.place is Place.RELAX


@pytest.mark.parametrize("key", ["muscles", "rain"])
def test_an_exercise_and_a_sound_end_by_themselves(key):
    flow = at_home()
    flow.tap(Tap.CHOOSE, 0.0, "relax")
    flow.tap(Tap.CHOOSE, 0.0, key)
    flow.passed(60.0)
    assert flow.place in {Place.EXERCISE, Place.SOUND}
    flow.passed(1000.0)
    assert flow.place is Place.RELAX


# consents and ages


def test_whoever_does_not_want_to_be_asked_is_not_and_may_do_everything_else():
    flow = at_home(consents=())
    flow.tap(Tap.CHOOSE, 0.0, "tests")
    assert flow.place is Place.CONSENT
    flow.tap(Tap.BACK, 0.0)
    flow.tap(Tap.CHOOSE, 0.0, "read")
    assert flow.place is Place.READ


def test_there_is_nothing_to_keep_or_see_without_being_asked_and_each_consent_is_given_by_itself():
    flow = Flow(made_house())
    walk_to(flow, Place.CONSENT)
    flow.tap(Tap.CHOOSE, 0.0, "see")
    assert (flow.visit.consents, flow.visit.note) == (set(), "consent.first")
    flow.tap(Tap.CHOOSE, 0.0, "test")
    assert (flow.visit.consents, flow.visit.note) == ({"test"}, "")
    flow.tap(Tap.CHOOSE, 0.0, "see")
    assert flow.visit.consents == {"test", "see"}
    flow.tap(Tap.CHOOSE, 0.0, "test")
    assert flow.visit.consents == set()


@pytest.mark.parametrize("service", ["tests", "rhythm", "book", "trend"])
def test_a_child_comes_with_somebody(service):
    flow = at_home(age="under14")
    flow.tap(Tap.CHOOSE, 0.0, service)
    assert flow.place is Place.ACCOMPANIED
    flow.tap(Tap.BACK, 0.0)
    assert flow.place is Place.HOME


# codes


def type_in(flow, signs):
    for sign in signs:
        flow.tap(Tap.TYPE, 0.0, sign)


def to_file(choice):
    flow = Flow(made_house())
    walk_to(flow, Place.FILE)
    flow.tap(Tap.CHOOSE, 0.0, choice)
    return flow


def test_a_new_code_gets_a_pin_that_is_typed_twice():
    flow = to_file("new")
    assert (flow.place, flow.visit.drawn) == (Place.NEW_CODE, "ABCD2345")
    flow.tap(Tap.NEXT, 0.0)
    type_in(flow, "7391")
    flow.tap(Tap.NEXT, 0.0)
    assert (flow.place, flow.visit.typed) == (Place.PIN_AGAIN, "")
    type_in(flow, "7390")
    assert flow.tap(Tap.NEXT, 0.0) == []
    assert (flow.place, flow.visit.note) == (Place.NEW_PIN, "pin.different")
    type_in(flow, "7391")
    flow.tap(Tap.NEXT, 0.0)
    type_in(flow, "7391")
    assert flow.tap(Tap.NEXT, 0.0) == [MakeFile("ABCD2345", "7391", "18-59", "zh")]
    assert (flow.place, flow.visit.code) == (Place.HOME, "ABCD2345")


def test_a_pin_that_anybody_would_guess_is_asked_for_again():
    flow = to_file("new")
    flow.tap(Tap.NEXT, 0.0)
    type_in(flow, "1234")
    flow.tap(Tap.NEXT, 0.0)
    assert (flow.place, flow.visit.note, flow.visit.typed) == (Place.NEW_PIN, "pin.easy", "")


def opening(code):
    flow = to_file("have")
    type_in(flow, code)
    flow.tap(Tap.NEXT, 0.0)
    assert flow.place is Place.PIN
    type_in(flow, "7391")
    wishes = flow.tap(Tap.NEXT, 0.0)
    assert wishes == [OpenFile(code, "7391")]
    assert flow.place is Place.OPENING
    return flow


@pytest.fixture
def code():
    from care.codes import new_code

    return new_code(lambda below: 3 % below)


def test_a_known_code_opens_its_file(code):
    from gateway.counter.messages import FileAnswer

    flow = opening(code)
    flow.opened(FileAnswer("ok", subject=code))
    assert (flow.place, flow.visit.code) == (Place.HOME, code)


@pytest.mark.parametrize("outcome", ["wrong", "locked", None])
def test_a_file_that_stays_closed_says_why_and_leads_on(code, outcome):
    from gateway.counter.messages import FileAnswer

    flow = opening(code)
    flow.opened(FileAnswer(outcome) if outcome else None)
    assert (flow.place, flow.visit.note) == (Place.CODE, f"code.{outcome or 'away'}")
    assert flow.visit.code == ""
    flow.tap(Tap.BACK, 0.0)
    flow.tap(Tap.CHOOSE, 0.0, "none")
    assert flow.place is Place.HOME


def test_a_mistyped_code_is_noticed_before_it_is_asked_for(code):
    flow = to_file("have")
    wrong = ("3" if code[0] != "3" else "4") + code[1:]
    type_in(flow, wrong)
    assert flow.tap(Tap.NEXT, 0.0) == []
    assert (flow.place, flow.visit.note) == (Place.CODE, "code.typing")


# appointments, slips, leaving


def test_an_appointment_is_asked_for_under_a_number_that_stands_on_the_screen():
    flow = at_home()
    for value in ("book", "talk", "workday"):
        flow.tap(Tap.CHOOSE, 0.0, value)
    (asked_for,) = kept(flow.tap(Tap.CHOOSE, 0.0, "morning"))
    assert (asked_for.state, asked_for.subject) == ("asked", flow.visit.booked)
    assert asked_for.note == "day: workday, part: morning, what: talk"
    assert flow.place is Place.BOOKED
    flow.tap(Tap.NEXT, 0.0)
    assert flow.place is Place.HOME


def test_a_piece_that_was_read_is_counted_and_one_that_was_only_touched_is_not():
    flow = at_home()
    flow.tap(Tap.CHOOSE, 0.0, "read")
    key = flow.house.pieces[0].key
    flow.tap(Tap.CHOOSE, 0.0, key)
    assert flow.tap(Tap.BACK, 1.0) == []
    flow.tap(Tap.CHOOSE, 2.0, key)
    (viewed,) = kept(flow.tap(Tap.BACK, 62.0))
    assert (viewed.piece, viewed.seconds) == (key, 60.0)
    assert flow.place is Place.READ


def test_a_slip_is_printed_once():
    flow = at_home()
    flow.visit.go(Place.TAKE)
    assert flow.tap(Tap.PRINT, 0.0) == [PrintSlip()]
    assert flow.tap(Tap.PRINT, 1.0) == []


def test_goodbye_keeps_how_it_looks_and_nothing_of_the_person():
    flow = at_home()
    flow.visit.code = "ABCD2345"
    flow.tap(Tap.LARGE, 0.0)
    flow.tap(Tap.BYE, 0.0)
    assert (flow.place, flow.visit.large, flow.visit.code) == (Place.BYE, True, "")
    flow.tap(Tap.DONE, 0.0)
    assert (flow.place, flow.visit.large) == (Place.WELCOME, False)


def test_forgetting_leaves_no_trace_but_a_session_that_runs(flow, made):
    for tap in (Tap.LARGE, Tap.LANGUAGE, Tap.CONTRAST, Tap.HELP):
        flow.tap(tap, 0.0)
    flow.forget(1.0)
    assert flow.visit == Visit("zh")
    assert flow.place is Place.WELCOME
    flow.heard(made.frame(made.session(2)))
    flow.forget(2.0)
    assert (flow.place, flow.watch.watched) == (Place.PACED, "s1")


# staff


def test_only_the_maintenance_pin_leads_out():
    flow = Flow(made_house(maintenance=Lock("246813").opens))
    flow.tap(Tap.SERVICE, 0.0)
    type_in(flow, "123456")
    flow.tap(Tap.NEXT, 0.0)
    assert (flow.place, flow.visit.note) == (Place.SERVICE_PIN, "service.wrong")
    type_in(flow, "246813")
    flow.tap(Tap.NEXT, 0.0)
    assert flow.place is Place.SERVICE
    assert flow.tap(Tap.CHOOSE, 0.0, "leave") == [Leave(again=False)]


def test_after_a_few_wrong_pins_even_the_right_one_waits():
    lock = Lock("246813")
    assert not any(lock.opens("000000", second) for second in range(5))
    assert not lock.opens("246813", 60.0)
    assert lock.opens("246813", 700.0)


def test_without_a_maintenance_pin_there_is_no_way_out():
    flow = Flow(made_house())
    flow.tap(Tap.SERVICE, 0.0)
    assert flow.place is Place.WELCOME


# quiet


def test_nothing_happens_by_itself_while_somebody_is_in_the_chair(flow, made):
    for segment in range(4):
        flow.heard(made.frame(made.session(segment)))
        assert flow.quiet is Quiet.NOTHING


def test_the_first_page_is_forgotten_silently_once_somebody_changed_it(flow):
    assert flow.quiet is Quiet.NOTHING
    flow.tap(Tap.LARGE, 0.0)
    assert flow.quiet is Quiet.SILENT
    flow.tap(Tap.NEXT, 0.0)
    assert flow.quiet is Quiet.ASK


def test_idle_dims_asks_and_forgets():
    times = IdleTimes()
    assert not idle_after(times, 44.0).dim
    assert idle_after(times, 46.0).dim
    assert idle_after(times, 46.0).ask_left_s is None
    assert idle_after(times, 70.0).ask_left_s == 10.0
    assert idle_after(times, 81.0).forget
    assert not idle_after(times, 81.0, on_help=True).dim
    assert doctest.testmod(idle_module).failed == 0


def test_idle_times_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="idle times"):
        IdleTimes(dim_s=70.0)


def test_after_the_rhythm_minute_one_may_try_again_or_breathe_along(made):
    flow = at_home()
    minute = {"programme": "rhythm_check", "state": "finished", "ended": "completed"}
    for tap in (Tap.START, Tap.CHOOSE):
        flow.heard(made.frame(made.session(1, programme="rhythm_check", key=str(tap))))
        assert flow.place is Place.BASELINE
        flow.heard(made.frame(made.session(2, key=str(tap), **minute)))
        assert flow.place is Place.RHYTHM
        wishes = flow.tap(tap, 5.0)
        if tap is Tap.START:
            assert asked(wishes) == [StartSession(programme="rhythm_check")]
    assert flow.place is Place.SOLO
    flow.tap(Tap.END, 6.0)
    assert flow.place is Place.HOME
