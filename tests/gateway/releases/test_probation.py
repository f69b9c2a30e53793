"""A new version is kept when it was well long enough without a break, on a clock that nobody sets."""

from gateway.releases.config import ReleaseConfig
from gateway.releases.probation import Probation, Verdict, judge

S = 10**9
CONFIG = ReleaseConfig()


def test_well_for_ten_minutes_without_a_break() -> None:
    seen, verdict, _ = judge(None, "b1", 1000 * S, "", CONFIG)
    assert (seen, verdict) == (Probation("b1", 1000 * S, 1000 * S), Verdict.OPEN)
    seen, verdict, wrong = judge(seen, "b1", 1300 * S, "the room does not answer", CONFIG)
    assert (seen.well_since_ns, verdict, wrong) == (None, Verdict.OPEN, "the room does not answer")
    seen, verdict, _ = judge(seen, "b1", 1400 * S, "", CONFIG)
    assert judge(seen, "b1", 1999 * S, "", CONFIG)[1] is Verdict.OPEN
    assert judge(seen, "b1", 2000 * S, "", CONFIG)[1] is Verdict.GOOD


def test_after_a_boot_the_time_counts_from_the_boot() -> None:
    """The monotonic clock begins again, so a time of the boot before means nothing."""
    before = Probation("b1", 90_000 * S, 90_000 * S)
    seen, verdict, _ = judge(before, "b2", 40 * S, "", CONFIG)
    assert (seen, verdict) == (Probation("b2", 0, 40 * S, boots=2), Verdict.OPEN)
    assert judge(before, "b2", 1799 * S, "down", CONFIG)[1] is Verdict.OPEN
    assert judge(before, "b2", 1800 * S, "down", CONFIG)[1] is Verdict.BAD


def test_being_well_from_the_first_moment_of_the_clock_counts() -> None:
    assert judge(Probation("b1", 0, 0), "b1", 600 * S, "", CONFIG)[1] is Verdict.GOOD
