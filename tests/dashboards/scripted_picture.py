"""What a scripted room shows: scenes, and the live frame of each, made of sines so that a look tells what is wrong."""

import math
import time
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace as changed

from gateway.live import (
    ChairView,
    DeviceView,
    Health,
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

S = 1_000_000_000
PLAN = (
    ("check", "准备", "Getting ready", 120.0, None),
    ("baseline", "安静坐一会儿", "Sitting quietly", 60.0, None),
    ("breathing", "跟着呼吸", "Breathing along", 300.0, 6.0),
    ("recovery", "慢慢回来", "Coming back slowly", 60.0, None),
)
SCENES = (
    "empty", "idle", "baseline", "paced", "artefacts", "weak", "device_lost", "stopped", "chair_fault", "uplink_down",
    "finished",
)  # fmt: skip


@dataclass(frozen=True)
class Play:
    """What is being played: which segment, since when, and what stands in the way."""

    state: str = "idle"
    segment: int = 0
    into_s: float = 0.0
    pause_reason: str = ""
    locked: bool = False
    cleared: bool = True
    armed: bool = True
    pace: float = 6.0
    weak: bool = False
    artefacts: bool = False
    chair: bool = True
    sensor: bool = True
    faults: tuple[str, ...] = ()
    uplink: str = "up"
    empty: bool = False


START = {
    "empty": Play(empty=True),
    "idle": Play(),
    "baseline": Play("running", 1, 41),
    "paced": Play("running", 2, 100),
    "artefacts": Play("running", 2, 140, artefacts=True),
    "weak": Play("running", 2, 140, weak=True),
    "device_lost": Play("paused", 2, 150, pause_reason="device_lost", sensor=False, weak=True),
    "stopped": Play("paused", 2, 160, pause_reason="emergency_stop", locked=True),
    "stopped_uncleared": Play("paused", 2, 160, pause_reason="emergency_stop", locked=True, cleared=False),
    "unarmed": Play("running", 2, 100, armed=False),
    "chair_fault": Play("running", 2, 100, faults=("recline_motor",)),
    "uplink_down": Play("running", 2, 100, uplink="down"),
    "finished": Play("finished", 3, 60),
}


class Painter:
    """Paints the picture of a play; the room keeps the facts."""

    play: Play
    log: list[LogLine]
    _began: float
    _seq: int
    _chair: ChairView

    def _into_s(self) -> float:
        return self.play.into_s + (time.monotonic() - self._began if self.play.state == "running" else 0.0)

    def _now_ns(self) -> int:
        return int((sum(part[3] for part in PLAN[: self.play.segment]) + self._into_s()) * S)

    def frame(self) -> LiveFrame:
        """The picture right now."""
        self._seq += 1
        play = self.play
        idle = play.state in {"idle", "finished"}
        now_ns = int(time.monotonic() * S) if idle else self._now_ns()
        good = not play.weak and not play.empty
        return LiveFrame(
            seq=self._seq,
            site="huadu.xinhua.0007",
            site_name="新华街道 · 静心室",
            now_ns=int(time.monotonic() * S),
            speed=1.0,
            devices=[] if play.empty else self._devices(),
            signal=SignalView(0.98)
            if good
            else SignalView(0.0, "no_contact")
            if play.empty
            else SignalView(0.31, "weak"),
            metrics=self._metrics(now_ns, good=good),
            tachogram=self._tachogram(now_ns) if not play.empty else [],
            skin_conductance=self._trace(now_ns, 60, 0.25, self._skin),
            respiration=self._trace(now_ns, 60, 0.25, self._breath),
            heart=self._trace(now_ns, 6, 1 / 60, self._pulse if good else self._noise),
            chair=self._chair_now() if not play.empty else None,
            session=self._session(now_ns) if play.state != "idle" else None,
            uplink=play.uplink,
        )

    def _devices(self) -> list[DeviceView]:
        fault = bool(self.play.faults)
        here = self.play.sensor
        return [
            DeviceView(
                "chair-3", "3 号椅", "chair-link", Health.FAULT if fault else Health.CONNECTED, chair=True,
                problem=self.play.faults[0] if fault else "", model="XY-C2", serial="C2-0031", firmware="1.4.2",
                port="/dev/ttyUSB0", frames=18_200 + self._seq, crc_errors=0, lost_frames=0, reconnects=0,
            ),
            DeviceView(
                "sensor-1", "指夹传感器", "berry", Health.CONNECTED if here else Health.SEARCHING,
                problem="" if here else "port_lost", model="BM1000", serial="0412", port="/dev/ttyUSB1",
                frames=91_004 + 25 * self._seq, crc_errors=2, lost_frames=3, reconnects=0 if here else 1,
            ),
            DeviceView("strap-1", "胸带", "heart-rate", Health.CONNECTED, model="Polar H10",
                       port="ble:00:22:D0:12:34:56", battery_percent=81, rssi_dbm=-58,
                       frames=40_120 + 8 * self._seq),
        ]  # fmt: skip

    def _chair_now(self) -> ChairView:
        play = self.play
        held = play.locked or play.state != "running"
        return changed(
            self._chair,
            moving=not held and play.segment == 2,
            massage_level=0 if play.locked or play.state == "idle" else self._chair.massage_level,
            heat_level=0 if play.locked else self._chair.heat_level,
            motion_locked=play.locked,
            cleared=play.locked and play.cleared,
            armed=play.armed and not held,
            occupied=not play.empty,
            faults=list(play.faults),
        )

    def _metrics(self, now_ns: int, *, good: bool) -> Metrics:
        t = now_ns / S
        why = "no_channel" if self.play.empty else "weak"

        def heart(value: float, unit: str, quality: float, reason: str = why, **more: float) -> Metric:
            low = 0.0 if self.play.empty else 0.31
            return Metric(value, unit, quality, **more) if good else Metric(None, unit, low, reason)

        baseline = self.play.state == "running" and self.play.segment < 2
        return Metrics(
            heart_rate=heart(68 + 4 * math.sin(2 * math.pi * t / 10), "bpm", 0.97),
            rmssd_60s=heart(41, "ms", 0.94, "too_few_beats" if not self.play.empty else why),
            coherence=Metric(None, "", 0.9, "no_peak") if baseline else heart(72, "", 0.88),
            skin_conductance=Metric(None, "µS", 0, "no_channel") if self.play.empty else Metric(3.2, "µS", 0.86),
            skin_temperature=Metric(33.1, "°C", 0.9),
            breathing_rate=Metric(None if self.play.empty else self.play.pace, "1/min", 0.9),
            relaxation=Metric(None, "", 0.9, "no_baseline") if baseline else heart(64, "", 0.9, low=58.0, high=70.0),
            spo2=heart(97, "%", 0.97),
            artefact_share=heart(0.04 if self.play.artefacts else 0.0, "", 0.97),
        )

    def _beats(self, now_ns: int) -> list[float]:
        """Beat times of the last 70 s: intervals follow the breath; the grid is anchored, so that beats stay put."""
        t = math.floor((now_ns / S - 70) / 10) * 10.0
        beats = []
        while t < now_ns / S:
            beats.append(t)
            swing = 7.5 if self.play.segment == 2 and self.play.state != "idle" else 2.6
            rate = 68 + swing * math.sin(2 * math.pi * t / 10 - 0.6) + 0.9 * math.sin(t * 1.7)
            t += 60 / rate
        return beats

    def _tachogram(self, now_ns: int) -> list[TachogramPoint]:
        beats = self._beats(now_ns)
        points = []
        for before, beat in pairwise(beats):
            if beat < now_ns / S - 60:
                continue
            label, rr_ms = "normal", 1000 * (beat - before)
            if self.play.artefacts and int(beat) % 23 == 0 and beat % 1 < 0.9:
                label, rr_ms = "ectopic", rr_ms * 0.62
            points.append(TachogramPoint(int(beat * S), rr_ms, label))
        return points[:-9] if self.play.weak else points

    def _trace(self, now_ns: int, seconds: float, step_s: float, value) -> Trace:
        """A trace on a fixed grid, so that it moves and does not boil."""
        count = int(seconds / step_s)
        last = int(now_ns / (step_s * S))
        step_ns = int(step_s * S)
        values = [None if self.play.empty else value((last - count + 1 + i) * step_s) for i in range(count)]
        return Trace((last - count + 1) * step_ns, step_ns, values, "")

    def _skin(self, t: float) -> float:
        return 3.2 + 0.3 * math.cos(t / 40) + 0.06 * math.sin(t / 5)

    def _breath(self, t: float) -> float:
        return math.sin(2 * math.pi * t / 10 - 1.2) + 0.05 * math.sin(7 * t)

    def _pulse(self, t: float) -> float:
        phase = (t * 68 / 60) % 1.0
        return math.exp(-(((phase - 0.22) / 0.085) ** 2)) + 0.38 * math.exp(-(((phase - 0.52) / 0.11) ** 2))

    def _noise(self, t: float) -> float:
        return 0.25 * self._pulse(t) + 0.4 * math.sin(t * 41) * math.sin(t * 7.3) + 0.3 * math.sin(t * 97)

    def _session(self, now_ns: int) -> SessionView:
        play = self.play
        over = play.state == "finished"
        now_ns = 480 * S if over else now_ns
        segments = [
            SegmentView(key, zh, en, seconds, "done" if over or i < play.segment else "now" if i == play.segment else
                        "next", play.pace if pace else None)
            for i, (key, zh, en, seconds, pace) in enumerate(PLAN)
        ]  # fmt: skip
        paced = play.state == "running" and play.segment == 2
        return SessionView(
            id="0190-scripted",
            state=play.state,
            programme="resonance",
            title_zh="共振呼吸",
            title_en="Resonance breathing",
            device="chair-3",
            began_utc_ns=1_780_000_000 * S,
            now_ns=now_ns,
            segments=segments,
            segment_left_s=max(0.0, PLAN[play.segment][3] - self._into_s()),
            pause_reason=play.pause_reason,
            pacer=PacerView(play.pace, 0.4, 180 * S) if paced else None,
            log=list(self.log),
            saved="site" if play.uplink == "up" else "room",
            beats=int(now_ns / S * 68 / 60),
            summary=SummaryView(480, 544, 68.4, 41.2, 0.03, 62, 64, 58, 70, "") if over else None,
        )
