"""Which tier an answer or a score calls for, by rules that are data, versioned, and replaceable by a site.

One answer can fire by itself: `item_fires` looks at that answer alone, so it fires when it is given, even if the person
walks away at once. `tier_of` looks at a finished form. The version of the rules stays on every record.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.instruments.loading import main_bands, shipped
from care.instruments.model import VOID, Checked, Instrument, Score
from care.located import DataError, Located, read

Tier = Literal["green", "yellow", "orange", "red"]
TIERS: tuple[Tier, ...] = ("green", "yellow", "orange", "red")
FIRST_OF_SITES = 1000
"""Versions from here on are those of sites' own rules, so that a record never confuses them with shipped ones."""


class ItemRule(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer of at least `at_least` to this item fires by itself."""

    instrument: str
    item: str
    at_least: int
    tier: Literal["orange", "red"]
    source: str
    checked: Checked


class BandRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Which bands of a scale call for which tier."""

    instrument: str
    scale: str
    yellow: list[str] = []
    orange: list[str] = []
    red: list[str] = []


class RiskRules(Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1)]
    source: str
    item: list[ItemRule]
    band: list[BandRule]


def load(path: Path | None = None) -> RiskRules:
    """The rules of a site's file, or the shipped ones.

    Raises:
        DataError: the file cannot be read, or a rule is not as it must be.
    """
    if path is None:
        return _shipped()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        raise DataError(
            f"{path}: cannot be read ({why}); name the right file at [care] risk, or leave it empty"
        ) from None
    file = read(text, str(path), RiskRules)
    if file.value.version < FIRST_OF_SITES:
        raise file.at("version", f"a site's own rules have versions from {FIRST_OF_SITES} on")
    return _checked(file)


@cache
def _shipped() -> RiskRules:
    return _checked(read(files("care").joinpath("risk.toml").read_text("utf-8"), "care/risk.toml", RiskRules))


def _checked(file: Located[RiskRules]) -> RiskRules:
    known = shipped()
    for number, rule in enumerate(file.value.item):
        at = f"item[{number}]"
        instrument = known.get(rule.instrument)
        if instrument is None:
            raise file.at(f"{at}.instrument", f"there is no {rule.instrument!r}")
        found = [item for item in instrument.items if item.id == f"{rule.instrument}.{rule.item}"]
        if not found:
            raise file.at(f"{at}.item", f"{rule.instrument} has no item {rule.item!r}")
        if rule.at_least not in found[0].values:
            raise file.at(f"{at}.at_least", f"nobody can answer {rule.at_least} there")
    for number, band in enumerate(file.value.band):
        at = f"band[{number}]"
        scales = {scale.key: scale for scale in known[band.instrument].scales} if band.instrument in known else {}
        if band.scale not in scales:
            raise file.at(f"{at}.scale", f"{band.instrument} has no scale {band.scale!r}")
        names = _bands(known[band.instrument], band.scale)
        for tier in ("yellow", "orange", "red"):
            for name in getattr(band, tier):
                if name not in names:
                    raise file.at(f"{at}.{tier}", f"there is no band {name!r}; there are: {', '.join(names)}")
    return file.value


def _bands(instrument: Instrument, scale: str) -> list[str]:
    """Bands that a scale can come to; the main one also to those that a rule lifts it to."""
    own = [band.key for each in instrument.scales if each.key == scale for band in each.bands]
    return own or (main_bands(instrument) if scale == "total" else [])


def item_fires(rules: RiskRules, instrument: str, item: str, value: int) -> Tier | Literal[""]:
    """The tier that one answer calls for by itself, at the moment it is given; "" for none.

    Args:
        rules: by which it is judged.
        instrument: key of the instrument.
        item: id of the item ("phq9.9").
        value: what was answered.
    """
    fired = [
        rule.tier
        for rule in rules.item
        if rule.instrument == instrument and item == f"{instrument}.{rule.item}" and value >= rule.at_least
    ]
    return max(fired, key=TIERS.index, default="")


def fired_by(rules: RiskRules, instrument: str, answers: Mapping[str, int]) -> Tier | Literal[""]:
    """The gravest tier that one of these answers calls for by itself; "" for none. Item id → value."""
    fired = (item_fires(rules, instrument, item, value) for item, value in answers.items())
    return max(filter(None, fired), key=TIERS.index, default="")


def tier_of(rules: RiskRules, instrument: str, score: Score, fired: str = "") -> Tier | Literal[""]:
    """The tier of a sitting: the gravest of what its answers fired and what its bands call for.

    Args:
        rules: by which it is judged.
        instrument: key of the instrument.
        score: of the sitting.
        fired: of `fired_by` its answers.

    Returns:
        "" when nothing fired and the form is not complete, or void: it says nothing, not even green.
    """
    calls: list[Tier] = [tier for tier in TIERS if tier == fired]
    if score.complete and score.band != VOID:
        calls.append("green")
        for rule in rules.band:
            if rule.instrument == instrument:
                band = score.bands.get(rule.scale, "")
                calls += [tier for tier in TIERS[1:] if band in getattr(rule, tier)]
    return max(calls, key=TIERS.index, default="")
