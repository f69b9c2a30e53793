"""What data cannot say about scoring: small named functions, called by name from the data files.

Rules of a scale turn its raw value into the one that has bands. Rules of an instrument look at all answers and all
scales of a complete form and may add to them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from care.instruments.model import VOID, Instrument


@dataclass
class Draft:
    """A score while it is being made."""

    values: dict[str, float]
    bands: dict[str, str]
    positive: list[str]


def zung_standard(raw: float) -> float:
    """Standard score of Zung's scales: raw × 1.25, the fraction cut off (raw 42 is 52, not 53). Raw is 20-80."""
    return float(int(raw) * 5 // 4)


def phq9_algorithm(_: Instrument, answers: Mapping[str, int], draft: Draft) -> None:
    """Of nine symptoms at least five, one of them interest or mood, on more than half the days; item 9 counts at all
    (Spitzer 1999). Adds "symptoms" and, when met, "algorithm" to what is positive.
    """
    present = [answers[f"phq9.{number}"] >= (1 if number == 9 else 2) for number in range(1, 10)]
    draft.values["symptoms"] = float(sum(present))
    if sum(present) >= 5 and (present[0] or present[1]):
        draft.positive.append("algorithm")


def worst_scale(instrument: Instrument, _: Mapping[str, int], draft: Draft) -> None:
    """The band of the whole is the worst of its scales' bands; the scales must name their bands alike."""
    rank = {band.key: number for scale in instrument.scales for number, band in enumerate(scale.bands)}
    worst = max((key for name, key in draft.bands.items() if name != "total"), key=rank.__getitem__)
    if rank[worst] >= rank.get(draft.bands.get("total", ""), -1):
        draft.bands["total"] = worst


def mht_validity(_: Instrument, __: Mapping[str, int], draft: Draft) -> None:
    """Seven or more on the validity scale: nothing else of the form counts; the band is `VOID`."""
    if draft.values["validity"] >= 7:
        draft.bands = {"total": VOID}
        draft.positive.clear()


SCALE_RULES: dict[str, Callable[[float], float]] = {"zung_standard": zung_standard}
INSTRUMENT_RULES: dict[str, Callable[[Instrument, Mapping[str, int], Draft], None]] = {
    "phq9_algorithm": phq9_algorithm,
    "worst_scale": worst_scale,
    "mht_validity": mht_validity,
}
