"""Figures of docs/relaxation-score.md: a score's anatomy, a session, and how far it can be trusted.

All are simulated: the person of the simulator, and the people of benchmarks/study_relaxation.py.
"""

from collections.abc import Mapping
from pathlib import Path

import figure_style as look
import numpy as np
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

from benchmarks.study_relaxation import CASES, TRIALS, study
from firmware_sim.person import Person
from signals.baseline import BaselineCollector, RelaxationBaseline, RelaxationChannel
from signals.eda import EDAStream
from signals.relaxation import Relaxation, RelaxationState, relaxation
from signals.respiration import RespirationStream

Array = NDArray[np.float64]
Values = dict[RelaxationChannel, float]

NAMES = {
    RelaxationChannel.RMSSD: ("心率变异", "RMSSD", "ms", 0),
    RelaxationChannel.HEART_RATE: ("心率", "heart rate", "次/分", 0),
    RelaxationChannel.SKIN_CONDUCTANCE: ("皮肤电导", "skin conductance", "µS", 1),
    RelaxationChannel.SCR_RATE: ("皮电反应", "skin responses", "次/分", 0),
    RelaxationChannel.BREATHING_RATE: ("呼吸", "breathing", "次/分", 0),
}
HZ = 10
EVERY_S = 5


def anatomy(folder: Path) -> Path:
    """One score: five measures, their weights, and what comes out."""
    rest = RelaxationBaseline.from_samples(
        {
            RelaxationChannel.RMSSD: [27, 29, 30, 28],
            RelaxationChannel.HEART_RATE: [74, 75, 73, 74],
            RelaxationChannel.SKIN_CONDUCTANCE: [5.2, 5.0, 5.1, 5.1],
            RelaxationChannel.SCR_RATE: [5, 4, 5, 4],
            RelaxationChannel.BREATHING_RATE: [15, 14, 15, 15],
        },
        120,
    )
    now = {
        RelaxationChannel.RMSSD: 34.0,
        RelaxationChannel.HEART_RATE: 72.0,
        RelaxationChannel.SKIN_CONDUCTANCE: 4.6,
        RelaxationChannel.SCR_RATE: 3.0,
        RelaxationChannel.BREATHING_RATE: 15.5,
    }
    result = relaxation(rest, RelaxationState(now))
    figure, (ax, gauge) = look.canvas(2, 4.2, [3.3, 1])
    for ax_ in (ax, gauge):
        ax_.grid(visible=False)
    ax.sharex = None
    for row, part in enumerate(reversed(result.parts)):
        zh, en, unit, digits = NAMES[part.channel]
        z = part.z or 0.0
        colour = look.GREEN if z >= 0 else look.BREATH[1]
        ax.barh(row, z, height=0.30 + 0.9 * part.weight, color=colour, lw=0)
        ax.text(-3.25, row, f"{zh} {en}", ha="left", va="center")
        text = f"{part.baseline:.{digits}f} → {part.now:.{digits}f} {unit}"
        look.say(ax, max(z, 0) + 0.1, row, f"{text}   × {part.weight:.2f}", look.DEEP)
    ax.axvline(0, color=look.SOFT, lw=1)
    ax.set_ylim(-0.6, 4.6)
    ax.set_xlim(-3.3, 3.3)
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(labelbottom=False)
    look.say(ax, 3.25, 4.45, "更放松 calmer →", look.SOFT, ha="right", fontsize=8.4)
    look.title(
        ax,
        "五项各和自己的基线比，加权合成一个数",
        "Each measure against the person's own baseline (in SDs), weighted into one number",
    )
    _gauge(gauge, result)
    return look.save(figure, folder, "relaxation-anatomy")


def _gauge(ax: look.Axes, result: Relaxation) -> None:
    """The score on its scale, with its interval."""
    assert result.score is not None
    assert result.interval is not None

    def at(score: float) -> float:
        return -3.0 + 6.0 * score / 100

    low, high = (at(value) for value in result.interval)
    ax.plot([at(0), at(100)], [0, 0], color=look.HAIRLINE, lw=9, solid_capstyle="round", zorder=1)
    ax.plot([low, high], [0, 0], color=look.BREATH[1], lw=9, solid_capstyle="round", zorder=2)
    ax.plot(at(result.score), 0, "o", ms=15, color=look.GREEN, mec=look.CARD, mew=2, zorder=3)
    for value, text in ((0, "0"), (50, "50 = 基线 baseline"), (100, "100")):
        ax.text(at(value), -0.62, text, ha="center", va="center", color=look.SOFT, fontsize=8.6)
    ax.plot([at(50)] * 2, [-0.3, 0.3], color=look.SOFT, lw=1, zorder=2)
    words = f"{result.score:.0f}，90 % 区间 interval {result.interval[0]:.0f}–{result.interval[1]:.0f}"
    ax.text(at(result.score), 0.62, words, ha="center", va="center", weight="bold", color=look.DEEP)
    ax.set_ylim(-0.95, 0.95)
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(labelbottom=False)


def _readings(eda: EDAStream, belt: RespirationStream, now_s: float, beats: list[float]) -> Values:
    """What the room reads at a moment, over the same windows."""
    values: Values = {}
    rr = np.diff(beats) * 1000
    ends = np.array(beats[1:])
    if now_s >= 60:
        minute = rr[ends > now_s - 60]
        values[RelaxationChannel.RMSSD] = float(np.sqrt(np.mean(np.diff(minute) ** 2)))
    if now_s >= 30:
        values[RelaxationChannel.HEART_RATE] = 60000 / float(np.mean(rr[ends > now_s - 30]))
    for channel, value in (
        (RelaxationChannel.SKIN_CONDUCTANCE, eda.level_us),
        (RelaxationChannel.SCR_RATE, eda.scr_per_min(60) if now_s >= 60 else None),
        (RelaxationChannel.BREATHING_RATE, belt.rate_per_min(60)),
    ):
        if value is not None:
            values[channel] = value
    return values


def session(folder: Path) -> Path:
    """A simulated session: baseline, quiet sitting, paced breathing, rest."""
    ends = {"基线\nbaseline": 120, "静坐听音乐\nquiet, with music": 300, "跟随呼吸\npaced": 480, "休息\nrest": 600}
    person = Person(5)
    eda, belt = EDAStream(HZ), RespirationStream(HZ)
    collector, rest = BaselineCollector(), None
    beats: list[float] = []
    rows: list[tuple[float, Relaxation]] = []
    for now in range(EVERY_S, 601, EVERY_S):
        t = np.arange((now - EVERY_S) * HZ, now * HZ) / HZ
        if now == 305:
            person.follow(5.5, 0.4, 300.0)
        if now == 485:
            person.breathe_freely()
        eda.feed(person.measure("skin_conductance", t))
        belt.feed(person.measure("respiration", t))
        beats += list(person.beats(now - EVERY_S, now))
        values = _readings(eda, belt, now, beats)
        if now <= 120:
            for channel, value in values.items():
                collector.add(channel, value)
            continue
        rest = rest or collector.finish(120)
        paced = 300 < now <= 480 + 60  # a window of 60 s still holds paced breaths
        rows.append((now, relaxation(rest, RelaxationState(values, 60, paced))))
    return _session_plot(folder, ends, rows)


def _session_plot(folder: Path, ends: Mapping[str, int], rows: list[tuple[float, Relaxation]]) -> Path:
    done = [(t, r.score, *r.interval) for t, r in rows if r.score is not None and r.interval is not None]
    t, score, low, high = np.array(done).T
    figure, (ax,) = look.canvas(height_in=3.9)
    ax.axhline(50, color=look.SOFT, lw=1)
    ax.fill_between(t, low, high, color=look.BREATH[0], lw=0, alpha=0.75)
    ax.plot(t, score, color=look.GREEN, lw=2.1)
    begin = 0
    for name, end in ends.items():
        ax.axvline(end, color=look.HAIRLINE, lw=1)
        ax.text((begin + end) / 2, 111, name, ha="center", va="center", color=look.SOFT, fontsize=8.8, linespacing=1.3)
        begin = end
    ax.plot([302, 478], [101.5, 101.5], color=look.SAND, ls=":", lw=2.4)
    look.say(ax, 60, 62, "还没有分数\nno score yet", look.SOFT, ha="center")
    look.say(
        ax,
        310,
        19,
        "跟随呼吸时，心率变异和呼吸不算：\n分数的组成变了，区间变宽\n"
        "paced: RMSSD and breath are\nleft out, the interval is wider",
        look.DEEP,
        fontsize=8.4,
    )
    look.say(ax, 596, 46, "50 = 基线 baseline", look.SOFT, ha="right", fontsize=8.4)
    ax.set_xlim(0, 600)
    ax.set_ylim(0, 121)
    ax.set_yticks([0, 25, 50, 75, 100])
    ax.set_ylabel("放松分 score (0–100)")
    ax.set_xlabel("时间 time (s)")
    look.title(
        ax, "一次会话里的放松分和它的区间（模拟）", "The score and its 90 % interval through a session (simulated)"
    )
    return look.save(figure, folder, "relaxation-session")


SHOWN = {
    "no change": ("没有变化", "no change"),
    "no change, 60 s baseline": ("没有变化，基线只有 60 秒", "no change, 60 s baseline"),
    "no change, heart only": ("没有变化，只有心率", "no change, heart only"),
    "no change, artefacts told": ("没有变化，心跳有干扰、质量已知", "no change, artefacts seen"),
    "no change, artefacts hidden": ("没有变化，干扰没被发现", "no change, artefacts unseen"),
    "no change, skin falls 10 %": ("没有变化，皮肤电导自己降 10 %", "no change, skin falls 10 % by itself"),
    "1 SD calmer": ("放松了一点", "1 SD calmer"),
    "1 SD calmer, 60 s baseline": ("放松了一点，基线只有 60 秒", "1 SD calmer, 60 s baseline"),
    "1 SD calmer, paced": ("放松了一点，跟随呼吸", "1 SD calmer, paced"),
    "2 SD calmer": ("放松了很多", "2 SD calmer"),
}


def trust(folder: Path) -> Path:
    """How often the whole interval lies above 50, and how often it holds the truth."""
    rows = [(SHOWN[case.name], study(case, TRIALS)) for case in CASES if case.name in SHOWN]
    figure, (ax,) = look.canvas(height_in=5.0)
    ax.grid(visible=False)
    for place, ((zh, en), row) in enumerate(reversed(rows)):
        same = row.case.change == 0
        hidden = same and (not row.case.told or row.case.skin_falls > 0)
        colour = look.CLAY if hidden else look.BREATH[1] if same else look.GREEN
        ax.add_patch(FancyBboxPatch((0, place - 0.2), 100, 0.4, boxstyle="round,pad=0", fc=look.TINTS[2], lw=0))
        ax.barh(place, 100 * row.false_relaxed, height=0.4, color=colour, lw=0)
        ax.text(-2, place, f"{zh}\n{en}", ha="right", va="center", fontsize=8.4, linespacing=1.3)
        look.say(ax, 100 * row.false_relaxed + 1.2, place, f"{row.false_relaxed:.0%}", look.DEEP)
        ax.text(112, place, f"{row.coverage:.0%}", ha="center", va="center", color=look.DEEP)
        ax.text(126, place, f"{row.width:.0f}", ha="center", va="center", color=look.DEEP)
    top = len(rows) - 0.35
    ax.text(0, top, "整个区间都在 50 以上的次数\nwhole interval above 50", va="bottom", color=look.SOFT, fontsize=8.4)
    ax.text(112, top, "含真值\nholds truth", ha="center", va="bottom", color=look.SOFT, fontsize=8.4)
    ax.text(126, top, "宽度\nwidth", ha="center", va="bottom", color=look.SOFT, fontsize=8.4)
    ax.set_xlim(-46, 133)
    ax.set_ylim(-0.6, top + 0.95)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["left", "bottom"]].set_visible(False)
    look.title(
        ax,
        "没有变化时很少说“放松了”，变化小也常看不出（模拟）",
        "It rarely claims calm without a change, and often cannot see a small one (simulated)",
    )
    return look.save(figure, folder, "relaxation-trust")


ALL = (anatomy, session, trust)
