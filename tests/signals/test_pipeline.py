"""The heart pipeline keeps time: same beats whatever the chunks, and no interval across a hole."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from signals.pipeline import HeartBeat, HeartPipeline, Hole
from signals.samples import Channel, Samples

RECORD = Path(__file__).parents[1] / "data" / "mitdb" / "mitdb_101"
RATE = 360.0


@pytest.fixture(scope="module")
def ecg() -> np.ndarray:
    return wfdb.rdrecord(str(RECORD), channels=[0]).p_signal[: 40 * 360, 0]


def runs(values: np.ndarray, size: int, start_ns: int = 5_000_000_000, first: int = 0, epoch: int = 1) -> list[Samples]:
    return [
        Samples(
            "chair-1",
            Channel.ECG,
            start_ns + round(at * 1e9 / RATE),
            RATE,
            values[at : at + size],
            first + at,
            epoch,
        )
        for at in range(0, len(values), size)
    ]


def beats_of(pipeline: HeartPipeline, samples: list[Samples]) -> list[HeartBeat | Hole]:
    return [item for run in samples for item in pipeline.feed(run)] + list(pipeline.flush())


@pytest.mark.parametrize("size", [17, 90, 360, 40 * 360])
def test_same_beats_in_time_whatever_the_chunks(ecg, size):
    reference = beats_of(HeartPipeline("ecg", RATE), runs(ecg, 36))
    found = beats_of(HeartPipeline("ecg", RATE), runs(ecg, size))
    assert len(found) == len(reference) > 35
    assert np.allclose([beat.t_ns for beat in found], [beat.t_ns for beat in reference], atol=2)


def test_beat_times_are_on_the_clock_of_the_samples(ecg):
    marks = wfdb.rdann(str(RECORD), "atr", sampto=40 * 360 - 360)
    expected = np.array([at for at, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol == "N"]) / RATE
    found = np.array([beat.t_ns for beat in beats_of(HeartPipeline("ecg", RATE), runs(ecg, 90))]) / 1e9 - 5
    nearest = [np.min(np.abs(found - beat)) for beat in expected[1:]]
    assert max(nearest) < 0.05


def test_hole_in_the_counter_ends_a_stretch(ecg):
    pipeline = HeartPipeline("ecg", RATE)
    before = runs(ecg[: 15 * 360], 90)
    after = runs(ecg[18 * 360 :], 90, 5_000_000_000 + 18 * 10**9, 18 * 360)
    items = beats_of(pipeline, [*before, *after])
    holes = [item for item in items if isinstance(item, Hole)]
    assert holes == [Hole(before[-1].end_ns, after[0].start_ns, "samples_lost")]
    beats = items[items.index(holes[0]) + 1 :]
    assert beats[0].rr_ms is None
    assert all(beat.rr_ms and 300 < beat.rr_ms < 1500 for beat in beats[1:])


@pytest.mark.parametrize("size", [20, 90, 500])
def test_a_lost_frame_costs_no_beat_and_no_interval_spans_it(ecg, size):
    whole = beats_of(HeartPipeline("ecg", RATE), runs(ecg, 90))
    lost_at = [int((beat.t_ns / 1e9 - 5 + 0.35) * RATE) for beat in whole[5:30:4]]
    kept = np.ones(len(ecg), bool)
    for at in lost_at:
        kept[at : at + 18] = False
    edges = np.flatnonzero(np.diff(kept)) + 1
    pieces = [part for part in np.split(np.arange(len(ecg)), edges) if kept[part[0]]]
    samples = [
        run
        for part in pieces
        for run in runs(ecg[part], size, 5_000_000_000 + round(part[0] * 1e9 / RATE), int(part[0]))
    ]
    items = beats_of(HeartPipeline("ecg", RATE), samples)
    holes = [item for item in items if isinstance(item, Hole)]
    beats = [item for item in items if isinstance(item, HeartBeat)]
    assert [hole.cause for hole in holes] == ["samples_lost"] * len(lost_at)
    assert all(abs(hole.to_ns - hole.from_ns - 50e6) < 100 for hole in holes)
    assert len(beats) == len(whole)
    assert sum(beat.rr_ms is None for beat in beats) == len(lost_at) + 1
    assert np.allclose([beat.t_ns for beat in beats], [beat.t_ns for beat in whole], atol=3e6)


def test_new_connection_ends_a_stretch_even_if_the_counter_fits(ecg):
    items = beats_of(
        HeartPipeline("ecg", RATE), [*runs(ecg[:5400], 90), *runs(ecg[5400:9000], 90, 20 * 10**9, 5400, 2)]
    )
    assert sum(isinstance(item, Hole) for item in items) == 1


def test_signal_tells_its_quality(ecg):
    pipeline = HeartPipeline("ecg", RATE)
    beats_of(pipeline, runs(ecg[:3600], 90))
    assert pipeline.signal[0] > 0.5
    for run in runs(np.full(1800, np.nan), 90, 15 * 10**9, 3600):
        pipeline.feed(run)
    score, reason = pipeline.signal
    assert score < 0.2
    assert reason is not None


@pytest.mark.parametrize("size", [25, 90, 777])
def test_lost_contact_is_a_hole_and_no_interval_spans_it(ecg, size):
    silent = ecg.copy()
    silent[12 * 360 : 16 * 360] = np.nan
    silent[20 * 360 : 20 * 360 + 90] = np.nan
    items = beats_of(HeartPipeline("ecg", RATE), runs(silent, size))
    holes = [item for item in items if isinstance(item, Hole)]
    assert [hole.cause for hole in holes] == ["no_contact"]
    assert abs(holes[0].from_ns - 17 * 10**9) < 10 and abs(holes[0].to_ns - 21 * 10**9) < 10  # noqa: PT018
    assert items[items.index(holes[0]) + 1].rr_ms is None
    assert all(item.rr_ms is None or item.rr_ms < 2500 for item in items if isinstance(item, HeartBeat))


def test_contact_that_does_not_come_back_is_a_hole_to_the_end(ecg):
    silent = ecg.copy()
    silent[30 * 360 :] = np.nan
    items = beats_of(HeartPipeline("ecg", RATE), runs(silent, 90))
    last = items[-1]
    assert isinstance(last, Hole)
    assert last.cause == "no_contact"
    assert (last.from_ns, last.to_ns) == (35 * 10**9, 45 * 10**9)
    assert all(item.t_ns <= last.from_ns for item in items[:-1] if isinstance(item, HeartBeat))
