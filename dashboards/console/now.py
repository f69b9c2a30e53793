"""The one line that matters now: what is going on, or what to do about what is wrong.

Pure: a frame in, a line out. The order is the order of harm: away, stopped, paused, device, signal, and then calm.
"""

from dataclasses import dataclass
from typing import Literal

from dashboards.console.words import Texts
from gateway.live import Health, LiveFrame, SessionView

FAIR, GOOD = 0.5, 0.8
"""Shares of signal quality below which a signal is called weak, and from which it is called good."""

Tone = Literal["calm", "care", "stopped", "away"]


@dataclass(frozen=True)
class Line:
    """What the strip says; `tone` chooses colour and icon, the words carry the meaning."""

    tone: Tone
    title: str
    more: str = ""


def now_line(frame: LiveFrame | None, texts: Texts, *, met: bool) -> Line:
    """The line for this picture of the room.

    Args:
        frame: the newest picture; None when the room is away.
        texts: the words of the page.
        met: whether the room was ever there since the page was opened.
    """
    if frame is None:
        key = "away" if met else "connecting"
        return Line("away", texts(f"now.{key}"), texts(f"now.{key}_more"))
    return (
        _stopped(frame, texts)
        or _paused(frame, texts)
        or _device(frame, texts)
        or _signal(frame, texts)
        or _calm(frame, texts)
    )


def _stopped(frame: LiveFrame, texts: Texts) -> Line | None:
    chair = frame.chair
    if chair and chair.stop_pressed:
        return Line("stopped", texts("now.pressed"), texts("now.pressed_more"))
    if chair and chair.motion_locked and chair.faults:
        return Line("stopped", texts("now.locked"), texts("chair.fault", words=texts.code(chair.faults[0])))
    if chair and chair.motion_locked:
        return Line("stopped", texts("now.locked"), texts("now.locked_more"))
    return None


def _paused(frame: LiveFrame, texts: Texts) -> Line | None:
    if frame.session is None or frame.session.state != "paused":
        return None
    released = frame.chair is not None and not frame.chair.motion_locked
    if frame.session.pause_reason == "emergency_stop" and released:
        return Line("care", texts("now.released"), texts("now.released_more"))
    reason = frame.session.pause_reason
    trouble = _device(frame, texts)
    title = texts.named("why", reason) if reason else texts.code("paused")
    more = [texts.named("why_more", reason) if reason else "", trouble.title if trouble else ""]
    return Line("care", title, " · ".join(filter(None, more)))


def _device(frame: LiveFrame, texts: Texts) -> Line | None:
    """The first device with a problem; faults before those that are being looked for."""
    ill = sorted(
        (device for device in frame.devices if device.health is not Health.CONNECTED or device.problem),
        key=lambda device: device.health is not Health.FAULT,
    )
    if ill:
        device = ill[0]
        problem = texts.advice(device.problem or device.health, device.advice)
        return Line("care", texts("now.device", name=device.name, words=problem))
    if frame.chair and frame.chair.faults:
        return Line("care", texts("chair.fault", words=texts.code(frame.chair.faults[0])))
    return None if frame.devices else Line("care", texts("now.idle_no_device"), texts("now.idle_no_device_more"))


def _signal(frame: LiveFrame, texts: Texts) -> Line | None:
    if frame.signal.reason and frame.signal.score < FAIR:
        return Line("care", texts.code(frame.signal.reason), texts("now.signal_more"))
    return None


def _calm(frame: LiveFrame, texts: Texts) -> Line:
    session = frame.session
    if session is None or session.state == "idle":
        return Line("calm", texts("now.idle"), texts("now.idle_more"))
    if session.state == "finished":
        return Line("calm", texts("now.finished"), texts("now.finished_more"))
    return Line("calm", texts("now.running"), _doing(session, texts))


def _doing(session: SessionView, texts: Texts) -> str:
    for segment in session.segments:
        if segment.state == "now":
            title = texts.pick(segment.title_zh, segment.title_en)
            if session.pacer:
                return texts("now.running_paced", title=title, rate=f"{session.pacer.breaths_per_min:.1f}")
            return texts("now.running_plain", title=title)
    return ""


def signal_words(frame: LiveFrame | None, texts: Texts) -> str:
    """How good the heart signal is, as in 信号良好 98%: always on the page."""
    if frame is None:
        return texts("head.unknown")
    score = frame.signal.score
    if round(100 * score) == 0:
        return texts("head.no_signal")
    key = "good" if score >= GOOD else "fair" if score >= FAIR else "poor"
    return texts(f"head.{key}", percent=round(100 * score))
