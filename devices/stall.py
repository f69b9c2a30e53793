"""A device that talks and talks and says nothing: frames come, and one of its declared channels has dried up.

Silence is another matter (`supervisor.py`). Channels without a rate (intervals of beats) cannot be judged: no beats may
mean that nobody wears it. A device that has lost contact sends NaN and is well.
"""

from devices.events import DeviceEvent, Identity
from signals.samples import Channel, Samples

STALL_S = 8.0
_SLOW = 4
"""Samples of a slow channel that may fail to come."""


class Flow:
    """When each channel last said something. Pure: it is given times, ns."""

    def __init__(self, stall_ns: int) -> None:
        """`stall_ns`: how long a channel may be without samples."""
        self._stall_ns = stall_ns
        self._last_ns: dict[Channel, int] = {}

    def note(self, event: DeviceEvent, now_ns: int) -> None:
        if isinstance(event, Samples):
            self._last_ns[event.channel] = now_ns

    def stalled(self, identity: Identity, now_ns: int) -> Channel | None:
        """A declared channel that has dried up, or None. One not asked after before begins to count now."""
        for channel, rate_hz in identity.channels:
            last_ns = self._last_ns.setdefault(channel, now_ns)
            if rate_hz > 0 and now_ns - last_ns > max(self._stall_ns, round(_SLOW * 1e9 / rate_hz)):
                return channel
        return None
