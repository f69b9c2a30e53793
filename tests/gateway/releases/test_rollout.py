"""A rollout goes on when sites are well, halts by itself when they are not, and hears reports in any order."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.messages import ReleaseReport
from gateway.releases import rollout as machine
from gateway.releases.cohorts import members
from gateway.releases.errors import RolloutBusy
from gateway.releases.plan import Action, Done, Halt, Offer, Release, Rollout, SiteHealth, Status
from gateway.releases.reports import ReportState, make_report

V = "0.2.0"
SITES = [f"huadu.t{number % 10}.{number:04}" for number in range(262)]
HOUR = 3600 * 10**9
DAY = 24 * HOUR
FIRST, SECOND = sorted(members(SITES, V, 5)), sorted(members(SITES, V, 25))

Reports = list[tuple[str, ReleaseReport]]


def said(sites: list[str], state: str, at: int = HOUR) -> Reports:
    return [(site, make_report(V, ReportState(state), at)) for site in sites]


def begun() -> Rollout:
    return machine.begin(V, 0, "lin")


def step(
    rollout: Rollout, now: int, reports: Reports | None = None, health: dict[str, SiteHealth] | None = None
) -> tuple[Rollout, list[Action]]:
    return machine.advance(rollout, now, SITES, reports or [], health or {})


def test_five_then_twenty_five_then_all() -> None:
    rollout, actions = step(begun(), 0)
    assert actions == [Offer(V, FIRST)]
    assert step(rollout, HOUR)[1] == [], "nobody is told twice"
    rollout, actions = step(rollout, DAY - 1, said(FIRST, "healthy"))
    assert actions == [], "it soaks for a day"
    rollout, actions = step(rollout, DAY)
    assert actions == [Offer(V, sorted(set(SECOND) - set(FIRST)))]
    rollout, actions = step(rollout, 2 * DAY, said(SECOND, "healthy", DAY))
    assert actions == [Offer(V, sorted(set(SITES) - set(SECOND)))]
    rollout, actions = step(rollout, 3 * DAY, said(SITES, "healthy", 2 * DAY))
    assert actions == [Done(V)]
    assert rollout.status is Status.DONE
    assert [event.what for event in rollout.events] == ["begin", "stage 25 %", "stage 100 %", "done"]


def test_time_alone_opens_no_stage() -> None:
    rollout, _ = step(begun(), 0)
    rollout, actions = step(rollout, 30 * DAY, said(FIRST[:2], "healthy"))
    assert (rollout.stage, actions) == (0, []), "two are well; three and half of the stage are needed"


def test_rooms_that_are_closed_hold_nobody_up() -> None:
    rollout, _ = step(begun(), 0)
    rollout, _ = step(rollout, DAY, said(FIRST[: len(FIRST) // 2 + 1], "healthy"))
    assert rollout.stage == 1


@pytest.mark.parametrize("failure", ["rolled_back", "refused"])
def test_two_failures_of_thirteen_halt_it(failure: str) -> None:
    rollout, _ = step(begun(), 0)
    rollout, actions = step(rollout, HOUR, said(FIRST[2:], "healthy") + said(FIRST[:1], failure))
    assert rollout.status is Status.RUNNING, "one may be the room's own trouble"
    rollout, actions = step(rollout, 2 * HOUR, said(FIRST[1:2], failure))
    (halt,) = actions
    assert isinstance(halt, Halt)
    assert FIRST[0] in halt.why
    assert halt.sites == [], "all have tried it; nobody is left to hold it"
    assert step(rollout, 9 * DAY, said(SITES, "healthy"))[1] == [], "and it stays halted"


def test_a_halt_names_the_sites_that_must_hold_it() -> None:
    rollout, _ = step(begun(), 0)
    _, actions = step(rollout, HOUR, said(FIRST[:2], "rolled_back") + said(FIRST[2:4], "fetched"))
    assert actions[0].sites == FIRST[2:]  # type: ignore[union-attr]


def test_a_few_failures_of_many_do_not_halt_it() -> None:
    rollout, _ = step(begun(), 0)
    rollout, _ = step(rollout, DAY, said(FIRST, "healthy"))
    rollout, _ = step(rollout, 2 * DAY, said(SECOND, "healthy"))
    rollout, _ = step(rollout, 2 * DAY + HOUR, said(SITES[:3], "rolled_back"))
    assert rollout.status is Status.RUNNING, "3 of 262 are 1 %"


def test_one_safety_fault_halts_it_at_once() -> None:
    rollout, _ = step(begun(), 0)
    rollout, actions = step(rollout, HOUR, said(FIRST[:1], "applied"), {FIRST[0]: SiteHealth.SAFETY_FAULT})
    assert "safety fault" in actions[0].why  # type: ignore[union-attr]
    rollout, _ = step(rollout, 2 * HOUR, said(FIRST[:1], "healthy"), {FIRST[0]: SiteHealth.WELL})
    assert rollout.failed == {FIRST[0]: "safety_fault"}, "it is still named when it has passed"


def test_a_fault_where_it_was_not_applied_is_not_its_fault() -> None:
    rollout, _ = step(begun(), 0)
    health = {FIRST[0]: SiteHealth.SAFETY_FAULT, FIRST[1]: SiteHealth.SILENT, FIRST[2]: SiteHealth.SILENT}
    assert step(rollout, HOUR, said(FIRST[:3], "fetched"), health)[0].status is Status.RUNNING


def test_sites_that_fall_silent_after_it_have_failed_until_they_speak() -> None:
    rollout, _ = step(begun(), 0)
    rollout, _ = step(rollout, HOUR, said(FIRST[:1], "applied"))
    rollout, _ = step(rollout, 8 * HOUR)
    assert rollout.failed == {FIRST[0]: "silent"}
    rollout, _ = step(rollout, 9 * HOUR, said(FIRST[:1], "healthy", 2 * HOUR))
    assert rollout.failed == {}
    rollout, _ = step(rollout, 10 * HOUR, said(FIRST[:2], "healthy"), dict.fromkeys(FIRST[:2], SiteHealth.SILENT))
    assert rollout.status is Status.HALTED


def test_a_person_resumes_what_was_looked_at() -> None:
    rollout, _ = step(begun(), 0)
    rollout, _ = step(rollout, HOUR, said(FIRST[:2], "rolled_back"))
    rollout, actions = machine.resume(rollout, 2 * HOUR, "lin", "both rooms had a full disk")
    assert actions == [Release(V, FIRST)]
    rollout, actions = step(rollout, DAY + HOUR, said(FIRST[2:], "healthy"))
    assert (rollout.stage, actions) == (0, []), "the stage soaks again from the moment of the resume"
    rollout, _ = step(rollout, DAY + 2 * HOUR)
    assert rollout.stage == 1
    assert [(event.actor, event.what) for event in rollout.events][2] == ("lin", "resume")


def test_a_person_halts_and_ends_it() -> None:
    rollout, _ = step(begun(), 0)
    rollout, actions = machine.halt(rollout, HOUR, "lin", "a call from room 7")
    assert actions == [Halt(V, "a call from room 7", FIRST)]
    with pytest.raises(RolloutBusy, match="is halted"):
        machine.halt(rollout, HOUR, "lin", "again")
    rollout, _ = machine.abort(rollout, HOUR, "lin", "0.2.1 mends it")
    with pytest.raises(RolloutBusy, match="is aborted"):
        machine.resume(rollout, HOUR, "lin", "why not")
    assert step(rollout, DAY)[1] == []


def test_in_a_small_town_one_failure_is_enough_and_somebody_begins() -> None:
    rollout, actions = machine.advance(begun(), 0, SITES[:3], [], {})
    (first,) = actions[0].sites  # type: ignore[union-attr]
    rollout, actions = machine.advance(rollout, HOUR, SITES[:3], said([first], "rolled_back"), {})
    assert rollout.status is Status.HALTED


def test_a_room_that_joins_during_a_rollout_is_offered_it() -> None:
    rollout, _ = step(begun(), 0)
    rollout, _ = step(rollout, DAY, said(FIRST, "healthy"))
    rollout, _ = step(rollout, 2 * DAY, said(SECOND, "healthy"))
    _, actions = machine.advance(rollout, 2 * DAY + HOUR, [*SITES, "huadu.new.0001"], [], {})
    assert actions == [Offer(V, ["huadu.new.0001"])]


def test_reports_of_other_versions_count_nothing() -> None:
    rollout, _ = step(begun(), 0)
    other = [(site, make_report("0.1.0", ReportState.ROLLED_BACK, HOUR)) for site in FIRST]
    assert step(rollout, HOUR, other)[0].outcomes == {}


def test_its_state_is_plain_json() -> None:
    rollout, _ = step(begun(), 0)
    rollout, _ = step(rollout, HOUR, said(FIRST[:2], "rolled_back"))
    assert msgspec.json.decode(msgspec.json.encode(rollout), type=Rollout) == rollout


histories = st.lists(
    st.tuples(
        st.sampled_from(FIRST),
        st.builds(make_report, st.just(V), st.sampled_from(ReportState), st.integers(0, 3 * HOUR), st.just("")),
    ),
    max_size=30,
)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_reports_and_repeats_change_nothing(history: Reports, chance: random.Random) -> None:
    shuffled = history + chance.choices(history, k=5) if history else []
    chance.shuffle(shuffled)
    rollout, _ = step(begun(), 0)
    assert step(rollout, DAY, history) == step(rollout, DAY, shuffled)


@given(histories, st.integers(1, 5))
def test_reports_in_pieces_come_to_the_same_as_all_at_once(history: Reports, pieces: int) -> None:
    """Within a soak, so that no stage opens between two pieces; and a halt, once right, stays even so."""
    rollout, _ = step(begun(), 0)
    whole, _ = step(rollout, HOUR, history)
    halts = 0
    for number in range(pieces):
        rollout, actions = step(rollout, HOUR, history[number::pieces])
        halts += sum(isinstance(action, Halt) for action in actions)
    assert (rollout.outcomes, rollout.failed, rollout.stage) == (whole.outcomes, whole.failed, whole.stage)
    assert halts == (rollout.status is Status.HALTED)
    assert halts >= (whole.status is Status.HALTED)
