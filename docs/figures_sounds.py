"""The figure of docs/library.md: what the sounds to rest by are made of, over time."""

from pathlib import Path

import figure_style as look
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from scipy.signal import spectrogram

from care.sounds import samples, sounds
from signals.soundscapes import RATE_HZ

SHOWN_S = 30
OCTAVES = np.geomspace(60, 15000, 90)


def soundscapes(folder: Path) -> Path:
    """Half a minute of each sound, louder is darker."""
    shown = [sound for sound in sounds().values() if sound.shelf != "bell"]
    figure, axes = plt.subplots(
        2, 4, figsize=(look.WIDTH_IN, 4.4), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.06)
    tints = ListedColormap([look.CARD, look.MIST, *look.BREATH])
    for ax, sound in zip(axes.flat, shown, strict=True):
        mono = samples(sound)[: SHOWN_S * RATE_HZ].mean(axis=1)
        f, t, power = spectrogram(mono, RATE_HZ, nperseg=8192, noverlap=4096)
        rows = np.array([np.interp(OCTAVES, f, column) for column in power.T]).T
        level_db = 10 * np.log10(rows * OCTAVES[:, None] + 1e-12)  # as loud as a third of an octave there
        top = np.quantile(level_db, 0.995)
        ax.pcolormesh(t, OCTAVES, level_db, cmap=tints, vmin=top - 42, vmax=top, rasterized=True)
        ax.set_yscale("log")
        ax.set_yticks([100, 1000, 10000], ["100 Hz", "1 kHz", "10 kHz"])
        ax.set_yticks([], minor=True)
        ax.set_xticks([0, 10, 20, 30])
        look.title(ax, sound.title_zh, sound.title_en)
    for ax in axes[1]:
        ax.set_xlabel("秒 s")
    return look.save(figure, folder, "soundscapes")


ALL = (soundscapes,)
