"""What the screen does when nobody touches it: dims, asks, and forgets. Free of Kivy; time is an argument.

Dim at 45 s, ask at 60 s with a 20 s countdown, forget at 80 s (WCAG 2.2.1: at least 20 s to say "I am here"). On the
help page everything takes longer.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdleTimes:
    """Seconds since the last touch; `help_factor` stretches them on the help page."""

    dim_s: float = 45.0
    ask_s: float = 60.0
    forget_s: float = 80.0
    help_factor: float = 4.0

    def __post_init__(self) -> None:
        if not 0 < self.dim_s <= self.ask_s < self.forget_s or self.help_factor < 1:
            raise ValueError("idle times: 0 < dim <= ask < forget, and a help factor of at least 1")


@dataclass(frozen=True, slots=True)
class Idle:
    """What is due: `dim`, `ask_left_s` (None while nothing is asked) and `forget`."""

    dim: bool = False
    ask_left_s: float | None = None
    forget: bool = False


def idle_after(times: IdleTimes, quiet_s: float, *, on_help: bool = False) -> Idle:
    """What is due after so many seconds without a touch.

    >>> idle_after(IdleTimes(), 61.0)
    Idle(dim=True, ask_left_s=19.0, forget=False)
    """
    factor = times.help_factor if on_help else 1.0
    countdown_s = times.forget_s - times.ask_s
    ask_s = times.ask_s * factor
    if quiet_s >= ask_s + countdown_s:
        return Idle(dim=True, forget=True)
    left = ask_s + countdown_s - quiet_s if quiet_s >= ask_s else None
    return Idle(dim=quiet_s >= times.dim_s * factor, ask_left_s=left)
