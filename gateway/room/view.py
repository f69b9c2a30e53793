"""Makes the live frame: the whole room in one picture. Only reads; changes nothing."""

from dataclasses import dataclass, field

from care.session import Session, State
from devices.events import ChairStatus, Identity, LinkHealth
from gateway.config import DeviceConfig
from gateway.live import (
    ChairView,
    DeviceView,
    Health,
    LogLine,
    PacerView,
    SegmentView,
    SessionView,
    SummaryView,
    TachogramPoint,
)
from gateway.messages import SessionClosed
from gateway.room.ledger import Ledger

TACHOGRAM_S = 60.0
LOG_LINES = 12


@dataclass(slots=True)
class DeviceState:
    """What is known of one configured device.

    Attributes:
        status: the newest word of a chair about itself.
        heart_end_ns: room clock behind the last heart sample that it sent.
    """

    config: DeviceConfig
    health: Health = Health.SEARCHING
    problem: str = ""
    advice: str = ""
    identity: Identity | None = None
    link: LinkHealth | None = None
    status: ChairStatus | None = None
    reconnects: int = -1
    heart_end_ns: int = 0
    faults: tuple[str, ...] = field(default=())

    def view(self, now_ns: int) -> DeviceView:
        identity, link = self.identity, self.link
        faulty = self.health is Health.CONNECTED and bool(self.faults)
        silent_s = round((now_ns - link.heard_ns) / 1e9, 1) if link and link.heard_ns else None
        return DeviceView(
            id=self.config.id,
            name=self.config.name or self.config.id,
            kind=self.config.kind,
            health=Health.FAULT if faulty else self.health,
            problem=self.faults[0] if faulty else self.problem,
            advice=self.advice,
            model=f"{identity.maker} {identity.model}".strip() if identity else "",
            serial=identity.serial if identity else "",
            firmware=identity.firmware if identity else "",
            port=self.config.port,
            frames=link.frames if link else 0,
            crc_errors=link.crc_errors if link else 0,
            lost_frames=link.lost_frames if link else 0,
            dropped_bytes=link.dropped_bytes if link else 0,
            reconnects=max(0, self.reconnects),
            silent_s=silent_s,
            battery_percent=link.battery_percent if link else None,
            rssi_dbm=link.rssi_dbm if link else None,
            chair=self.config.family.chair,
        )


def chair_view(state: DeviceState, *, locked: bool, armed: bool) -> ChairView | None:
    """The chair as it says it is; None while it says nothing."""
    status = state.status
    if status is None or state.health is not Health.CONNECTED:
        return None
    return ChairView(
        device=status.device,
        recline_deg=round(status.recline_deg, 1),
        leg_rest_deg=round(status.leg_rest_deg, 1),
        massage_level=status.massage_level,
        massage_zones=list(status.massage_zones),
        massage_rhythm=str(status.massage_rhythm),
        heat_level=status.heat_level,
        light_percent=status.light_percent,
        volume_percent=status.volume_percent,
        moving=status.moving,
        occupied=status.occupied,
        stop_pressed=status.stop_pressed,
        motion_locked=locked or status.stopped,
        faults=list(status.faults),
        armed=armed,
        cleared=status.cleared,
        has_motion=state.identity is not None and state.identity.hardware_watchdog,
    )


def tachogram(ledger: Ledger, now_ns: int) -> list[TachogramPoint]:
    """Intervals of the last minute, the newest few without a label yet."""
    since = now_ns - round(TACHOGRAM_S * 1e9)
    points = [TachogramPoint(heard.t_ns, heard.rr_ms, "waiting") for heard in reversed(ledger.waiting) if heard.rr_ms]
    for row in reversed(ledger.beats):
        if row.t_ns < since:
            break
        if row.rr_ms is not None:
            points.append(TachogramPoint(row.t_ns, round(row.rr_ms, 2), row.label))
    return points[::-1]


def session_view(
    ledger: Ledger, closed: SessionClosed | None, now_ns: int, *, saved: str, coherence_share: float | None
) -> SessionView:
    """The session for a face."""
    assert ledger.opened
    session, body = ledger.session, ledger.opened.body
    over = session.state is State.FINISHED
    return SessionView(
        id=str(body.session),
        state=str(session.state),
        programme=session.programme.key,
        title_zh=session.programme.title_zh,
        title_en=session.programme.title_en,
        device=body.device,
        began_utc_ns=body.began_utc_ns,
        now_ns=session.now_ns if over else now_ns,
        segments=_segments(session),
        segment_left_s=0.0 if over else round(session.segment_left_s, 2),
        pause_reason=str(session.pause or ""),
        pacer=PacerView(session.pacer.breaths_per_min, session.pacer.inhale_share, session.pacer.began_ns)
        if session.pacer
        else None,
        log=[LogLine(row.t_ns, row.code, row.detail) for row in ledger.events[-LOG_LINES:]],
        saved=saved,
        beats=len(ledger.beats),
        summary=_summary(closed, coherence_share) if closed else None,
    )


def _segments(session: Session) -> list[SegmentView]:
    views = []
    for index, segment in enumerate(session.programme.segment):
        done = index < session.index or session.state is State.FINISHED
        state = "done" if done else "now" if index == session.index else "next"
        pace = session.pacer.breaths_per_min if session.pacer and state == "now" else segment.breaths_per_min
        views.append(SegmentView(segment.key, segment.title_zh, segment.title_en, segment.seconds, state, pace))
    return views


def _summary(closed: SessionClosed, coherence_share: float | None) -> SummaryView:
    return SummaryView(
        duration_s=closed.ended_ns / 1e9,
        beats=closed.beats,
        mean_hr_bpm=closed.mean_hr_bpm,
        rmssd_ms=closed.rmssd_ms,
        artefact_share=closed.artefact_share,
        coherence_share=coherence_share,
        relaxation=closed.relaxation,
        relaxation_low=closed.relaxation_low,
        relaxation_high=closed.relaxation_high,
        relaxation_reason=closed.relaxation_reason,
    )
