"""Whether the level above knows: "not delivered" is said once, and taken back when its receipt has come."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from duty_parts import AT, S, an_alert, state, steps
from levels import DISTRICT, ROOM, Levels

from care.alerts import AlertEvent, AlertStep
from gateway.duty.delivery import Delivery


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[Levels]:
    levels = Levels(tmp_path)
    yield levels
    levels.close()


def watch(levels: Levels, site: str = ROOM, level: str = "room", *, has_upper: bool = True) -> Delivery:
    rows = levels.rows[site]

    async def put(event: AlertEvent) -> None:
        rows.put(event, event.at_utc_ns)

    return Delivery(site, level, rows, put, has_upper=has_upper, patience_s=20)


async def test_step_that_waits_too_long_is_undelivered_once_and_delivered_when_the_receipt_comes(levels):
    rows, alert = levels.rows[ROOM], an_alert()
    rows.put(alert, AT)
    delivery = watch(levels)
    assert await delivery.turn(AT + 5 * S) == AT + 6 * S
    assert state(rows, alert.alert).delivered
    for later in (20, 21, 500):
        await delivery.turn(AT + later * S)
    assert steps(rows, alert.alert) == [("raised", "room"), ("undelivered", "room")]
    assert not state(rows, alert.alert).delivered
    levels.carry()
    await delivery.turn(AT + 501 * S)
    assert state(rows, alert.alert).delivered
    levels.carry()
    assert await delivery.turn(AT + 600 * S) is None
    assert steps(rows, alert.alert) == [("raised", "room"), ("undelivered", "room"), ("delivered", "room")]
    assert state(levels.rows[DISTRICT], alert.alert) == state(rows, alert.alert)


async def test_what_is_received_in_time_leaves_no_step(levels):
    alert = an_alert()
    levels.rows[ROOM].put(alert, AT)
    levels.carry()
    assert await watch(levels).turn(AT + 500 * S) is None
    assert steps(levels.rows[ROOM], alert.alert) == [("raised", "room")]


async def test_restart_forgets_nothing_and_repeats_nothing(levels):
    rows, alert = levels.rows[ROOM], an_alert(at=time.time_ns())
    at = alert.at_utc_ns
    rows.put(alert, at)
    await watch(levels).turn(at + 30 * S)
    await watch(levels).turn(at + 60 * S)
    rows.put(AlertEvent(alert.alert, 3, AlertStep.CLOSED, at + 70 * S, "room", "li", detail="已陪同"), at + 70 * S)
    levels.carry()
    await watch(levels).turn(at + 90 * S)
    await watch(levels).turn(at + 91 * S)
    assert [step for step, _ in steps(rows, alert.alert)] == ["raised", "undelivered", "closed", "delivered"]


async def test_a_note_that_waits_is_nobody_s_trouble(levels):
    rows, alert = levels.rows[ROOM], an_alert()
    rows.put(alert, AT)
    levels.carry()
    rows.put(AlertEvent(alert.alert, 2, AlertStep.NOTED, AT + S, "room", "system", detail="pager"), AT + S)
    await watch(levels).turn(AT + 500 * S)
    assert state(rows, alert.alert).delivered


async def test_call_that_waits_after_the_alert_itself_was_received_is_undelivered(levels):
    rows, alert = levels.rows[ROOM], an_alert()
    rows.put(alert, AT)
    levels.carry()
    rows.put(AlertEvent(alert.alert, 2, AlertStep.ESCALATED, AT + 180 * S, "town", "system"), AT + 180 * S)
    await watch(levels).turn(AT + 205 * S)
    assert not state(rows, alert.alert).delivered


async def test_site_without_a_level_above_says_that_nobody_there_will_come(levels):
    rows, alert = levels.rows[ROOM], an_alert()
    rows.put(alert, AT)
    delivery = watch(levels, has_upper=False)
    assert await delivery.turn(AT) == AT + 20 * S
    for _ in range(3):
        await delivery.turn(AT + 20 * S)
    assert steps(rows, alert.alert) == [("raised", "room"), ("undelivered", "room")]


async def test_a_site_above_speaks_only_of_its_own_alerts(levels):
    alert = an_alert()
    levels.rows[ROOM].put(alert, AT)
    levels.carry()
    await watch(levels, DISTRICT, "district", has_upper=False).turn(AT + 9000 * S)
    assert steps(levels.rows[DISTRICT], alert.alert) == [("raised", "room")]
