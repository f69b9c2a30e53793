"""How long a new version must show that it is well before it is kept.

Times are on the machine's monotonic clock, which starts with a boot: a wall clock that is set, or is wrong after a
power cut, neither ends a probation nor draws it out. After a boot the time counts from the boot.
"""

from enum import StrEnum

from msgspec import Struct

from gateway.releases.config import ReleaseConfig

MAX_BOOTS = 3
_S = 1_000_000_000


class Probation(Struct, frozen=True):
    """Where a probation stands.

    Attributes:
        boot: id of the boot that the times belong to.
        began_ns: when it began.
        well_since_ns: since when all has been well without a break.
        boots: how many there were since the switch; a version may also crash the machine.
    """

    boot: str
    began_ns: int
    well_since_ns: int | None = None
    boots: int = 1


class Verdict(StrEnum):
    OPEN = "open"
    GOOD = "good"
    BAD = "bad"


def judge(
    seen: Probation | None, boot: str, now_ns: int, wrong: str, config: ReleaseConfig
) -> tuple[Probation, Verdict, str]:
    """One look.

    Args:
        seen: as it stood.
        boot: id of this boot.
        now_ns: monotonic time.
        wrong: what is wrong now, "" when all is well.
        config: how long it must be well, and how long that may take.

    Returns:
        How it stands, what follows, and why or what is wrong.
    """
    if seen is None:
        seen = Probation(boot, now_ns)
    elif seen.boot != boot:
        seen = Probation(boot, 0, boots=seen.boots + 1)
    since = None if wrong else now_ns if seen.well_since_ns is None else seen.well_since_ns
    seen = Probation(seen.boot, seen.began_ns, since, seen.boots)
    if seen.boots > MAX_BOOTS:
        return seen, Verdict.BAD, f"the machine started {seen.boots - 1} times during probation"
    if since is not None and now_ns - since >= config.probation_s * _S:
        return seen, Verdict.GOOD, ""
    if now_ns - seen.began_ns >= config.give_up_s * _S:
        return seen, Verdict.BAD, f"not well within {config.give_up_s} s: {wrong or 'well only with breaks'}"
    return seen, Verdict.OPEN, wrong
