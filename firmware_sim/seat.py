"""Who sits in the chair (or has a finger in the clip): a simulated person, or a recording that is played."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_sim.fit import Fit
from firmware_sim.person import Person, Quantity
from firmware_sim.replay import Recording

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Seat:
    """What the sensors of one device see. Times are seconds of the device.

    Attributes:
        person: whose body it is; of a recording only the recorded channels are shown.
        recording: played from its beginning each time somebody sits down, or None.
        occupied: somebody sits.
        contact: the sensors touch.
        since_s: when they sat down.
        fit: how the sensors sit; None: well.
    """

    person: Person
    recording: Recording | None = None
    occupied: bool = False
    contact: bool = True
    since_s: float = 0.0
    fit: Fit | None = None
    _begins: dict[Quantity, int] = field(default_factory=dict)

    def sit(self, at_s: float) -> None:
        self.occupied, self.since_s = True, at_s

    def stand(self) -> None:
        self.occupied = False

    def over(self, at_s: float) -> bool:
        """The recording has been played to its end: the person gets up."""
        return self.occupied and self.recording is not None and at_s >= self.since_s + self.recording.duration_s

    def align(self, quantity: Quantity, counter: int, rate_hz: float, at_s: float) -> float:
        """Bind the recording to sample `counter` at `at_s`; returns the second of the recording at that sample."""
        position = round((at_s - self.since_s) * rate_hz)
        self._begins[quantity] = counter - position
        return position / rate_hz

    def measure(self, quantity: Quantity, first: int, t_s: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Values [n] at `t_s` and whether each is in contact; `first`: sample counter of the first."""
        if not (self.occupied and self.contact):
            return np.zeros(len(t_s)), np.zeros(len(t_s), dtype=bool)
        if self.recording is None:
            values = self.person.measure(quantity, t_s)
            if self.fit is not None and len(t_s):
                return self.fit.seen(quantity, t_s, values)
            return values, np.ones(len(t_s), dtype=bool)
        values = self.recording.part(quantity, first - self._begins.get(quantity, 0), len(t_s))
        known = np.isfinite(values)
        return np.where(known, values, 0.0), known
