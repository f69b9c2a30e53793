"""One device, watched: what it measures and how its link is, a line a second."""

import asyncio
from collections.abc import Callable

import numpy as np

from devices.clock import Clock
from devices.events import ChairStatus, Connected, DeviceEvent, DeviceNote, Disconnected, Gap, LinkHealth
from devices.supervisor import Driver, Supervised
from signals.samples import Channel, Intervals, Samples


class Watch:
    """What was heard since the last line."""

    def __init__(self) -> None:
        self._values: dict[Channel, tuple[float, str]] = {}
        self._chair = ""

    def take(self, event: DeviceEvent) -> list[str]:
        """Lines that this event is worth, none for most."""
        match event:
            case Connected(identity=identity):
                who = " ".join(filter(None, (identity.maker, identity.model, identity.serial)))
                return [f"connected: {who}"]
            case Disconnected(error=error):
                self._values.clear()
                return [f"lost: {error}"]
            case Gap():
                return [f"gap: {event.lost} samples of {event.channel} were lost"]
            case DeviceNote():
                return [f"it says: {event.text}"]
            case Samples():
                good = event.values[np.isfinite(event.values)]
                self._values[event.channel] = (float(good[-1]) if len(good) else float("nan"), event.unit)
            case Intervals():
                if len(event.rr_ms):
                    self._values[Channel.RR] = (float(event.rr_ms[-1]), "ms")
                elif event.contact is False:
                    self._values[Channel.RR] = (float("nan"), "ms")
            case ChairStatus():
                self._chair = _chair(event)
            case LinkHealth():
                return [self._line(event)]
        return []

    def _line(self, health: LinkHealth) -> str:
        parts = [
            f"{channel} no contact" if value != value else f"{channel} {value:.4g} {unit}".rstrip()  # noqa: PLR0124 - NaN
            for channel, (value, unit) in sorted(self._values.items())
        ]
        parts += [self._chair] if self._chair else []
        parts.append(f"{health.frames} frames, {health.lost_frames} lost, {health.crc_errors} wrong")
        if health.battery_percent is not None:
            parts.append(f"battery {health.battery_percent} %")
        if health.rssi_dbm is not None:
            parts.append(f"{health.rssi_dbm} dBm")
        return " | ".join(parts)


def _chair(status: ChairStatus) -> str:
    words = [f"back {status.recline_deg:.0f}°, legs {status.leg_rest_deg:.0f}°"]
    words.append("occupied" if status.occupied else "empty")
    words += [
        word for word, true in (("moving", status.moving), ("armed", status.armed), ("stopped", status.stopped)) if true
    ]
    return ", ".join([*words, *status.faults])


async def follow(
    device: str, make_driver: Callable[[], Driver], clock: Clock, seconds: float | None, say: Callable[[str], None]
) -> None:
    """Watch a device for so many real seconds, or until cancelled; it is found again when it was unplugged."""
    watch = Watch()
    async with Supervised(device, make_driver, clock) as supervised:
        try:
            async with asyncio.timeout(seconds):
                async for event in supervised.events():
                    for line in watch.take(event):
                        say(line)
        except TimeoutError:
            return
