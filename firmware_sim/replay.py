"""A WFDB recording as a person: its channels by name and unit, at the sampling rates of the device that shows them.

Only what was recorded is shown: a channel that the recording lacks has no contact. Names and units follow PhysioNet
usage (ECG leads MLII, V1 …, I, II; PLETH; RESP; EDA/GSR). Resampling is polyphase with SciPy's default Kaiser window,
after a whole record has been read: no chunk borders.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from firmware_sim.person import Quantity

Floats = NDArray[np.float64]

_ECG_LEADS = {
    "i",
    "ii",
    "iii",
    "v",
    "avr",
    "avl",
    "avf",
    "mlii",
    "mli",
    "mliii",
    "ml2",
    "cm5",
    "d3",
    "d4",
    "mv2",
    "mcl1",
}
_ECG_LEADS |= {f"v{n}" for n in range(1, 10)}
_OTHER_MILLIVOLTS = ("emg", "eeg", "eog", "abp", "art", "cvp", "pap")
_TO_UNIT: dict[Quantity, dict[str, float]] = {
    "ecg": {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3},
    "skin_conductance": {"us": 1.0, "µs": 1.0, "microsiemens": 1.0, "ms": 1e3, "s": 1e6},
}


class ReplayError(Exception):
    """A recording cannot be played. One line: which file, what is wrong, what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Channels of one recording, resampled.

    Attributes:
        name: of the record, as its header says.
        duration_s: until the last sample.
        channels: quantity -> values [n] in its unit; NaN where nothing was recorded.
    """

    name: str
    duration_s: float
    channels: Mapping[Quantity, Floats]

    def part(self, quantity: Quantity, first: int, count: int) -> Floats:
        """`count` samples from `first` on; NaN outside the recording."""
        out = np.full(count, np.nan)
        values = self.channels.get(quantity)
        if values is not None:
            start, end = max(first, 0), min(first + count, len(values))
            if start < end:
                out[start - first : end - first] = values[start:end]
        return out


@dataclass(frozen=True, slots=True)
class Peek:
    """What a record's header promises: which heart sensor can play it, and for how long."""

    heart: Literal["ecg", "ppg"]
    duration_s: float


def peek(record: Path) -> Peek:
    """Read only the header of a WFDB record.

    Raises:
        ReplayError: no such file, not readable, or no heart channel in it.
    """
    header, read = _read(record, "rdheader")
    there = {_quantity(name, unit) for name, unit in zip(read.sig_name or (), read.units or (), strict=True)}
    if not there & {"ecg", "ppg"}:
        raise ReplayError(f"{header}: no ECG and no PPG channel (it has {_listed(read)}); choose another record")
    return Peek("ecg" if "ecg" in there else "ppg", (read.sig_len or 0) / read.fs)


def load(record: Path, rates_hz: Mapping[Quantity, float], heart: Quantity) -> Recording:
    """Read a WFDB record (`.hea` with its signal file) and resample what a device can show.

    Args:
        record: path of the header, of the signal file, or without suffix.
        rates_hz: quantities that the device shows, and at which rate.
        heart: "ecg" or "ppg": the one that must be there.

    Raises:
        ReplayError: no such file, not readable, or nothing usable in it.
    """
    header, read = _read(record, "rdrecord")
    if read.p_signal is None or not len(read.p_signal):
        raise ReplayError(f"{header}: the record has no samples; choose a record with signals")
    channels: dict[Quantity, Floats] = {}
    for name, unit, values in zip(
        read.sig_name, read.units, np.asarray(read.p_signal, dtype=np.float64).T, strict=True
    ):
        quantity = _quantity(name, unit)
        if quantity is None or quantity not in rates_hz or quantity in channels:
            continue
        if np.isfinite(values).any():
            scale = _TO_UNIT.get(quantity, {}).get(unit.lower(), 1.0)
            channels[quantity] = _resampled(values * scale, float(read.fs), rates_hz[quantity])
    if heart not in channels:
        other = "ppg" if heart == "ecg" else "ecg"
        raise ReplayError(f"{header}: no usable {heart} channel (it has {_listed(read)}); try the heart sensor {other}")
    return Recording(str(read.record_name), len(channels[heart]) / rates_hz[heart], channels)


def _stem(record: Path) -> Path:
    """The record's path without suffix.

    Raises:
        ReplayError: there is no header.
    """
    stem = record.with_suffix("") if record.suffix in {".hea", ".dat"} else record
    header = stem.with_name(stem.name + ".hea")
    if not header.is_file():
        raise ReplayError(
            f"{header}: there is no such header; name a WFDB record, for example data/100 for data/100.hea"
        )
    return stem


def _read(record: Path, reader: Literal["rdheader", "rdrecord"]) -> tuple[Path, Any]:
    """The path of the header and what wfdb makes of it."""
    import wfdb  # brings pandas along: only who replays pays for it

    stem = _stem(record)
    header = stem.with_name(stem.name + ".hea")
    try:
        read = getattr(wfdb, reader)(str(stem.absolute()))
    except FileNotFoundError as error:
        missing = error.filename or "its signal file"
        raise ReplayError(f"{header}: {missing} is missing; put the signal file beside the header") from error
    except Exception as error:  # wfdb raises whatever its parsers meet
        raise ReplayError(f"{header}: not a readable WFDB record ({_line(error)}); fetch the record again") from error
    if not read.fs:
        raise ReplayError(f"{header}: the header names no sampling rate; choose another record")
    return header, read


def _listed(read: Any) -> str:
    return (
        ", ".join(f"{name} [{unit}]" for name, unit in zip(read.sig_name or (), read.units or (), strict=True))
        or "none"
    )


def _quantity(name: str, unit: str) -> Quantity | None:
    plain = name.strip(" ,").lower().removeprefix("ecg ").removeprefix("lead ")
    if plain in _ECG_LEADS or plain.startswith(("ecg", "ekg")):
        return "ecg"
    if plain.startswith(("pleth", "ppg", "bvp")):
        return "ppg"
    if plain.startswith(("eda", "gsr", "skin cond")):
        return "skin_conductance"
    if plain.startswith("resp"):
        return "respiration"
    if unit.strip().lower() == "mv" and not plain.startswith(_OTHER_MILLIVOLTS):
        return "ecg"  # a lead of whatever name
    return None


def _resampled(values: Floats, from_hz: float, to_hz: float) -> Floats:
    from scipy.signal import resample_poly  # slow to load, and only who replays needs it

    ratio = Fraction(to_hz / from_hz).limit_denominator(2000)
    if ratio == 1:
        return values
    known = np.isfinite(values)
    filled = values if known.all() else np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    out = np.asarray(resample_poly(filled, ratio.numerator, ratio.denominator, padtype="line"), dtype=np.float64)
    if not known.all():
        nearest = np.clip(np.round(np.arange(len(out)) / float(ratio)).astype(int), 0, len(values) - 1)
        out[~known[nearest]] = np.nan
    return out


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
