"""Points are a deterministic picture: what is drawn, what is left out, and how it is written."""

import math
from pathlib import Path

import pytest
from gateway_parts import BEGAN_UTC_NS, S, a_session, chunk, closed, opened

from gateway.errors import PointsAway
from gateway.messages import BeatRow, EventRow, FeatureRow, SessionChunk
from gateway.points import Point, line_of, points_of
from gateway.points_sqlite import SqlitePoints, read_points

SESSION = a_session()
OPENED = opened(SESSION)


def a_chunk(beats: list[BeatRow] = (), features: list[FeatureRow] = (), events: list[EventRow] = ()) -> SessionChunk:
    return SessionChunk(SESSION, 1, 0, 10 * S, list(beats), list(features), list(events), [])


def test_a_beat_is_placed_at_the_begin_of_the_session_plus_its_own_time() -> None:
    (point,) = points_of("a.b.c", OPENED, a_chunk([BeatRow(3 * S, 812.5, "normal", 0.9)]))
    assert point == Point(
        "beat",
        (("device", "chair-1"), ("kind", "ecg"), ("site", "a.b.c")),
        BEGAN_UTC_NS + 3 * S,
        (("rr_ms", 812.5), ("quality", 0.9), ("label", "normal")),
    )


def test_points_on_the_same_moment_of_one_series_move_by_a_nanosecond() -> None:
    twins = [FeatureRow(S, "rmssd", value, "ms", window, 1.0) for value, window in ((30.0, 60.0), (31.0, 300.0))]
    other = FeatureRow(S, "heart_rate", 70.0, "1/min", 30.0, 1.0)
    times = [point.time_ns - BEGAN_UTC_NS for point in points_of("s", OPENED, a_chunk(features=[*twins, other]))]
    assert times == [S, S + 1, S]


def test_a_moved_point_does_not_land_on_its_neighbour() -> None:
    rows = [FeatureRow(t_ns, "rmssd", 1.0, "ms", 60.0, 1.0) for t_ns in (S, S, S + 1, S + 1)]
    times = [point.time_ns - BEGAN_UTC_NS for point in points_of("s", OPENED, a_chunk(features=rows))]
    assert times == [S, S + 1, S + 2, S + 3]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_a_number_is_left_out_and_the_rest_stays(value: float | None) -> None:
    (point,) = points_of("s", OPENED, a_chunk(features=[FeatureRow(S, "rmssd", value, "ms", 60.0, 0.2, "weak")]))
    assert dict(point.fields) == {"quality": 0.2, "window_s": 60.0, "unit": "ms", "reason": "weak"}


def test_what_a_person_wrote_never_becomes_a_point() -> None:
    points = points_of("s", OPENED, a_chunk(events=[EventRow(S, "mark", "她哭了", None)]))
    assert "哭" not in "".join(map(line_of, points))
    assert dict(points[0].fields) == {"count": 1}


def test_opening_and_end_are_events() -> None:
    kinds = [dict(points_of("s", OPENED, body)[0].tags)["kind"] for body in (OPENED, closed(SESSION, 3))]
    assert kinds == ["session_opened", "session_closed"]


def test_line_protocol_escapes_what_would_break_it() -> None:
    point = Point("m", (("k", "a b,c=d\\"), ("l", "x\ny")), 5, (("t", 'say "\\"'), ("n", 3), ("b", True), ("f", 1e-9)))
    assert line_of(point) == 'm,k=a\\ b\\,c\\=d/,l=x\\ y t="say \\"\\\\\\"",n=3i,b=true,f=1e-9 5'


def test_the_embedded_store_keeps_one_point_per_key_and_merges_fields(tmp_path: Path) -> None:
    path = tmp_path / "points.sqlite"
    store = SqlitePoints(path)
    tags = (("site", "s"),)
    store.write([Point("beat", tags, 1, (("a", 1.0), ("b", 2.0))), Point("beat", tags, 2, (("a", 9.0),))])
    assert store.write([Point("beat", tags, 1, (("a", 5.0),))]) == []
    assert read_points(path, "beat", 0, 2) == [Point("beat", tags, 1, (("a", 5.0), ("b", 2.0)))]
    store.close()


def test_the_embedded_store_refuses_a_time_that_it_cannot_hold(tmp_path: Path) -> None:
    store = SqlitePoints(tmp_path / "points.sqlite")
    good, bad = Point("m", (), 1, (("a", 1.0),)), Point("m", (), 1 << 63, (("a", 1.0),))
    assert [refused.line for refused in store.write([good, bad])] == [line_of(bad)]
    store.close()
    assert len(read_points(tmp_path / "points.sqlite", "m", 0, 10)) == 1


def test_reading_points_where_there_are_none_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(PointsAway, match=r"points\.sqlite: cannot be read"):
        read_points(tmp_path / "points.sqlite", "beat", 0, 1)


def test_the_same_chunk_gives_the_same_points_every_time() -> None:
    once, again = (points_of("s", OPENED, chunk(SESSION, 2)) for _ in range(2))
    assert once == again
    assert len({(p.measurement, p.tags, p.time_ns) for p in once}) == len(once) == 12
