"""The session's clock between frames, the breath, and the curve, without a screen."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.live import PacerView, TachogramPoint
from kiosk import pacing
from kiosk.pacing import SessionClock, breath_at
from kiosk.rhythm import AHEAD_S, PAST_S, curve, smooth

SECOND = 1_000_000_000
PACER = PacerView(6.0, 0.4, 5 * SECOND)


def test_the_examples_of_the_module_hold():
    assert doctest.testmod(pacing).failed == 0


def test_breathing_in_begins_when_the_pacer_says_and_every_period_after():
    for turn in (0, 1, 7):
        began = breath_at(PACER, (5 + 10 * turn) * SECOND)
        assert (began.inhaling, began.fullness) == (True, 0.0)
        full = breath_at(PACER, (9 + 10 * turn) * SECOND + 1)
        assert (full.inhaling, full.fullness) == (False, 1.0)


@given(st.integers(0, 10**12), st.floats(4.0, 7.0), st.floats(0.3, 0.6))
def test_fullness_stays_between_empty_and_full_and_never_jumps(t_ns, rate, share):
    pacer = PacerView(rate, share, 0)
    now, soon = breath_at(pacer, t_ns), breath_at(pacer, t_ns + SECOND // 30)
    assert 0.0 <= now.fullness <= 1.0
    assert abs(soon.fullness - now.fullness) < 0.05
    assert 0.0 <= now.left_s <= 60.0 / rate


def test_the_clock_runs_at_the_speed_of_the_room_between_frames():
    clock = SessionClock()
    clock.heard("s", 100 * SECOND, 4.0, 0)
    assert clock.at(SECOND // 2) == 102 * SECOND


@given(st.lists(st.integers(-50_000_000, 50_000_000), min_size=5, max_size=60))
def test_jitter_of_frames_never_turns_the_clock_back_or_makes_it_jump(jitter):
    clock = SessionClock()
    clock.heard("s", 0, 1.0, 0)
    shown = 0
    for number, late in enumerate(jitter, 1):
        local = number * SECOND // 10
        clock.heard("s", local + late, 1.0, local)
        now = clock.at(local)
        assert -SECOND // 100 <= now - shown <= SECOND // 5
        shown = now


def test_another_session_or_a_far_away_clock_is_taken_over_at_once():
    clock = SessionClock()
    clock.heard("one", 100 * SECOND, 1.0, 0)
    clock.heard("two", 3 * SECOND, 1.0, SECOND)
    assert clock.at(SECOND) == 3 * SECOND
    clock.heard("two", 60 * SECOND, 1.0, 2 * SECOND)
    assert clock.at(2 * SECOND) == 60 * SECOND


def swinging(now_s=60.0, swing=8.0, label="normal"):
    out, t = [], now_s - 50
    while t < now_s - 1:
        rate = 70 + swing * math.sin(2 * math.pi * t / 10)
        t += 60 / rate
        out.append(TachogramPoint(round(t * SECOND), 60e3 / rate, label))
    return out


def test_the_heart_is_one_line_up_to_now_within_the_box():
    drawn = curve(swinging(), PACER, 60 * SECOND)
    assert len(drawn.heart) == 1
    assert drawn.heart[0][-1][0] <= drawn.now_x == pytest.approx(PAST_S / (PAST_S + AHEAD_S))
    heights = [y for _, y in drawn.heart[0]]
    assert 0.1 < min(heights) < 0.25
    assert 0.75 < max(heights) < 0.9


def test_a_nearly_flat_rhythm_is_not_drawn_as_a_wave():
    heights = [y for _, y in curve(swinging(swing=0.5), None, 60 * SECOND).heart[0]]
    assert max(heights) - min(heights) < 0.1


def test_beats_that_are_not_trusted_break_the_line():
    beats = swinging()
    middle = len(beats) // 2
    untrusted = [
        TachogramPoint(beat.t_ns, beat.rr_ms, "ectopic" if middle - 3 < number < middle + 3 else beat.label)
        for number, beat in enumerate(beats)
    ]
    assert len(curve(untrusted, None, 60 * SECOND).heart) == 2


def test_the_newest_beats_without_a_label_yet_are_drawn_when_they_are_likely():
    beats = swinging()
    for rr_ms, drawn in ((beats[-1].rr_ms, True), (300.0, False)):
        newest = TachogramPoint(beats[-1].t_ns, rr_ms, "waiting")
        line = curve([*beats[:-1], newest], None, 60 * SECOND).heart[-1]
        reached = line[-1][0] == pytest.approx((newest.t_ns / SECOND - 60 + PAST_S) / (PAST_S + AHEAD_S))
        assert reached is drawn


def test_no_beats_and_no_pacer_draw_nothing():
    drawn = curve([], None, 60 * SECOND)
    assert (drawn.heart, drawn.pacer) == ([], [])


def test_the_pacer_begins_with_its_first_breath_and_goes_on_ahead_of_now():
    drawn = curve([], PacerView(6.0, 0.4, 50 * SECOND), 60 * SECOND)
    assert drawn.pacer[0][0] == pytest.approx((PAST_S - 10) / (PAST_S + AHEAD_S))
    assert drawn.pacer[-1][0] == pytest.approx(1.0)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=20))
def test_smoothing_invents_no_swing(heights):
    points = [(float(x), y) for x, y in enumerate(heights)]
    smoothed = smooth(points)
    for x, y in points:
        assert any(a == pytest.approx(x) and b == pytest.approx(y, abs=1e-9) for a, b in smoothed)
    for x, y in smoothed:
        left = min(int(x), len(heights) - 2)
        low, high = sorted(heights[left : left + 2])
        assert low - 1e-9 <= y <= high + 1e-9
