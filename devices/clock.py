"""The clock that every edge is given: monotonic nanoseconds, possibly faster than the wall.

`--speed N` scales it. Simulator, watchdogs, room and session share one origin (an absolute point of the machine's
CLOCK_MONOTONIC handed down in the environment), so their times agree across processes. Nothing else in the house reads
time. Cores never see a clock at all.
"""

import asyncio
import os
import time
from dataclasses import dataclass

ENVIRONMENT = "XINYI_CLOCK"


@dataclass(frozen=True, slots=True)
class Clock:
    """Time for one site.

    Attributes:
        speed: how many of our seconds pass in one real second.
        origin_ns: the machine's monotonic time at which our clock and it agree.
    """

    speed: float = 1.0
    origin_ns: int = 0

    def now_ns(self) -> int:
        """Our monotonic time, ns."""
        return self.at_ns(time.monotonic_ns())

    def at_ns(self, machine_ns: int) -> int:
        """Our time at a moment of the machine's monotonic clock, ns."""
        if self.speed == 1.0:
            return machine_ns
        return self.origin_ns + int((machine_ns - self.origin_ns) * self.speed)

    def utc_ns(self) -> int:
        """Wall time, UTC ns since 1970. Read once per session; never used to place a sample."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of our time."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def real_s(self, seconds: float) -> float:
        """How long `seconds` of ours take on the wall, s (for time-outs of libraries)."""
        return seconds / self.speed

    def patience_s(self, seconds: float, least_s: float = 0.1) -> float:
        """How long to wait on the wall for an answer due within `seconds` of our time, s: never shorter than what a
        busy machine needs to schedule both sides, or a fast clock would see failures that nothing real ever has.
        """
        return max(seconds / self.speed, least_s)

    def settle_s(self, seconds: float, least_s: float = 0.25) -> float:
        """`seconds` of our time, or as many as pass in `least_s` on the wall: long enough to have seen a quick moment
        of a busy machine.
        """
        return max(seconds, least_s * self.speed)

    def to_environment(self) -> str:
        return f"{self.speed!r}@{self.origin_ns}"

    @classmethod
    def from_environment(cls) -> "Clock":
        """The clock that the parent process handed down, or the plain one."""
        text = os.environ.get(ENVIRONMENT, "")
        if not text:
            return cls()
        speed, _, origin = text.partition("@")
        return cls(float(speed), int(origin))

    @classmethod
    def starting_now(cls, speed: float) -> "Clock":
        return cls(speed, time.monotonic_ns())
