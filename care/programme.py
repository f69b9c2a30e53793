"""Session programmes: what a person is led through, as data.

One TOML file each in `care/programmes/`, validated when it is loaded; an error names the file and the field.
"""

from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from care.shipped import convert, tables

MIN_PACE, MAX_PACE = 4.0, 7.0
"""Adults' resonance frequencies lie at 4.5-6.5 breaths a minute (Shaffer & Meehan 2020); a little room around."""


class ProgrammeError(ValueError):
    """A programme file is not as it must be; one line with file, field and what is wrong."""


class SegmentKind(StrEnum):
    SENSOR_CHECK = "sensor_check"
    BASELINE = "baseline"
    PACED = "paced"
    RECOVERY = "recovery"


class BreathPart(StrEnum):
    """Parts of a chair that can follow a breath."""

    BACK = "back"
    MASSAGE = "massage"
    LIGHT = "light"


class ChairScene(Struct, frozen=True, forbid_unknown_fields=True):
    """What the chair is asked for when a segment begins; None leaves it as it is."""

    recline_deg: Annotated[float, Meta(ge=90, le=160)] | None = None
    leg_rest_deg: Annotated[float, Meta(ge=0, le=70)] | None = None
    massage_level: Annotated[int, Meta(ge=0, le=5)] | None = None
    heat_level: Annotated[int, Meta(ge=0, le=3)] | None = None
    light_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    volume_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    with_breath: frozenset[BreathPart] = frozenset()
    """What follows the breathing pacer, smoothly."""
    volume_with_coherence: bool = False
    """The sound grows a little as the heart rhythm settles (`care.feedback`), from `volume_percent` on."""

    @property
    def moves(self) -> bool:
        """Whether a part of the chair gets moving or warm."""
        placed = self.recline_deg is not None or self.leg_rest_deg is not None
        return placed or bool(self.massage_level or self.heat_level or self.with_breath)


class Segment(Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a programme.

    Attributes:
        seconds: how long it lasts; the longest it lasts where `until` ends it earlier.
        until: "time", or "signal": ends when the heart signal was good for `good_s` seconds on end.
        breaths_per_min: pace of a paced segment.
        inhale_share: share of a breath that is breathing in.
    """

    key: str
    kind: SegmentKind
    title_zh: str
    title_en: str
    seconds: Annotated[float, Meta(gt=0, le=7200)]
    until: Literal["time", "signal"] = "time"
    good_s: Annotated[float, Meta(gt=0)] = 5.0
    breaths_per_min: Annotated[float, Meta(ge=MIN_PACE, le=MAX_PACE)] | None = None
    inhale_share: Annotated[float, Meta(ge=0.3, le=0.6)] = 0.4
    chair: ChairScene = ChairScene()


class Programme(Struct, frozen=True, forbid_unknown_fields=True):
    """A programme: its name, its version and its segments in order."""

    key: str
    version: int
    title_zh: str
    title_en: str
    segment: Annotated[list[Segment], Meta(min_length=1)]

    @property
    def moves(self) -> bool:
        """Whether anything of it may move or warm a person: a chair is armed only for such a programme."""
        return any(segment.chair.moves for segment in self.segment)


def parse(text: str, name: str) -> Programme:
    """A programme out of TOML text.

    Raises:
        ProgrammeError: naming `name` and the field.
    """
    programme = convert(text, name, Programme, ProgrammeError)
    for number, segment in enumerate(programme.segment, 1):
        if (segment.kind is SegmentKind.PACED) != (segment.breaths_per_min is not None):
            raise ProgrammeError(f"{name}: segment {number} ({segment.key}): a paced segment has breaths_per_min")
    return programme


def available() -> dict[str, Traversable]:
    """The programmes that are there, by key."""
    return tables("programmes")


def load(key: str) -> Programme:
    """A programme by its key.

    Raises:
        ProgrammeError: there is none, or its file is not as it must be.
    """
    file = available().get(key)
    if file is None:
        raise ProgrammeError(f"there is no programme {key!r}; there are: {', '.join(available())}")
    return parse(file.read_text("utf-8"), f"care/programmes/{file.name}")
