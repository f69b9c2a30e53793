"""Several centres on one PostgreSQL, and steps of alerts in any order: the rows are a function of what was stored."""

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from gateway_parts import SITE, S, a_session, judge_all, opened, placement, whole_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres_parts import Postgres

from care.alerts import AlertEvent, AlertStep, Deadline, alert_state
from gateway import tables as t
from gateway.arrivals import Good, Hop, Poison
from gateway.believed import believed
from gateway.box import new_id
from gateway.messages import (
    Appointment,
    Assessment,
    Body,
    Deletion,
    DutyRoster,
    Envelope,
    Record,
    SiteCounts,
    encode,
    kind_of,
    lane_of,
)
from gateway.rows import Rows

SUBJECT = "K7QX2M4A"


class AlertRow(NamedTuple):
    status: str
    tier: str
    level: str
    owner: str
    version: int
    raised_utc_ns: int | None
    next_level: str
    next_deadline_utc_ns: int | None
    site: str


def alert_row(rows: Rows, alert: UUID) -> AlertRow:
    with rows.reading() as db:
        columns = [t.alerts.c[name] for name in AlertRow._fields]
        return AlertRow(*db.execute(sa.select(*columns).where(t.alerts.c.alert == alert)).one())


def arrivals_of(bodies: Sequence[Body], site: str = SITE, boot: str = "boot-9") -> list[Good]:
    """Bodies as they come from a site's room, each lane numbered from 1."""
    last: dict[str, int] = {}
    found = []
    for body in bodies:
        kind = kind_of(body)
        lane = lane_of(kind)
        last[lane] = last.get(lane, 0) + 1
        record = Record(new_id(), kind, site, "room", 1, encode(body))
        envelope = Envelope(boot, lane, last[lane], record)
        found.append(Good(Hop(site, "room"), envelope, body, encode(envelope)))
    return found


def an_alert(alert: UUID, at: int = 100) -> list[AlertEvent]:
    ladder = [Deadline("room", (at + 10) * S), Deadline("town", (at + 20) * S), Deadline("district", (at + 40) * S)]
    return [
        AlertEvent(alert, 1, AlertStep.RAISED, at * S, "room", "system", "red", "3", "risk_item", None, ladder),
        AlertEvent(alert, 2, AlertStep.ESCALATED, (at + 11) * S, "town", "system"),
        AlertEvent(alert, 3, AlertStep.UNDELIVERED, (at + 12) * S, "room", "system"),
        AlertEvent(alert, 3, AlertStep.ACKNOWLEDGED, (at + 12) * S, "town", "li"),
        AlertEvent(alert, 4, AlertStep.NOTED, (at + 13) * S, "town", "li", detail="电话已通"),
        AlertEvent(alert, 5, AlertStep.CLOSED, (at + 14) * S, "town", "li", detail="已陪同"),
    ]


def a_district(seed: int) -> list[Good]:
    """Three rooms with sessions, sittings, alerts, appointments and counts."""
    rng = random.Random(seed)
    found: list[Good] = []
    for number in range(3):
        bodies: list[Body] = []
        for _ in range(3):
            bodies += whole_session(a_session(), 3)
            alert, sitting, appointment = new_id(), new_id(), new_id()
            bodies += an_alert(alert, rng.randrange(1000))[: rng.randrange(1, 7)]
            bodies += [
                Assessment(sitting, "phq9", 1, "zh", 1, 2, {"q1": 1}, True, 5.0, "mild", "yellow", 1, "", [], version)
                for version in (1, 2)
            ]
            bodies += [
                Appointment(appointment, version, state, "") for version, state in ((1, "asked"), (2, "offered"))
            ]
            bodies += [SiteCounts("2026-11-29", version, {"sessions": version}) for version in (1, 2)]
            bodies.append(DutyRoster(rng.randrange(100), []))
        found += arrivals_of(bodies, f"huadu.xinhua.000{number}", f"boot-{seed}")
    return found


def together(*work: Callable[[], None]) -> None:
    """Run these at the same time; the first failure is the test's."""
    problems: list[BaseException] = []
    start = threading.Barrier(len(work))

    def run(each: Callable[[], None]) -> None:
        start.wait()
        try:
            each()
        except BaseException as error:  # noqa: BLE001 - told below
            problems.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


@pytest.mark.parametrize("seed", range(4))
def test_two_centres_may_store_the_same_records_at_the_same_time_in_any_order(
    tmp_path: Path, postgres: Postgres, seed: int
) -> None:
    url = postgres.new_database()
    arrivals = a_district(seed)

    def store_some(rows: Rows, number: int) -> None:
        rng = random.Random(100 * seed + number)
        mine = [arrival for arrival in arrivals if number == 0 or rng.random() < 0.8]
        mine = rng.sample(mine, len(mine))
        while mine:
            size = rng.randrange(1, 40)
            rows.store(mine[:size], 5)
            mine = mine[size:]

    first = Rows.for_writing(tmp_path, placement(tmp_path, upper="huadu", boot="c1"), url)
    second = Rows.for_writing(tmp_path, placement(tmp_path, upper="huadu", boot="c2"), url)
    with first, second:
        together(lambda: store_some(first, 0), lambda: store_some(second, 1))
        assert first.record_ids() == {arrival.record.id for arrival in arrivals}
        assert first.dead_letters() == []
        assert first.sequence_gaps() == []
        assert first.waiting_for_points() == 3 * 3 * 5
        steps: dict[UUID, list[AlertEvent]] = {}
        for arrival in arrivals:
            if isinstance(arrival.body, AlertEvent):
                steps.setdefault(arrival.body.alert, []).append(arrival.body)
        for alert, events in steps.items():
            state, row = alert_state(events), alert_row(second, alert)
            assert (row.status, row.level, row.owner, row.version) == (
                state.status,
                state.level,
                state.owner,
                state.version,
            )
        with second.reading() as db:
            assert set(db.scalars(sa.select(t.assessments.c.version))) == {2}
            assert set(db.scalars(sa.select(t.appointments.c.state))) == {"offered"}
            numbers: dict[tuple[str, str], list[int]] = {}
            o = t.outgoing.c
            for hop, boot, lane, seq in db.execute(sa.select(o.hop, o.boot, o.lane, o.seq).order_by(o.place)):
                assert hop == ""
                numbers.setdefault((boot, lane), []).append(seq)
        assert all(sorted(each) == list(range(1, len(each) + 1)) for each in numbers.values())


def test_opposite_orders_do_not_make_two_centres_wait_for_each_other(tmp_path: Path, postgres: Postgres) -> None:
    """The worst case: the same records, one centre from the front and one from the back, round after round."""
    url = postgres.new_database()
    first = Rows.for_writing(tmp_path, placement(tmp_path, upper="huadu", boot="c1"), url)
    second = Rows.for_writing(tmp_path, placement(tmp_path, upper="huadu", boot="c2"), url)
    with first, second:
        for number in range(5):
            arrivals = a_district(number)
            first.store([each for each in arrivals if each.record.kind == "session_chunk"], 1)
            rest = [each for each in arrivals if each.record.kind != "session_chunk"]
            letters = [Poison(new_id(), "no record", b"x") for _ in range(20)]
            together(
                lambda some=[*rest, *letters]: first.store(some, 2),
                lambda some=[*rest[::-1], *letters[::-1]]: second.store(some, 3),
            )
            assert {each.record.id for each in arrivals} <= first.record_ids()
        assert len(first.dead_letters()) == 100
        assert first.sequence_gaps() == []


@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_a_person_slips_in_while_another_centre_erases_them(
    tmp_path: Path, postgres: Postgres, seed: int
) -> None:
    url = postgres.new_database()
    bodies: list[Body] = []
    for _ in range(10):
        whole = whole_session(a_session(), 3)
        bodies += [msgspec.structs.replace(opened(whole[0].session), subject=SUBJECT), *whole[1:]]
    arrivals = random.Random(seed).sample(found := arrivals_of(bodies), len(found))
    deletion = arrivals_of([Deletion(new_id(), SUBJECT, [], [], SITE, "li", 1000)], boot="boot-2")
    first = Rows.for_writing(tmp_path, placement(tmp_path, boot="c1"), url)
    second = Rows.for_writing(tmp_path, placement(tmp_path, boot="c2"), url)

    def store_all() -> None:
        for start in range(0, len(arrivals), 3):
            first.store(arrivals[start : start + 3], 5)

    with first, second:
        together(store_all, lambda: second.store(deletion, 2000))
        first.store(arrivals, 3000)  # once more, late
        with first.reading() as db:
            kinds = set(db.scalars(sa.select(t.records.c.kind)))
        assert kinds == {"deletion", "deletion_done"}
        assert first.find() == []
        assert first.dead_letters() == []


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_alert_is_the_same_row_whatever_order_its_steps_come_in(alert_rows: Rows, data: st.DataObject) -> None:
    steps = an_alert(new_id())
    kept = data.draw(st.lists(st.sampled_from(range(len(steps))), min_size=1, unique=True))
    sites = [data.draw(st.sampled_from([SITE, "huadu.xinhua.0008"])) for _ in kept]
    arrivals = [arrivals_of([steps[n]], site)[0] for n, site in zip(kept, sites, strict=True)]
    order = data.draw(st.permutations(arrivals + data.draw(st.lists(st.sampled_from(arrivals), max_size=4))))
    alert = steps[0].alert
    for arrival in order:
        alert_rows.store([arrival], 1)
    shuffled = alert_row(alert_rows, alert)
    with alert_rows.writing() as db:  # as if nothing had come yet
        db.execute(t.alerts.delete())
        db.execute(t.records.delete())
    alert_rows.store(sorted(arrivals, key=lambda each: (each.body.version, each.record.id)), 1)
    assert alert_row(alert_rows, alert) == shuffled
    state = alert_state(step for _, step in believed((each.record.site, each.body) for each in arrivals))
    deadline = state.next_deadline
    assert shuffled[:-1] == (
        state.status,
        state.tier,
        state.level,
        state.owner,
        state.version,
        state.raised_utc_ns,
        deadline.level if deadline else "",
        deadline.until_utc_ns if deadline else None,
    )


@pytest.fixture
def alert_rows(tmp_path: Path, rows_url: str):
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        yield rows


def test_a_step_whose_key_is_lost_does_not_hold_up_the_others(tmp_path: Path, rows_url: str) -> None:
    alert = new_id()
    raised, escalated, *_ = an_alert(alert)
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        rows.store(arrivals_of([raised]), 1)
    (lost,) = (tmp_path / "keys").iterdir()
    lost.unlink()
    with Rows.for_writing(tmp_path, placement(tmp_path), rows_url) as rows:
        rows.store(arrivals_of([escalated]), 2)
        assert alert_row(rows, alert).status == "incomplete"
        assert len(rows.record_ids()) == 2


def test_numbers_of_batches_are_whole_when_records_are_dead_letters_too(tmp_path: Path, rows_url: str) -> None:
    session = a_session()
    twice = judge_all([*whole_session(session, 2), *whole_session(session, 2)])
    with Rows.for_writing(tmp_path, placement(tmp_path, upper="huadu"), rows_url) as rows:
        rows.store(random.Random(3).sample(twice, len(twice)), 1)
        assert len(rows.record_ids()) == len(rows.dead_letters()) == 4
        assert rows.sequence_gaps() == []
