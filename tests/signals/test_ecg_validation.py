"""The yardstick itself: how detections are matched with the experts' beats, and that a run on the excerpts works."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.validate_ecg import gates, matched, run

DATA = Path(__file__).parents[1] / "data"


def pairs(reference, detected, tolerance=0.15):
    return matched(np.array(reference), np.array(detected), tolerance)


def test_a_detection_counts_for_one_beat_only():
    assert pairs([1.0, 1.1], [1.05]) == [(0, 0)]


def test_the_nearer_of_two_detections_is_taken():
    assert pairs([1.0], [0.9, 1.02, 1.1]) == [(0, 1)]


def test_a_detection_is_left_to_the_beat_it_is_nearer_to():
    assert pairs([1.0, 1.2], [1.14]) == [(1, 0)]


def test_what_is_further_than_the_tolerance_is_no_match():
    assert pairs([1.0, 2.0], [1.2, 2.1]) == [(1, 1)]


def test_the_excerpts_are_validated_live_and_batch():
    rows = run(DATA)
    assert [(r.record, r.detector) for r in rows[-2:]] == [("pooled", "batch"), ("pooled", "live")]
    assert rows[-2].reference == 88 + 82 + 105
    assert rows[-2].f1_narrow > 0.995
    held = {g.what for g in gates(rows) if g.holds}
    assert held >= {
        "live within 0.002 of batch",
        "live decision <= 1 s",
        "same beats however cut",
        "median bias <= 3 ms",
    }


def test_a_folder_without_records_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no WFDB record"):
        run(tmp_path)
