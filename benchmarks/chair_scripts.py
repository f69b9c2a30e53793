"""Random scripts of what can happen to a chair, good ones: most of them get somebody seated, armed and moved first.

`make(seed)` is the same script for the same seed. `shrink` takes steps out of a script for as long as it still fails.
"""

import random
from collections.abc import Callable
from typing import Any

from benchmarks.chair_rig import Script, Step, without
from devices.events import (
    Arm,
    ChairCommand,
    Disarm,
    Heat,
    LegRest,
    Light,
    Massage,
    Pace,
    Part,
    Recline,
    ReleaseStop,
    Rhythm,
    Volume,
)
from firmware_sim.actuators import Ageing
from firmware_sim.line import LinkConditions

_FAULTS = ("recline_motor", "leg_rest_motor", "massage", "heat", "sensors", "too_hot", "power")
_SELDOM_STREAMS = 1 / 200


def make(seed: int) -> Script:
    """A script."""
    luck = random.Random(seed)
    ble = luck.random() < 0.25
    seat_sensor = luck.random() < 0.75
    author = _Author(luck, seat_sensor)
    author.opening()
    for _ in range(luck.randint(4, 12)):
        author.episode()
    return Script(
        seed,
        tuple(author.steps),
        seat_sensor,
        ble,
        luck.random() < _SELDOM_STREAMS,
        _conditions(luck, ble),
        luck.choice((0.0, 0.0, 0.0, 0.02, 0.15)),
        _ageing(luck),
    )


def _conditions(luck: random.Random, ble: bool) -> LinkConditions:
    slow = luck.random() < 0.3
    return LinkConditions(
        loss_share=luck.choice((0.0, 0.0, 0.0, 0.03, 0.2)),
        burst_frames=luck.choice((1.0, 3.0)),
        duplicate_share=luck.choice((0.0, 0.0, 0.05)),
        delay_ms=luck.uniform(7.5, 45.0) if ble else luck.uniform(0, 120) if slow else 0.0,
        jitter_ms=luck.uniform(0, 60) if ble else luck.uniform(0, 250) if slow else 0.0,
    )


def _ageing(luck: random.Random) -> Ageing:
    if luck.random() < 0.7:
        return Ageing(body_kg=luck.uniform(40, 110))
    return Ageing(
        friction=luck.uniform(1, 2.2),
        worn=luck.uniform(0.5, 1),
        offset_deg=luck.uniform(-2, 2),
        heat_offset_c=luck.uniform(-8, 3),
        supply_ohm=luck.uniform(0.1, 0.6),
        body_kg=luck.uniform(40, 130),
    )


class _Author:
    def __init__(self, luck: random.Random, seat_sensor: bool) -> None:
        self.luck, self.seat_sensor = luck, seat_sensor
        self.steps: list[Step] = []
        self.session = luck.randint(1, 60000)

    def then(self, wait_s: float, do: str, *args: Any) -> None:
        self.steps.append(Step(round(wait_s, 3), do, args))

    def opening(self) -> None:
        """Somebody sits down, the host arms, something moves."""
        if self.luck.random() < 0.9:
            self.then(0.3, "sit")
            self.settle_in()

    def settle_in(self) -> None:
        if not self.seat_sensor:
            self.then(0.2, "here")
        self.then(self.luck.choice((0.2, 0.5, 0.5, 1.2)), "command", Arm(self.session))
        for _ in range(self.luck.randint(1, 2)):
            self.then(0.3, "command", self.motion())

    def motion(self) -> ChairCommand:
        luck = self.luck
        match luck.randrange(9):
            case 0 | 1 | 2:
                return Recline(round(luck.uniform(88, 162), 1))
            case 3 | 4:
                return LegRest(round(luck.uniform(-1, 72), 1))
            case 5:
                return Massage(("back", "legs"), luck.choice((Rhythm.STEADY, Rhythm.BREATH)), luck.randint(1, 5))
            case 6:
                return Heat(luck.randint(1, 3))
            case _:
                parts = luck.sample(list(Part), luck.randint(1, 3))
                share, phase = luck.uniform(0.2, 0.8), luck.uniform(0, 4)
                return Pace(round(luck.uniform(3, 15), 1), round(share, 2), round(phase, 2), frozenset(parts))

    def harmless(self) -> ChairCommand:
        return self.luck.choice((Light(20), Volume(30), Massage((), Rhythm.OFF, 0), Heat(0), Pace(0), Disarm()))

    def wait_s(self) -> float:
        luck = self.luck
        kind = luck.random()
        if kind < 0.15:
            return luck.uniform(0, 0.02)
        return luck.uniform(0.05, 1.2) if kind < 0.9 else luck.uniform(1.2, 4.0)

    def episode(self) -> None:
        """Something happens; often people put it right again, sometimes the wrong way."""
        luck, wait_s = self.luck, self.wait_s()
        match luck.randrange(20):
            case 0 | 1 | 2 | 3 | 4:
                self.then(wait_s, "command", self.motion())
                return
            case 5:
                self.then(wait_s, "command", self.harmless())
                return
            case 6 | 7:
                self.then(wait_s, "stop")
            case 8:
                self.then(wait_s, "button")
                if luck.random() < 0.7:
                    self.then(luck.uniform(0.05, 1), "button_out")
            case 9:
                self.then(wait_s, "stand")
                if luck.random() < 0.7:
                    self.then(luck.uniform(0.05, 1.5), "sit")
            case 10:
                self.then(wait_s, "here")
                if luck.random() < 0.5:
                    self.then(luck.uniform(0.05, 1.0), "here")
            case 11 | 12:
                self.then(wait_s, "obstruct", luck.choice(("recline", "leg_rest")), round(luck.uniform(0.1, 6), 1))
                if luck.random() < 0.8:
                    self.then(luck.uniform(0.5, 4), "free")
            case 13:
                name = luck.choice(_FAULTS)
                self.then(wait_s, "fault", name, True)
                if luck.random() < 0.7:
                    self.then(luck.uniform(0.05, 1.5), "fault", name, False)
            case 14:
                self.then(
                    wait_s, "hang", round(luck.choice((0.3, 1.0, 1.9, 2.1, 3.0, 6.0)) * luck.uniform(0.9, 1.1), 2)
                )
            case 15:
                self.then(wait_s, "crash")
                self.then(luck.choice((0.05, 0.5, 2.5)), "restart")
            case 16:
                self.then(wait_s, "pull")
                self.then(luck.choice((0.05, 0.5, 2.5)), "plug")
            case 17:
                loss, noise = luck.choice((0.0, 0.1, 0.5, 1.0)), luck.choice((0.0, 0.1))
                self.then(wait_s, "line", loss, round(luck.uniform(0, 150)), round(luck.uniform(0, 300)), noise)
                if loss == 1.0:
                    self.then(luck.uniform(0.5, 3.5), "line", 0.0, 0.0, 0.0, 0.0)
            case 18:
                self.then(wait_s, "power")
            case _:
                self.session = luck.randint(1, 60000)
                self.then(wait_s, "command", Arm(self.session))
                return
        self.mend()

    def mend(self) -> None:
        """Reset, release, arm, move: all of it, or only some, in a wrong order."""
        luck = self.luck
        mending = [
            Step(0.15, "reset"),
            Step(0.15, "command", (ReleaseStop(),)),
            Step(0.15, "command", (Arm(self.session),)),
        ]
        if luck.random() < 0.7:
            self.steps.append(Step(round(luck.uniform(0.3, 1.2), 3), "button_out"))
            if not self.seat_sensor:
                mending.insert(2, Step(0.1, "here"))
        else:
            luck.shuffle(mending)
            mending = mending[: luck.randint(0, 2)]
        self.steps += mending
        for _ in range(luck.randint(1, 2)):
            self.then(luck.choice((0.0, 0.25)), "command", self.motion())


def shrink(script: Script, fails: Callable[[Script], bool]) -> Script:
    """The script with as few steps as still make it fail."""
    size = len(script.steps) // 2
    while size:
        at = 0
        while at < len(script.steps):
            shorter = without(script, range(at, min(at + size, len(script.steps))))
            if fails(shorter):
                script = shorter
            else:
                at += size
        size //= 2
    return script
