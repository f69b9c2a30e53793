"""A real InfluxDB: points arrive through the client, are read back with InfluxQL, and what is refused blocks nobody."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_parts import BEGAN_UTC_NS, SITE, Broker, S, a_session, judge_all, placement, running, until, whole_session
from influx_parts import Influx

from gateway.centre import Centre
from gateway.errors import PointsAway
from gateway.outbox import Outbox
from gateway.points import Point
from gateway.points_influx import InfluxAddress, InfluxPoints, query
from gateway.projection import rebuild_points
from gateway.rows import Rows
from gateway.uplink import Uplink


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
        picture = query(influx.address, "SELECT * FROM beat, feature, event")
        await influx.empty()
        assert rebuild_points(rows, store) == 6
        assert rebuild_points(rows, store) == 6
        assert query(influx.address, "SELECT * FROM beat, feature, event") == picture
        assert len(picture) == 40 + 4 + 4 + 2
        assert rows.waiting_for_points() == 0
        store.close()
