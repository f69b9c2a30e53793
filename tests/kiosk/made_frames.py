"""Frames and sessions as a room would show them, made by hand; the same ones for windows, pages and pictures."""

import math

import msgspec

from care.programme import load
from gateway.live import (
    ChairView,
    LiveFrame,
    LogLine,
    Metric,
    Metrics,
    PacerView,
    SegmentView,
    SessionView,
    SignalView,
    SummaryView,
    TachogramPoint,
    Trace,
)


def metric(value, unit="", quality=0.9, reason=""):
    return Metric(value, unit, quality, reason)


def make_frame(session=None, *, heart_rate=None, coherence=None, signal=None, tachogram=(), now_ns=0, speed=1.0):
    none = metric(None, quality=0.0, reason="no_channel")
    return LiveFrame(
        seq=1,
        site="huadu.xinhua.0007",
        site_name="新华社区心理服务室",
        now_ns=now_ns,
        speed=speed,
        devices=[],
        signal=signal or SignalView(0.84),
        metrics=Metrics(heart_rate or none, none, coherence or none, none, none, none, none, none, metric(1.0, "%")),
        tachogram=list(tachogram),
        skin_conductance=Trace(0, 250_000_000, [], "µS"),
        respiration=Trace(0, 250_000_000, [], ""),
        heart=Trace(0, 16_000_000, [], "mV"),
        session=session,
    )


DONE = SummaryView(480.0, 560, 68.0, 42.0, 0.01, 72.0, 61.0, 50.0, 70.0, "")


def make_session(
    segment=2,
    *,
    state="running",
    left_s=200.0,
    now_ns=0,
    pacer=None,
    reason="",
    ended="",
    key="s1",
    programme="resonance",
    summary=DONE,
):
    loaded = load(programme)
    segments = [
        SegmentView(
            part.key,
            part.title_zh,
            part.title_en,
            part.seconds,
            "done" if number < segment else "now" if number == segment else "next",
            part.breaths_per_min,
        )
        for number, part in enumerate(loaded.segment)
    ]
    summary = summary if state == "finished" else None
    session = SessionView(
        key,
        state,
        programme,
        loaded.title_zh,
        loaded.title_en,
        "chair-1",
        0,
        now_ns,
        segments,
        left_s,
        reason,
        pacer,
    )
    return msgspec.structs.replace(session, summary=summary, log=[LogLine(0, "session_closed", ended)] if ended else [])


def chair_frame():
    """A room with a chair that stands still."""
    chair = ChairView("chair-1", 110.0, 20.0, 0, [], "off", 0, 40, 20, False, False, False, False)
    return msgspec.structs.replace(make_frame(), chair=chair)


def beats(now_ns, pacer, seconds=45.0):
    """Intervals of a heart that follows the pacer."""
    out, t = [], now_ns / 1e9 - seconds
    while True:
        rate = 68 + 7 * math.sin(2 * math.pi * (t - pacer.breath_began_ns / 1e9) * pacer.breaths_per_min / 60 - 0.4)
        t += 60 / rate
        if t > now_ns / 1e9:
            return out
        out.append(TachogramPoint(round(t * 1e9), 60e3 / rate, "normal"))


def paced_frame(now_ns, *, breath_began_ns=0, **more):
    pacer = PacerView(6.0, 0.4, breath_began_ns)
    session = make_session(2, now_ns=now_ns, pacer=pacer)
    fields = {
        "heart_rate": metric(68.2, "bpm", 0.9),
        "coherence": metric(72.4, "%", 0.8),
        "tachogram": beats(now_ns, pacer),
        **more,
    }
    return make_frame(session, now_ns=now_ns, **fields)
