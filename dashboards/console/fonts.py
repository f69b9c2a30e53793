"""Noto Sans SC for the browser, served by the console itself: no font and no request from anywhere else.

The variable face is 17 MB, so a page first gets a small cut with exactly the characters that our own words use
(20 ms of a browser's time instead of seconds); a name outside of it makes the browser fetch the whole face, once.
Source: package `justmytype_intl_cjk` (SIL Open Font License 1.1).
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, get_args

from fontTools import subset
from fontTools.ttLib import TTFont

from care import programme
from care.words import say
from dashboards.console.words import Language, table
from signals.reasons import Reason

FACE: Final = "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
LATIN: Final = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180)]))
SIGNS: Final = "–—‘’“”…·•−×±≈≤≥←→↑↓✓，。、；：？！（）《》"


@dataclass(frozen=True)
class Face:
    """A font file: its name carries a digest of its bytes, so that it may be cached for ever."""

    name: str
    data: bytes


@cache
def full_face() -> Face:
    """The whole variable face."""
    data = files("justmytype_intl_cjk").joinpath(FACE).read_bytes()
    return Face(f"noto-sans-sc-{hashlib.sha256(data).hexdigest()[:12]}.ttf", data)


@cache
def page_face() -> Face:
    """The cut with the characters of our own words, all weights, WOFF."""
    font = TTFont(io.BytesIO(full_face().data), lazy=True)
    options = subset.Options(layout_features=["kern", "tnum", "locl", "ccmp"], notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(text=_own_characters())
    cutter.subset(font)
    font.flavor = "woff"
    out = io.BytesIO()
    font.save(out)
    data = out.getvalue()
    return Face(f"noto-sans-sc-page-{hashlib.sha256(data).hexdigest()[:12]}.woff", data)


def _own_characters() -> str:
    languages: tuple[Language, ...] = get_args(Language)
    texts = [text for language in languages for text in table(language).values()]
    codes = files("care.words").joinpath("codes.toml").read_text("utf-8")
    reasons = [say(reason) for reason in Reason]
    titles = [file.read_text("utf-8") for file in programme.available().values()]
    return "".join(sorted({*LATIN, *SIGNS, *"".join([*texts, codes, *reasons, *titles])}))
