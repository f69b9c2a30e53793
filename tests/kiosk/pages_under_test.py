"""Draws pages in one window and says where every text, surface and target lies; on demand it keeps what was drawn.

Used by `test_pages` (every situation, measured) and `references` (pictures). Arguments: a folder for pictures or "-",
then a word that situations must contain, or nothing. JSON on stdout. A display is needed, for the real typeface.
"""

import itertools
import json
import sys
from functools import cache
from pathlib import Path

from kiosk import theme as look
from kiosk import window
from kiosk.fonts import faces
from kiosk.pacing import SessionClock
from kiosk.texts import load
from kiosk.theme import Theme
from tests.kiosk.situations import NOW_S, everything

SCREENS = ((1280, 800), (1920, 1080))
TEXTS = {language: load(language) for language in ("zh", "en")}
WIDE = {("zh", False), ("en", True)}
"""Language and size in which pages are measured on the larger screen, too: the shortest and the longest. A second
situation of a place is pictured in these."""

window.set_up(SCREENS[0])

from kivy.core.window import Window  # noqa: E402 (Kivy reads its configuration when it is imported)

from kiosk.breath import Figure  # noqa: E402
from kiosk.lettering import Words, register, width_px  # noqa: E402
from kiosk.screens.page import Desk  # noqa: E402
from kiosk.screens.pages import build  # noqa: E402
from kiosk.screens.waking import Waking  # noqa: E402
from kiosk.shapes import Panel, Target  # noqa: E402


def made_page(situation, language, *, large, contrast, size):
    """The page as it is drawn, and where it is."""
    theme = Theme.for_screen(*size, large=large, contrast=contrast)
    if situation.arrange is None:
        return Waking(theme, size, TEXTS[language], asks=True), "waking"
    flow = situation.arrange()
    flow.visit.language, flow.visit.large, flow.visit.contrast = language, large, contrast
    page = build(flow.place, Desk(theme, size, TEXTS[language], flow, SessionClock(), lambda *_: None))
    page.show(flow.frame)
    page.tick(0, NOW_S)
    return page, str(flow.place)


def ground_of(word, page):
    """The colour behind the middle of a text: of the last surface under it, or of the page."""
    fill = page.ground if hasattr(page, "ground") else None
    middle = (word.x + word.width / 2, word.y + word.height / 2)
    for widget in page.children[::-1]:
        if widget is word:
            break
        if isinstance(widget, Panel) and widget.collide_point(*middle):
            fill = page.theme.tint(widget.fill)
        if isinstance(widget, Figure) and word in widget.carried:  # on its innermost disc
            fill = page.theme.tint(look.BREATH[0])
    return fill


def measured(page, high):
    """Every text, surface and target, in pixels from the top left."""
    words, panels, targets = [], [], []
    for widget in page.children[::-1]:
        box = [widget.x, high - widget.top, widget.width, widget.height]
        if isinstance(widget, Words) and widget.text.strip():
            widest = max(width_px(line, widget._size_px, widget._bold) for line in widget.lines)
            left = {"left": 0.0, "center": (widget.width - widest) / 2, "right": widget.width - widest}[widget._align]
            words.append(
                {
                    "text": widget.text,
                    "lines": widget.lines,
                    "ink": [box[0] + left, box[1], widest, box[3]],
                    "room": widget.width,
                    "size": widget._size_px / page.theme.scale,
                    "colour": page.theme.tint(widget._colour),
                    "ground": ground_of(widget, page),
                }
            )
        elif isinstance(widget, Target):
            targets.append(box)
        elif isinstance(widget, Panel):
            panels.append(box)
    return {"scale": page.theme.scale, "words": words, "panels": panels, "targets": targets}


@cache
def canvas_of_a_window():
    """Where pictures are drawn; made once."""
    from kivy.graphics import Fbo

    return Fbo(size=SCREENS[0], with_stencilbuffer=True)


def keep_picture(page, path):
    """What a window shows of this page, as a PNG of half its size."""
    from kivy.graphics import ClearBuffers, ClearColor
    from PIL import Image

    picture = canvas_of_a_window()
    picture.clear()
    with picture:
        ClearColor(*(page.ground if hasattr(page, "ground") else (0, 0, 0, 1)))
        ClearBuffers()
    picture.add(page.canvas)
    picture.draw()
    pixels = Image.frombytes("RGBA", SCREENS[0], picture.pixels).convert("RGB")
    picture.remove(page.canvas)
    pixels.transpose(Image.Transpose.FLIP_TOP_BOTTOM).reduce(2).save(path, compress_level=1)


def drawn(folder, containing):
    """Every situation, in every way in which it is tried."""
    whole = {}
    for situation in everything():
        if containing not in situation.name:
            continue
        ways = itertools.product(("zh", "en"), (False, True), (False, True), SCREENS)
        for language, large, contrast, size in ways:
            first = size == SCREENS[0]
            if contrast and not (situation.contrasted and first and not large):
                continue
            if not first and not (situation.screens and (language, large) in WIDE):
                continue
            if not large and not situation.screens and not situation.pictured:
                continue  # words that fit when they are large fit
            look = f"{'large' if large else 'normal'}{' contrast' if contrast else ''}"
            page, place = made_page(situation, language, large=large, contrast=contrast, size=size)
            out = {
                "name": f"{situation.name}, {language}, {look}, {size[0]}x{size[1]}",
                "place": place,
                "contrast": contrast,
                **measured(page, size[1]),
            }
            if situation.pictured:
                whole.setdefault(place, situation.name)
            wanted = situation.pictured and (language == "zh" or not contrast)
            if folder and first and wanted and (whole[place] == situation.name or (language, large) in WIDE):
                out["picture"] = f"{situation.name}, {language}, {look}".replace(", ", "-").replace(" ", "_") + ".png"
                keep_picture(page, folder / out["picture"])
            yield out


if __name__ == "__main__":
    assert Window is not None
    register(faces())
    where = None if sys.argv[1] == "-" else Path(sys.argv[1])
    json.dump(list(drawn(where, sys.argv[2] if len(sys.argv) > 2 else "")), sys.stdout)
