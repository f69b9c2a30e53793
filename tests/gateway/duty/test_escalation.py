"""The clock of an alert: each level counts for itself from the deadlines in the record, whoever is gone or late."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from duty_parts import AT, RULES, S, Stopwatch, an_alert, state, steps
from gateway_parts import placement
from levels import DISTRICT, NEIGHBOUR, ROOM, TOWN, Levels

from care.alerts import AlertEvent, AlertStep
from devices.clock import Clock
from gateway.called import Post
from gateway.duty.delivery import Delivery
from gateway.duty.escalation import GRACE_S, Escalation
from gateway.rows import Rows
from gateway.services.alerts import acknowledge_alert, alert_steps, close_alert, find_alerts, standing_alerts

NAMES = {ROOM: "room", TOWN: "town", DISTRICT: "district"}


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[Levels]:
    levels = Levels(tmp_path)
    yield levels
    levels.close()


def clock_of(levels: Levels, site: str) -> Escalation:
    rows = levels.rows[site]

    async def put(event: AlertEvent, target: str) -> None:
        rows.put(event, event.at_utc_ns, target)

    return Escalation(site, NAMES[site], rows, put, Clock())


def raise_in_room(levels: Levels) -> AlertEvent:
    alert = an_alert()
    levels.rows[ROOM].put(alert, AT)
    return alert


async def test_room_calls_town_and_district_when_their_deadlines_pass(levels):
    alert = raise_in_room(levels).alert
    clock = clock_of(levels, ROOM)
    assert await clock.turn(AT + 179 * S) == AT + 180 * S
    assert state(levels.rows[ROOM], alert).level == "room"
    assert await clock.turn(AT + 180 * S) == AT + 600 * S
    assert await clock.turn(AT + 600 * S) == AT + 1800 * S
    assert await clock.turn(AT + 1800 * S) is None
    assert steps(levels.rows[ROOM], alert) == [("raised", "room"), ("escalated", "town"), ("escalated", "district")]


async def test_nothing_piles_up_after_restarts(levels):
    alert = raise_in_room(levels).alert
    for _ in range(5):
        await clock_of(levels, ROOM).turn(AT + 9000 * S)
    assert len(steps(levels.rows[ROOM], alert)) == 3


async def test_all_deadlines_that_passed_while_the_centre_was_down_call_at_once(levels):
    alert = raise_in_room(levels).alert
    await clock_of(levels, ROOM).turn(AT + 700 * S)
    assert steps(levels.rows[ROOM], alert) == [("raised", "room"), ("escalated", "town"), ("escalated", "district")]


async def test_killed_between_two_calls_it_goes_on_with_the_second(levels):
    alert = raise_in_room(levels).alert
    rows = levels.rows[ROOM]
    done: list[AlertEvent] = []

    class Killed(BaseException):
        pass

    async def put_once(event: AlertEvent, target: str) -> None:
        if done:
            raise Killed
        done.append(event)
        rows.put(event, event.at_utc_ns, target)

    with pytest.raises(Killed):
        await Escalation(ROOM, "room", rows, put_once, Clock()).turn(AT + 700 * S)
    assert state(rows, alert).level == "town"
    await clock_of(levels, ROOM).turn(AT + 701 * S)
    assert steps(rows, alert) == [("raised", "room"), ("escalated", "town"), ("escalated", "district")]


async def test_town_whose_room_has_died_calls_by_itself_and_tells_the_room(levels):
    alert = raise_in_room(levels).alert
    levels.carry()
    levels.away = {ROOM}
    clock = clock_of(levels, TOWN)
    due = AT + 180 * S + int(GRACE_S * S)
    assert await clock.turn(AT + 181 * S) == due
    await clock.turn(due)
    assert steps(levels.rows[TOWN], alert) == [("raised", "room"), ("escalated", "town")]
    levels.away = set()
    levels.carry()
    for site in (ROOM, TOWN, DISTRICT):
        assert state(levels.rows[site], alert).level == "town"


async def test_town_leaves_the_step_to_a_room_that_lives(levels):
    alert = raise_in_room(levels).alert
    levels.carry()
    town = clock_of(levels, TOWN)
    await town.turn(AT + 180 * S)
    await clock_of(levels, ROOM).turn(AT + 180 * S)
    levels.carry()
    await town.turn(AT + 200 * S)
    assert steps(levels.rows[TOWN], alert) == [("raised", "room"), ("escalated", "town")]


async def test_two_writers_who_could_not_hear_each_other_come_to_the_same_state(levels):
    alert = raise_in_room(levels).alert
    levels.carry()
    levels.away = {ROOM}
    levels.rows[ROOM].put(AlertEvent(alert, 2, AlertStep.UNDELIVERED, AT + 20 * S, "room", "system"), AT + 20 * S)
    await clock_of(levels, ROOM).turn(AT + 190 * S)
    await clock_of(levels, TOWN).turn(AT + 1000 * S)
    levels.away = set()
    levels.carry()
    found = {site: state(levels.rows[site], alert) for site in (ROOM, TOWN, DISTRICT)}
    assert found[ROOM] == found[TOWN] == found[DISTRICT]
    assert found[ROOM].level == "district"
    for site in (ROOM, TOWN, DISTRICT):
        await clock_of(levels, site).turn(AT + 9000 * S)
        levels.carry()
    assert state(levels.rows[ROOM], alert) == found[ROOM]


async def test_alert_that_comes_late_is_called_at_once_at_the_levels_that_were_missed(levels):
    levels.away = {ROOM}
    alert = raise_in_room(levels).alert
    levels.away = set()
    levels.carry()
    await clock_of(levels, DISTRICT).turn(AT + 100_000 * S)
    assert state(levels.rows[DISTRICT], alert).level == "district"


async def test_acknowledgement_in_the_town_stops_the_clock_of_the_room_and_shows_there(levels):
    alert = raise_in_room(levels).alert
    await clock_of(levels, ROOM).turn(AT + 180 * S)
    levels.carry()
    levels.rows[TOWN].close()
    acknowledge_alert(levels.place(TOWN), alert, "李老师", "town")
    levels.rows[TOWN] = levels.open(TOWN)
    levels.rows[TOWN].adopt()
    levels.carry()
    for site in (ROOM, TOWN, DISTRICT):
        found = state(levels.rows[site], alert)
        assert (found.status, found.owner) == ("acknowledged", "李老师")
        assert await clock_of(levels, site).turn(AT + 9000 * S) is None
    assert steps(levels.rows[ROOM], alert)[-1] == ("acknowledged", "town")


async def test_acknowledgement_in_the_room_after_the_town_was_called_reaches_all(levels):
    alert = raise_in_room(levels).alert
    await clock_of(levels, ROOM).turn(AT + 180 * S)
    levels.carry()
    levels.rows[ROOM].close()
    acknowledge_alert(levels.place(ROOM), alert, "王老师", "room")
    close_alert(levels.place(ROOM), alert, "王老师", "room", "陪同到家属到来")
    levels.rows[ROOM] = levels.open(ROOM)
    levels.rows[ROOM].adopt()
    levels.carry()
    for site in (ROOM, TOWN, DISTRICT):
        assert state(levels.rows[site], alert).status == "closed"
        assert alert_steps(levels.rows[site], alert)[-1].detail == "陪同到家属到来"


async def test_neighbour_never_holds_it(levels):
    raise_in_room(levels)
    levels.carry()
    assert levels.rows["huadu.xinhua.0008"].record_ids() == set()


async def test_level_that_is_not_in_the_ladder_writes_nothing(levels):
    alert = raise_in_room(levels).alert
    levels.carry()
    rows = levels.rows[DISTRICT]

    async def put(event: AlertEvent, target: str) -> None:
        pytest.fail("wrote a step")

    assert await Escalation(DISTRICT, "province", rows, put, Clock()).turn(AT + 9000 * S) is None
    assert steps(rows, alert) == [("raised", "room")]


async def test_alert_without_its_first_step_waits_for_it(levels):
    levels.rows[TOWN].put(AlertEvent(an_alert().alert, 2, AlertStep.NOTED, AT, "room", "system"), AT)
    assert await clock_of(levels, TOWN).turn(AT + 9000 * S) is None


async def test_clock_and_delivery_work_on_either_database(tmp_path, rows_url):
    alert = an_alert()
    with Rows.for_writing(tmp_path, placement(tmp_path, ROOM, TOWN), rows_url) as rows:

        async def put(event: AlertEvent, target: str = "") -> None:
            rows.put(event, event.at_utc_ns, target)

        rows.put(alert, AT)
        clock = Escalation(ROOM, "room", rows, put, Clock())
        delivery = Delivery(ROOM, "room", rows, put, has_upper=True, patience_s=20)
        assert await clock.turn(AT) == AT + 180 * S
        await delivery.turn(AT + 21 * S)
        assert await clock.turn(AT + 700 * S) == AT + 1800 * S
        rows.box("", lambda: AT).receipted(rows.record_ids(), "town")
        await delivery.turn(AT + 701 * S)
        assert state(rows, alert.alert).delivered
        assert [step for step, _ in steps(rows, alert.alert)] == [
            "raised",
            "undelivered",
            "escalated",
            "escalated",
            "delivered",
        ]


async def test_two_centres_that_both_think_it_is_theirs_come_to_one_state_and_stop(tmp_path, postgres):
    """For a moment a lease may have two holders; both turn at the same time on one database."""
    url, alert = postgres.new_database(), an_alert()
    first = Rows.for_writing(tmp_path, placement(tmp_path, ROOM, TOWN, boot="c1"), url)
    second = Rows.for_writing(tmp_path, placement(tmp_path, ROOM, TOWN, boot="c2"), url)
    with first, second:
        first.put(alert, AT)

        def clock_on(rows: Rows) -> Escalation:
            async def put(event: AlertEvent, target: str) -> None:
                await asyncio.to_thread(rows.put, event, event.at_utc_ns, target)

            return Escalation(ROOM, "room", rows, put, Clock())

        clocks = [clock_on(first), clock_on(second)]
        for _ in range(4):
            await asyncio.gather(*(clock.turn(AT + 9000 * S) for clock in clocks))
        calls = [step for step in steps(first, alert.alert) if step[0] == "escalated"]
        assert {level for _, level in calls} == {"town", "district"}
        assert len(calls) <= 4
        assert state(first, alert.alert).level == "district"


async def test_alert_that_cannot_be_opened_stops_nobody_else_s_clock_and_hides_nobody_else(levels):
    broken, good = raise_in_room(levels).alert, raise_in_room(levels).alert
    rows = levels.rows[ROOM]
    with rows.writing() as db:
        db.exec_driver_sql("UPDATE records SET body = x'00' WHERE about = ?", (broken.hex,))
    await clock_of(levels, ROOM).turn(AT + 700 * S)
    delivery = Delivery(ROOM, "room", rows, _put(rows), has_upper=True, patience_s=20)
    await delivery.turn(AT + 700 * S)
    await delivery.turn(AT + 701 * S)
    assert [step for step, _ in steps(rows, good)] == ["raised", "escalated", "escalated", "undelivered"]
    assert [each.state.alert for each in standing_alerts(rows)] == [good]


def _put(rows: Rows):
    async def put(event: AlertEvent, target: str = "") -> None:
        rows.put(event, event.at_utc_ns, target)

    return put


async def test_wall_clock_that_is_set_back_stops_nobody_s_time(levels):
    alert = raise_in_room(levels).alert
    ours = [0]
    rows = levels.rows[ROOM]
    clock = Escalation(ROOM, "room", rows, _put(rows), Stopwatch(ours=ours))
    back = AT - 3600 * S
    assert await clock.turn(AT + 60 * S) == AT + 180 * S
    ours[0] = 119 * S
    assert await clock.turn(back) == back + S
    ours[0] = 120 * S
    await clock.turn(back + S)
    assert steps(rows, alert) == [("raised", "room"), ("escalated", "town")]
    ours[0] = 540 * S
    await clock.turn(back + 421 * S)
    assert state(rows, alert).level == "district"


async def test_alert_of_a_clock_that_was_fast_waits_no_longer_than_its_own_time(levels):
    alert = raise_in_room(levels).alert
    ours = [0]
    rows = levels.rows[ROOM]
    clock = Escalation(ROOM, "room", rows, _put(rows), Stopwatch(ours=ours))
    assert await clock.turn(AT - 3000 * S) == AT - 2820 * S
    ours[0] = 180 * S
    await clock.turn(AT - 2820 * S)
    assert state(rows, alert).level == "town"


@pytest.mark.parametrize("level", ["station", ""])
async def test_alert_of_a_level_that_its_ladder_does_not_know_is_called_with_the_first(levels, level):
    alert = msgspec.structs.replace(an_alert(), level=level)
    rows = levels.rows[ROOM]
    rows.put(alert, AT)
    clock = Escalation(ROOM, "station", rows, _put(rows), Clock())
    assert await clock.turn(AT) == AT + 180 * S
    await clock.turn(AT + 180 * S)
    assert state(rows, alert.alert).level == "town"


async def test_answer_of_a_neighbour_stops_no_clock_and_is_kept_as_a_dead_letter(levels):
    alert = raise_in_room(levels).alert
    levels.carry()
    rows = levels.rows[TOWN]
    said = AlertEvent(alert, 2, AlertStep.CLOSED, AT + S, "room", "nobody", detail="x")
    levels.rows[NEIGHBOUR].put(said, AT + S)
    levels.carry()
    assert steps(rows, alert) == [("raised", "room")]
    (letter,) = rows.dead_letters()
    assert letter.reason == f"{NEIGHBOUR} says closed of alert {alert}, which was raised at {ROOM}"
    assert await clock_of(levels, TOWN).turn(AT + 100 * S) is not None


async def test_answer_of_a_neighbour_that_came_first_is_not_believed_once_it_is_known_whose_alert_it_is(levels):
    alert = an_alert()
    said = AlertEvent(alert.alert, 2, AlertStep.ACKNOWLEDGED, AT + S, "room", "nobody")
    levels.rows[NEIGHBOUR].put(said, AT + S)
    levels.carry()
    levels.rows[ROOM].put(alert, AT)
    levels.carry()
    for site in (TOWN, DISTRICT):
        assert state(levels.rows[site], alert.alert).status == "open"
        assert [each.status for each in find_alerts(levels.rows[site])] == ["open"]


async def test_desk_in_the_town_shows_what_has_come_so_far_and_nothing_else(levels):
    alert = raise_in_room(levels).alert
    post = Post(TOWN, "town", RULES)
    levels.carry()

    def shown(now: int) -> list[object]:
        return [each.state.alert for each in standing_alerts(levels.rows[TOWN], post=post, now_utc_ns=now)]

    assert shown(AT + 179 * S) == []
    await clock_of(levels, ROOM).turn(AT + 180 * S)
    levels.carry()
    assert shown(AT + 180 * S) == [alert]


async def test_alert_without_its_first_step_stands_in_the_list_until_it_is_closed(levels):
    rows, alert = levels.rows[ROOM], an_alert().alert
    rows.put(AlertEvent(alert, 2, AlertStep.NOTED, AT, "room", "resident"), AT)
    for post in (None, Post(ROOM, "room", RULES)):
        assert [each.state.alert for each in standing_alerts(rows, post=post)] == [alert]
    rows.put(AlertEvent(alert, 3, AlertStep.CLOSED, AT, "room", "li", detail="x"), AT)
    assert standing_alerts(rows) == []
