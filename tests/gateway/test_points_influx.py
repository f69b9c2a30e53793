"""A real InfluxDB: points arrive through the client, are read back with InfluxQL, and what is refused blocks nobody."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from gateway_parts import (
    BEGAN_UTC_NS,
    SITE,
    Broker,
    S,
    a_session,
    chunk,
    closed,
    judge_all,
    opened,
    placement,
    running,
    until,
    whole_session,
)
from influx_parts import Influx

from benchmarks.store_rig import BUCKET, DEPLOY
from gateway.centre import Centre
from gateway.errors import PointsAway
from gateway.messages import Deletion, DeviceMinute, DeviceMinutes
from gateway.outbox import Outbox
from gateway.points import Point, line_of
from gateway.points_influx import InfluxAddress, InfluxPoints, query
from gateway.projection import project_batch, rebuild_points
from gateway.rows import Rows
from gateway.uplink import Uplink

NOW_NS = time.time_ns() // S * S
DAY_NS = 86_400 * S


@pytest.fixture(scope="module")
def shared_influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    influx = Influx(tmp_path_factory.mktemp("influx") / "run")
    try:
        asyncio.run(influx.start())
        yield influx
    finally:
        influx.kill()


@pytest.fixture
async def influx(shared_influx: Influx) -> Influx:
    """Empty, whatever the test before has left."""
    await shared_influx.empty()
    return shared_influx


def beats(address: InfluxAddress) -> list[tuple[int, float]]:
    return [(row["time"], row["rr_ms"]) for row in query(address, 'SELECT rr_ms FROM "beat"')]


async def test_a_session_travels_from_the_outbox_to_influxql(
    outbox: Outbox, broker: Broker, influx: Influx, tmp_path: Path
) -> None:
    session, stop = a_session(), asyncio.Event()
    centre = Centre(SITE, broker.address, tmp_path / "centre", points=InfluxPoints(influx.address))
    uplink = Uplink(outbox, broker.address)
    async with running(centre.run(stop)), running(uplink.run()):
        for body in whole_session(session, 3):
            outbox.put(body, made_utc_ns=1)
        await until(lambda: len(beats(influx.address)) == 29, "29 intervals are in the database")
        stop.set()
    found = query(influx.address, 'SELECT rr_ms, quality, label FROM "beat" GROUP BY site, device, kind ORDER BY time')
    assert found[1] == {
        "site": SITE,
        "device": "chair-1",
        "kind": "ecg",
        "time": BEGAN_UTC_NS + S,
        "rr_ms": 801.0,
        "quality": 0.9,
        "label": "normal",
    }
    (mean,) = query(influx.address, "SELECT mean(value) AS value FROM feature WHERE kind = 'rmssd'")
    assert mean["value"] == pytest.approx(33.5)
    kinds = {row["value"] for row in query(influx.address, 'SHOW TAG VALUES FROM "event" WITH KEY = "kind"')}
    assert kinds == {"session_opened", "segment_began", "session_closed"}


async def test_a_killed_database_costs_no_point_that_was_acknowledged(
    outbox: Outbox, broker: Broker, influx: Influx, tmp_path: Path
) -> None:
    session, stop = a_session(), asyncio.Event()
    centre = Centre(SITE, broker.address, tmp_path / "centre", points=InfluxPoints(influx.address, timeout_ms=2000))
    uplink = Uplink(outbox, broker.address)
    bodies = whole_session(session, 30)
    async with running(centre.run(stop)), running(uplink.run()):
        for body in bodies[:15]:
            outbox.put(body, made_utc_ns=1)
        await until(lambda: len(beats(influx.address)) > 20, "some points are there")
        influx.database.kill()
        for body in bodies[15:]:
            outbox.put(body, made_utc_ns=2)
        await until(lambda: outbox.counts().waiting == 0, "rows are receipted while the points store is dead")
        await influx.database.start()
        await until(lambda: len(beats(influx.address)) == 299, "all points arrive when it is back")
        stop.set()


async def test_a_refused_line_is_a_dead_letter_and_the_rest_is_stored(influx: Influx) -> None:
    store = InfluxPoints(influx.address)
    tags = (("site", "s"),)
    assert store.write([Point("mixed", tags, 1, (("value", 1.5),))]) == []
    good = [Point("mixed", tags, 10 + number, (("value", float(number)),)) for number in range(20)]
    wrong_type = Point("mixed", tags, 5, (("value", "text"),))
    refused = store.write([*good[:7], wrong_type, *good[7:]])
    assert [each.line for each in refused] == ['mixed,site=s value="text" 5']
    assert "field type conflict" in refused[0].reason
    assert len(query(influx.address, "SELECT value FROM mixed")) == 21
    store.close()


class Counted(InfluxPoints):
    """Counts what is sent."""

    posts = 0

    def _refusal(self, bucket: str, lines: list[str]) -> str:
        self.posts += 1
        return super()._refusal(bucket, lines)


def some_points(count: int, measurement: str = "m") -> list[Point]:
    return [Point(measurement, (("site", "s"),), NOW_NS + n, (("value", float(n)),)) for n in range(count)]


async def test_lines_that_the_database_names_are_found_at_once(influx: Influx) -> None:
    store = Counted(influx.address)
    good = some_points(500)
    unreadable = [Point("m", (("site", "s"),), 1 << 63, (("value", 1.0),)), Point("m", (), 7, (("n", 1 << 70),))]
    refused = store.write([*good[:100], unreadable[0], *good[100:300], unreadable[1], *good[300:]])
    assert {each.line for each in refused} == {line_of(point) for point in unreadable}
    assert all("unable to parse" in each.reason for each in refused)
    assert store.posts == 2, "one that says which, one without them"
    assert len(query(influx.address, "SELECT value FROM m")) == 500
    store.close()


async def test_the_points_of_a_type_conflict_are_found_by_their_field(influx: Influx) -> None:
    store = Counted(influx.address)
    store.write(some_points(1))
    wrong = [Point("m", (("site", "s"),), NOW_NS + 1000 + n, (("value", "text"),)) for n in range(3)]
    text = [Point("m", (("site", "s"),), NOW_NS + 2000 + n, (("note", "value=1"),)) for n in range(3)]
    store.posts = 0
    refused = store.write([*some_points(400), *wrong, *text])
    assert [each.line for each in refused] == [line_of(point) for point in wrong]
    assert store.posts <= 3
    assert len(query(influx.address, "SELECT note FROM m")) == 3
    store.close()


async def test_points_behind_the_retention_are_refused_and_the_others_stay(influx: Influx) -> None:
    await influx.ask(f'CREATE RETENTION POLICY "short" ON "{BUCKET}" DURATION 30d REPLICATION 1')
    store = Counted(replace(influx.address, bucket=f"{BUCKET}/short"))
    old = [Point("m", (("site", "s"),), NOW_NS - (40 + n) * DAY_NS, (("value", 1.0),)) for n in range(4)]
    refused = store.write([*old[:2], *some_points(300), *old[2:]])
    assert {each.line for each in refused} == {line_of(point) for point in old}
    assert "retention" in refused[0].reason
    assert store.posts == 2
    assert len(query(store.address, "SELECT value FROM m")) == 300
    store.close()


async def test_each_tier_has_its_retention_policy(influx: Influx) -> None:
    await influx.ask(f"DROP DATABASE {BUCKET}")
    statements = (DEPLOY / "retention.iql").read_text().splitlines()
    for statement in statements:
        if not statement.startswith("--"):
            await influx.ask(statement)
    address = replace(influx.address, bucket_1s=f"{BUCKET}/seconds", bucket_1min=f"{BUCKET}/minutes")
    store = InfluxPoints(address)
    names = {"beat": "", "session_1s": "/seconds", "session_1min": "/minutes", "device_minute": "/minutes"}
    assert store.write([point for name in names for point in some_points(2, name)]) == []
    for name, policy in names.items():
        found = query(replace(address, bucket=BUCKET + policy), f"SELECT value FROM {name}")
        assert len(found) == 2, name
    rules = {row["name"]: row["duration"] for row in query(address, f"SHOW RETENTION POLICIES ON {BUCKET}")}
    assert (rules["raw"], rules["seconds"], rules["minutes"]) == ("720h0m0s", "4320h0m0s", "87600h0m0s")
    store.close()


async def test_an_erased_session_leaves_the_picture_and_its_neighbours_stay(influx: Influx, tmp_path: Path) -> None:
    gone, beside, elsewhere = a_session(), a_session(), a_session()
    data = tmp_path / "centre"
    store = InfluxPoints(influx.address)
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(judge_all(whole_session(gone, 3)), 1)
        rows.store(judge_all([opened(beside), chunk(beside, 3), closed(beside, 3)], 10), 1)
        rows.store(judge_all([opened(elsewhere, "chair '2'"), chunk(elsewhere, 1), closed(elsewhere, 1)], 20), 1)
        while project_batch(rows, store, 1):
            pass
        assert len(beats(influx.address)) == 38, "what is drawn on the same moment is one point"
        rows.store(judge_all([Deletion(uuid4(), "", [gone], [], SITE, "operator", 1)], 30), 2)
        while project_batch(rows, store, 1):
            pass
        left = [(at - BEGAN_UTC_NS) // S for at, _ in beats(influx.address)]
        assert left == [*range(1, 10), *range(20, 30)]
        assert len(query(influx.address, "SELECT beats FROM session_1s")) == 20
        assert rows.to_draw.erasures() == []
        rows.store(judge_all([Deletion(uuid4(), "", [elsewhere], [], SITE, "operator", 1)], 31), 2)
        while project_batch(rows, store, 1):
            pass
        assert [(at - BEGAN_UTC_NS) // S for at, _ in beats(influx.address)] == list(range(20, 30))
    store.close()


async def test_device_minutes_arrive_with_their_eight_numbers(influx: Influx, tmp_path: Path) -> None:
    data = tmp_path / "centre"
    store = InfluxPoints(influx.address)
    body = DeviceMinutes([DeviceMinute(BEGAN_UTC_NS, "chair-1", 0.5, 9000, 1, 2, 3, 0.25, 80.0, -61.5)])
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(judge_all([body]), 1)
        assert project_batch(rows, store, 1) == 1
    (row,) = query(influx.address, "SELECT * FROM device_minute")
    assert len(row) == 3 + 8
    assert (row["frames"], row["rssi_dbm"], row["site"]) == (9000, -61.5, SITE)
    store.close()


async def test_a_wrong_token_or_bucket_holds_the_points_back(influx: Influx) -> None:
    point = Point("m", (), 1, (("value", 1.0),))
    for token, bucket, said in (("wrong", "xinyi", "401"), ("test-token", "nowhere", "404")):
        store = InfluxPoints(InfluxAddress(influx.address.url, token, "xinyi", bucket))
        with pytest.raises(PointsAway, match=said):
            store.write([point])
        store.close()


async def test_a_store_that_forgot_everything_is_drawn_again_from_rows(influx: Influx, tmp_path: Path) -> None:
    data = tmp_path / "centre"
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(judge_all(whole_session(a_session(), 4)), 1)
        store = InfluxPoints(influx.address)
        assert rebuild_points(rows, store) == 6
        everything = "SELECT * FROM beat, feature, event, session_1s, session_1min"
        picture = query(influx.address, everything)
        await influx.empty()
        assert rebuild_points(rows, store) == 6
        assert rebuild_points(rows, store) == 6
        assert query(influx.address, everything) == picture
        assert len(picture) == 40 + 4 + 4 + 2 + 40 + 1
        assert rows.waiting_for_points() == 0
        store.close()
