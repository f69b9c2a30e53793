"""Validates R peaks against the experts of the MIT-BIH Arrhythmia Database, batch and live.

    python -m benchmarks.validate_ecg --data DIR [--peers]

where DIR, or its folder `mitdb/`, holds the records. Whole records, first lead, no learning period skipped; beats and
detections inside ventricular flutter (`[` to `]`) do not count. Prints every record, the pooled figures and the gates,
and ends with 1 if a gate fails. With --peers the detectors of the wfdb package do the same work.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
import wfdb.processing
from numpy.typing import NDArray

from signals.beat import Beat
from signals.beats import BeatStream, find_beats

Array = NDArray[np.float64]

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
WIDE_S, NARROW_S = 0.150, 0.075
LIVE_CHUNK_S = 0.050
POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class Record:
    """One recording: samples `[n]`, reference beats and stretches that do not count, s."""

    name: str
    rate_hz: float
    samples: Array
    reference_s: Array
    excluded_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """How one detector did on one record, or on all of them (`pooled`).

    Attributes:
        record, detector: names; our detectors are "batch" and "live".
        reference, detected: numbers of beats.
        wide, narrow: numbers of one-to-one matches within 150 and 75 ms.
        offset_ms: [wide] detected minus reference.
        delay_s: the longest time from a beat to its decision (live), else NaN.
        same_however_cut: the beats are bit-identical for all chunk sizes (live).
        seconds: CPU time of one core.
        samples: how many samples that took.
    """

    record: str
    detector: str
    reference: int
    detected: int
    wide: int
    narrow: int
    offset_ms: Array
    delay_s: float
    same_however_cut: bool
    seconds: float
    samples: int

    @property
    def sensitivity(self) -> float:
        return self.wide / self.reference

    @property
    def precision(self) -> float:
        return self.wide / max(1, self.detected)

    @property
    def f1_wide(self) -> float:
        return 2 * self.wide / (self.reference + self.detected)

    @property
    def f1_narrow(self) -> float:
        return 2 * self.narrow / (self.reference + self.detected)

    @property
    def bias_ms(self) -> float:
        return float(np.median(self.offset_ms)) if self.wide else float("nan")

    @property
    def sd_ms(self) -> float:
        return float(np.std(self.offset_ms)) if self.wide else float("nan")

    @property
    def samples_per_s(self) -> float:
        return self.samples / max(self.seconds, 1e-9)


@dataclass(frozen=True, slots=True)
class Gate:
    """A promise, what was measured, and whether it holds."""

    what: str
    measured: str
    holds: bool


def read(path: Path) -> Record:
    """Reads the first lead of a record and its reference beats; `path` without suffix."""
    record, notes = wfdb.rdrecord(str(path)), wfdb.rdann(str(path), "atr")
    rate_hz = float(record.fs)
    excluded, start_s = [], 0.0
    for at, symbol in zip(notes.sample, notes.symbol, strict=True):
        if symbol == "[":
            start_s = at / rate_hz
        elif symbol == "]":
            excluded.append((start_s, at / rate_hz))
    beats = [at / rate_hz for at, symbol in zip(notes.sample, notes.symbol, strict=True) if symbol in BEAT_SYMBOLS]
    reference_s = counted(np.array(beats), tuple(excluded))
    return Record(path.name, rate_hz, record.p_signal[:, 0].astype(np.float64), reference_s, tuple(excluded))


def records(data_dir: Path) -> Iterator[Record]:
    """The records of a folder (or of its folder `mitdb`), in order of name."""
    folder = data_dir / "mitdb" if (data_dir / "mitdb").is_dir() else data_dir
    for header in sorted(folder.glob("*.hea")):
        yield read(header.with_suffix(""))


def counted(times_s: Array, excluded_s: tuple[tuple[float, float], ...]) -> Array:
    """Without what lies in the stretches that do not count."""
    for start_s, end_s in excluded_s:
        times_s = times_s[(times_s < start_s) | (times_s > end_s)]
    return times_s


def matched(reference_s: Array, detected_s: Array, tolerance_s: float) -> list[tuple[int, int]]:
    """Pairs of reference and detection, one to one: the nearest within the tolerance, in order of time.

    A detection that is nearer to the next reference is left to that.
    """
    pairs, j, n = [], 0, len(detected_s)
    for i, at_s in enumerate(reference_s):
        while j < n and detected_s[j] < at_s - tolerance_s:
            j += 1
        while j + 1 < n and abs(detected_s[j + 1] - at_s) < abs(detected_s[j] - at_s):
            j += 1
        if j == n or abs(detected_s[j] - at_s) > tolerance_s:
            continue
        if i + 1 < len(reference_s) and abs(reference_s[i + 1] - detected_s[j]) < abs(at_s - detected_s[j]):
            continue
        pairs.append((i, j))
        j += 1
    return pairs


def score(record: Record, detector: str, times_s: Array, seconds: float, delay_s: float, same: bool = True) -> Row:
    """Compares detected beats with the reference."""
    detected_s = counted(times_s, record.excluded_s)
    wide = matched(record.reference_s, detected_s, WIDE_S)
    narrow = matched(record.reference_s, detected_s, NARROW_S)
    offset_ms = np.array([1e3 * (detected_s[j] - record.reference_s[i]) for i, j in wide])
    return Row(
        record=record.name,
        detector=detector,
        reference=len(record.reference_s),
        detected=len(detected_s),
        wide=len(wide),
        narrow=len(narrow),
        offset_ms=offset_ms,
        delay_s=delay_s,
        same_however_cut=same,
        seconds=seconds,
        samples=len(record.samples),
    )


def batch(record: Record, find: Callable[[Array, float], Array]) -> tuple[Array, float]:
    """Times and CPU seconds of a detector that takes the whole record."""
    start = time.process_time()
    times_s = find(record.samples, record.rate_hz)
    return times_s, time.process_time() - start


def live(record: Record, sizes: Iterator[int]) -> tuple[list[Beat], float]:
    """Beats of a stream cut into the given chunks, and the longest time from a beat to its decision, s."""
    stream = BeatStream(record.rate_hz, "ecg")
    beats: list[Beat] = []
    at, longest_s = 0, 0.0
    while at < len(record.samples):
        size = next(sizes)
        new = stream.feed(record.samples[at : at + size])
        at += size
        longest_s = max([longest_s, *(at / record.rate_hz - b.time_s for b in new)])
        beats += new
    return beats + stream.flush(), longest_s


def always(size: int) -> Iterator[int]:
    while True:
        yield size


def anyhow(seed: int) -> Iterator[int]:
    random = np.random.default_rng(seed)
    while True:
        yield int(random.integers(1, 3000))


def validate(record: Record) -> list[Row]:
    """Our two rows of one record."""
    times_s, seconds = batch(record, lambda x, rate_hz: find_beats(x, rate_hz, "ecg").times_s)
    start = time.process_time()
    beats, delay_s = live(record, always(round(LIVE_CHUNK_S * record.rate_hz)))
    live_seconds = time.process_time() - start
    same = all(live(record, sizes)[0] == beats for sizes in (anyhow(len(beats)), always(len(record.samples))))
    return [
        score(record, "batch", times_s, seconds, float("nan")),
        score(record, "live", np.array([b.time_s for b in beats]), live_seconds, delay_s, same),
    ]


def pooled(rows: list[Row], detector: str) -> Row:
    """All records together."""
    own = [r for r in rows if r.detector == detector]
    return Row(
        record=POOLED,
        detector=detector,
        reference=sum(r.reference for r in own),
        detected=sum(r.detected for r in own),
        wide=sum(r.wide for r in own),
        narrow=sum(r.narrow for r in own),
        offset_ms=np.concatenate([r.offset_ms for r in own]),
        delay_s=max(r.delay_s for r in own),
        same_however_cut=all(r.same_however_cut for r in own),
        seconds=sum(r.seconds for r in own),
        samples=sum(r.samples for r in own),
    )


def peer_rows(record: Record) -> list[Row]:
    """The same work by the detectors of wfdb."""

    def gqrs(x: Array, rate_hz: float) -> Array:
        return np.asarray(wfdb.processing.gqrs_detect(sig=x, fs=rate_hz)) / rate_hz

    def xqrs(x: Array, rate_hz: float) -> Array:
        return np.asarray(wfdb.processing.xqrs_detect(sig=x, fs=rate_hz, verbose=False)) / rate_hz

    peers = (("wfdb gqrs", gqrs), ("wfdb xqrs", xqrs))
    return [score(record, name, *batch(record, find), float("nan")) for name, find in peers]


def run(data_dir: Path, peers: bool = False) -> list[Row]:
    """Rows of all records and detectors, the pooled ones last."""
    rows: list[Row] = []
    for record in records(data_dir):
        rows += validate(record)
        if peers:
            rows += peer_rows(record)
    if not rows:
        raise FileNotFoundError(f"no WFDB record (*.hea) in {data_dir} nor in its folder mitdb")
    detectors = list(dict.fromkeys(r.detector for r in rows))
    return rows + [pooled(rows, d) for d in detectors]


def gates(rows: list[Row]) -> list[Gate]:
    """What is promised for these records."""
    whole = {r.detector: r for r in rows if r.record == POOLED}
    ours, stream = whole["batch"], whole["live"]
    worst = min((r for r in rows if r.detector == "batch" and r.record != POOLED), key=lambda r: r.f1_wide)
    apart = abs(ours.f1_wide - stream.f1_wide)
    return [
        Gate("F1 within 150 ms >= 0.998", f"{ours.f1_wide:.5f}", ours.f1_wide >= 0.998),
        Gate("F1 within 75 ms >= 0.997", f"{ours.f1_narrow:.5f}", ours.f1_narrow >= 0.997),
        Gate("median bias <= 3 ms", f"{ours.bias_ms:+.2f} ms", abs(ours.bias_ms) <= 3),
        Gate("every record F1 >= 0.985", f"{worst.record} {worst.f1_wide:.4f}", worst.f1_wide >= 0.985),
        Gate("live within 0.002 of batch", f"{apart:.5f}", apart <= 0.002),
        Gate("live decision <= 1 s", f"{stream.delay_s:.3f} s", stream.delay_s <= 1.0),
        Gate("same beats however cut", str(stream.same_however_cut), stream.same_however_cut),
        Gate("batch >= 5 M samples/s of one core", f"{ours.samples_per_s / 1e6:.1f} M", ours.samples_per_s >= 5e6),
    ]


def table(rows: list[Row]) -> str:
    """The rows, for people."""
    lines = ["record   detector     ref    Se      PPV     F1@150  F1@75   bias ms  SD ms  delay s  M samples/s"]
    for r in rows:
        delay = f"{r.delay_s:7.3f}" if np.isfinite(r.delay_s) else "      -"
        lines.append(
            f"{r.record:8} {r.detector:10} {r.reference:6}  {r.sensitivity:.4f}  {r.precision:.4f}  {r.f1_wide:.4f}"
            f"  {r.f1_narrow:.4f}  {r.bias_ms:+7.1f}  {r.sd_ms:5.1f}  {delay}  {r.samples_per_s / 1e6:8.2f}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="R peaks against the MIT-BIH Arrhythmia Database")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("XINYI_DATA", "data")))
    parser.add_argument("--peers", action="store_true", help="let the detectors of wfdb do the same work")
    options = parser.parse_args()
    try:
        rows = run(options.data, options.peers)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(rows))
    promised = gates(rows)
    for gate in promised:
        print(f"{'pass' if gate.holds else 'FAIL'}  {gate.what}: {gate.measured}")
    return 0 if all(g.holds for g in promised) else 1


if __name__ == "__main__":
    sys.exit(main())
