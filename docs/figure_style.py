"""How figures of the docs look: the product's colours, Noto Sans SC, direct labels, one thin frame line.

Solid green is the heart, dotted sand the pacer, clay what was excluded. The Chinese face is the variable one of
`justmytype-intl-cjk`, cut down to two weights and to the characters that the figures use.
"""

import atexit
import io
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
import matplotlib.patheffects
import numpy as np
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from scipy.spatial import cKDTree

PAPER, CARD, HAIRLINE = "#F6F3EC", "#FFFFFF", "#DAD6C9"
INK, SOFT = "#22312F", "#5A6B68"
GREEN, DEEP, MIST = "#2F6F66", "#16302D", "#E3EFEA"
BREATH = ("#CFE8E0", "#7FB7AA", "#4B8A7E", "#2B5B54", "#1E423D")
CLAY, CLAY_TEXT, SAND, SAND_TEXT = "#C8795A", "#9A4E31", "#D9A06B", "#8A5A24"
WIDTH_IN, DPI = 8.6, 160
GRID = "#ECE8DD"
TINTS = ("#F5F1E7", "#F1F6F3", "#F3F0E7")
LATIN = "".join(map(chr, range(0x20, 0x180))) + "–—‘’“”…·•−×±≈≤≥←→↑↓Φσ₀²½µ"
FAMILY = "Xinyi Figures"


def use(sources: list[Path]) -> None:
    """Set the look; `sources` are the files whose characters the face must have."""
    characters = LATIN + "".join(source.read_text(encoding="utf-8") for source in sources)
    face = files("justmytype_intl_cjk").joinpath("fonts/ofl/notosanssc/NotoSansSC[wght].ttf").read_bytes()
    folder = Path(tempfile.mkdtemp(prefix="figures-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for weight, style in ((400, "Regular"), (700, "Bold")):
        font = TTFont(io.BytesIO(face))
        cutter = subset.Subsetter(subset.Options(layout_features=["kern", "locl"], name_IDs=["*"]))
        cutter.populate(text=characters)
        cutter.subset(font)
        cut = instancer.instantiateVariableFont(font, {"wght": weight})
        cut["OS/2"].usWeightClass = weight
        for record in list(cut["name"].names):
            new = {1: FAMILY, 16: FAMILY, 2: style, 17: style, 4: f"{FAMILY} {style}"}.get(record.nameID)
            if new:
                cut["name"].setName(new, record.nameID, record.platformID, record.platEncID, record.langID)
        path = folder / f"{style}.ttf"
        cut.save(path)
        font_manager.fontManager.addfont(str(path))
    mpl.rcParams.update(
        {
            "font.family": [FAMILY],
            "font.size": 9.5,
            "figure.facecolor": PAPER,
            "figure.dpi": DPI,
            "savefig.facecolor": PAPER,
            "axes.facecolor": CARD,
            "axes.edgecolor": HAIRLINE,
            "axes.labelcolor": SOFT,
            "axes.titlesize": 10.5,
            "axes.titlecolor": INK,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.titlepad": 8,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.unicode_minus": True,
            "text.color": INK,
            "xtick.color": SOFT,
            "ytick.color": SOFT,
            "xtick.major.size": 0,
            "ytick.major.size": 0,
            "grid.color": GRID,
            "grid.linewidth": 0.7,
            "lines.solid_capstyle": "round",
            "lines.linewidth": 1.5,
        }
    )


def canvas(rows: int = 1, height_in: float = 3.4, ratios: list[float] | None = None) -> tuple[Figure, list[Axes]]:
    """A figure of full width with rows that share their time axis."""
    figure, axes = plt.subplots(
        rows, 1, figsize=(WIDTH_IN, height_in), sharex=True, squeeze=False, height_ratios=ratios, layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1, hspace=0.03)
    column = [row[0] for row in axes]
    for ax in column:
        ax.grid(axis="y")
    return figure, column


def say(ax: Axes, x: float, y: float, text: str, colour: str = INK, **more: object) -> None:
    """A direct label, in data coordinates, with a halo of the card's colour."""
    style = {"color": colour, "fontsize": 8.8, "va": "center", "linespacing": 1.35, **more}
    label = ax.text(x, y, text, **style)
    label.set_path_effects([mpl.patheffects.withStroke(linewidth=2.6, foreground=CARD)])


def title(ax: Axes, zh: str, en: str) -> None:
    """What the figure says, Chinese first."""
    ax.set_title(f"{zh}\n", pad=9, linespacing=1.45)
    place = ax.title.get_position()[1]
    ax.annotate(en, (0, place), xycoords="axes fraction", xytext=(0, 8), textcoords="offset points", color=SOFT)


def save(figure: Figure, folder: Path, name: str) -> Path:
    """Write the PNG with our own colours as its palette; nothing in it changes from run to run."""
    path = folder / f"{name}.png"
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    plt.close(figure)
    pixels = np.asarray(Image.open(drawn).convert("RGB"))
    seen, where = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    palette = _palette()
    nearest = cKDTree(palette.astype(float)).query(seen.astype(float))[1].astype(np.uint8)
    image = Image.fromarray(nearest[where].reshape(pixels.shape[:2]), "P")
    image.putpalette(palette.tobytes())
    image.save(path, optimize=True)
    return path


def _palette() -> np.ndarray:
    """Our colours and their blends with card and paper (the edges of letters and lines), [k, 3] bytes."""
    grounds = [np.array(to_rgb(colour)) for colour in (CARD, PAPER, MIST, BREATH[0])]
    inks = [
        np.array(to_rgb(colour)) for colour in (INK, SOFT, GREEN, DEEP, *BREATH[1:], CLAY, CLAY_TEXT, SAND, SAND_TEXT)
    ]
    pale = [np.array(to_rgb(colour)) for colour in (HAIRLINE, GRID, *TINTS)]
    blends = [ink + (ground - ink) * k / 7 for ground in grounds[:2] for ink in inks for k in range(7)]
    blends += [ink + (grounds[2] - ink) * k / 4 for ink in inks[:4] for k in (1, 2, 3)]
    colours = np.round(255 * np.array([*grounds, *pale, *blends])).astype(np.uint8)
    assert len(colours) <= 256
    return colours
