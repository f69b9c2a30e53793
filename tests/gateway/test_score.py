"""The room's score: paced breaths stay out of it for as long as the readings still look back at them."""

from types import SimpleNamespace

from care.programme import SegmentKind
from care.session import State
from gateway.room.score import MOMENT_S, WINDOW_S, Score
from gateway.room.senses import Reading

REST = {"rmssd": 30.0, "heart_rate": 70.0, "skin_conductance": 5.0, "scr_rate": 4.0, "breathing_rate": 14.0}


def take(score, kind, **changed):
    paced = kind is SegmentKind.PACED
    session = SimpleNamespace(state=State.RUNNING, segment=SimpleNamespace(kind=kind), paced=paced)
    score.take(session, [Reading(name, value, "", 60, 1.0, "") for name, value in (REST | changed).items()])
    return score.latest


def test_a_minute_of_baseline_gives_a_provisional_score():
    score = Score()
    for _ in range(11):
        take(score, SegmentKind.BASELINE)
    latest = take(score, SegmentKind.RECOVERY)
    assert latest.score is not None
    assert latest.provisional
    assert not latest.paced


def test_readings_that_look_back_at_paced_breaths_are_paced():
    score = Score()
    for _ in range(12):
        take(score, SegmentKind.BASELINE)
    paced = take(score, SegmentKind.PACED, rmssd=90.0, breathing_rate=5.5)
    after = [
        take(score, SegmentKind.RECOVERY, rmssd=90.0, breathing_rate=5.5) for _ in range(round(WINDOW_S / MOMENT_S))
    ]
    assert paced.paced
    assert [latest.paced for latest in after] == [True] * (len(after) - 1) + [False]
    assert abs(after[0].score - 50) < 1
