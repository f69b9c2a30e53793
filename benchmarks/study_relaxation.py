"""How far the relaxation score can be trusted: a simulation study of bias, interval and false "more relaxed".

    python -m benchmarks.study_relaxation [--trials 1000]

Simulated people have five measures that wander around their own level: half of the variance on a scale of 20 s, half on
120 s (so the level of the next minutes is never quite that of the baseline), with deviations of their own, log-normally
spread around the typical ones. A change is added in units of the person's own deviation; the truth is the score that
this change deserves. "Above 50" is how often the whole interval lies above 50: with no change, that is a false claim of
relaxation. Two rows break our own assumptions: people who vary twice as much as is typical, and skin conductance that
falls by itself while sitting, which the score cannot tell from relaxation.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from signals.baseline import MEASURES, BaselineCollector, RelaxationChannel
from signals.relaxation import CLIP, Relaxation, RelaxationState, relaxation

Array = NDArray[np.float64]

TRIALS = 1000
EVERY_S = 5
GAP_S = 60
TYPICAL = {
    RelaxationChannel.RMSSD: 30.0,
    RelaxationChannel.HEART_RATE: 72.0,
    RelaxationChannel.SKIN_CONDUCTANCE: 5.0,
    RelaxationChannel.SCR_RATE: 4.0,
    RelaxationChannel.BREATHING_RATE: 14.0,
}
READ_S = {
    RelaxationChannel.RMSSD: 60,
    RelaxationChannel.HEART_RATE: 30,
    RelaxationChannel.SKIN_CONDUCTANCE: 10,
    RelaxationChannel.SCR_RATE: 60,
    RelaxationChannel.BREATHING_RATE: 60,
}
"""Windows over which the room reads the measures."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the study.

    Attributes:
        name: of the row.
        change: towards relaxation, in the person's own SDs, common to all measures.
        apart: how far the measures differ from that, SD.
        baseline_s: length of the baseline, s.
        channels: the measures that are there.
        paced: the person breathes along with a pacer; RMSSD and breathing then move by 4 SDs on their own.
        artefact: added to the logarithm of RMSSD now (missed and extra beats).
        told: the artefact is known to the quality.
        restless: how much more the person varies than people typically do.
        skin_falls: share by which the skin conductance of anybody falls while sitting.
    """

    name: str
    change: float = 0.0
    apart: float = 0.5
    baseline_s: int = 120
    channels: frozenset[RelaxationChannel] = frozenset(RelaxationChannel)
    paced: bool = False
    artefact: float = 0.0
    told: bool = True
    restless: float = 1.0
    skin_falls: float = 0.0


HEART = frozenset({RelaxationChannel.RMSSD, RelaxationChannel.HEART_RATE})
SKIN = frozenset({RelaxationChannel.SKIN_CONDUCTANCE, RelaxationChannel.SCR_RATE})

CASES = (
    Case("no change", apart=0.0),
    Case("no change, 5 min baseline", apart=0.0, baseline_s=300),
    Case("no change, 60 s baseline", apart=0.0, baseline_s=60),
    Case("no change, heart only", apart=0.0, channels=HEART),
    Case("no change, heart only, 60 s", apart=0.0, channels=HEART, baseline_s=60),
    Case("no change, skin only", apart=0.0, channels=SKIN),
    Case("no change, paced", apart=0.0, paced=True),
    Case("no change, artefacts told", apart=0.0, artefact=1.0),
    Case("no change, artefacts hidden", apart=0.0, artefact=1.0, told=False),
    Case("no change, varies 2 x typical", apart=0.0, restless=2.0),
    Case("no change, skin falls 10 %", apart=0.0, skin_falls=0.1),
    Case("1 SD calmer", 1.0),
    Case("1 SD calmer, 60 s baseline", 1.0, baseline_s=60),
    Case("1 SD calmer, no belt", 1.0, channels=HEART | SKIN),
    Case("1 SD calmer, heart only", 1.0, channels=HEART),
    Case("1 SD calmer, skin only", 1.0, channels=SKIN),
    Case("1 SD calmer, paced", 1.0, paced=True),
    Case("2 SD calmer", 2.0),
    Case("1 SD tenser", -1.0),
)


def wander(rng: np.random.Generator, seconds: int, read_s: int) -> Array:
    """[seconds] trailing means over `read_s` of a noise with two time scales, SD 1 of the mean."""
    lead = 400
    out = np.zeros(lead + seconds)
    for scale_s in (20.0, 120.0):
        keep = np.exp(-1 / scale_s)
        steps = rng.standard_normal(len(out)) * np.sqrt((1 - keep**2) / 2)
        state = rng.standard_normal() / np.sqrt(2)
        for i, step in enumerate(steps):
            state = keep * state + step
            out[i] += state
    total = np.cumsum(out)
    means = (total[read_s:] - total[:-read_s]) / read_s
    scale = np.sqrt(sum(0.5 * _mean_variance(read_s / scale_s) for scale_s in (20.0, 120.0)))
    return np.asarray(means[-seconds:] / scale, dtype=np.float64)


def _mean_variance(x: float) -> float:
    """Variance of the mean over x correlation times of a process of variance 1."""
    return float(2 / x**2 * (x - 1 + np.exp(-x)))


def session(rng: np.random.Generator, case: Case) -> tuple[Relaxation, float]:
    """One simulated person: their result, and the score that their true change deserves."""
    rest = BaselineCollector()
    values: dict[RelaxationChannel, float] = {}
    quality: dict[RelaxationChannel, float] = {}
    truth = 0.0
    end = case.baseline_s + GAP_S + 60
    for channel, measure in MEASURES.items():
        sd_typical = measure.typical_sd + measure.typical_share * TYPICAL[channel]
        if channel is RelaxationChannel.SCR_RATE:
            sd_typical = np.sqrt(TYPICAL[channel])
        sd = sd_typical * case.restless * float(np.exp(0.35 * rng.standard_normal()))
        shift = case.change + case.apart * float(rng.standard_normal())
        truth += measure.weight * float(np.clip(shift, -CLIP, CLIP))
        moved = shift + (4.0 if case.paced and channel in _PACED else 0.0)
        path = wander(rng, end, READ_S[channel]) * sd
        path[case.baseline_s :] += measure.sign * moved * sd
        series = (
            np.exp(np.log(TYPICAL[channel]) + path) if channel is RelaxationChannel.RMSSD else TYPICAL[channel] + path
        )
        if channel is RelaxationChannel.SKIN_CONDUCTANCE:
            series[case.baseline_s :] *= 1 - case.skin_falls
        if channel is RelaxationChannel.SCR_RATE:
            series = np.maximum(series, 0.0)
        if channel not in case.channels:
            continue
        first = min(READ_S[channel], case.baseline_s)
        for at in range(first, case.baseline_s + 1, EVERY_S):
            rest.add(channel, float(series[at - 1]))
        values[channel] = float(series[-1])
        if channel is RelaxationChannel.RMSSD and case.artefact:
            values[channel] *= float(np.exp(case.artefact))
            quality[channel] = 0.3 if case.told else 1.0
    state = RelaxationState(values, 60.0, case.paced, quality)
    return relaxation(rest.finish(float(case.baseline_s)), state), 100 * float(ndtr(truth))


_PACED = frozenset({RelaxationChannel.RMSSD, RelaxationChannel.BREATHING_RATE})


@dataclass(frozen=True, slots=True)
class Row:
    """What a case gave: shares 0-1, scores 0-100."""

    case: Case
    scored: float
    bias: float
    spread: float
    width: float
    coverage: float
    false_relaxed: float
    quality: float


def study(case: Case, trials: int, seed: int = 1) -> Row:
    """Many simulated people of one case."""
    rng = np.random.default_rng(seed)
    got = [session(rng, case) for _ in range(trials)]
    done = [(result, truth) for result, truth in got if result.score is not None and result.interval is not None]
    if not done:
        return Row(case, 0.0, *[float("nan")] * 6)
    score = np.array([result.score for result, _ in done], dtype=float)
    truth = np.array([truth for _, truth in done])
    low, high = np.array([result.interval for result, _ in done], dtype=float).T
    return Row(
        case,
        len(done) / len(got),
        float(np.mean(score - truth)),
        float(np.std(score - truth)),
        float(np.median(high - low)),
        float(np.mean((low <= truth) & (truth <= high))),
        float(np.mean(low > 50)),
        float(np.mean([result.quality for result, _ in done])),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=TRIALS)
    trials = parser.parse_args().trials
    print(
        f"{'case':<30}{'scored':>8}{'bias':>7}{'error SD':>10}{'width':>7}{'coverage':>10}{'above 50':>10}"
        f"{'quality':>9}"
    )
    for case in CASES:
        row = study(case, trials)
        print(
            f"{case.name:<30}{row.scored:>8.0%}{row.bias:>7.1f}{row.spread:>10.1f}{row.width:>7.0f}"
            f"{row.coverage:>10.1%}{row.false_relaxed:>10.1%}{row.quality:>9.2f}"
        )


if __name__ == "__main__":
    main()
