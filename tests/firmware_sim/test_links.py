"""Lines between devices and hosts that are not what they should be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.line import Line, LinkConditions

FRAMES = [number.to_bytes(2, "big") * 10 for number in range(2000)]


def through(conditions, frames=FRAMES, every_s=0.01, seed=1):
    line = Line(seed, len, conditions)
    arrived = []
    for number, frame in enumerate(frames):
        at_s = number * every_s
        line.put(frame, at_s)
        arrived += [(at_s, each) for each in line.take(at_s)]
    at_s = len(frames) * every_s
    while line.next_s < float("inf"):
        at_s = max(at_s, line.next_s)
        arrived += [(at_s, each) for each in line.take(at_s)]
    return line, arrived


def runs_of_loss(arrived):
    there = {frame for _, frame in arrived}
    lost = [frame not in there for frame in FRAMES]
    edges = np.flatnonzero(np.diff([0, *lost, 0]))
    return (edges[1::2] - edges[::2]).tolist()


def test_a_good_line_delivers_everything_at_once():
    line, arrived = through(LinkConditions())
    assert [frame for _, frame in arrived] == FRAMES
    assert line.lost == 0


def test_losses_have_the_share_that_was_asked_for():
    line, arrived = through(LinkConditions(loss_share=0.1))
    assert 0.07 < line.lost / len(FRAMES) < 0.13
    assert line.lost + len(arrived) == len(FRAMES)


def test_losses_come_in_bursts_of_the_length_that_was_asked_for():
    line, arrived = through(LinkConditions(loss_share=0.2, burst_frames=8))
    assert 5 < np.mean(runs_of_loss(arrived)) < 12
    assert 0.1 < line.lost / len(FRAMES) < 0.3


def test_everything_can_be_lost():
    assert through(LinkConditions(loss_share=1))[1] == []


def test_duplicates_follow_their_originals():
    _, arrived = through(LinkConditions(duplicate_share=0.2))
    assert 0.15 < len(arrived) / len(FRAMES) - 1 < 0.25
    places = [FRAMES.index(frame) for _, frame in arrived[:200]]
    assert places == sorted(places)


def test_delay_and_jitter_stay_within_their_bounds_when_frames_are_far_apart():
    _, arrived = through(LinkConditions(delay_ms=20, jitter_ms=50), frames=FRAMES[:1], every_s=1)
    assert arrived[0][0] >= 0.02 or arrived[0][0] == pytest.approx(1.0)
    line = Line(3, len, LinkConditions(delay_ms=20, jitter_ms=50))
    waits = []
    for number in range(300):
        line.put(b"x", float(number))
        waits.append(line.next_s - number)
        line.take(number + 0.9)
    assert 0.02 <= min(waits) < 0.03
    assert 0.06 < max(waits) <= 0.07


def test_a_slow_line_takes_ten_bit_times_a_byte():
    line, arrived = through(LinkConditions(baud=9600), frames=FRAMES[:100], every_s=0.0)
    assert arrived[-1][0] == pytest.approx(100 * 20 * 10 / 9600)
    assert line.lost == 0


def test_a_line_that_is_too_slow_for_what_is_said_does_not_grow_without_end():
    line = Line(1, len, LinkConditions(baud=300))
    for _ in range(20_000):
        line.put(b"0123456789", 0.0)
    assert line.lost > 10_000
    assert len(line.take(1e9)) + line.lost == 20_000


def test_what_is_under_way_is_lost_when_the_plug_is_pulled():
    line = Line(1, len, LinkConditions(delay_ms=100))
    line.put(b"x", 0.0)
    line.cut()
    assert line.take(10.0) == []
    assert line.lost == 1


def test_a_loose_contact_breaks_for_as_long_as_was_asked():
    line = Line(2, len, LinkConditions(break_every_s=20, break_s=3))
    t = np.arange(0, 2000, 0.05)
    broken = np.array([line.broken(at) for at in t])
    edges = np.flatnonzero(np.diff(broken.astype(int)))
    lengths = np.diff(t[edges])[::2]
    assert np.allclose(lengths, 3, atol=0.1)
    assert 50 < len(lengths) < 130


@settings(max_examples=50, deadline=None)
@given(
    loss=st.floats(0, 0.9),
    burst=st.floats(1, 20),
    twice=st.floats(0, 1),
    delay=st.floats(0, 200),
    jitter=st.floats(0, 200),
    seed=st.integers(0, 1000),
)
def test_whatever_the_line_order_is_kept_and_the_seed_decides(loss, burst, twice, delay, jitter, seed):
    conditions = LinkConditions(
        loss_share=loss, burst_frames=burst, duplicate_share=twice, delay_ms=delay, jitter_ms=jitter
    )
    _, arrived = through(conditions, FRAMES[:200], seed=seed)
    assert arrived == through(conditions, FRAMES[:200], seed=seed)[1]
    frames = [frame for _, frame in arrived]
    assert frames == sorted(frames)
