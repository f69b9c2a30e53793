"""Colours that can be read and lengths that fit a hand."""

import pytest

from kiosk import theme as look
from kiosk.theme import Theme

PAIRS = {
    "ink on paper": (look.INK, look.PAPER),
    "soft ink on paper": (look.INK_SOFT, look.PAPER),
    "soft ink on card": (look.INK_SOFT, look.CARD),
    "clay text on paper": (look.CLAY_TEXT, look.PAPER),
    "clay text on card": (look.CLAY_TEXT, look.CARD),
    "card on green": (look.CARD, look.GREEN),
    "breath on green": (look.BREATH[0], look.GREEN),
    "green on mist": (look.GREEN, look.MIST),
    "deep on breath": (look.DEEP, look.BREATH[0]),
    "text on deep": (look.ON_DEEP, look.DEEP),
    "soft text on deep": (look.ON_DEEP_SOFT, look.DEEP),
    "clay on deep": (look.CLAY_ON_DEEP, look.DEEP),
    "heart line on deep": (look.BREATH[1], look.DEEP),
    "pacer on deep": (look.SAND, look.DEEP),
    "text on the panel of the check": (look.ON_DEEP, look.BREATH[4]),
}


def luminance(colour):
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("pair", PAIRS)
def test_words_stand_out_from_their_ground_by_four_and_a_half(pair):
    light, dark = sorted(map(luminance, PAIRS[pair]), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_no_colour_of_the_kiosk_is_the_red_of_the_emergency_stop():
    colours = [value for value in vars(look).values() if isinstance(value, tuple) and len(value) == 4]
    assert look.colour("#B5452C") not in colours


def test_targets_are_twenty_millimetres_on_the_screen_that_the_room_is_built_for():
    assert Theme.for_screen(1280, 800, mm_per_px=0.277).target_mm == pytest.approx(19.9, abs=0.1)
    assert Theme.for_screen(1920, 1080, mm_per_px=0.277).target_mm > 26
    assert Theme.for_screen(1280, 800, mm_per_px=0.17).target_mm < 13


def test_large_text_is_three_tenths_larger():
    assert Theme.for_screen(1280, 800, large=True).text == pytest.approx(1.3)


def test_a_length_is_true_on_every_screen():
    for width, height, mm_per_px in ((1280, 800, 0.277), (1920, 1080, 0.277), (3840, 2160, 0.14)):
        theme = Theme.for_screen(width, height, mm_per_px=mm_per_px)
        assert theme.units(20.0) * theme.scale * mm_per_px == pytest.approx(20.0)
