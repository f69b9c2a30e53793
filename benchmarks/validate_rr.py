"""Validates correction of RR series, HRV, spectra and coherence against known truth.

    python -m benchmarks.validate_rr --data DIR

where DIR holds `rr/` (resting record of the PhysioNet toolbox) and `mitdb/` (stretches in which experts called every
beat normal); made series are always there. Prints RMSSD errors of corrected series, the toolbox's values beside ours,
powers of series of known power, coherence of series of known shape, and every gate; ends with 1 if one fails.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.rr_series import breathing, made, recorded, settling, spoil
from signals.coherence import coherence
from signals.hrv import hrv
from signals.nonlinear import sample_entropy
from signals.rr import LiveCorrector, correct_rr
from signals.spectrum import HF, LF, Spectrum, lomb_scargle_psd, welch_psd

Array = NDArray[np.float64]
KINDS = ("missed", "extra", "misaligned")
SHARES = (0.01, 0.03)
MOST_PERCENT = {"missed": 2.0, "extra": 2.0, "misaligned": 8.0}
LIVE_ALLOWANCE = 1.0
"""Live may err twice as much as batch; below this many percent nobody counts."""
REFERENCE = {"SDNN": 41.51444, "RMSSD": 28.7891, "pNN50": 0.068536, "SD1": 20.3887, "SD2": 55.05634, "SampEn": 2.2693}


class Report:
    """Prints gates as they are decided and remembers whether all hold."""

    def __init__(self) -> None:
        self.good = True

    def gate(self, what: str, measured: str, holds: bool) -> None:
        self.good &= bool(holds)
        print(f"{'pass' if holds else 'FAIL'}  {what}: {measured}")


def rmssd(nn: Array) -> float:
    d = np.diff(nn)
    return float(np.sqrt(d @ d / len(d)))


def batch(rr: Array) -> Array:
    return correct_rr(rr).nn_ms


def live(rr: Array) -> Array:
    corrector = LiveCorrector()
    out = [one for value in rr for one in corrector.push(float(value))] + corrector.flush()
    return np.array([nn for one in out for nn in one.nn_ms])


def errors(series: Iterable[Array], kind: str, share: float, correct: Callable[[Array], Array], seeds: int) -> Array:
    """[series · seeds] absolute errors of RMSSD, %."""
    found = []
    for number, rr in enumerate(series):
        for seed in range(seeds):
            spoilt = spoil(rr, kind, share, np.random.default_rng(1000 * number + seed))
            found.append(100 * abs(rmssd(correct(spoilt)) / rmssd(rr) - 1))
    return np.array(found)


def correction(data: Path, report: Report) -> None:
    """Clean series, and the same with errors put in."""
    found = recorded(data)
    clean = dict(found)
    for seed in range(20):
        clean |= {f"{name} {seed}": rr for name, rr in {**made(seed), **settling(seed)}.items()}
    for name, correct in (("batch", batch), ("live", live)):
        altered = [key for key, rr in clean.items() if not np.array_equal(correct(rr), rr)]
        what = f"{name}: {len(clean)} clean series ({len(found)} recorded) come back unchanged"
        report.gate(what, f"{len(altered)} altered {altered[:3]}", not altered)
    groups = {"recorded": list(found.values())} if found else {}
    groups |= {name: [made(seed)[name] for seed in range(5)] for name in made(0)}
    print("\nRMSSD error, %, median / 95th percentile (batch; live)")
    for group, series in groups.items():
        for kind in KINDS:
            for share in SHARES:
                seeds = max(4, 20 // len(series))
                ours, now = (errors(series, kind, share, correct, seeds) for correct in (batch, live))
                middle, middle_now = float(np.median(ours)), float(np.median(now))
                measured = (
                    f"{middle:.2f} / {np.percentile(ours, 95):.1f}; {middle_now:.2f} / {np.percentile(now, 95):.1f}"
                )
                what = f"{group}, {kind} {100 * share:.0f} %"
                most = MOST_PERCENT[kind]
                close = middle_now <= max(2 * middle, LIVE_ALLOWANCE)
                report.gate(f"{what} (<= {most:g})", measured, middle <= most and close)


def reference(data: Path, report: Report) -> None:
    """The toolbox's own values."""
    path = data / "rr" / "nsr004_300s_rr_ms.txt"
    if not path.exists():
        print("rr/nsr004_300s_rr_ms.txt is not there: no comparison with the toolbox")
        return
    rr = np.loadtxt(path)
    v = hrv(rr)
    share = None if v.pnn50_percent is None else v.pnn50_percent / 100
    ours = {"SDNN": v.sdnn_ms, "RMSSD": v.rmssd_ms, "pNN50": share, "SD1": v.sd1_ms, "SD2": v.sd2_ms}
    for name, value in ours.items():
        expected = REFERENCE[name]
        digits = len(str(expected).split(".")[1])
        report.gate(f"{name} = {expected}", f"{value:.{digits}f}", round(value or 0.0, digits) == expected)
    entropy = sample_entropy(rr, 2, 0.15) or 0.0
    report.gate("SampEn m 2 r 0.15 = 2.2693 ± 0.02", f"{entropy:.4f}", abs(entropy - REFERENCE["SampEn"]) <= 0.02)


def waves(mean_ms: float, lf: tuple[float, float], hf: tuple[float, float], at: float, seconds: float = 300) -> Array:
    """RR whose length is that of the waves at the share `at` of the interval itself."""
    t, out = 0.0, []
    while t < seconds:
        rr = mean_ms
        for _ in range(20):
            place = t + at * rr / 1000
            rr = mean_ms + sum(a * np.sin(2 * np.pi * f * place) for a, f in (lf, hf))
        out.append(rr)
        t += rr / 1000
    return np.array(out)


def spectra(report: Report) -> None:
    """Series of known power."""

    def worst(
        psd: Callable[[Array], Spectrum], shapes: list[tuple[float, tuple[float, float], tuple[float, float]]]
    ) -> Array:
        return np.max(
            [
                [
                    100 * abs(psd(waves(m, lf, hf, at)).band(*band) / (w[0] ** 2 / 2) - 1)
                    for band, w in ((LF, lf), (HF, hf))
                ]
                for m, lf, hf in shapes
                for at in (0.0, 0.5, 1.0)
            ],
            axis=0,
        )

    known = (850.0, (35.0, 0.1), (20.0, 0.25))
    others = [
        (1000.0, (35.0, 0.1), (20.0, 0.25)),
        (700.0, (50.0, 0.08), (30.0, 0.3)),
        (600.0, (20.0, 0.06), (10.0, 0.35)),
    ]
    low, high = worst(welch_psd, [known])
    report.gate(
        "Welch, LF 612.5 and HF 200 ms² (<= 1 %, 1.5 %)", f"{low:.2f} %, {high:.2f} %", low <= 1 and high <= 1.5
    )
    low, high = worst(lomb_scargle_psd, [known])
    report.gate("Lomb-Scargle, the same (<= 1 %, 1 %)", f"{low:.2f} %, {high:.2f} %", max(low, high) <= 1)
    low, high = worst(lomb_scargle_psd, others)
    report.gate("Lomb-Scargle, other rates and frequencies (<= 1 %)", f"{low:.2f} %, {high:.2f} %", max(low, high) <= 1)


def wave(swing_ms: float, noise_ms: float, seed: int) -> Array:
    """A 0.1 Hz wave in white noise, 85 s."""
    rng, t, out = np.random.default_rng(seed), 0.0, []
    while t < 85:
        out.append(850 + swing_ms * np.sin(0.2 * np.pi * t + seed) + noise_ms * rng.standard_normal())
        t += out[-1] / 1000
    return np.array(out)


def anchors(data: Path, report: Report) -> None:
    """Coherence of known shapes: the ratio, and that nothing at rest looks coherent.

    MIT-BIH is left out: records 101 and 114 both peak at 0.167 Hz (114 reached a median of 1.05), which may be breath
    or the tape recorder. So is breathing at 12 to 15 per minute, which lies inside the recipe's band and does raise the
    ratio of a quiet heart (1.4 in a made series); ours here breathe at 18.
    """
    expected = {(60, 0): (6.2, 6.45), (60, 10): (4.65, 5.65), (30, 20): (0.8, 1.7), (0, 30): (0.1, 0.35)}
    for (swing, noise), (low, high) in expected.items():
        ratio = float(np.median([coherence(wave(swing, noise, seed)).ratio or 0.0 for seed in range(40)]))
        report.gate(
            f"coherence, {swing} ms wave in {noise} ms noise: {low} to {high}", f"{ratio:.2f}", low <= ratio <= high
        )
    tiny = [coherence(wave(5, 1, seed)).ratio for seed in range(40)]
    report.gate("coherence, 5 ms wave: no score", f"{sum(r is not None for r in tiny)} scores", not any(tiny))
    resting = {name: rr for name, rr in recorded(data).items() if not name.startswith("mitdb")}
    for seed in range(10):
        resting[f"made {seed}"] = breathing(np.random.default_rng(seed), per_min=18)
        resting[f"old {seed}"] = breathing(np.random.default_rng(seed), per_min=18, swing_ms=6, slow_ms=6, pink_ms=8)
    highest = 0.0
    for rr in resting.values():
        times = np.cumsum(rr) / 1000
        ratios = [coherence(rr[times <= end], times[times <= end]).ratio or 0.0 for end in np.arange(66, times[-1], 5)]
        highest = max(highest, float(np.median(ratios)))
    report.gate(f"coherence of {len(resting)} resting series, highest median < 1", f"{highest:.2f}", highest < 1)


def run(data_dir: str | Path) -> bool:
    """Prints the figures; whether all gates hold."""
    data, report = Path(data_dir), Report()
    correction(data, report)
    print()
    reference(data, report)
    print()
    spectra(report)
    print()
    anchors(data, report)
    print("RR and HRV: " + ("all gates hold" if report.good else "a gate FAILED"))
    return report.good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("XINYI_DATA"), help="folder of recordings (or XINYI_DATA)")
    chosen = parser.parse_args().data
    if not chosen:
        parser.error("give the folder of recordings: --data DIR (or XINYI_DATA)")
    sys.exit(0 if run(chosen) else 1)


if __name__ == "__main__":
    main()
