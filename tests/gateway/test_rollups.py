"""Seconds and minutes of a session follow from its stored chunks alone, in whatever order those came."""

import itertools
from pathlib import Path

import pytest
from gateway_parts import BEGAN_UTC_NS, SITE, S, a_session, chunk, closed, judge_all, opened, placement

from gateway.messages import BeatRow, Body, FeatureRow, SessionChunk
from gateway.points import Point
from gateway.points_sqlite import POINTS_FILE, SqlitePoints, read_points
from gateway.projection import project_batch, rebuild_points
from gateway.rollups import reach_of, rollups
from gateway.rows import Rows

SESSION = a_session()
OPENED = opened(SESSION)
EVER = 1 << 62


def beats_from(first_s: int, count: int, rr_ms: float = 800.0, quality: float = 0.9) -> list[BeatRow]:
    return [BeatRow((first_s + n) * S, rr_ms + n % 2 * 20, "normal", quality) for n in range(count)]


def a_chunk(
    number: int, from_s: int, to_s: int, rows: list[BeatRow], features: list[FeatureRow] = (), version: int = 1
) -> SessionChunk:
    return SessionChunk(SESSION, number, from_s * S, to_s * S, rows, list(features), [], [], version)


def rolled(*chunks: SessionChunk) -> dict[tuple[str, int], dict[str, object]]:
    """Measurement and second of the session → fields."""
    points = rollups(SITE, OPENED, chunks, [(each.from_ns, each.to_ns) for each in chunks]).points
    assert all(point.tags == (("device", "chair-1"), ("site", SITE)) for point in points)
    return {(p.measurement, (p.time_ns - BEGAN_UTC_NS) // S): dict(p.fields) for p in points}


def drawn(folder: Path, bodies: list[Body], at_a_time: int = 1) -> list[Point]:
    """What the embedded store shows after these records came in this order."""
    store = SqlitePoints(folder / POINTS_FILE)
    with Rows.for_writing(folder, placement(folder)) as rows:
        for start in range(0, len(bodies), at_a_time):
            rows.store(judge_all(bodies[start : start + at_a_time], start + 1), 1)
            while project_batch(rows, store, 1):
                pass
        assert rows.waiting_for_points() == 0
    store.close()
    names = ("beat", "feature", "event", "session_1s", "session_1min")
    return [point for name in names for point in read_points(folder / POINTS_FILE, name, 0, EVER)]


def test_a_second_has_the_heart_rate_of_the_five_seconds_up_to_its_end() -> None:
    found = rolled(a_chunk(1, 0, 10, beats_from(0, 10)))
    assert found["session_1s", 0] == {"beats": 1, "quality": 0.9, "rr_ms": 800.0, "heart_rate_bpm": 75.0}
    assert found["session_1s", 9]["rr_ms"] == pytest.approx((820 * 3 + 800 * 2) / 5)
    assert len([place for place in found if place[0] == "session_1s"]) == 10


def test_a_minute_has_its_own_figures_and_the_means_of_its_features() -> None:
    values = ((10, 30.0), (20, 34.0), (70, 50.0))
    features = [FeatureRow(at * S, "rmssd", value, "ms", 60.0, 0.9) for at, value in values]
    found = rolled(a_chunk(1, 0, 80, beats_from(0, 80), features))
    first = found["session_1min", 0]
    assert (first["beats"], first["rmssd_ms"], first["feature_rmssd"]) == (60, 20.0, 32.0)
    assert first["mean_hr_bpm"] == pytest.approx(60_000 / 810)
    assert (found["session_1min", 60]["beats"], found["session_1min", 60]["feature_rmssd"]) == (20, 50.0)
    assert found["session_1s", 20]["feature_rmssd"] == 34.0
    assert "feature_rmssd" not in found["session_1s", 21]


def test_below_the_quality_floor_there_is_no_number_but_the_count_and_the_quality() -> None:
    found = rolled(a_chunk(1, 0, 60, beats_from(0, 60, quality=0.25)))
    assert found["session_1min", 0] == {"beats": 60, "quality": 0.25, "artefact_share": 0.0}
    assert found["session_1s", 30] == {"beats": 1, "quality": 0.25}


def test_where_no_chunk_reaches_there_is_no_point() -> None:
    assert max(at for name, at in rolled(a_chunk(1, 0, 10, beats_from(0, 10))) if name == "session_1s") == 9


def test_chunks_are_asked_for_as_far_as_the_roll_ups_reach() -> None:
    assert reach_of([(70 * S, 80 * S)]) == (55 * S, 120 * S)
    assert reach_of([(118 * S, 119 * S), (10 * S, 20 * S)]) == (-5 * S, 124 * S)


def test_the_order_in_which_chunks_come_is_not_seen(tmp_path: Path) -> None:
    parts = [OPENED, *(chunk(SESSION, number) for number in (1, 2, 3)), closed(SESSION, 3)]
    pictures = [
        drawn(tmp_path / str(number), list(order), at_a_time)
        for number, (order, at_a_time) in enumerate(
            itertools.product(([0, 1, 2, 3, 4], [3, 1, 0, 4, 2], [4, 2, 3, 1, 0]), (1, 5))
        )
        for order in [[parts[place] for place in order]]
    ]
    assert all(picture == pictures[0] for picture in pictures)
    assert pictures[0]


def test_bad_beats_that_come_later_take_the_number_of_a_minute_away(tmp_path: Path) -> None:
    good, bad = a_chunk(1, 0, 20, beats_from(0, 20)), a_chunk(2, 20, 60, beats_from(20, 40, quality=0.1))
    for name, bodies in (("one", [OPENED, good, bad]), ("other", [OPENED, bad, good])):
        minutes = [p for p in drawn(tmp_path / name, bodies) if p.measurement == "session_1min"]
        assert [sorted(dict(point.fields)) for point in minutes] == [["artefact_share", "beats", "quality"]]


def test_a_new_version_of_a_chunk_replaces_the_old_one_in_the_picture(tmp_path: Path) -> None:
    before = a_chunk(2, 10, 20, beats_from(10, 10), [FeatureRow(15 * S, "rmssd", 30.0, "ms", 60.0, 0.9)])
    after = a_chunk(2, 12, 20, beats_from(14, 4, 700.0), version=2)
    rest = [OPENED, chunk(SESSION, 1), chunk(SESSION, 3), closed(SESSION, 3)]
    edited = drawn(tmp_path / "edited", [*rest, before, after])
    assert edited == drawn(tmp_path / "at once", [*rest, after])
    assert edited == drawn(tmp_path / "late", [*rest, after, before])
    assert len([point for point in edited if point.measurement == "beat"]) == 24


def test_the_picture_is_the_same_after_it_was_drawn_again(tmp_path: Path) -> None:
    bodies = [OPENED, chunk(SESSION, 1), chunk(SESSION, 2, 1), chunk(SESSION, 2, 2, 700.0), closed(SESSION, 2)]
    picture = drawn(tmp_path / "site", bodies)
    store = SqlitePoints(tmp_path / "again.sqlite")
    with Rows.for_writing(tmp_path / "site", placement(tmp_path / "site")) as rows:
        assert rebuild_points(rows, store) == 5
    store.close()
    names = ("beat", "feature", "event", "session_1s", "session_1min")
    assert [p for name in names for p in read_points(tmp_path / "again.sqlite", name, 0, EVER)] == picture
