"""The Welltory recordings as the validation reads them: phone video of a finger beside a Polar H10 chest strap.

Facts: datatypes.md of the data set (CC0 1.0; Neshitov et al. 2021, doi 10.3390/s21206798). The two have no common
clock, so the strap's beats are laid on the video with one constant shift per recording, the one at which most beats
meet. The red channel is inverted (blood darkens the finger) and its jittered frames are resampled to 100 Hz by straight
lines.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE_HZ = 100.0
CHANNELS = {"R": 1, "G": 2, "B": 3}
SHIFTS_S = 12.0
STEP_S = 0.005
BLUR_S = 0.03


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording.

    Attributes:
        name: folder.
        ppg: per channel [n] inverted samples at 100 Hz.
        strap_s: [m] beats of the chest strap on the strap's own clock, s.
    """

    name: str
    ppg: dict[str, Array]
    strap_s: Array

    @property
    def length_s(self) -> float:
        return len(self.ppg["R"]) / RATE_HZ


def recordings(folder: Path) -> list[Recording]:
    """All recordings in a folder, by name."""
    return [_read(path) for path in sorted(folder.glob("subject_*")) if (path / "PPG.csv").exists()]


def _read(path: Path) -> Recording:
    table = np.genfromtxt(path / "PPG.csv", delimiter=",", skip_header=1)
    times_s, first = np.unique(table[:, 0] / 1e3, return_index=True)
    grid = np.arange(times_s[0], times_s[-1], 1.0 / RATE_HZ)
    ppg = {name: -np.interp(grid, times_s, table[first, column]) for name, column in CHANNELS.items()}
    rr_ms = np.array((path / "RR.txt").read_text().split(), dtype=np.float64)
    return Recording(path.name, ppg, np.concatenate([[0.0], np.cumsum(rr_ms)]) / 1e3)


def best_shift(reference_s: Array, beats_s: Array) -> float:
    """The constant shift, s, that brings most reference beats near a detected beat."""
    if not len(beats_s) or not len(reference_s):
        return 0.0
    apart = (beats_s[:, None] - reference_s[None, :]).ravel()
    edges = np.arange(-SHIFTS_S, SHIFTS_S + STEP_S, STEP_S)
    counts = np.histogram(apart, edges)[0].astype(np.float64)
    reach = round(3 * BLUR_S / STEP_S)
    blur = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP_S / BLUR_S) ** 2)
    shift = float(edges[int(np.argmax(np.convolve(counts, blur, "same")))] + STEP_S / 2)
    pairs = matched(reference_s + shift, beats_s, 0.1)
    return shift + float(np.median(beats_s[pairs[:, 1]] - reference_s[pairs[:, 0]] - shift)) if len(pairs) else shift


def matched(reference_s: Array, beats_s: Array, tolerance_s: float) -> NDArray[np.int64]:
    """[k, 2] indices of reference and detected beats that meet within the tolerance, each used once, in order."""
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(reference_s) and j < len(beats_s):
        apart = beats_s[j] - reference_s[i]
        if abs(apart) <= tolerance_s:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif apart < 0:
            j += 1
        else:
            i += 1
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def f1(reference_s: Array, beats_s: Array, tolerance_s: float) -> float:
    """Twice the matches over all beats of both."""
    both = len(reference_s) + len(beats_s)
    return 2.0 * len(matched(reference_s, beats_s, tolerance_s)) / both if both else 1.0
