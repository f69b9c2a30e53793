"""Runs inside the peers' own interpreter: the same ECG and RR series through each of them, one JSON line per result.

    PEER_PYTHON benchmarks/bench_peers.py WORK.npz

WORK.npz holds `ecg`, `rate_hz` and `rr_ms`. Nothing of ours is imported here, and no peer in our process. A peer that
does not import, or fails, says so in its line.
"""

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Work = Callable[[], object]
RUNS = 5


def timed(work: Work) -> float:
    """Median seconds of some runs, after one that does not count."""
    work()
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken))


def neurokit_peaks(ecg: Array, rate_hz: int, method: str) -> Work:
    import neurokit2 as nk

    return lambda: nk.ecg_peaks(
        nk.ecg_clean(ecg, sampling_rate=rate_hz, method=method), sampling_rate=rate_hz, method=method
    )


def sleepecg_peaks(ecg: Array, rate_hz: float) -> Work:
    import sleepecg

    return lambda: sleepecg.detect_heartbeats(ecg, rate_hz)


def wfdb_peaks(ecg: Array, rate_hz: float) -> Work:
    from wfdb import processing

    return lambda: processing.xqrs_detect(ecg, rate_hz, verbose=False)


def neurokit_hrv(rr_ms: Array) -> Work:
    import neurokit2 as nk

    peaks = np.concatenate([[0], np.cumsum(rr_ms)]).astype(int)
    return lambda: nk.hrv(peaks, sampling_rate=1000)


def hrvanalysis_hrv(rr_ms: Array) -> Work:
    import hrvanalysis

    nn = rr_ms.tolist()

    def work() -> None:
        hrvanalysis.get_time_domain_features(nn)
        hrvanalysis.get_frequency_domain_features(nn)
        hrvanalysis.get_poincare_plot_features(nn)
        hrvanalysis.get_geometrical_features(nn)
        hrvanalysis.get_sampen(nn)

    return work


def systole_hrv(rr_ms: Array) -> Work:
    from systole import hrv

    def work() -> None:
        hrv.time_domain(rr_ms, input_type="rr_ms")
        hrv.frequency_domain(rr_ms, input_type="rr_ms")
        hrv.nonlinear_domain(rr_ms, input_type="rr_ms")

    return work


def systole_correct(rr_ms: Array) -> Work:
    from systole.correction import correct_rr

    return lambda: correct_rr(rr_ms, input_type="rr_ms", verbose=False)


def neurokit_correct(rr_ms: Array) -> Work:
    import neurokit2 as nk

    peaks = np.concatenate([[0], np.cumsum(rr_ms)]).astype(int)
    return lambda: nk.signal_fixpeaks(peaks, sampling_rate=1000, iterative=True, method="Kubios")


def main() -> None:
    work = np.load(sys.argv[1])
    ecg, rate_hz, rr = work["ecg"], float(work["rate_hz"]), work["rr_ms"]
    tasks = [
        ("R peaks", "sleepecg", lambda: sleepecg_peaks(ecg, rate_hz)),
        ("R peaks", "neurokit2 neurokit", lambda: neurokit_peaks(ecg, int(rate_hz), "neurokit")),
        ("R peaks", "neurokit2 pantompkins1985", lambda: neurokit_peaks(ecg, int(rate_hz), "pantompkins1985")),
        ("R peaks", "wfdb xqrs", lambda: wfdb_peaks(ecg[: int(60 * rate_hz)], rate_hz)),
        ("HRV", "neurokit2", lambda: neurokit_hrv(rr)),
        ("HRV", "hrv-analysis (no DFA)", lambda: hrvanalysis_hrv(rr)),
        ("HRV", "systole (no entropy, no DFA)", lambda: systole_hrv(rr)),
        ("correction", "neurokit2 Kubios", lambda: neurokit_correct(rr)),
        ("correction", "systole", lambda: systole_correct(rr)),
    ]
    warnings.simplefilter("ignore")
    for task, name, prepare in tasks:
        line = {"task": task, "peer": name}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                line["seconds"] = timed(prepare())
            if name == "wfdb xqrs":
                line["seconds"] *= len(ecg) / int(60 * rate_hz)
        except Exception as error:  # noqa: BLE001 - whatever a peer dies of is its result
            line["error"] = f"{type(error).__name__}: {error}".splitlines()[0][:150]
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
