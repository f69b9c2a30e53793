"""How it was over time, in words: each sitting by the words of its band, and a direction between two of the same kind.

Free of Kivy. Nothing is computed from answers here: the centre tells bands, and a band's place in its own scale says
which of two is the heavier.
"""

from collections.abc import Sequence
from enum import StrEnum

from care.instruments.model import Instrument
from gateway.counter.messages import TrendPoint


class Direction(StrEnum):
    """From a sitting to the next of the same questionnaire."""

    LIGHTER = "lighter"
    SAME = "same"
    HEAVIER = "heavier"


def burden(instrument: Instrument, band: str) -> int | None:
    """The place of a band among those of the main scale, the lightest first; None for a band that is none of them.

    A main scale without bands of its own takes the worst of the others (DASS-21), which have the same ones.
    """
    banded = [scale.bands for scale in instrument.scales if band in {each.key for each in scale.bands}]
    if not banded:
        return None
    bands = banded[0]
    keys = list(dict.fromkeys(each.key for each in bands))
    turned = bands[0].positive and not bands[-1].positive
    return len(keys) - 1 - keys.index(band) if turned else keys.index(band)


def direction(instrument: Instrument, file: Sequence[TrendPoint]) -> Direction | None:
    """Between the last two complete sittings of this questionnaire in the same version; None: there are no two."""
    same = [
        point
        for point in sorted(file, key=lambda point: point.ended_utc_ns)
        if point.instrument == instrument.key and point.instrument_version == instrument.version and point.complete
    ]
    places = [place for point in same[-2:] if (place := burden(instrument, point.band)) is not None]
    if len(places) < 2:
        return None
    before, now = places
    return Direction.SAME if now == before else Direction.HEAVIER if now > before else Direction.LIGHTER
