"""What moves, warms and shines in a simulated chair: motors of finite speed, behind the limits of the mechanics."""

from dataclasses import dataclass

import numpy as np

from devices.protocols import chair_link as wire
from firmware_sim.breath import wave

RECLINE_SPEED_DEG_S, LEG_REST_SPEED_DEG_S = 4.0, 6.0
PACE_DEG = 2.0
_ARRIVED_DEG = 0.05


@dataclass(slots=True)
class Motor:
    """One joint on its way to a target."""

    angle_deg: float
    target_deg: float
    fastest_deg_s: float
    speed_deg_s: float = 0.0

    @property
    def travelling(self) -> bool:
        return abs(self.target_deg - self.angle_deg) > _ARRIVED_DEG

    def go(self, target_deg: float, speed_deg_s: float) -> None:
        self.target_deg, self.speed_deg_s = target_deg, min(speed_deg_s, self.fastest_deg_s)

    def halt(self) -> None:
        self.target_deg = self.angle_deg

    def turn(self, seconds: float) -> None:
        most = self.speed_deg_s * seconds
        self.angle_deg += float(np.clip(self.target_deg - self.angle_deg, -most, most))


class Actuators:
    """All of them, advanced together by `advance`."""

    def __init__(self) -> None:
        self.recline = Motor(110.0, 110.0, RECLINE_SPEED_DEG_S)
        self.leg_rest = Motor(0.0, 0.0, LEG_REST_SPEED_DEG_S)
        self.massage = wire.Massage(0, 0, 0)
        self.heat = 0
        self.light = 30
        self.volume = 40
        self.pace = wire.Pace(0, 0.4, 0)
        self._pace_from_s = 0.0
        self._breath_deg = 0.0
        self._now_s = 0.0

    @property
    def moving(self) -> bool:
        return self.recline.travelling or self.leg_rest.travelling or self.pace.rate_per_min > 0

    @property
    def busy(self) -> bool:
        """Something moves, kneads or warms: a stop would stop something."""
        return self.moving or self.massage.level > 0 or self.heat > 0

    @property
    def back_deg(self) -> float:
        return float(np.clip(self.recline.angle_deg + self._breath_deg, wire.UPRIGHT_DEG, wire.FLAT_DEG))

    def breathe(self, pace: wire.Pace, at_s: float) -> float:
        """Move with a breath from `at_s` on (rate 0: no more); returns when its inhalation began, s."""
        self.pace, self._pace_from_s = pace, at_s - pace.phase_s
        return self._pace_from_s

    def halt(self) -> None:
        """Everything that moves, kneads or warms: off."""
        self.recline.halt()
        self.leg_rest.halt()
        self.massage = wire.Massage(0, 0, 0)
        self.heat = 0
        self.pace = wire.Pace(0, 0.4, 0)

    def advance(self, at_s: float) -> None:
        seconds, self._now_s = max(0.0, at_s - self._now_s), at_s
        self.recline.turn(seconds)
        self.leg_rest.turn(seconds)
        wanted = 0.0
        if self.pace.rate_per_min > 0:
            turn = (at_s - self._pace_from_s) * self.pace.rate_per_min / 60
            u = np.array([turn % 1.0])
            wanted = PACE_DEG * (2 * float(wave(u, self.pace.inhale_share)[0]) - 1)
        most = RECLINE_SPEED_DEG_S * seconds
        if self.pace.rate_per_min > 0:
            self._breath_deg += float(np.clip(wanted - self._breath_deg, -most, most))
        elif self._breath_deg:  # it stays where it stopped; the offset becomes part of the angle
            self.recline.angle_deg = self.back_deg
            self.recline.halt()
            self._breath_deg = 0.0
