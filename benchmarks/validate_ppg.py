"""Validates beats and signal quality of PPG against chest-strap intervals (Welltory) and an ECG (BIDMC).

    python -m benchmarks.validate_ppg --data DIR

where DIR holds `welltory_ppg/` and, if wanted, `bidmc01/`. Prints every recording, the pooled figures and the gates,
and ends with 1 if a gate fails. Run by a Python that has neurokit2, heartpy, biosppy or systole, it scores them too, on
everything and on the windows that we accept.
"""

import argparse
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.phone_video import RATE_HZ, Recording, best_shift, f1, matched, recordings
from benchmarks.ppg_peers import Peer, peers
from signals.beats import BeatStream, find_beats
from signals.quality import Quality, quality
from signals.rr import correct_rr

Array = NDArray[np.float64]

TOLERANCE_S = 0.1
ECG_TOLERANCE_S = 0.15


@dataclass(frozen=True, slots=True)
class Figures:
    """How one detector did on one recording.

    Attributes:
        f1_all, f1_accepted: beats against the strap, +-100 ms; everywhere, and in accepted windows (NaN if none).
        rate_error_bpm: [w] heart rate of accepted windows minus the strap's.
        rmssd_error_ms: RMSSD over the accepted stretches, intervals corrected as in the product (`correct_rr`), minus
            the strap's over the same stretches, corrected alike (NaN if none).
        rmssd_strap_ms: the strap's.
        accepted: share of windows.
        shift_s: where the strap's clock starts on the video's.
    """

    f1_all: float
    f1_accepted: float
    rate_error_bpm: Array
    rmssd_error_ms: float
    rmssd_strap_ms: float
    accepted: float
    shift_s: float


def figures(recording: Recording, beats_s: Array, judged: Quality) -> Figures:
    """Scores detected beats of one recording."""
    shift_s = best_shift(recording.strap_s, beats_s)
    strap_s = recording.strap_s + shift_s
    strap_s = strap_s[(strap_s >= 0) & (strap_s <= recording.length_s)]
    beats_s = beats_s[(beats_s >= strap_s[0] - TOLERANCE_S) & (beats_s <= strap_s[-1] + TOLERANCE_S)]
    rate_errors: list[float] = []
    for start_s in judged.start_s[judged.accepted]:
        end_s = start_s + judged.window_s
        ours, theirs = _within(beats_s, start_s, end_s), _within(strap_s, start_s, end_s)
        if len(ours) > 2 and len(theirs) > 2 and strap_s[0] <= start_s + 1.5 and strap_s[-1] >= end_s - 1.5:
            rate_errors.append(60.0 / float(np.mean(np.diff(ours))) - 60.0 / float(np.mean(np.diff(theirs))))
    stretches = _stretches(judged)
    ours_ms, theirs_ms = _rmssd_ms(beats_s, stretches), _rmssd_ms(strap_s, stretches)
    kept_strap, kept = strap_s[judged.accepts(strap_s)], beats_s[judged.accepts(beats_s)]
    return Figures(
        f1_all=f1(strap_s, beats_s, TOLERANCE_S),
        f1_accepted=f1(kept_strap, kept, TOLERANCE_S) if len(kept_strap) else float("nan"),
        rate_error_bpm=np.array(rate_errors),
        rmssd_error_ms=ours_ms - theirs_ms,
        rmssd_strap_ms=theirs_ms,
        accepted=float(np.mean(judged.accepted)),
        shift_s=shift_s,
    )


def _within(times_s: Array, start_s: float, end_s: float) -> Array:
    return times_s[(times_s >= start_s) & (times_s < end_s)]


def _stretches(judged: Quality) -> list[tuple[float, float]]:
    """Accepted windows, joined where they touch."""
    joined: list[tuple[float, float]] = []
    for start_s in judged.start_s[judged.accepted]:
        end_s = float(start_s) + judged.window_s
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((float(start_s), end_s))
    return joined


def _rmssd_ms(times_s: Array, stretches: list[tuple[float, float]]) -> float:
    """RMSSD over stretches of corrected intervals; no difference reaches across two of them."""
    intervals = [np.diff(_within(times_s, *stretch)) * 1e3 for stretch in stretches]
    steps = [np.diff(correct_rr(rr_ms).nn_ms) for rr_ms in intervals if len(rr_ms)]
    joined = np.concatenate(steps) if steps else np.empty(0)
    return float(np.sqrt(np.mean(joined**2))) if len(joined) else float("nan")


def live_beats(samples: Array, rate_hz: float) -> Array:
    """Beats of the live detector, s."""
    stream = BeatStream(rate_hz, "ppg")
    return np.array([b.time_s for b in [*stream.feed(samples), *stream.flush()]])


def best_channel(recording: Recording) -> str:
    """The channel that an application would choose: the one of best quality, without a look at the strap."""
    return max(recording.ppg, key=lambda name: quality(recording.ppg[name], RATE_HZ, "ppg").overall)


def _summary(name: str, table: list[Figures]) -> str:
    f_all, f_acc = np.array([f.f1_all for f in table]), np.array([f.f1_accepted for f in table])
    rate = np.abs(np.concatenate([f.rate_error_bpm for f in table]))
    rmssd = np.abs([f.rmssd_error_ms for f in table])
    return (
        f"{name:26s} {f_all.mean():8.4f} {np.median(f_all):8.4f} {f_all.min():8.4f} {np.nanmean(f_acc):9.4f} "
        f"{rate.mean() if len(rate) else float('nan'):9.2f} {np.nanmedian(rmssd):9.1f}"
    )


def _score_peer(peer: Peer, videos: list[Recording], judged: list[Quality]) -> tuple[list[Figures], int]:
    table, failed = [], 0
    for recording, windows in zip(videos, judged, strict=True):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                beats_s = np.asarray(peer(recording.ppg["R"], RATE_HZ), dtype=np.float64)
        except Exception:  # noqa: BLE001 - a peer that fails has found no beats
            beats_s = np.empty(0)
            failed += 1
        beats_s = np.unique(beats_s[np.isfinite(beats_s)])
        if len(beats_s):
            table.append(figures(recording, beats_s, windows))
        else:
            none = float("nan")
            table.append(Figures(0.0, none, np.empty(0), none, none, none, none))
    return table, failed


def bidmc_f1(path: Path) -> tuple[float, float]:
    """F1 (+-150 ms) of batch and live PPG beats against the ECG beats of the same record, median lag removed."""
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    rate_hz = 1.0 / float(np.median(np.diff(table[:, 0])))
    heart_s = find_beats(table[:, 5], rate_hz, "ecg").times_s
    scores = []
    for beats_s in (find_beats(table[:, 2], rate_hz, "ppg").times_s, live_beats(table[:, 2], rate_hz)):
        before = np.searchsorted(heart_s, beats_s) - 1
        lag_s = float(np.median(beats_s[before >= 0] - heart_s[before[before >= 0]]))
        scores.append(f1(heart_s + lag_s, beats_s, ECG_TOLERANCE_S))
    return scores[0], scores[1]


def run(data_dir: str | Path) -> bool:
    """Prints all figures; whether every gate is passed."""
    videos = recordings(Path(data_dir) / "welltory_ppg")
    if not videos:
        print(f"No recordings in {Path(data_dir) / 'welltory_ppg'}: give the folder that holds welltory_ppg/ as --data")
        return False
    print("Red channel, inverted, resampled to 100 Hz. RMSSD in ms; HR error: mean over accepted windows, bpm.")
    print("recording     F1 all  F1 live  windows  accepted  F1 acc  HR err  RMSSD strap   ours  shift s  drift ms")
    judged = [quality(r.ppg["R"], RATE_HZ, "ppg") for r in videos]
    ours, live = [], []
    for recording, windows in zip(videos, judged, strict=True):
        beats_s = find_beats(recording.ppg["R"], RATE_HZ, "ppg").times_s
        f = figures(recording, beats_s, windows)
        g = figures(recording, live_beats(recording.ppg["R"], RATE_HZ), windows)
        ours.append(f)
        live.append(g)
        rate = float(np.mean(np.abs(f.rate_error_bpm))) if len(f.rate_error_bpm) else float("nan")
        print(
            f"{recording.name}  {f.f1_all:7.3f} {g.f1_all:8.3f} {len(windows.score):8d} {f.accepted:8.0%} "
            f"{f.f1_accepted:8.3f} {rate:7.2f} {f.rmssd_strap_ms:12.1f} {f.rmssd_strap_ms + f.rmssd_error_ms:6.1f} "
            f"{f.shift_s:8.2f} {drift_ms(recording, beats_s, f.shift_s):9.0f}"
        )
    print("\ndetector                    F1 mean   median      min  F1 accept  HR err    RMSSD err (median abs)")
    print(_summary("xinyi", ours))
    print(_summary("xinyi live", live))
    chosen = [best_channel(r) for r in videos]
    table = [
        figures(r, find_beats(r.ppg[c], RATE_HZ, "ppg").times_s, quality(r.ppg[c], RATE_HZ, "ppg"))
        for r, c in zip(videos, chosen, strict=True)
    ]
    print(_summary("xinyi, best channel", table), f" channels {''.join(chosen)}")
    found, missing = peers()
    for name, peer in found.items():
        scored, failed = _score_peer(peer, videos, judged)
        print(_summary(name, scored), f" failed on {failed}" if failed else "")
    for name in missing:
        print(f"not installed: {name}")
    for path in sorted((Path(data_dir) / "bidmc01").glob("*_Signals.csv")):
        batch, stream = bidmc_f1(path)
        print(f"\n{path.stem}: F1 against its ECG {batch:.4f}, live {stream:.4f}")
    return _gates(ours, judged)


def drift_ms(recording: Recording, beats_s: Array, shift_s: float) -> float:
    """How far the two clocks walk apart from the first to the last third of the recording, ms."""
    strap_s = recording.strap_s + shift_s
    pairs = matched(strap_s, beats_s, TOLERANCE_S)
    off = beats_s[pairs[:, 1]] - strap_s[pairs[:, 0]]
    third = len(off) // 3
    return float(np.median(off[-third:]) - np.median(off[:third])) * 1e3 if third else float("nan")


def _gates(ours: list[Figures], judged: list[Quality]) -> bool:
    f_all = float(np.mean([f.f1_all for f in ours]))
    f_accepted = float(np.nanmean([f.f1_accepted for f in ours]))
    rate = float(np.mean(np.abs(np.concatenate([f.rate_error_bpm for f in ours]))))
    rmssd = float(np.nanmedian(np.abs([f.rmssd_error_ms for f in ours])))
    windows = np.concatenate([q.accepted for q in judged])
    poor = sum(f.accepted < 0.2 for f in ours)
    gates = [
        ("F1 everywhere, mean", f_all, f_all >= 0.92, ">= 0.92"),
        ("F1 in accepted windows, mean", f_accepted, f_accepted >= 0.95, ">= 0.95"),
        ("heart-rate error in accepted windows, bpm", rate, rate <= 1.5, "<= 1.5"),
        ("RMSSD error, median abs, ms", rmssd, rmssd <= 10.0, "<= 10"),
        ("windows accepted, pooled", float(windows.mean()), windows.mean() >= 0.5, ">= 0.5"),
        ("recordings with less than 20 % accepted", float(poor), poor <= len(ours) // 10, f"<= {len(ours) // 10}"),
    ]
    print()
    for name, value, passed, gate in gates:
        print(f"{'pass' if passed else 'FAIL'}  {name}: {value:.3f} (gate {gate})")
    return all(passed for _, _, passed, _ in gates)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Validates PPG beats and quality.")
    arguments.add_argument(
        "--data", default=os.environ.get("XINYI_DATA"), help="folder with welltory_ppg/ (XINYI_DATA)"
    )
    data = arguments.parse_args().data
    if data is None:
        sys.exit("Where are the recordings? Give --data DIR or set XINYI_DATA.")
    sys.exit(0 if run(data) else 1)
