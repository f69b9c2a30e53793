"""Lines that are made without objects are the lines of the objects, whatever is in a record."""

from gateway_parts import BEGAN_UTC_NS, S, a_session, closed, opened, whole_session
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.messages import BeatRow, DeviceMinute, DeviceMinutes, EventRow, FeatureRow, SessionChunk
from gateway.point_lines import lines_of
from gateway.points import line_of, points_of

SESSION = a_session()
SITE = "huadu.xinhua.0007"
numbers = some.floats(allow_nan=True, allow_infinity=True)
maybe = some.none() | numbers
counts = some.integers(0, 1 << 40)
texts = some.text(max_size=6) | some.sampled_from(["a b", "c,d=e", 'say "it"', "end\\", "two\nlines", "null", "],["])
moments = some.integers(0, 5) | some.integers(0, 60 * S)

beats = some.builds(BeatRow, moments, maybe, texts, numbers)
features = some.builds(FeatureRow, moments, texts, maybe, texts, numbers, numbers, texts)
events = some.builds(EventRow, moments, texts, texts, maybe)
minutes = some.builds(
    DeviceMinute,
    moments.map(lambda t: BEGAN_UTC_NS + t),
    texts,
    numbers,
    counts,
    counts,
    counts,
    counts,
    numbers,
    maybe,
    maybe,
)


@settings(max_examples=100, deadline=None)
@given(some.lists(beats, max_size=8), some.lists(features, max_size=8), some.lists(events, max_size=4), texts, texts)
def test_a_chunk_gives_the_same_lines_both_ways(
    rows: list[BeatRow], values: list[FeatureRow], marks: list[EventRow], site: str, device: str
) -> None:
    body = SessionChunk(SESSION, 1, 0, 60 * S, rows, values, marks, [])
    begin = opened(SESSION, device)
    assert lines_of(site, begin, body) == [line_of(point) for point in points_of(site, begin, body)]


@settings(max_examples=100, deadline=None)
@given(some.lists(minutes, max_size=12), texts)
def test_device_minutes_give_the_same_lines_both_ways(rows: list[DeviceMinute], site: str) -> None:
    body = DeviceMinutes(rows)
    lines = lines_of(site, None, body)
    assert lines == [line_of(point) for point in points_of(site, None, body)]
    assert len({(line.partition(" ")[0], line.rpartition(" ")[2]) for line in lines}) <= len(rows)


def test_a_device_minute_is_one_line_with_its_eight_numbers() -> None:
    body = DeviceMinutes([DeviceMinute(BEGAN_UTC_NS, "chair-1", 0.5, 9000, 1, 2, 3, 0.25, 80.0, -61.0)])
    head = f"device_minute,device=chair-1,site={SITE}"
    counts_said = "connected_share=0.5,frames=9000i,crc_errors=1i,lost_frames=2i,reconnects=3i"
    line = f"{head} {counts_said},silent_s=0.25,battery_percent=80.0,rssi_dbm=-61.0 {BEGAN_UTC_NS}"
    assert lines_of(SITE, None, body) == [line]


def test_what_a_device_does_not_say_is_left_out() -> None:
    body = DeviceMinutes([DeviceMinute(BEGAN_UTC_NS, "chair-1", 0.5, 9000, 1, 2, 3, float("nan"), None, -61.0)])
    (line,) = lines_of(SITE, None, body)
    assert "silent_s" not in line
    assert "battery_percent" not in line


def test_a_whole_session_has_the_same_lines_both_ways() -> None:
    bodies = [*whole_session(SESSION, 3), closed(SESSION, 3)]
    begin = opened(SESSION)
    for body in bodies:
        assert lines_of(SITE, begin, body) == [line_of(point) for point in points_of(SITE, begin, body)]


def test_nothing_of_a_session_is_drawn_before_its_opening_is_known() -> None:
    assert [lines_of(SITE, None, body) for body in whole_session(SESSION, 1)] == [[], [], []]
