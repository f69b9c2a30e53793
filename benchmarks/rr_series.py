"""Clean RR series to try a correction on, and the errors that sensors make put into them.

Real ones: a resting record of the PhysioNet toolbox (8 ms steps), and the stretches of MIT-BIH in which experts called
every beat normal. Made ones: breathing wave, slow waves, 1/f noise, white noise, at rest and paced, also in 8 ms steps.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BEATS = set("NLRBAaJSVrFejnE/fQ?")
STRETCH_S = 300.0


def pink(n: int, rng: np.random.Generator) -> Array:
    """1/f noise, `[n]`, SD 1."""
    f = np.fft.rfftfreq(n, 1.0)
    f[0] = f[1]
    phases = rng.standard_normal(len(f)) + 1j * rng.standard_normal(len(f))
    noise = np.fft.irfft(phases / np.sqrt(f), n)
    return np.asarray((noise - noise.mean()) / noise.std(), dtype=np.float64)


def breathing(
    rng: np.random.Generator,
    *,
    mean_ms: float = 850,
    swing_ms: float = 30,
    per_min: float = 15,
    jitter: float = 0.05,
    slow_ms: float = 15,
    white_ms: float = 5,
    pink_ms: float = 15,
    step_ms: float = 0,
    seconds: float = STRETCH_S,
) -> Array:
    """A made RR series: each beat falls where the running waves put it.

    Args:
        rng: seeded.
        mean_ms: mean RR.
        swing_ms: amplitude of the breathing wave.
        per_min: breaths per minute.
        jitter: relative wandering of the breathing rate.
        slow_ms: amplitude of a 0.1 Hz wave.
        white_ms: SD of white noise.
        pink_ms: SD of 1/f noise.
        step_ms: quantisation, 0 for none.
        seconds: length.
    """
    drift = pink(int(seconds * 4), rng) * pink_ms
    phase, slow_phase = rng.uniform(0, 2 * np.pi, 2)
    t, out = 0.0, []
    while t < seconds:
        rr = mean_ms + swing_ms * np.sin(phase) + slow_ms * np.sin(2 * np.pi * 0.1 * t + slow_phase)
        rr += white_ms * rng.standard_normal() + drift[len(out)]
        rr = max(rr, 300.0)
        out.append(rr)
        t += rr / 1000
        phase += 2 * np.pi * per_min / 60 * rr / 1000 * (1 + jitter * rng.standard_normal())
    series = np.array(out)
    if step_ms:
        series = np.diff(np.round(np.concatenate([[0], np.cumsum(series)]) / step_ms) * step_ms)
    return series


def made(seed: int) -> dict[str, Array]:
    """Made series by name."""
    rng = np.random.default_rng(seed)
    return {
        "rest": breathing(rng),
        "rest, 8 ms steps": breathing(rng, step_ms=8),
        "young": breathing(rng, mean_ms=950, swing_ms=90, white_ms=15, slow_ms=40, pink_ms=30),
        "old": breathing(rng, mean_ms=900, swing_ms=6, white_ms=4, slow_ms=6, pink_ms=8, step_ms=1),
        "old, 8 ms steps": breathing(rng, mean_ms=760, swing_ms=6, white_ms=4, slow_ms=6, pink_ms=8, step_ms=8),
        "paced 6/min": breathing(rng, swing_ms=120, per_min=6, jitter=0.01, slow_ms=0, white_ms=4, pink_ms=8),
        "paced 6/min, very regular": breathing(
            rng, swing_ms=100, per_min=6, jitter=0, slow_ms=0, white_ms=0.5, pink_ms=1
        ),
        "paced 4.5/min, large": breathing(
            rng, mean_ms=900, swing_ms=220, per_min=4.5, jitter=0, slow_ms=0, white_ms=2, pink_ms=2
        ),
    }


def settling(seed: int) -> dict[str, Array]:
    """Series whose character changes: only for being left alone."""
    rng = np.random.default_rng(seed)
    rest = breathing(rng, swing_ms=8, white_ms=3, slow_ms=8, pink_ms=8, seconds=120)
    paced = breathing(rng, swing_ms=130, per_min=6, jitter=0.01, slow_ms=0, white_ms=4, pink_ms=8, seconds=120)
    quick = breathing(rng, mean_ms=600, swing_ms=8, white_ms=3, slow_ms=8, pink_ms=8, seconds=60)
    ramp = np.linspace(850, 600, 25) + 4 * rng.standard_normal(25)
    return {
        "rest then paced": np.concatenate([rest, paced]),
        "rest, then heart quickens": np.concatenate([rest, ramp, quick]),
    }


def recorded(data: Path) -> dict[str, Array]:
    """Recorded series by name, as far as they are in `data`."""
    found: dict[str, Array] = {}
    text = data / "rr" / "nsr004_300s_rr_ms.txt"
    if text.exists():
        found["nsr004"] = np.loadtxt(text)
    for header in sorted((data / "mitdb").glob("*.hea")):
        for number, rr in enumerate(normal_stretches(header.with_suffix(""))):
            found[f"mitdb {header.stem} #{number + 1}"] = rr
    return found


def normal_stretches(record: Path) -> Iterator[Array]:
    """RR of 5-minute stretches of a WFDB record with nothing but beats annotated as normal, at most three."""
    import wfdb

    notes = wfdb.rdann(str(record), "atr")
    beats = [(at, symbol) for at, symbol in zip(notes.sample, notes.symbol, strict=True) if symbol in BEATS]
    times = np.array([at for at, _ in beats]) * 1000.0 / notes.fs
    normal = np.array([symbol == "N" for _, symbol in beats])
    first, given = 0, 0
    for k in range(len(beats)):
        if not normal[k]:
            first = k + 1
        elif times[k] - times[first] >= STRETCH_S * 1000:
            yield np.diff(times[first : k + 1])
            first, given = k + 1, given + 1
            if given == 3:
                return


def spoil(rr: Array, kind: str, share: float, rng: np.random.Generator) -> Array:
    """Puts errors into a clean series, never in its first or last 3 beats.

    Args:
        rr: [n] clean.
        kind: "missed" (a beat is not seen), "extra" (one too many, 30-70 % into an interval) or "misaligned" (a beat
            moves by 10-20 % of the interval).
        share: of beats.
        rng: seeded.
    """
    times = np.concatenate([[0.0], np.cumsum(rr)])
    count = max(1, round(share * len(rr)))
    chosen = rng.choice(np.arange(3, len(times) - 3), count, replace=False)
    if kind == "missed":
        return np.diff(np.delete(times, chosen))
    if kind == "extra":
        more = times[chosen] + rng.uniform(0.3, 0.7, count) * rr[chosen]
        return np.diff(np.sort(np.concatenate([times, more])))
    moved = times.copy()
    moved[chosen] += rng.choice([-1.0, 1.0], count) * rng.uniform(0.1, 0.2, count) * np.median(rr)
    return np.diff(np.sort(moved))
