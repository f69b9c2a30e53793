"""Validates breathing and skin conductance: against a recorded impedance signal, and against made responses.

    python -m benchmarks.validate_slow --data DIR

where DIR holds `bidmc01/` and `eda/`. Prints breathing rates of belt, pulse and RR intervals with their errors per 32 s
window, responses of the recording, and recall, precision and errors of made responses; ends with 1 if a gate fails.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from signals.beats import find_beats
from signals.breath import Respiration
from signals.eda import skin_conductance
from signals.respiration import respiration
from signals.respiration_derived import WINDOW_S, respiration_from_rr
from signals.rr import correct_rr

Array = NDArray[np.float64]

BIDMC_HZ, EDA_HZ = 125.0, 1000.0
EDA_FULL_US, EDA_COUNTS = 25.0, 4096.0
"""The recording states no scale; 25 µS for 12 bits is that of a common sensor of its kind."""
HIT_S = 1.0
RISE_S, DECAY_S = 0.75, 2.2


def window_errors(chest: Respiration, derived: Respiration) -> Array:
    """[w] derived rate of each window minus the chest's mean rate over the same window, 1/min."""
    errors = []
    for middle, rate in zip(derived.onset_s, derived.rates_per_min, strict=True):
        inside = (chest.onset_s >= middle - WINDOW_S / 2) & (chest.onset_s < middle + WINDOW_S / 2)
        if inside.sum() >= 3:
            errors.append(rate - 60 / np.mean(60 / chest.rates_per_min[inside]))
    return np.array(errors)


def spectral_rate(values: Array, rate_hz: float) -> float:
    """Rate of the highest spectral peak between 5 and 45/min, 1/min: a second opinion on the belt."""
    hz, power = welch(values - values.mean(), rate_hz, nperseg=round(64 * rate_hz), nfft=round(256 * rate_hz))
    inside = (hz >= 5 / 60) & (hz <= 45 / 60)
    return float(60 * hz[inside][np.argmax(power[inside])])


def breathing(folder: Path) -> bool:
    """Chest, pulse and RR intervals of one record of an intensive care unit."""
    rows = np.loadtxt(folder / "bidmc_01_Signals.csv", delimiter=",", skiprows=1)
    chest = respiration(rows[:, 1], BIDMC_HZ)
    if chest.rate_per_min is None:
        print(f"breathing: nothing in the chest signal ({chest.reason})")
        return False
    second = spectral_rate(rows[:, 1], BIDMC_HZ)
    print(
        f"chest (impedance, 480 s): {len(chest.onset_s)} breaths, {chest.rate_per_min:.2f}/min; "
        f"spectrum {second:.2f}/min"
    )
    beats = find_beats(rows[:, 5], BIDMC_HZ, "ecg").times_s
    corrected = correct_rr(np.diff(beats) * 1000)
    derived = {
        "pulse (RIIV, RIAV, RIFV)": respiration(rows[:, 2], BIDMC_HZ, "ppg"),
        "RR intervals": respiration_from_rr(beats[0] + corrected.nn_times_ms / 1000, corrected.nn_ms),
    }
    good = abs(chest.rate_per_min - second) < 1
    print(f"{'32 s windows':<26}{'rate':>7}{'kept':>7}{'bias':>7}{'MAE':>6}{'p95':>6}   1/min")
    for name, result in derived.items():
        errors = window_errors(chest, result)
        if result.rate_per_min is None or not len(errors):
            print(f"{name:<26}   none ({result.reason})")
            good = False
            continue
        mae = float(np.mean(np.abs(errors)))
        print(
            f"{name:<26}{result.rate_per_min:>7.2f}{result.quality:>7.0%}{errors.mean():>7.2f}{mae:>6.2f}"
            f"{np.percentile(np.abs(errors), 95):>6.2f}"
        )
        good = good and mae < 1.5
    return good


def recording(folder: Path) -> bool:
    """Responses of a recording without a reference: a plausible number of them, on any thinning."""
    values = np.loadtxt(folder / "eda.txt", comments="#") * EDA_FULL_US / EDA_COUNTS
    counts = []
    for step in (1, 10, 40, 100):
        eda = skin_conductance(values[: len(values) // step * step].reshape(-1, step).mean(axis=1), EDA_HZ / step)
        counts.append(len(eda.responses))
        sizes = ", ".join(f"{response.amplitude_us:.2f}" for response in eda.responses)
        print(
            f"recording at {EDA_HZ / step:>4.0f} Hz: level {eda.level_us or 0:.2f} µS, "
            f"{counts[-1]} responses ({sizes} µS)"
        )
    return all(4 <= count <= 8 for count in counts)


def made(rate_hz: float, noise_us: float, apart_s: tuple[float, float], seed: int) -> tuple[Array, Array, Array]:
    """15 minutes of skin conductance with responses of Bateman shape: samples, onsets, amplitudes (0.05 to 0.9 µS)."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, 900, 1 / rate_hz)
    onsets = np.cumsum(rng.uniform(*apart_s, 400)) + 10
    onsets = onsets[onsets < 880]
    sizes = np.exp(rng.uniform(np.log(0.05), np.log(0.9), len(onsets)))
    top_s = np.log(DECAY_S / RISE_S) / (1 / RISE_S - 1 / DECAY_S)
    top = np.exp(-top_s / DECAY_S) - np.exp(-top_s / RISE_S)
    out = 6 + 0.5 * np.sin(2 * np.pi * t / 300) + noise_us * rng.standard_normal(len(t))
    for onset, size in zip(onsets, sizes, strict=True):
        x = t[round(onset * rate_hz) :] - onset
        x = np.clip(x, 0, None)
        out[round(onset * rate_hz) :] += size / top * (np.exp(-x / DECAY_S) - np.exp(-x / RISE_S))
    return out, onsets, sizes


def responses() -> bool:
    """Recall, precision and errors on made responses."""
    print(f"{'made responses':<34}{'recall':>7}{'precision':>10}{'onset s':>14}{'amplitude':>11}")
    good = True
    for name, apart_s, floor in (
        ("8-20 s apart", (8.0, 20.0), 0.95),
        ("3-10 s apart (overlapping)", (3.0, 10.0), 0.85),
    ):
        for rate_hz, noise_us in ((4.0, 0.003), (32.0, 0.003), (32.0, 0.02), (1000.0, 0.003)):
            hits, there, found, lag, off = 0, 0, 0, [], []
            for seed in range(3):
                values, onsets, sizes = made(rate_hz, noise_us, apart_s, seed)
                seen = skin_conductance(values, rate_hz).responses
                free = list(seen)
                for onset, size in zip(onsets, sizes, strict=True):
                    near = min(free, key=lambda response: abs(response.onset_s - onset), default=None)
                    if near is not None and abs(near.onset_s - onset) < HIT_S:
                        free.remove(near)
                        hits += 1
                        lag.append(near.onset_s - onset)
                        off.append(near.amplitude_us / size - 1)
                there, found = there + len(onsets), found + len(seen)
            recall, precision = hits / there, hits / found
            label = f"{name}, {rate_hz:.0f} Hz, {noise_us:g} µS"
            print(
                f"{label:<42}{recall:>7.3f}{precision:>8.3f}   {np.mean(lag):>6.2f} ± {np.std(lag):.2f}"
                f"{np.median(np.abs(off)):>9.1%}"
            )
            if noise_us < 0.01:
                good = good and recall >= floor and precision >= 0.98
    return good


def run(data_dir: str | Path) -> bool:
    """Prints the figures; whether all gates hold."""
    folder = Path(data_dir)
    good = [responses()]
    if (folder / "eda").is_dir():
        good.append(recording(folder / "eda"))
    if (folder / "bidmc01").is_dir():
        good.append(breathing(folder / "bidmc01"))
    print("slow channels: " + ("all gates hold" if all(good) else "a gate FAILED"))
    return all(good)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("XINYI_DATA"), help="folder of recordings (or XINYI_DATA)")
    chosen = parser.parse_args().data
    if not chosen:
        parser.error("give the folder of recordings: --data DIR (or XINYI_DATA)")
    sys.exit(0 if run(chosen) else 1)


if __name__ == "__main__":
    main()
