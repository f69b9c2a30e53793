"""The plots: heart rate beside the breathing guide over a minute, the heart signal itself, skin conductance and breath.

Options of the charts are made by pure functions of a frame, so that they can be tested without a browser. Solid green
is the heart, dotted sand the guide, clay what was left out; scales move in steps, so that lines do not jump.
"""

import math
from typing import Any

from dashboards.console import theme
from dashboards.console.words import Texts
from gateway.live import LiveFrame, PacerView, TachogramPoint, Trace

WINDOW_S, AHEAD_S = 60.0, 6.0
STEP_BPM = 5
GAP_S = 1.5
"""So much more time than its own interval between a beat and the one before, and something is missing."""
LABEL_S = 11.0
"""About as long is a label on the plot."""
LATE_S = 2.0
"""A heart signal later than this has stopped; packets and filters take less."""
KEPT_LABELS = frozenset({"normal", "waiting"})
"""`waiting`: the newest few intervals, not judged yet."""

Points = list[list[float | None]]


def now_of(frame: LiveFrame, newest_ns: int | None) -> int:
    """Now on the clock that data is on: the session's, or the room's; the one that its newest value lies nearest to.

    After a session its own clock stands still while traces go on; then their newest value is now.
    """
    session = frame.session
    clocks = [frame.now_ns] if session is None or session.state == "finished" else [session.now_ns, frame.now_ns]
    if newest_ns is None:
        return clocks[0]
    nearest = min(clocks, key=lambda now_ns: abs(now_ns - newest_ns))
    return newest_ns if abs(nearest - newest_ns) > WINDOW_S * 1e9 else nearest


def end_ns(signal: Trace) -> int | None:
    """When the newest value of a trace is from; None where there is none."""
    return signal.start_ns + (len(signal.values) - 1) * signal.step_ns if signal.values else None


def scale(values: list[float], step: float, least: float) -> tuple[float, float]:
    """A range of whole steps around values, at least so wide.

    >>> scale([66.0, 78.0], 10, 20)
    (60.0, 80.0)
    """
    low, high = (min(values), max(values)) if values else (60.0, 80.0)
    low, high = math.floor((low - step / 10) / step) * step, math.ceil((high + step / 10) / step) * step
    while high - low < least:
        high += step
        if high - low < least:
            low -= step
    return float(low), float(high)


def breath(t_ns: float, pacer: PacerView) -> float:
    """How full the asked-for breath is at a time, 0-1: a half cosine in, a half cosine out."""
    period_ns = 60e9 / pacer.breaths_per_min
    phase = ((t_ns - pacer.breath_began_ns) % period_ns) / period_ns
    share = pacer.inhale_share
    turn = phase / share if phase < share else 1 + (phase - share) / (1 - share)
    return 0.5 - 0.5 * math.cos(math.pi * turn)


def rhythm(points: list[TachogramPoint], now_ns: int) -> tuple[Points, list[tuple[float, float, str]]]:
    """Heart rate over seconds before now, and the beats left out, with labels.

    The line is broken where a beat was left out and where time is missing: nothing is drawn that was not measured.
    """
    line: Points = []
    out: list[tuple[float, float, str]] = []
    last_s = 0.0
    for point in points:
        t_s = (point.t_ns - now_ns) / 1e9
        if point.rr_ms <= 0 or not -WINDOW_S <= t_s <= 0.5:
            continue
        bpm = 60_000 / point.rr_ms
        if point.label in KEPT_LABELS:
            if line and line[-1][1] is not None and t_s - last_s > point.rr_ms / 1e3 + GAP_S:
                line.append([round(t_s, 2), None])
            last_s = t_s
            line.append([round(t_s, 2), round(bpm, 2)])
        else:
            out.append((round(t_s, 2), bpm, point.label))
            if line and line[-1][1] is not None:
                line.append([round(t_s, 2), None])
    return line, out


def tachogram(frame: LiveFrame, texts: Texts) -> dict[str, Any]:
    """What changes in the big plot."""
    now_ns = now_of(frame, frame.tachogram[-1].t_ns if frame.tachogram else None)
    line, out = rhythm(frame.tachogram, now_ns)
    rates = [y for _, y in line if y is not None]
    low, high = scale(rates, STEP_BPM, 4 * STEP_BPM)
    step = STEP_BPM
    if high - low > 6 * STEP_BPM:
        step = 4 * STEP_BPM
        low, high = scale(rates, step, 2 * step)
    pacer = frame.session.pacer if frame.session and frame.session.state == "running" else None
    guide: Points = []
    if pacer:
        began_s = (pacer.breath_began_ns - now_ns) / 1e9
        first = max(-WINDOW_S, began_s)
        steps = int((AHEAD_S - first) / 0.25)
        middle, swing = (low + high) / 2, 0.36 * (high - low)
        for index in range(max(0, steps) + 1):
            t_s = first + index * 0.25
            guide.append([round(t_s, 2), round(middle + swing * (2 * breath(now_ns + t_s * 1e9, pacer) - 1), 2)])
    return {
        "yAxis": {"min": low, "max": high, "interval": step},
        "series": [
            {"id": "guide", "data": guide},
            {"id": "heart", "data": line},
            {"id": "out", "data": _dots(out, low, high, texts)},
        ],
    }


def _dots(out: list[tuple[float, float, str]], low: float, high: float, texts: Texts) -> list[dict[str, Any]]:
    """The beats left out; inside the frame even when their interval is far out; a label where there is room for one."""
    room = 0.06 * (high - low)
    dots: list[dict[str, Any]] = []
    taken_until = -math.inf
    for t_s, bpm, label in out:
        right = t_s + LABEL_S < AHEAD_S
        begins, ends = (t_s, t_s + LABEL_S) if right else (t_s - LABEL_S, t_s)
        says = begins >= taken_until
        if says:
            taken_until = ends
        y = min(high - room, max(low + room, bpm))
        text = texts.named("plot", f"label_{label}")
        dots.append(
            {
                "value": [t_s, round(y, 2)],
                "label": {
                    "show": says,
                    "formatter": texts("plot.artefact_short") if text == f"label_{label}" else text,
                    "position": "right" if right else "left",
                },
            }
        )
    return dots


def trace(signal: Trace, now_ns: int) -> Points:
    """A trace over seconds before now."""
    start_s, step_s = (signal.start_ns - now_ns) / 1e9, signal.step_ns / 1e9
    return [
        [round(start_s + index * step_s, 3), None if value is None else round(value, 4)]
        for index, value in enumerate(signal.values)
    ]


def span(points: Points, least: float) -> tuple[float, float]:
    """The range of a trace with a little room, at least so wide, so that flat looks flat."""
    values = [y for _, y in points if y is not None]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    middle, half = (low + high) / 2, max(high - low, least) * 0.56
    return round(middle - half, 3), round(middle + half, 3)


def heart(frame: LiveFrame) -> dict[str, Any]:
    """What changes in the plot of the heart signal; one that has stopped does not reach the right edge."""
    points = trace(frame.heart, now_of(frame, end_ns(frame.heart)))
    low, high = span(points, 1e-6)
    first = points[0][0] if points else -6.0
    last = points[-1][0] or 0.0 if points else 0.0
    if last < -LATE_S:
        first, last = (first or 0.0) - last, 0.0
        points = [point for point in points if (point[0] or 0.0) >= first]
    return {
        "xAxis": {"min": first, "max": last},
        "yAxis": {"min": low, "max": high},
        "series": [{"id": "heart", "data": points}],
    }


def skin_and_breath(frame: LiveFrame) -> dict[str, Any]:
    """What changes in the plot of skin conductance (above) and breath (below)."""
    skin, air = (trace(signal, now_of(frame, end_ns(signal))) for signal in (frame.skin_conductance, frame.respiration))
    (skin_low, skin_high), (air_low, air_high) = span(skin, 0.2), span(air, 1e-6)
    firsts = [points[0][0] or 0.0 for points in (skin, air) if points]
    first = max(-WINDOW_S, min(firsts)) if firsts else -WINDOW_S
    return {
        "xAxis": [{"min": first, "max": 0}, {"min": first, "max": 0}],
        "yAxis": [{"min": skin_low, "max": skin_high}, {"min": air_low, "max": air_high}],
        "series": [{"id": "skin", "data": skin}, {"id": "air", "data": air}],
    }


# --- what stays ------------------------------------------------------------------------------------------------------

_HIDDEN = {"show": False}
_SMALL: dict[str, Any] = {"color": theme.SOFT, "fontFamily": theme.FAMILY, "fontSize": 13}


def _line(name: str, color: str, width: float, **more: object) -> dict[str, Any]:
    return {
        "id": name, "type": "line", "data": [], "showSymbol": False, "silent": True, "z": 3,
        "lineStyle": {"color": color, "width": width, "cap": "round"}, "itemStyle": {"color": color}, **more,
    }  # fmt: skip


def tachogram_frame(texts: Texts) -> dict[str, Any]:
    """The big plot before there is anything in it."""
    return {
        "animation": False,
        "grid": {"left": 34, "right": 8, "top": 12, "bottom": 26},
        "xAxis": {
            "type": "value", "min": -WINDOW_S, "max": AHEAD_S, "interval": 10,
            "axisLine": _HIDDEN, "axisTick": _HIDDEN, "splitLine": _HIDDEN,
            "axisLabel": {**_SMALL, ":formatter": _seconds(texts), "showMaxLabel": False},
        },
        "yAxis": {
            "type": "value", "min": 60, "max": 80, "interval": STEP_BPM,
            "axisLine": _HIDDEN, "axisTick": _HIDDEN, "axisLabel": {**_SMALL, "margin": 10},
            "splitLine": {"lineStyle": {"color": theme.HAIR}},
        },
        "series": [
            _line("guide", theme.SAND, 2.5, smooth=0.2, z=2)
            | {"lineStyle": {"color": theme.SAND, "width": 2.6, "type": [0.1, 6.5], "cap": "round"}},
            _line("heart", theme.GREEN, 3, smooth=0.25, markLine={
                "silent": True, "symbol": "none", "data": [{"xAxis": 0}], "label": _HIDDEN, "animation": False,
                "lineStyle": {"color": theme.BREATH, "width": 1, "type": "solid", "opacity": 0.5},
            }),
            {
                "id": "out", "type": "scatter", "data": [], "symbolSize": 11, "silent": True, "z": 5,
                "itemStyle": {"color": theme.CLAY, "opacity": 1, "borderColor": "#fff", "borderWidth": 1.5},
                "label": {
                    "color": theme.CLAY_TEXT, "fontFamily": theme.FAMILY, "fontSize": 13, "distance": 7,
                    "backgroundColor": "rgba(255,255,255,.86)", "padding": [2, 4], "borderRadius": 4,
                },
            },
        ],
    }  # fmt: skip


def _seconds(texts: Texts) -> str:
    """A function in the browser's language that names seconds before now."""
    return f"v => v === 0 ? '{texts('plot.now')}' : v > 0 ? '' : '−' + (-v) + ' s'"


def _bare(**more: object) -> dict[str, Any]:
    return {"type": "value", "show": False, **more}


def heart_frame() -> dict[str, Any]:
    """The plot of the heart signal before there is anything in it."""
    return {
        "animation": False,
        "grid": {"left": 2, "right": 2, "top": 6, "bottom": 6},
        "xAxis": _bare(min=-6, max=0),
        "yAxis": _bare(),
        "series": [_line("heart", theme.GREEN, 1.8)],
    }


def skin_and_breath_frame() -> dict[str, Any]:
    """The plot of skin conductance and breath before there is anything in it."""
    return {
        "animation": False,
        "grid": [
            {"left": 2, "right": 2, "top": 4, "height": "42%"},
            {"left": 2, "right": 2, "bottom": 4, "height": "42%"},
        ],
        "xAxis": [_bare(min=-WINDOW_S, max=0), _bare(min=-WINDOW_S, max=0, gridIndex=1)],
        "yAxis": [_bare(), _bare(gridIndex=1)],
        "series": [
            _line("skin", theme.PLUM, 1.8),
            _line("air", theme.BREATH, 1.8, smooth=0.3, xAxisIndex=1, yAxisIndex=1),
        ],
    }
