"""The pulse detectors of other libraries, each called as its documentation says, behind one shape: samples to times.

They live in an environment of their own; what is not installed is named and left out.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Peer = Callable[[Array, float], Array]


def peers() -> tuple[dict[str, Peer], list[str]]:
    """Detectors by name, and the libraries that are not here."""
    found: dict[str, Peer] = {}
    missing: list[str] = []
    for library, load in (
        ("neurokit2", _neurokit2),
        ("heartpy", _heartpy),
        ("biosppy", _biosppy),
        ("systole", _systole),
    ):
        try:
            found |= load()
        except Exception as cause:  # noqa: BLE001 - a peer may fail to import in any way it likes
            missing.append(f"{library} ({type(cause).__name__}: {str(cause).splitlines()[0] if str(cause) else ''})")
    return found, missing


def _neurokit2() -> dict[str, Peer]:
    import neurokit2 as nk

    def peer(method: str) -> Peer:
        def times(x: Array, rate_hz: float) -> Array:
            whole_hz = round(rate_hz)  # charlton takes only whole rates
            clean = nk.ppg_clean(x, sampling_rate=whole_hz, method="elgendi")
            return np.asarray(nk.ppg_findpeaks(clean, sampling_rate=whole_hz, method=method)["PPG_Peaks"]) / rate_hz

        return times

    return {f"neurokit2 {method}": peer(method) for method in ("elgendi", "charlton")}


def _heartpy() -> dict[str, Peer]:
    import heartpy as hp

    def times(x: Array, rate_hz: float) -> Array:
        clean = hp.filter_signal(x, [0.7, 3.5], sample_rate=rate_hz, order=3, filtertype="bandpass")
        work = hp.process(clean, sample_rate=rate_hz)[0]
        kept = np.asarray(work["binary_peaklist"], dtype=bool)
        return np.asarray(work["peaklist"], dtype=np.float64)[kept] / rate_hz

    return {"heartpy process": times}


def _biosppy() -> dict[str, Peer]:
    from biosppy.signals import ppg, tools

    def peer(find: Callable[..., dict[str, Array]]) -> Peer:
        def times(x: Array, rate_hz: float) -> Array:
            clean = tools.filter_signal(
                signal=x, ftype="butter", band="bandpass", order=4, frequency=[1, 8], sampling_rate=rate_hz
            )["signal"]
            return np.asarray(find(signal=clean, sampling_rate=rate_hz)["onsets"], dtype=np.float64) / rate_hz

        return times

    return {
        "biosppy elgendi2013": peer(ppg.find_onsets_elgendi2013),
        "biosppy kavsaoglu2016": peer(ppg.find_onsets_kavsaoglu2016),
    }


def _systole() -> dict[str, Peer]:
    from systole.detection import ppg_peaks

    def times(x: Array, rate_hz: float) -> Array:
        marks = ppg_peaks(x, sfreq=int(rate_hz), new_sfreq=1000)[1]
        return np.flatnonzero(marks) / 1000.0

    return {"systole rolling average": times}
