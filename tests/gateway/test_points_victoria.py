"""A real VictoriaMetrics: only the fleet goes there, and what it forgets is written again."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gateway_parts import a_session, judge_all, placement, until, whole_session
from victoria_parts import Victoria

from gateway.config import ConfigError, PointsConfig
from gateway.errors import PointsAway
from gateway.messages import DeviceMinute, DeviceMinutes
from gateway.points import Point
from gateway.points_both import BothPoints
from gateway.points_open import open_points
from gateway.points_sqlite import POINTS_FILE, SqlitePoints, read_points
from gateway.points_victoria import VictoriaAddress, VictoriaPoints
from gateway.projection import project_batch
from gateway.rows import Rows
from gateway.settling import SETTLE_S

MINUTE_NS = 60_000_000_000
NOW_NS = time.time_ns() // MINUTE_NS * MINUTE_NS
DAY_NS = 86_400_000_000_000


def minutes(count: int, first_ns: int = NOW_NS - 100 * MINUTE_NS) -> DeviceMinutes:
    return DeviceMinutes(
        [
            DeviceMinute(first_ns + n * MINUTE_NS, "chair-1", 1.0, 9000 + n, 0, 0, 0, 0.5, 80.0, -60.0)
            for n in range(count)
        ]
    )


class Hand:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def victoria(tmp_path: Path) -> AsyncIterator[Victoria]:
    server = Victoria(tmp_path / "victoria")
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def rows(tmp_path: Path):
    with Rows.for_writing(tmp_path / "centre", placement(tmp_path / "centre")) as opened:
        yield opened


async def test_a_killed_store_costs_no_minute_once_the_queue_is_empty(victoria: Victoria, rows: Rows) -> None:
    hand = Hand()
    store = VictoriaPoints(victoria.address, now_s=hand)
    rows.store(judge_all([minutes(25), minutes(25, NOW_NS - 50 * MINUTE_NS)]), 1)
    first_start = store.start()
    assert project_batch(rows, store, 1) == 2
    assert project_batch(rows, store, 1) == 0
    assert rows.waiting_for_points() == 2, "a 204 is not yet a promise"
    victoria.kill()
    await until(lambda: time.time() > float(first_start) + 1, "the second in which it was started is over")
    await victoria.start()
    hand.now_s += SETTLE_S + 1
    assert project_batch(rows, store, 2) == 2, "it was started anew, so all is written again"
    assert rows.waiting_for_points() == 2
    hand.now_s += SETTLE_S + 1
    assert project_batch(rows, store, 3) == 0
    assert rows.waiting_for_points() == 0
    found = victoria.export("device_minute_frames")
    assert sorted(found.values()) == sorted([float(9000 + n) for n in range(25)] * 2)
    store.close()


async def test_only_the_fleet_goes_there(victoria: Victoria, rows: Rows) -> None:
    store = VictoriaPoints(victoria.address)
    rows.store(judge_all([*whole_session(a_session(), 2), minutes(3)]), 1)
    project_batch(rows, store, 1)
    assert rows.dead_letters() == []
    names = victoria.names()
    assert {name.rpartition("minute")[0] for name in names} == {"device_"}
    assert len(names) == 8
    assert rows.waiting_for_points() == 1, "the session is done, the minutes settle"
    store.close()


async def test_what_it_would_swallow_is_refused_with_a_reason(victoria: Victoria) -> None:
    store = VictoriaPoints(VictoriaAddress(victoria.address.url, days=30), now_ns=lambda: NOW_NS)
    refused = store.write(
        [
            Point("device_minute", (("site", "s"),), NOW_NS - 31 * DAY_NS, (("frames", 1),)),
            Point("device_minute", (("site", "s"),), NOW_NS + 3 * DAY_NS, (("frames", 2),)),
            Point("site_health", (("site", "s"),), NOW_NS, (("said", "well, thanks"),)),
            Point("site_health", (("site", "s"),), NOW_NS, (("waiting", 3),)),
        ]
    )
    assert len(refused) == 3
    for each, word in zip(refused, ("days ago", "days ahead", "a text"), strict=True):
        assert word in each.reason
    assert list(victoria.export("site_health_waiting").values()) == [3.0]
    store.close()


async def test_writing_again_counts_once(victoria: Victoria) -> None:
    store = VictoriaPoints(victoria.address)
    point = Point("site_health", (("site", "s"),), NOW_NS, (("waiting", 3),))
    for _ in range(4):
        store.write([point])
    assert victoria.export("site_health_waiting") == {NOW_NS // 1_000_000: 3.0}
    store.close()


async def test_beside_another_store_its_absence_holds_up_no_session(
    victoria: Victoria, rows: Rows, tmp_path: Path
) -> None:
    hand, path = Hand(), tmp_path / POINTS_FILE
    store = BothPoints(SqlitePoints(path), VictoriaPoints(victoria.address, now_s=hand))
    victoria.kill()
    rows.store(judge_all([minutes(5), *whole_session(a_session(), 2)]), 1)
    assert project_batch(rows, store, 1) == 5
    assert rows.waiting_for_points() == 1
    assert len(read_points(path, "beat", 0, 1 << 62)) == 20
    assert len(read_points(path, "device_minute", 0, 1 << 62)) == 5
    await victoria.start()
    hand.now_s += SETTLE_S + 1
    assert project_batch(rows, store, 2) == 1
    assert len(victoria.export("device_minute_frames")) == 5
    store.close()


def test_alone_and_away_it_holds_the_points_back() -> None:
    store = VictoriaPoints(VictoriaAddress("http://127.0.0.1:1"))
    with pytest.raises(PointsAway, match="fleet metrics does not answer"):
        store.write([Point("site_health", (), NOW_NS, (("waiting", 3),))])
    assert store.start() == ""
    store.close()


def test_the_configuration_says_which_stores_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="VictoriaMetrics, for example"):
        open_points(PointsConfig("victoria"), tmp_path)
    with pytest.raises(ConfigError, match="second store"):
        open_points(PointsConfig("victoria", "http://a", victoria_url="http://b"), tmp_path)
    store = open_points(PointsConfig(victoria_url="http://127.0.0.1:8428"), tmp_path)
    assert isinstance(store, BothPoints)
    store.close()
