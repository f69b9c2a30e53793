"""Who sits in a Modbus chair without a seat sensor: a press on a button at the chair says so, for one session.

The rules are those of `docs/protocols/chair-link.md`: the press is good for a minute until the chair is armed, for that
session, and used up when it is disarmed; a second press says that the person gets up.
"""

from devices.drivers.modbus_words import Image, bit
from devices.protocols.chair_link import PRESS_GOOD_FOR_S
from devices.protocols.register_map import RegisterMap


class Seat:
    """What the presses of one chair mean. With a seat sensor it has nothing to say."""

    def __init__(self, chart: RegisterMap) -> None:
        self._button = chart.state.here
        self._down = True  # held down when we came is no press
        self._pressed_ns: int | None = None
        self._session = 0

    def note(self, image: Image, t_ns: int, *, armed: bool) -> None:
        """The button has been read."""
        if self._button is None:
            return
        down = bit(image, self._button)
        if down and not self._down:
            self._pressed_ns = None if self.here(t_ns, armed=armed) else t_ns
        self._down = down

    def here(self, t_ns: int, *, armed: bool) -> bool:
        """Somebody has said that they sit, and it still counts."""
        return self._pressed_ns is not None and (armed or t_ns - self._pressed_ns < PRESS_GOOD_FOR_S * 1e9)

    def arms(self, session: int) -> bool:
        """Whether the press may serve this session; from now on no other."""
        if self._button is None:
            return True
        if self._session not in {0, session}:
            return False
        self._session = session
        return True

    def use_up(self) -> None:
        """Disarmed: the next session needs another press."""
        self._pressed_ns, self._session = None, 0
