"""The pages around the chair: those that the room leads, with every reason for which a number may be missing."""

from gateway.live import PacerView, SignalView
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
RATE, FULL = metric(128.0, "bpm"), metric(100.0, "%")


def room(frame, **watch):
    """The room shows this; the kiosk has watched so far what is given."""

    def prepare(flow):
        for name, value in watch.items():
            setattr(flow.watch, name, value)
        flow.heard(frame)
        if watch.get("asked_end"):
            flow.watch.asked_end = True

    return at(Place.HOME, prepare)


def missing(reason):
    """The pages of a session when a number is missing for this reason; they are measured only."""
    weak = SignalView(0.2, reason)
    none = metric(None, "", 0.2, reason)
    frames = {
        "check": make_frame(make_session(0, left_s=80.0), signal=weak),
        "paced": make_frame(make_session(2, pacer=PACER), signal=weak, heart_rate=none, coherence=none),
        "paced rhythm": make_frame(make_session(2, pacer=PACER), heart_rate=RATE, coherence=none),
        "baseline": make_frame(make_session(1), signal=weak, heart_rate=none),
    }
    return [Situation(f"{name} {reason}", room(frame), pictured=False, screens=False) for name, frame in frames.items()]


CHAIR = [
    Situation("how", at(Place.HOW)),
    *(Situation(f"refused {code}", room(make_frame(), refused=code), pictured=code == "no_chair") for code in REFUSALS),
    Situation("away in a session", room(None, watched="s1")),
    Situation("check", room(make_frame(make_session(0, left_s=80.0)))),
    *(each for reason in REASONS for each in missing(reason)),
    Situation(
        "paced",
        room(make_frame(make_session(2, left_s=299.0, pacer=PACER), heart_rate=RATE, coherence=FULL)),
        contrasted=True,
    ),
    Situation("baseline", room(make_frame(make_session(1, left_s=59.0), heart_rate=RATE))),
    Situation("recovery", room(make_frame(make_session(3, left_s=59.0), heart_rate=RATE)), pictured=False),
    *(
        Situation(
            f"paused {reason}",
            room(make_frame(make_session(2, state="paused", reason=reason))),
            pictured=reason == "asked",
        )
        for reason in PAUSES
    ),
    Situation("end", room(make_frame(make_session(2, pacer=PACER)), asked_end=True)),
    *(
        Situation(
            f"after {ended}",
            room(make_frame(make_session(4, state="finished", ended=ended)), watched="s1"),
            pictured=ended == "completed",
        )
        for ended in ("completed", "ended_early")
    ),
    Situation("waking", None),
]
