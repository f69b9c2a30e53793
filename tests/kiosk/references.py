"""Reference pictures of every page, and what it means that a page looks as it did.

`python -m tests.kiosk.references --accept` draws all of them again and keeps them, with their layout, in `references/`.
Pictures are drawn at 1280×800 and kept, to be small, at half that size, in the colours of the theme and a few between.
Two pictures are the same when at most 24 of their 256 000 pixels differ by more than 48 in a channel, and at most 4000
by more than 8: that allows for how another machine smooths the edges of letters, and neither for another letter nor for
another colour of a card. Pictures are compared on Debian 12, whose renderer made them; elsewhere the layout says
whether a page is as it was: every text, and where it and each target lies.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops

from kiosk import theme as look

FOLDER = Path(__file__).with_name("references")
LAYOUT = FOLDER / "layout.json"
TOLERANCE = ((48, 24), (8, 4000))
"""Difference in a channel, and how many pixels may differ by more."""
MOVED = 2.0
"""Pixels by which a text may lie elsewhere where another version of the font library measures it."""

ACCEPT = "python -m tests.kiosk.references --accept"


def is_home_of_the_pictures():
    """Whether this machine draws as the one that made the references."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    return (system.get("ID"), system.get("VERSION_ID")) == ("debian", "12")


def drawn(folder, display, containing=""):
    """All pages, measured; the pictures of those that are kept go to the folder."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.kiosk.pages_under_test", str(folder), containing],
        stdout=subprocess.PIPE,
        env={**os.environ, "DISPLAY": display},
        check=True,
    )
    return json.loads(done.stdout)


@cache
def palette():
    """The colours of the theme, and one halfway between what is written and what it is written on."""
    tokens = {value for value in vars(look).values() if isinstance(value, tuple) and len(value) == 4}
    tokens |= set(look.BREATH)
    tokens |= set(look.CONTRAST.values())
    on_light = [(ink, look.CARD) for ink in (look.INK, look.INK_SOFT, look.GREEN, look.CLAY_TEXT)]
    on_dark = [(ink, look.DEEP) for ink in (look.ON_DEEP, look.ON_DEEP_SOFT, look.CLAY_ON_DEEP)]
    tokens |= {tuple((a + b) / 2 for a, b in zip(*pair, strict=True)) for pair in on_light + on_dark}
    flat = [round(part * 255) for token in sorted(tokens) for part in token[:3]]
    made = Image.new("P", (1, 1))
    made.putpalette(flat)
    return made


def as_kept(picture):
    """How a picture goes into the folder."""
    return picture.convert("RGB").quantize(palette=palette(), dither=Image.Dither.NONE)


def clearly_different(reference, picture):
    """How many pixels differ, and a picture of where: white there; 0 when they differ within the tolerance."""
    channels = ImageChops.difference(reference.convert("RGB"), as_kept(picture).convert("RGB")).split()
    most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    for least, few in TOLERANCE:
        where = most.point([255 if value > least else 0 for value in range(256)])
        count = where.histogram()[255]
        if count > few:
            return count, where
    return 0, most


def compared(name, picture, folder=FOLDER):
    """One line on how a picture differs from its reference, or "". What is new and where is written beside it."""
    path = folder / name
    if not path.exists():
        as_kept(picture).save(path.with_suffix(".new.png"), optimize=True)
        return f"{name}: there is no reference; look at {path.stem}.new.png, then: {ACCEPT}"
    count, where = clearly_different(Image.open(path), picture)
    if not count:
        return ""
    as_kept(picture).save(path.with_suffix(".new.png"), optimize=True)
    where.save(path.with_suffix(".diff.png"), optimize=True)
    return f"{name}: {count} pixels are different; look at {path.stem}.new.png and .diff.png, then: {ACCEPT}"


def layout_of(page):
    """Every text with where its ink lies, and every target, in whole pixels."""
    return {
        "words": [[*map(round, word["ink"]), word["text"]] for word in page["words"]],
        "targets": [[*map(round, box)] for box in page["targets"]],
    }


def moved(name, reference, page):
    """One line on the first text or target that is not as it was, or ""."""
    now = layout_of(page)
    for kind in ("words", "targets"):
        before, after = reference[kind], now[kind]
        if [each[4:] for each in before] != [each[4:] for each in after]:
            return f"{name}: other {kind} than in the reference; if that is meant: {ACCEPT}"
        for old, new in zip(before, after, strict=True):
            if any(abs(a - b) > MOVED for a, b in zip(old[:4], new[:4], strict=True)):
                return f"{name}: {new[4:] or kind} lies at {new[:4]}, not at {old[:4]}; if that is meant: {ACCEPT}"
    return ""


def accept():
    """Draw everything and keep it in place of what was there."""
    from tests.kiosk.conftest import open_display

    with tempfile.TemporaryDirectory() as made, open_display() as display:
        pages = [page for page in drawn(made, display) if "picture" in page]
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        for page in pages:
            as_kept(Image.open(Path(made) / page["picture"])).save(FOLDER / page["picture"], optimize=True)
    lines = [f"{json.dumps(page['picture'])}: {json.dumps(layout_of(page), ensure_ascii=False)}" for page in pages]
    LAYOUT.write_text("{\n" + ",\n".join(sorted(lines)) + "\n}\n", "utf-8")
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(pages)} pictures, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    if sys.argv[1:] != ["--accept"]:
        sys.exit(f"{ACCEPT}: draws every page and keeps it as the reference")
    accept()
