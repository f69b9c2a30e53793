"""How fast the signal core is, and how much memory it takes, beside its peers in one run.

    python -m benchmarks.bench_signals [--peer-python PATH]

Peers run in an interpreter of their own (`make bench` makes one from `requirements-peers.txt`) on the same ECG and RR
series; ratios are peer's time over ours. Prints every figure with its goal; ends with 1 if a goal of ours is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.rr_series import breathing
from signals.beats import BeatStream, find_beats
from signals.eda import EDAStream
from signals.hrv import hrv
from signals.live import LiveHRV
from signals.quality import QualityStream
from signals.respiration import RespirationStream
from signals.rr import LiveCorrector, correct_rr

Array = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
ECG_HZ, CHUNK_S = 250.0, 0.25
EDA_HZ, BREATH_HZ = 32.0, 32.0
BEATS = 444
HOURS = 4.0
RUNS = 9


def pulses(seconds: float, rate_hz: float, seed: int = 1) -> Array:
    """An ECG of P, QRS and T waves on a living rhythm, with baseline wander and noise, mV."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(breathing(rng, mean_ms=800, seconds=seconds)) / 1000
    out = 0.02 * rng.standard_normal(round(seconds * rate_hz))
    grid = np.arange(len(out)) / rate_hz
    out += 0.1 * np.sin(2 * np.pi * 0.25 * grid)
    for at in times:
        first, stop = (round((at + edge) * rate_hz) for edge in (-0.3, 0.45))
        t = grid[max(0, first) : max(0, stop)] - at
        for height, centre, width in (
            (0.12, -0.17, 0.025),
            (-0.1, -0.025, 0.01),
            (1.1, 0.0, 0.011),
            (-0.2, 0.025, 0.01),
            (0.3, 0.27, 0.05),
        ):
            out[max(0, first) : max(0, stop)] += height * np.exp(-0.5 * ((t - centre) / width) ** 2)
    return out


def seconds_of(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median CPU time, s, after one run that does not count."""
    work()
    taken = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return float(np.median(taken))


@dataclass
class Report:
    """Prints figures with their goals and remembers whether all were reached."""

    good: bool = True
    ours: dict[str, float] = field(default_factory=dict)

    def goal(self, what: str, measured: str, reached: bool) -> None:
        self.good &= bool(reached)
        print(f"{'pass' if reached else 'FAIL'}  {what}: {measured}", flush=True)


class Chair:
    """Everything that one chair costs: heart, quality, labels, windows, and the slow channels."""

    def __init__(self) -> None:
        self.beats = BeatStream(ECG_HZ, "ecg")
        self.quality = QualityStream(ECG_HZ, "ecg")
        self.corrector = LiveCorrector()
        self.live = LiveHRV()
        self.eda = EDAStream(EDA_HZ)
        self.breath = RespirationStream(BREATH_HZ)
        self.temperature_c, self.spo2_percent = 0.0, 0.0
        self._before: float | None = None
        self._ends: list[float] = []

    def feed(self, ecg: Array, eda: Array, breath: Array) -> None:
        self.quality.feed(ecg)
        self.eda.feed(eda)
        self.breath.feed(breath)
        self.temperature_c, self.spo2_percent = float(30 + eda[-1]), float(96 + breath[-1])
        for beat in self.beats.feed(ecg):
            if self._before is not None:
                self._ends.append(beat.time_s)
                for one in self.corrector.push(1000 * (beat.time_s - self._before)):
                    self.live.push(self._ends.pop(0), one)
            self._before = beat.time_s

    def read(self, now_s: float) -> None:
        """What a face is shown, once a second."""
        self.live.read(now_s, 30)
        self.live.read(now_s, 60)
        self.live.coherence(now_s)


def chunks(seconds: float) -> list[tuple[Array, Array, Array]]:
    """The same seconds cut into chunks of 250 ms."""
    ecg = pulses(seconds, ECG_HZ)
    t = np.arange(round(seconds * EDA_HZ)) / EDA_HZ
    eda, breath = 4 + 0.3 * np.sin(0.1 * t), np.sin(2 * np.pi * 0.25 * t)
    fast, slow = ECG_HZ * CHUNK_S, EDA_HZ * CHUNK_S
    return [
        (
            ecg[round(k * fast) : round((k + 1) * fast)],
            *(x[round(k * slow) : round((k + 1) * slow)] for x in (eda, breath)),
        )
        for k in range(round(seconds / CHUNK_S))
    ]


def batch(report: Report, ecg: Array, rr: Array) -> None:
    taken = seconds_of(lambda: find_beats(ecg, ECG_HZ, "ecg"), 5)
    report.ours["R peaks"] = taken
    report.goal(
        "R peaks, batch (>= 5 M samples/s)", f"{len(ecg) / taken / 1e6:.1f} M samples/s", len(ecg) / taken >= 5e6
    )
    report.ours["HRV"] = taken = seconds_of(lambda: hrv(rr), 25)
    report.goal(f"HRV of {len(rr)} beats, all measures (<= 10 ms)", f"{1000 * taken:.2f} ms", taken <= 0.010)
    report.ours["correction"] = taken = seconds_of(lambda: correct_rr(rr))
    print(f"      correction of {len(rr)} beats: {1000 * taken:.2f} ms")


def live(report: Report) -> None:
    """Hours of beats: cost of one update, at the beginning and at the end, and memory."""
    rr = np.tile(breathing(np.random.default_rng(2), seconds=600), round(HOURS * 6))
    ends = np.cumsum(rr) / 1000
    corrector, windows, taken = LiveCorrector(), LiveHRV(), []
    for value in rr.tolist():
        begin = time.process_time()
        for one in corrector.push(value):
            now = float(ends[one.index])
            windows.push(now, one)
            windows.read(now, 30)
            windows.read(now, 60)
            windows.read(now, 300)
            windows.coherence(now)
        taken.append(time.process_time() - begin)
    tenth = len(taken) // 10
    early, late = (1000 * float(np.mean(part)) for part in (taken[tenth : 2 * tenth], taken[-tenth:]))
    measured = f"{early:.3f} ms in the first hour, {late:.3f} ms in the last"
    report.goal(
        "live update, three windows and coherence (<= 1 ms, constant over 4 h)", measured, late <= min(1.0, 1.3 * early)
    )


def capacity(report: Report) -> None:
    """CPU time of one chair's minute, and what its memory does in an hour."""
    minute = chunks(60.0)
    chair = Chair()
    now = 0.0

    def pass_minute() -> None:
        nonlocal now
        for number, parts in enumerate(minute):
            chair.feed(*parts)
            if number % 4 == 3:
                chair.read(now + number * CHUNK_S)
        now += 60.0

    chairs = 60.0 / seconds_of(pass_minute, 5)
    report.goal(
        "chairs per core, 250 Hz ECG and 4 slow channels in 250 ms chunks (>= 200)", f"{chairs:.0f}", chairs >= 200
    )
    tracemalloc.start()
    for _ in range(6):
        pass_minute()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(20):
        pass_minute()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    report.goal("memory of a chair grows in 20 min by (<= 64 KB)", f"{grown / 1024:.1f} KB", grown <= 65536)


def imports(report: Report) -> None:
    def start(code: str) -> float:
        runs = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
            runs.append(time.perf_counter() - begin)
        return min(runs)

    bare, numpy = start("pass"), start("import numpy")
    package = start("import signals") - bare
    whole = start("from signals import BeatStream, LiveCorrector, LiveHRV, coherence, correct_rr, hrv") - numpy
    report.goal("import signals (<= 20 ms)", f"{1000 * package:.0f} ms", package <= 0.02)
    print(f"      import of beats, correction, HRV, live, coherence, beyond NumPy: {1000 * whole:.0f} ms")


def peers(report: Report, python: Path, ecg: Array, rr: Array) -> None:
    """The same work in the peers' interpreter, as ratios."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work.npz"
        np.savez(work, ecg=ecg, rate_hz=ECG_HZ, rr_ms=rr)
        command = [str(python), str(Path(__file__).with_name("bench_peers.py")), str(work)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"peers did not run in {python}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    print("\npeer's time over ours")
    for line in map(json.loads, done.stdout.splitlines()):
        if "error" in line:
            print(f"  --  {line['task']}, {line['peer']}: {line['error']}")
            continue
        ratio = line["seconds"] / report.ours[line["task"]]
        measured = f"{ratio:.2g} x ({1000 * line['seconds']:.1f} ms; ours {1000 * report.ours[line['task']]:.1f} ms)"
        if (line["task"], line["peer"]) == ("HRV", "neurokit2"):
            report.goal("HRV, neurokit2 (>= 50 x)", measured, ratio >= 50)
        else:
            print(f"      {line['task']}, {line['peer']}: {measured}")


def run(peer_python: Path | None = None) -> bool:
    """Prints the figures; whether all goals were reached."""
    report = Report()
    ecg = pulses(300.0, ECG_HZ)
    rr = breathing(np.random.default_rng(3), mean_ms=675)[:BEATS]
    batch(report, ecg, rr)
    live(report)
    capacity(report)
    imports(report)
    if peer_python is None:
        print("\nno --peer-python: nothing to compare with")
    else:
        peers(report, peer_python, ecg, rr)
    return report.good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", type=Path, help="interpreter in which the peers are installed")
    chosen = parser.parse_args().peer_python
    if chosen is not None and not chosen.exists():
        parser.error(f"{chosen}: there is no such interpreter")
    sys.exit(0 if run(chosen) else 1)


if __name__ == "__main__":
    main()
