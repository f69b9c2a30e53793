"""Figures of docs/signals.md: beats on a hard record, RR correction, spectrum, coherence, skin, breath.

Recordings are the committed excerpts under tests/data; what needs a long session is the simulator's person.
"""

import csv
from pathlib import Path

import figure_style as look
import numpy as np
import wfdb
from numpy.typing import NDArray

from firmware_sim.person import Person
from signals.beats import find_beats
from signals.coherence import coherence
from signals.eda import skin_conductance
from signals.respiration import respiration
from signals.respiration_derived import respiration_from_rr
from signals.rr import Label, correct_rr
from signals.spectrum import welch_psd

Array = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "tests" / "data"
VENTRICULAR = {"V", "E", "F"}
BEATS = set("NLRBAaJSVrFejnE/fQ?")
BPM_PER_HZ = 60.0


def _ecg(name: str) -> tuple[Array, float, Array, list[str]]:
    path = str(DATA / "mitdb" / name)
    record, notes = wfdb.rdrecord(path), wfdb.rdann(path, "atr")
    keep = [i for i, symbol in enumerate(notes.symbol) if symbol in BEATS]
    times = np.array([notes.sample[i] for i in keep]) / record.fs
    return record.p_signal[:, 0], float(record.fs), times, [notes.symbol[i] for i in keep]


def detection(folder: Path) -> Path:
    """Our beats and the experts' on the noisiest stretch of the excerpt of record 203."""
    ecg, hz, expert, symbols = _ecg("mitdb_203")
    beats = find_beats(ecg, hz, "ecg")
    begin, end = 21.0, 33.0
    t = np.arange(len(ecg)) / hz
    inside = (t >= begin) & (t <= end)
    figure, (ax,) = look.canvas(height_in=3.3)
    ax.plot(t[inside], ecg[inside], color=look.GREEN, lw=0.9)
    low, high = ecg[inside].min(), ecg[inside].max()
    room = high - low
    mine = beats.times_s[(beats.times_s >= begin) & (beats.times_s <= end)]
    ax.scatter(mine, np.interp(mine, t, ecg), s=26, color=look.GREEN, edgecolor=look.CARD, lw=0.9, zorder=4)
    for time, symbol in zip(expert, symbols, strict=True):
        if begin <= time <= end:
            odd = symbol in VENTRICULAR
            colour = look.CLAY if odd else look.SOFT
            ax.plot([time, time], [high + 0.10 * room, high + 0.18 * room], color=colour, lw=1.6 if odd else 1.1)
            if odd:
                look.say(ax, time, high + 0.27 * room, "V", look.CLAY_TEXT, ha="center", fontsize=8)
    ax.set_xlim(begin, end)
    ax.set_ylim(low - 0.08 * room, high + 0.36 * room)
    ax.set_xlabel("时间 time (s)")
    ax.set_ylabel("ECG (mV)")
    look.title(
        ax,
        "心跳检测：绿点是我们的，竖线是专家的",
        "Beats: green dots are ours, strokes the experts'; V is a ventricular beat",
    )
    return look.save(figure, folder, "detection")


def correction(folder: Path) -> Path:
    """RR intervals before and after: a simulated person with two premature, two missed and two extra beats."""
    truth = Person(11).beats(0, 120)
    beats = truth.copy()
    for place in (20, 95):
        beats[place] -= 0.3 * (truth[place] - truth[place - 1])
    beats = np.delete(beats, (45, 118))
    beats = np.sort(np.append(beats, [truth[68] + 0.4 * (truth[69] - truth[68]), truth[132] + 0.25]))
    rr = np.diff(beats) * 1000
    corrected = correct_rr(rr)
    odd = np.array([label is not Label.NORMAL for label in corrected.labels])
    figure, (raw, after) = look.canvas(2, 4.4)
    raw.plot(beats[1:], rr, color=look.HAIRLINE, lw=1)
    raw.scatter(beats[1:][~odd], rr[~odd], s=11, color=look.GREEN, zorder=3)
    raw.scatter(beats[1:][odd], rr[odd], s=26, marker="x", color=look.CLAY, lw=1.6, zorder=4)
    after.plot(beats[0] + corrected.nn_times_ms / 1000, corrected.nn_ms, color=look.GREEN, lw=1.3, marker="o", ms=2.4)
    real = _rmssd(np.diff(truth) * 1000)
    look.title(
        raw,
        f"修正前：RMSSD {_rmssd(rr):.0f} ms（真值 {real:.0f} ms）",
        f"Before: RMSSD {_rmssd(rr):.0f} ms, the truth is {real:.0f} ms (simulated, with injected errors)",
    )
    look.title(
        after, f"修正后：RMSSD {_rmssd(corrected.nn_ms):.0f} ms", f"After: RMSSD {_rmssd(corrected.nn_ms):.0f} ms"
    )
    for ax in (raw, after):
        ax.set_ylabel("RR (ms)")
        ax.set_ylim(0, max(rr) * 1.1)
        ax.set_xlim(0, 120)
    names = ((beats[20], "早搏\npremature"), (beats[45], "漏检\nmissed"), (truth[69], "多检\nextra"))
    for time, name in names:
        look.say(raw, time + 1.6, max(rr) * 0.88 if "漏" in name else 330, name, look.CLAY_TEXT, fontsize=8.2)
    after.set_xlabel("时间 time (s)")
    return look.save(figure, folder, "rr-correction")


def _rmssd(rr_ms: Array) -> float:
    return float(np.sqrt(np.mean(np.diff(rr_ms) ** 2)))


def paced_person(seed: int = 4) -> tuple[Array, Array, float, float]:
    """Beat times of a simulated person: free, then along with a pacer from 180 s on; the pacer's rate and its start."""
    person = Person(seed)
    free = person.beats(0, 180.0)
    person.follow(5.5, 0.4, 180.0)
    return np.concatenate([free, person.beats(180.0, 480.0)]), np.diff(free), 5.5, 180.0


def spectrum(folder: Path) -> Path:
    """Spectra of five minutes free and five minutes paced, with the bands, each on its own scale."""
    free, paced = Person(7), Person(7)
    paced.follow(5.5, 0.4, 0.0)
    rows = (
        (np.diff(free.beats(0, 300)) * 1000, "自然呼吸", "free", look.BREATH[2]),
        (np.diff(paced.beats(60, 360)) * 1000, "跟随呼吸，每分钟 5.5 次", "paced, 5.5/min", look.GREEN),
    )
    figure, axes = look.canvas(2, 4.5)
    for ax, (rr, zh, en, colour) in zip(axes, rows, strict=True):
        for name, low, high, tint in (
            ("VLF", 0.0033, 0.04, look.TINTS[0]),
            ("LF", 0.04, 0.15, look.MIST),
            ("HF", 0.15, 0.40, look.TINTS[1]),
        ):
            ax.axvspan(low, high, color=tint, lw=0)
            ax.text(
                low + 0.004, 0.95, name, transform=ax.get_xaxis_transform(), va="top", color=look.SOFT, fontsize=8.5
            )
        found = welch_psd(rr)
        keep = (found.frequency_hz >= 0.0033) & (found.frequency_hz <= 0.42)
        hz, power = found.frequency_hz[keep], found.psd_ms2_per_hz[keep] / 1000
        ax.fill_between(hz, 0, power, color=colour, alpha=0.16, lw=0)
        ax.plot(hz, power, color=colour, lw=1.9)
        ax.set_ylim(0, power.max() * 1.3)
        lf, hf = found.band(0.04, 0.15), found.band(0.15, 0.4)
        ax.text(
            0.985,
            0.9,
            f"{zh} {en}\nLF {lf:,.0f} ms²   HF {hf:,.0f} ms²",
            transform=ax.transAxes,
            ha="right",
            va="top",
            color=look.DEEP,
            fontsize=9,
            linespacing=1.5,
        )
    axes[1].axvline(5.5 / 60, color=look.SAND, ls=":", lw=2.2)
    look.say(axes[1], 5.5 / 60 - 0.006, axes[1].get_ylim()[1] * 0.72, "呼吸灯\npacer", look.SAND_TEXT, ha="right")
    axes[0].set_xlim(0, 0.42)
    axes[1].set_xlabel("频率 frequency (Hz)")
    figure.supylabel("功率 power (10³ ms²/Hz)", color=look.SOFT, fontsize=9.5)
    look.title(
        axes[0],
        "同样五分钟：慢呼吸把起伏聚成一个峰（模拟）",
        "Five minutes each: slow breathing gathers the variation in one peak (simulated; mind the two scales)",
    )
    return look.save(figure, folder, "spectrum")


def coherence_rising(folder: Path) -> Path:
    """Heart rate and coherence of a simulated session that becomes paced."""
    beats, _, per_min, begin = paced_person()
    rr, ends = np.diff(beats) * 1000, beats[1:]
    times = np.arange(70.0, beats[-1], 2.0)
    shares = [coherence(rr[ends <= time], ends[ends <= time]).share_percent for time in times]
    share = np.array([np.nan if value is None else value for value in shares])
    figure, (heart, score) = look.canvas(2, 4.4, [1.25, 1])
    heart.plot(ends, 60000 / rr, color=look.GREEN, lw=1.2)
    pace = np.arange(begin, beats[-1], 0.1)
    phase = ((pace - begin) * per_min / 60) % 1
    wave = np.where(phase < 0.4, -np.cos(np.pi * phase / 0.4), np.cos(np.pi * (phase - 0.4) / 0.6))
    low, high = (60000 / rr).min(), (60000 / rr).max()
    foot = low - 0.2 * (high - low)
    heart.plot(pace, foot + 0.1 * (high - low) * wave, color=look.SAND, ls=":", lw=1.7)
    look.say(heart, begin - 4, foot, "呼吸灯 pacer", look.SAND_TEXT, ha="right")
    heart.set_ylim(foot - 0.18 * (high - low), high + 0.06 * (high - low))
    heart.set_ylabel("心率 heart rate (1/min)")
    look.title(
        heart,
        "跟着呼吸灯，心率随呼吸起落，一致性升高（模拟）",
        "With the pacer the heart follows the breath and coherence rises (simulated)",
    )
    score.fill_between(times, 0, share, color=look.MIST, lw=0)
    score.plot(times, share, color=look.GREEN, lw=1.9)
    score.set_ylim(0, 100)
    score.set_yticks([0, 25, 50, 75, 100])
    score.set_ylabel("一致性 coherence (%)")
    score.axhline(86, color=look.SOFT, lw=0.9, ls=(0, (4, 4)))
    look.say(score, 72, 92.5, "最整齐的正弦也只到 86% · the purest sine reaches 86 %", look.SOFT, fontsize=8)
    for ax in (heart, score):
        ax.axvline(begin, color=look.HAIRLINE, lw=1)
        ax.set_xlim(60, beats[-1])
    score.set_xlabel("时间 time (s)")
    return look.save(figure, folder, "coherence")


def skin(folder: Path) -> Path:
    """Responses on a recorded skin conductance."""
    counts = np.loadtxt(DATA / "eda" / "eda_50hz_counts.txt")
    values = counts * 25 / 4096
    eda = skin_conductance(values, 50)
    t = np.arange(len(values)) / 50
    figure, (ax,) = look.canvas(height_in=3.2)
    ax.plot(t, values, color=look.GREEN, lw=1.6)
    for response in eda.responses:
        foot, peak = np.interp([response.onset_s, response.peak_s], t, values)
        inside = (t >= response.onset_s) & (t <= response.peak_s)
        ax.fill_between(t[inside], foot, values[inside], color=look.BREATH[0], lw=0)
        ax.plot([response.onset_s], [foot], "o", ms=4.5, mfc=look.CARD, mec=look.GREEN, mew=1.4)
        ax.plot([response.peak_s], [peak], "o", ms=5, color=look.GREEN)
        label = f"{response.amplitude_us:.2f} µS"
        look.say(ax, response.peak_s - 0.9, peak + 0.1, label, look.DEEP, ha="right", fontsize=8.4)
    ax.set_ylim(values.min() - 0.2, values.max() + 0.45)
    ax.set_xlim(0, 150)
    ax.set_xlabel("时间 time (s)")
    ax.set_ylabel("皮肤电导 skin conductance (µS)")
    look.title(ax, "皮电反应：从起点（空圈）到峰（实点）", "Responses, from onset (ring) to peak (dot)")
    return look.save(figure, folder, "skin-conductance")


def breath(folder: Path) -> Path:
    """A recorded chest, and what pulse and heart say of the same breathing."""
    with (DATA / "bidmc" / "bidmc01_120s_90s.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    chest, pulse, ecg = np.array(rows, dtype=float).T
    found = respiration(chest, 125)
    t = np.arange(len(chest)) / 125
    beats = find_beats(ecg, 125, "ecg").times_s
    rr = correct_rr(np.diff(beats) * 1000)
    others = (
        ("胸廓 chest", found.rate_per_min),
        ("脉搏 pulse", respiration(pulse, 125, "ppg").rate_per_min),
        ("RR 间期 RR", respiration_from_rr(beats[0] + rr.nn_times_ms / 1000, rr.nn_ms).rate_per_min),
    )
    figure, (ax,) = look.canvas(height_in=3.0)
    ax.plot(t, chest, color=look.BREATH[2], lw=1.5)
    ax.plot(found.onset_s, np.interp(found.onset_s, t, chest), "o", ms=4.5, mfc=look.CARD, mec=look.BREATH[3], mew=1.4)
    ax.set_xlim(0, 60)
    low, high = chest.min(), chest.max()
    ax.set_ylim(low - 0.1 * (high - low), high + 0.3 * (high - low))
    rates = "     ".join(f"{name} {rate:.1f}" for name, rate in others if rate)
    look.say(ax, 59.3, high + 0.19 * (high - low), rates + "  次/分 breaths/min", look.DEEP, ha="right")
    ax.set_xlabel("时间 time (s)")
    ax.set_ylabel("胸廓 chest (a.u.)")
    look.title(
        ax,
        "呼吸：空圈是每次吸气的开始",
        "Breathing: rings mark the begin of each inhalation (the recording itself is clipped at 1)",
    )
    return look.save(figure, folder, "breathing")


ALL = (detection, correction, spectrum, coherence_rising, skin, breath)
