"""The Simplified Chinese face in two static cuts, made once and kept in the user's cache folder.

SDL draws only static fonts, and a `.ttc` of Debian opens with Japanese shapes (直, 骨, 令 look wrong to Chinese
readers), so regular and bold are cut from the variable Noto Sans SC (OFL) of `justmytype-intl-cjk`. Cutting all 31 000
glyphs takes half a minute; GB 2312 and Latin take about ten seconds. `python -m kiosk.fonts` makes them at set-up.
"""

import atexit
import importlib.resources
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

RECIPE = "2"
"""Changes when the cut changes, so that an old cache is not taken."""

REGULAR, BOLD = 400, 700


class FontMissing(RuntimeError):
    """The face is not installed; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Paths of the two cuts."""

    regular: Path
    bold: Path


def source() -> Path:
    """The variable font of the installed package.

    Raises:
        FontMissing: the package is not there.
    """
    try:
        root = importlib.resources.files("justmytype_intl_cjk")
    except ModuleNotFoundError:
        raise FontMissing("the Chinese typeface is missing: pip install justmytype-intl-cjk") from None
    path = Path(str(root.joinpath("fonts", "ofl", "notosanssc", "NotoSansSC[wght].ttf")))
    if not path.is_file():
        raise FontMissing(f"the Chinese typeface is missing: {path.name}; pip install --force-reinstall {root.name}")
    return path


NAMES = (
    "喆堃玥珺犇燚瑀璟瑄瑢璠赟頔翀旻昉曈枔橦洺浥淏渟湉湙湜溦澔炘烜爔珅珣琎瓅祎禛翾芃莀蒨袆訢镕韡飏龑彧彣愔晞晫曌谞锜閟"
)
"""Characters that people and places are called by and that GB 2312 does not have."""


def drawable(text: str) -> bool:
    """Whether every sign of it is in the cuts; a name from elsewhere may hold one that is not."""
    return {ord(sign) for sign in text} <= gb2312()


@cache
def gb2312() -> frozenset[int]:
    """Code points that are cut: GB 2312 (6763 characters and signs), names, Latin with accents, general punctuation."""
    points = {*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2040), 0x20AC, 0x2103, 0x2082}
    for high in range(0xA1, 0xF8):
        points.update(map(ord, bytes(b for low in range(0xA1, 0xFF) for b in (high, low)).decode("gb2312", "ignore")))
    return frozenset(points | set(map(ord, NAMES)))


def faces(folder: Path | None = None, points: Iterable[int] | None = None) -> Faces:
    """The two cuts, made if they are not there yet.

    Each file is written beside its place and moved there, so two processes never see half a font; a folder that cannot
    be written is replaced by a temporary one.

    Args:
        folder: where they are kept; the user's cache folder by default.
        points: code points to cut; GB 2312 and Latin by default.

    Raises:
        FontMissing: the variable font is not installed.
    """
    variable = source()
    home = folder or Path(platformdirs.user_cache_dir("xinyi")) / "fonts"
    stem = f"NotoSansSC-{RECIPE}-{variable.stat().st_size}"
    wanted = {weight: home / f"{stem}-{weight}.ttf" for weight in (REGULAR, BOLD)}
    if all(path.is_file() for path in wanted.values()):
        return Faces(wanted[REGULAR], wanted[BOLD])
    print("xinyi kiosk: preparing the Chinese typeface, once, about ten seconds", file=sys.stderr)
    cuts = _cut(variable, gb2312() if points is None else points)
    made = {weight: _put(wanted[weight], data) for weight, data in cuts.items()}
    return Faces(made[REGULAR], made[BOLD])


def _cut(variable: Path, points: Iterable[int]) -> dict[int, bytes]:
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    options = subset.Options()
    options.layout_features = ["kern"]
    options.drop_tables += ["vhea", "vmtx", "VVAR", "VORG"]
    options.hinting = False
    options.name_IDs = ["*"]
    font = TTFont(variable)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    small = io.BytesIO()
    font.save(small)
    cuts: dict[int, bytes] = {}
    for weight in (REGULAR, BOLD):
        small.seek(0)
        cut = instancer.instantiateVariableFont(TTFont(small), {"wght": weight}, inplace=True, optimize=False)
        out = io.BytesIO()
        cut.save(out)
        cuts[weight] = out.getvalue()
    return cuts


def _put(path: Path, data: bytes) -> Path:
    """Write a file in one step; where that is not permitted, in a temporary folder that goes with the process."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
    except OSError:
        folder = tempfile.mkdtemp(prefix="xinyi-fonts-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = Path(folder) / path.name
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(draft).replace(path)
    return path


if __name__ == "__main__":
    try:
        print(*(str(path) for path in (faces().regular, faces().bold)), sep="\n")
    except FontMissing as error:
        sys.exit(str(error))
