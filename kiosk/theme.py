"""Colours and sizes of the kiosk.

Sizes are counted in units of 0.277 mm, the pixel of a 24-inch screen of 1920×1080, so a number here is a length for a
hand or an eye: 72 units are the 20 mm that older fingers need (Colle & Hiszem 2004). Pages are laid out on at
least 1280×800 units; on a larger screen everything grows, and a screen that is too small for 20 mm says so.
"""

from dataclasses import dataclass
from typing import Final

UNIT_MM: Final = 0.277
PAGE: Final = (1280.0, 800.0)
TARGET: Final = 72.0
TARGET_MM: Final = 20.0

Colour = tuple[float, float, float, float]


def colour(code: str, alpha: float = 1.0) -> Colour:
    """RGBA of "#RRGGBB"."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, alpha


PAPER: Final = colour("#F6F3EC")
CARD: Final = colour("#FFFFFF")
HAIRLINE: Final = colour("#DAD6C9")
INK: Final = colour("#22312F")
INK_SOFT: Final = colour("#5A6B68")
GREEN: Final = colour("#2F6F66")
DEEP: Final = colour("#16302D")
MIST: Final = colour("#E3EFEA")
BREATH: Final = tuple(map(colour, ("#CFE8E0", "#7FB7AA", "#4B8A7E", "#2B5B54", "#1E423D")))
CLAY: Final = colour("#C8795A")
CLAY_TEXT: Final = colour("#9A4E31")
CLAY_ON_DEEP: Final = colour("#EDBFA8")
SAND: Final = colour("#D9A06B")
ON_DEEP: Final = colour("#F0F5F1")
ON_DEEP_SOFT: Final = colour("#A9BFB8")
DEEP_LINE: Final = colour("#4B776E")
PLAIN: Final = colour("#C5D2CC")
"""Outline of a button that is not the next step."""

SWITCHED_OFF: Final = colour("#73857F")
"""Groove of a switch that is off, ring of a choice that is not taken."""

CONTRAST: Final[dict[Colour, Colour]] = {
    PAPER: colour("#FCFBF8"),
    HAIRLINE: colour("#5C6B66"),
    INK: colour("#0E1A18"),
    INK_SOFT: colour("#2B3B38"),
    GREEN: colour("#17473F"),
    DEEP: colour("#0A1B19"),
    MIST: colour("#DDEFE8"),
    BREATH[0]: colour("#E6F5F0"),
    BREATH[1]: colour("#A6D6CB"),
    BREATH[4]: colour("#12302C"),
    CLAY: colour("#7A3317"),
    CLAY_TEXT: colour("#63270F"),
    CLAY_ON_DEEP: colour("#FFE0D0"),
    SAND: colour("#F2C498"),
    ON_DEEP: colour("#FFFFFF"),
    ON_DEEP_SOFT: colour("#E2EDE9"),
    DEEP_LINE: colour("#BFDCD4"),
    PLAIN: colour("#40524D"),
    SWITCHED_OFF: colour("#4A5A56"),
}
"""The same tokens for who needs more contrast: words 7:1 and lines 4.5:1 on everything that they stand on."""

TITLE, QUESTION, OPTION, BODY, SMALL = 50.0, 46.0, 36.0, 28.0, 24.0
MARGIN, GAP, RADIUS, STROKE = 56.0, 20.0, 28.0, 3.0
LARGE_TEXT: Final = 1.3
FADE_S: Final = 0.18


@dataclass(frozen=True, slots=True)
class Theme:
    """How big a unit is on this screen, and how the person wants it.

    Attributes:
        scale: pixels per unit.
        text: 1, or 1.3 for large text.
        motion: False keeps the breathing figure still (words and a bar lead then).
        contrast: words and lines stand out more.
        mm_per_px: calibration of the screen.
    """

    scale: float
    text: float = 1.0
    motion: bool = True
    contrast: bool = False
    mm_per_px: float = UNIT_MM

    @classmethod
    def for_screen(
        cls,
        width_px: float,
        height_px: float,
        *,
        large: bool = False,
        motion: bool = True,
        contrast: bool = False,
        mm_per_px: float = UNIT_MM,
    ) -> "Theme":
        """The largest unit with which a page fits."""
        scale = min(width_px / PAGE[0], height_px / PAGE[1])
        return cls(scale, LARGE_TEXT if large else 1.0, motion, contrast, mm_per_px)

    def units(self, mm: float) -> float:
        """A true length on this screen, in units."""
        return mm / (self.mm_per_px * self.scale)

    def tint(self, token: Colour) -> Colour:
        """A colour as it is drawn for this person."""
        return CONTRAST.get(token, token) if self.contrast else token

    @property
    def large(self) -> bool:
        return self.text > 1.0

    @property
    def target_mm(self) -> float:
        """Height of the smallest target on this screen, mm."""
        return TARGET * self.scale * self.mm_per_px
