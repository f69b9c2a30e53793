"""What a room shows to somebody far away: a glance and a report, made from its state. Only reads.

Neither holds a name, a code, the id of a session or anything a person said.
"""

from gateway.fleet.health import Birth, Heartbeat
from gateway.live import ChairView
from gateway.remote import Diagnostics, LiveGlance
from gateway.room.conductor import Conductor
from gateway.room.room import Room
from gateway.room.senses import metrics_of
from gateway.room.view import chair_view


def glance_of(room: Room) -> LiveGlance:
    """The room at a glance; number and time are filled in by who sends it."""
    now_ns = room.clock.now_ns()
    conductor = room.conductor
    rate = metrics_of(room.senses.readings(now_ns), conductor.score.metric()).heart_rate
    signal = room.senses.signal
    chair = None
    if room.chair:
        chair = chair_view(room.devices[room.chair_id], locked=room.chair.locked, armed=room.chair.armed)
    return LiveGlance(
        site=room.config.site.id,
        number=0,
        sent_utc_ns=0,
        heart_rate_bpm=rate.value,
        quality_percent=round(100 * min(1.0, max(0.0, signal.score)), 1),
        reason=signal.reason,
        chair=_chair_word(chair) if room.chair else "none",
        session=str(conductor.session.state) if conductor.session else "none",
    )


def diagnostics_of(room: Room, birth: Birth, now: Heartbeat, lines: list[str]) -> Diagnostics:
    """How the room is, from what its beacon would say of it."""
    return Diagnostics(
        site=birth.site,
        boot=birth.boot,
        started_utc_ns=birth.started_utc_ns,
        now_utc_ns=now.sent_utc_ns,
        versions=birth.versions,
        uplink=now.uplink,
        journal=_journal_word(room.conductor),
        outbox_records=now.outbox_depth,
        outbox_bytes=now.outbox_bytes,
        outbox_oldest_s=now.outbox_oldest_s,
        disk_free_mb=now.disk_free_mb,
        who=birth.devices,
        devices=now.devices,
        lines=lines,
    )


def _chair_word(chair: ChairView | None) -> str:
    if chair is None:
        return "away"
    if chair.stop_pressed or chair.motion_locked:
        return "stopped"
    return "moving" if chair.moving else "still"


def _journal_word(conductor: Conductor) -> str:
    if conductor.problem:
        return conductor.problem
    if conductor.recording is None or conductor.written:
        return "none"
    return "open" if conductor.running else "closing"
