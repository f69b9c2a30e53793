"""The pages that the room leads: a session in the chair, a minute of heart rhythm, a room that is away or refuses."""

from gateway.live import PacerView, SignalView, SummaryView
from kiosk.flow import Place
from tests.kiosk.made_frames import make_frame, make_session, metric
from tests.kiosk.situations import Situation, at

REASONS = [
    "no_contact", "flat", "saturated", "noise", "movement", "weak", "gap", "not_finite", "wrong_rate", "implausible",
    "too_short", "too_few_beats", "too_many_artefacts", "too_little_variation", "no_peak", "no_channel",
]  # fmt: skip
PAUSES = ["asked", "device_lost", "emergency_stop", "room_restarted", "person_left"]
REFUSALS = ["no_chair", "room_away", "too_late", "unknown_programme", "not_now", "motion_locked", "disk_full"]
PACER = PacerView(6.0, 0.4, 0)
RATE, HUNDRED = metric(128.0, "bpm"), metric(100.0, "%")


def led(session, *, asked_end=False, **frame):
    """The room shows this session."""

    def prepare(flow):
        if session.state == "finished":
            flow.watch.watched = session.id
        flow.heard(make_frame(session, **frame))
        flow.watch.asked_end = asked_end

    return at(Place.HOME, prepare)


def away(session):
    """The room has gone while this session ran."""

    def prepare(flow):
        flow.heard(make_frame(session))
        flow.heard(None)

    return at(Place.HOME, prepare)


def refused(code):
    def prepare(flow):
        flow.watch.refused = code

    return at(Place.HOME, prepare)


def rhythm(segment=1, **more):
    return make_session(segment, programme="rhythm_check", left_s=42.0, **more)


def over(rate, rmssd, *, ended="completed", beats=68):
    """The minute is over with these figures."""
    summary = SummaryView(66.0, beats, rate, rmssd, 0.01, None, None, None, None, "")
    return led(rhythm(2, state="finished", ended=ended, summary=summary))


def _weak(reason):
    signal, none = SignalView(0.2, reason), metric(None, "", 0.2, reason)
    yield "check", led(make_session(0, left_s=80.0), signal=signal)
    yield "paced", led(make_session(2, pacer=PACER), signal=signal, heart_rate=none, coherence=none)
    yield "paced rhythm", led(make_session(2, pacer=PACER), heart_rate=RATE, coherence=none)
    yield "baseline", led(make_session(1), signal=signal, heart_rate=none)
    yield "rhythm baseline", led(rhythm(), signal=signal)


def _all():
    yield Situation("how", at(Place.HOW), contrasted=True)
    yield Situation("check good", led(make_session(0, left_s=80.0)), contrasted=True)
    full = led(make_session(2, left_s=299.0, pacer=PACER), heart_rate=RATE, coherence=HUNDRED)
    yield Situation("paced", full, contrasted=True)
    yield Situation("baseline", led(make_session(1, left_s=59.0), heart_rate=RATE), contrasted=True)
    yield Situation("recovery", led(make_session(3, left_s=59.0), heart_rate=RATE))
    for reason in REASONS:
        for page, arrange in _weak(reason):
            pictured = reason == "weak" and page != "paced rhythm"
            yield Situation(f"{page} {reason}", arrange, pictured=pictured, screens=False)
    for reason in PAUSES:
        session = make_session(2, state="paused", reason=reason)
        yield Situation(f"paused {reason}", led(session), pictured=reason == "asked", screens=reason == "asked")
        session = rhythm(state="paused", reason=reason)
        yield Situation(f"rhythm paused {reason}", led(session), pictured=False, screens=False)
    yield Situation("end", led(make_session(2, pacer=PACER), asked_end=True), contrasted=True)
    yield Situation("rhythm end", led(rhythm(), asked_end=True), pictured=False)
    for ended in ("completed", "ended_early"):
        session = make_session(4, state="finished", ended=ended)
        yield Situation(f"after {ended}", led(session), contrasted=ended == "completed")
    yield Situation("away", away(make_session(1)), contrasted=True)
    for code in REFUSALS:
        yield Situation(f"refused {code}", refused(code), pictured=code == "no_chair", screens=code == "no_chair")
    yield Situation("rhythm how", at(Place.RHYTHM_HOW), contrasted=True)
    yield Situation("rhythm check", led(rhythm(0)))
    yield Situation("rhythm baseline", led(rhythm()))
    yield Situation("rhythm lively", over(68.0, 44.0), contrasted=True)
    yield Situation("rhythm even", over(72.0, 12.0))
    yield Situation("rhythm fast", over(110.0, 12.0))
    yield Situation("rhythm slow", over(45.0, 30.0))
    yield Situation("rhythm unclear", over(None, None))
    yield Situation("rhythm early", over(None, None, ended="ended_early"))
    sorting = led(rhythm(2, state="finished", ended="completed", summary=None))
    yield Situation("rhythm sorting", sorting, pictured=False)
    yield Situation("waking", None, contrasted=True)


CHAIR = list(_all())
