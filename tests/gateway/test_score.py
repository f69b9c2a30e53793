"""The room's score: a baseline is as long as it ran; readings that look back at paced breaths are paced."""

from collections.abc import Iterable

from care.programme import load
from care.session import Began, NextAsked, Session, Tick
from gateway.room.score import MOMENT_S, WINDOW_S, Score
from gateway.room.senses import Reading
from signals.relaxation import Relaxation

S = 1_000_000_000
REST = {"rmssd": 30.0, "heart_rate": 70.0, "skin_conductance": 5.0, "scr_rate": 4.0, "breathing_rate": 14.0}


class Sitting:
    """A session with a score, in steps of a moment."""

    def __init__(self) -> None:
        self.session, self.score = Session(load("resonance")), Score()
        self.session.advance(Began(0))
        self.go_on()

    def go_on(self) -> None:
        self.session.advance(NextAsked(self.session.now_ns))

    def moments(self, count: int, **changed: float | None) -> list[Relaxation | None]:
        found = []
        for _ in range(count):
            self.session.advance(Tick(self.session.now_ns + round(MOMENT_S * S), signal_good=True))
            self.score.take(self.session, readings((REST | changed).items()))
            found.append(self.score.latest)
        return found


def readings(values: Iterable[tuple[str, float | None]]) -> list[Reading]:
    return [Reading(name, value, "", 60, 1.0, "") for name, value in values]


def test_a_minute_of_baseline_gives_a_provisional_score():
    sitting = Sitting()
    sitting.moments(11)
    assert sitting.session.segment.key == "baseline"
    (latest,) = sitting.moments(1)
    assert sitting.session.segment.key == "breathing"
    assert latest
    assert latest.score is not None
    assert latest.provisional


def test_skipped_baseline_gives_no_score():
    sitting = Sitting()
    sitting.moments(9)
    sitting.go_on()
    (latest,) = sitting.moments(1)
    assert latest
    assert (latest.score, latest.reason) == (None, "no_baseline")


def test_baseline_that_was_hardly_heard_is_none():
    sitting = Sitting()
    sitting.moments(9, **dict.fromkeys(REST))
    (latest,) = sitting.moments(3)[-1:]
    assert latest
    assert (latest.score, latest.reason) == (None, "no_baseline")


def test_readings_that_look_back_at_paced_breaths_are_paced():
    sitting = Sitting()
    sitting.moments(12)
    paced = sitting.moments(1, rmssd=90.0, breathing_rate=5.5)[0]
    sitting.go_on()
    after = sitting.moments(round(WINDOW_S / MOMENT_S), rmssd=90.0, breathing_rate=5.5)
    assert paced
    assert paced.paced
    assert [latest.paced for latest in after if latest] == [True] * (len(after) - 1) + [False]
    assert after[0]
    assert abs(after[0].score - 50) < 1
