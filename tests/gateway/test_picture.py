"""The picture beside the rows: what is erased leaves it, what is old is forgotten, and one command draws it again."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from gateway_parts import (
    BEGAN_UTC_NS,
    SITE,
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

import xinyi
from gateway.config import Config, PathsConfig, SiteConfig, to_toml
from gateway.messages import Deletion, DeviceMinute, DeviceMinutes, RecordKind, SessionWave
from gateway.points import Point, Tier
from gateway.points_sqlite import POINTS_FILE, SqlitePoints, read_points
from gateway.projection import project_batch
from gateway.retention import DAY_NS, Retention, prune_points
from gateway.rows import Rows
from gateway.tending import tend

EVER = 1 << 62


def times(path: Path, measurement: str) -> list[int]:
    return [(point.time_ns - BEGAN_UTC_NS) // S for point in read_points(path, measurement, 0, EVER)]


def draw(rows: Rows, store: SqlitePoints) -> None:
    while project_batch(rows, store, 1):
        pass


def wave(session: UUID) -> SessionWave:
    return SessionWave(session, "ecg", 1, 0, 256.0, "mV", 1.0, 0.0, b"\0\0")


def erase(*sessions) -> Deletion:
    return Deletion(uuid4(), "", list(sessions), [], SITE, "operator", 1)


@pytest.fixture
def store(tmp_path: Path):
    opened_store = SqlitePoints(tmp_path / POINTS_FILE)
    yield opened_store
    opened_store.close()


@pytest.fixture
def rows(tmp_path: Path):
    with Rows.for_writing(tmp_path, placement(tmp_path)) as opened_rows:
        yield opened_rows


def test_an_erased_session_leaves_the_picture_and_its_neighbours_stay(
    rows: Rows, store: SqlitePoints, tmp_path: Path
) -> None:
    path = tmp_path / POINTS_FILE
    gone, overlapping, elsewhere = a_session(), a_session(), a_session()
    rows.store(judge_all(whole_session(gone, 3)), 1)
    rows.store(judge_all([opened(overlapping), chunk(overlapping, 3), closed(overlapping, 3)], 10), 1)
    rows.store(judge_all([opened(elsewhere, "chair-2"), chunk(elsewhere, 1), closed(elsewhere, 1)], 20), 1)
    draw(rows, store)
    assert len(times(path, "beat")) == 40
    rows.store(judge_all([erase(gone)], 30), 2)
    draw(rows, store)
    assert times(path, "beat") == [*range(10), *range(20, 30)]
    assert times(path, "session_1s") == [*range(10), *range(20, 30)]
    assert len(times(path, "session_1min")) == 2
    assert rows.to_draw.erasures() == []
    assert rows.waiting_for_points() == 0


def test_what_is_old_is_forgotten_tier_by_tier(store: SqlitePoints, tmp_path: Path) -> None:
    now_ns = 10_000 * DAY_NS
    ages = (1, 29, 31, 179, 181, 3649, 3651)
    for name in ("beat", "session_1s", "session_1min", "device_minute"):
        store.write([Point(name, (("device", d),), now_ns - age * DAY_NS, (("n", age),)) for age in ages for d in "ab"])
    assert prune_points(store, Retention(), now_ns) == 2 * (5 + 3 + 1 + 1)
    kept = {
        name: sorted({dict(p.fields)["n"] for p in read_points(tmp_path / POINTS_FILE, name, 0, EVER)})
        for name in ("beat", "session_1s", "session_1min", "device_minute")
    }
    assert kept == {
        "beat": [1, 29],
        "session_1s": [1, 29, 31, 179],
        "session_1min": [1, 29, 31, 179, 181, 3649],
        "device_minute": [1, 29, 31, 179, 181, 3649],
    }
    assert {str(tier) for tier in Tier} == {"raw", "1s", "1min"}


def test_only_old_rows_of_bulk_kinds_are_pruned(rows: Rows) -> None:
    session, now_ns = a_session(), 1000 * DAY_NS
    minutes = DeviceMinutes([DeviceMinute(BEGAN_UTC_NS, "chair-1", 1.0, 1, 0, 0, 0, 0.0)])
    rows.store(judge_all([*whole_session(session, 2), wave(session), minutes]), now_ns - 91 * DAY_NS)
    rows.store(judge_all([minutes], 10), now_ns - 89 * DAY_NS)
    assert rows.prune(now_ns, 90) == 2
    assert rows.prune(now_ns, 90) == 0
    assert len(rows.record_ids()) == 5
    assert len(rows.bodies(session)[1]) == 4


def test_bulk_rows_that_wait_for_the_level_above_leave_a_tombstone_there(tmp_path: Path) -> None:
    data, now_ns = tmp_path / "room", 1000 * DAY_NS
    minutes = DeviceMinutes([DeviceMinute(BEGAN_UTC_NS, "chair-1", 1.0, 1, 0, 0, 0, 0.0)])
    with Rows.for_writing(data, placement(data, upper="huadu.xinhua.0000")) as rows:
        rows.store(judge_all([minutes]), now_ns - 91 * DAY_NS)
        box = rows.box("", lambda: now_ns)
        assert len(box.pending(10)) == 1
        rows.prune(now_ns, 90)
        kinds = [each.record.kind for each in box.take(box.pending(10))]
        assert kinds == [RecordKind.TOMBSTONE]


def test_what_was_just_committed_is_drawn_without_reading_it_back(rows: Rows, store: SqlitePoints, monkeypatch) -> None:
    read = []
    monkeypatch.setattr(rows.to_draw, "_read", lambda *asked: read.append(asked))
    rows.store(judge_all(whole_session(a_session(), 3)), 1)
    draw(rows, store)
    assert read == []
    assert rows.waiting_for_points() == 0


def test_after_a_start_what_waits_is_read_back(tmp_path: Path, store: SqlitePoints) -> None:
    data = tmp_path / "site"
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(judge_all(whole_session(a_session(), 3)), 1)
    with Rows.for_writing(data, placement(data)) as rows:
        assert project_batch(rows, store, 1) == 5
    assert len(times(tmp_path / POINTS_FILE, "beat")) == 30


def test_device_minutes_are_drawn_without_a_session(rows: Rows, store: SqlitePoints, tmp_path: Path) -> None:
    rows.store(judge_all([DeviceMinutes([DeviceMinute(BEGAN_UTC_NS, "chair-1", 0.5, 9000, 1, 2, 3, 0.25)])]), 1)
    assert project_batch(rows, store, 1) == 1
    (point,) = read_points(tmp_path / POINTS_FILE, "device_minute", 0, EVER)
    assert dict(point.tags) == {"device": "chair-1", "site": SITE}
    assert dict(point.fields)["connected_share"] == 0.5


async def test_a_centre_forgets_by_itself(rows: Rows, store: SqlitePoints, tmp_path: Path) -> None:
    now_ns = BEGAN_UTC_NS + 100 * DAY_NS
    rows.store(judge_all([*whole_session(a_session(), 3), wave(a_session())]), now_ns - 91 * DAY_NS)
    draw(rows, store)
    async with running(tend(rows, store, Retention(), lambda: now_ns)):
        await until(lambda: times(tmp_path / POINTS_FILE, "beat") == [], "single beats are forgotten")
    assert len(rows.record_ids()) == 5
    assert len(times(tmp_path / POINTS_FILE, "session_1s")) == 30


@pytest.fixture
def site(tmp_path: Path) -> Path:
    data = tmp_path / "site"
    with Rows.for_writing(data, placement(data)) as rows:
        rows.store(judge_all(whole_session(a_session(), 3)), 1)
    path = tmp_path / "xinyi.toml"
    path.write_text(to_toml(Config(SiteConfig(SITE), PathsConfig(str(data)))))
    return path


def test_one_command_draws_everything_again(site: Path) -> None:
    answer = CliRunner().invoke(xinyi.main, ["points", "rebuild", "--config", str(site)])
    assert (answer.exit_code, answer.output) == (0, "5 records drawn\n")
    assert len(times(site.parent / "site" / POINTS_FILE, "session_1s")) == 30


def test_while_a_centre_runs_the_command_says_so(site: Path) -> None:
    data = site.parent / "site"
    with Rows.for_writing(data, placement(data)):
        answer = CliRunner().invoke(xinyi.main, ["points", "rebuild", "--config", str(site)])
    assert answer.exit_code == 1
    assert answer.output.count("\n") == 1
    assert "a centre is running on these rows; stop it first" in answer.output


def test_one_command_forgets_what_is_old(site: Path) -> None:
    run = CliRunner().invoke
    run(xinyi.main, ["points", "rebuild", "--config", str(site)])
    answer = run(xinyi.main, ["points", "prune", "--config", str(site)])
    assert answer.exit_code == 0
    assert answer.output.startswith("0 bulk records and ")
    assert times(site.parent / "site" / POINTS_FILE, "beat") == [], "the session is of last year"
    assert len(times(site.parent / "site" / POINTS_FILE, "session_1min")) == 1


def test_without_rows_the_command_says_where_to_look(tmp_path: Path) -> None:
    path = tmp_path / "xinyi.toml"
    path.write_text(to_toml(Config(SiteConfig(SITE), PathsConfig(str(tmp_path / "nothing")))))
    answer = CliRunner().invoke(xinyi.main, ["points", "rebuild", "--config", str(path)])
    assert (answer.exit_code, "there are no rows here" in answer.output) == (1, True)
