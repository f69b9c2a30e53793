"""Many random scripts against the physics of a chair: is there an unsafe state?

    python -m benchmarks.validate_safety --scripts 100000 --jobs 2

A script that fails is printed with its seed and, shrunk, step by step; `--seed N` runs that one alone. Exit code 1
then, and also when the scripts have exercised too little for the answer to mean anything.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from benchmarks.chair_rig import Outcome, Script, run
from benchmarks.chair_scripts import make, shrink

_BATCH = 100
_LEAST_MOVED = 0.7
_LEAST_SHARE = 0.02


@dataclass
class Tally:
    """What many scripts came to.

    Attributes:
        seen: scripts in which this happened at least once.
        ends: scripts in which this ended a permission to move.
    """

    scripts: int = 0
    moved: int = 0
    obeyed: int = 0
    moved_s: float = 0.0
    seconds: float = 0.0
    stops: int = 0
    stop_on_wire_s: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    unsafe: list[tuple[int, str]] = field(default_factory=list)
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def add(self, seed: int, outcome: Outcome) -> None:
        self.scripts += 1
        self.moved += outcome.moved_s > 0
        self.obeyed += outcome.obeyed
        self.moved_s += outcome.moved_s
        self.seconds += outcome.seconds
        self.stops += outcome.accepted["StopMotion"]
        self.stop_on_wire_s = max([self.stop_on_wire_s, *outcome.stop_on_wire_s])
        self.seen.update(outcome.seen.keys())
        self.ends.update(outcome.ends.keys())
        self.accepted += outcome.accepted
        self.unsafe += [(seed, f"{found.hazard} at {found.at_s:.2f} s: {found.detail}") for found in outcome.unsafe]
        self.mistakes += [(seed, mistake) for mistake in outcome.mistakes]

    def join(self, other: "Tally") -> None:
        for name in ("scripts", "moved", "obeyed", "moved_s", "seconds", "stops", "seen", "ends", "accepted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.stop_on_wire_s = max(self.stop_on_wire_s, other.stop_on_wire_s)
        self.unsafe += other.unsafe
        self.mistakes += other.mistakes

    def too_thin(self) -> list[str]:
        """What has not happened often enough for 'no unsafe state' to mean something."""
        lacks = [] if self.moved >= _LEAST_MOVED * self.scripts else ["scripts that move anything"]
        wanted = (
            "stop",
            "button",
            "stand",
            "here",
            "obstruct",
            "fault",
            "hang",
            "crash",
            "pull",
            "line",
            "power",
            "reset",
        )
        lacks += [what for what in wanted if self.seen[what] < _LEAST_SHARE * self.scripts]
        ends = ("stop", "button", "seat", "fault", "silence", "new host", "disarm", "power")
        return lacks + [f"motion ended by {why}" for why in ends if self.ends[why] < _LEAST_SHARE * self.scripts]


def tally(seeds: range) -> Tally:
    """Run these."""
    total = Tally()
    for seed in seeds:
        total.add(seed, run(make(seed)))
    return total


def batches(first: int, scripts: int) -> Iterator[range]:
    for at in range(first, first + scripts, _BATCH):
        yield range(at, min(at + _BATCH, first + scripts))


def shrunk(seed: int) -> Script:
    """The shortest form of a failing script that fails in the same way."""
    hazard = run(make(seed)).unsafe[0].hazard
    return shrink(make(seed), lambda script: any(found.hazard == hazard for found in run(script).unsafe))


def say(total: Tally, took_s: float, jobs: int) -> None:
    share = 100 / max(1, total.scripts)
    rate, hours, moved_h = total.scripts / took_s, total.seconds / 3600, total.moved_s / 3600
    print(f"scripts {total.scripts} ({rate:.0f}/s with {jobs} jobs), {hours:.1f} h of the chair")
    print(f"moved in {total.moved * share:.1f} %; {total.obeyed} motion commands obeyed; {moved_h:.1f} h in motion")
    print(f"stops confirmed {total.stops}; longest from the request to the wire {total.stop_on_wire_s * 1000:.1f} ms")
    print("scripts with: " + ", ".join(f"{what} {n * share:.0f} %" for what, n in total.seen.most_common()))
    print("motion ended by: " + ", ".join(f"{why} {n * share:.0f} %" for why, n in total.ends.most_common()))
    print("confirmed by the chair: " + ", ".join(f"{what} {n}" for what, n in total.accepted.most_common()))
    print(f"unsafe states: {len(total.unsafe)}; mistakes in our code: {len(total.mistakes)}")


def _one(seed: int) -> int:
    outcome = run(make(seed))
    for found in outcome.unsafe:
        print(f"{found.hazard} at {found.at_s:.2f} s: {found.detail}")
    if outcome.unsafe:
        _say_script(shrunk(seed))
    else:
        print(
            f"seed {seed}: {outcome.obeyed} motion commands obeyed, {outcome.moved_s:.1f} s in motion, nothing unsafe"
        )
    return 1 if outcome.unsafe else 0


def _say_script(script: Script) -> None:
    sensor = "" if script.seat_sensor else ", no seat sensor"
    by_air = ", by air" if script.ble else ""
    print(f"Script {script.seed}{by_air}{sensor}, {script.conditions}, noise {script.noise}, {script.ageing}")
    for step in script.steps:
        print(f"  {step.wait_s:6.3f} s  {step.do} {', '.join(map(str, step.args))}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_safety", description=__doc__.splitlines()[0])
    parser.add_argument("--scripts", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first script")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, help="run this script alone")
    given = parser.parse_args()
    if given.seed is not None:
        return _one(given.seed)
    total, began_s, told_s = Tally(), time.monotonic(), time.monotonic()
    with ProcessPoolExecutor(given.jobs) as pool:
        for part in pool.map(tally, batches(given.first, given.scripts)):
            total.join(part)
            for seed, what in part.unsafe:
                print(f"seed {seed}: {what}", flush=True)
            if time.monotonic() - told_s > 20:
                told_s = time.monotonic()
                rate = total.scripts / (told_s - began_s)
                print(f"… {total.scripts} scripts, {rate:.0f}/s, {len(total.unsafe)} unsafe states", flush=True)
    say(total, time.monotonic() - began_s, given.jobs)
    for seed, what in total.mistakes[:3]:
        print(f"seed {seed}: {what}")
    if total.unsafe:
        _say_script(shrunk(total.unsafe[0][0]))
    thin = total.too_thin() if given.scripts >= 500 else []
    if thin:
        print("too seldom to mean anything: " + ", ".join(thin))
    return 1 if total.unsafe or total.mistakes or thin else 0


if __name__ == "__main__":
    sys.exit(main())
