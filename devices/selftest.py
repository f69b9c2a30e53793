"""Does a device do what it should? A short run with a person at it, and a verdict in words.

Nothing moves. A chair's stop is tried only where somebody asked for that: its reset has to be pressed afterwards. The
limits are ours: a rate within 1 %, at most 0.5 % of frames lost or wrong, contact four fifths of the time.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import numpy as np

from devices.clock import Clock
from devices.discovery import LOW_BATTERY_PERCENT
from devices.errors import DeviceError
from devices.events import ChairStatus, DeviceEvent, Gap, Identity, LinkHealth, StopMotion
from devices.families import Family
from devices.supervisor import Driver
from signals.samples import Channel, Intervals, Samples

SECONDS = 20.0
RATE_TOLERANCE = 0.01
MOST_BAD_SHARE = 0.005
LEAST_CONTACT_SHARE = 0.8
STOP_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict.

    Attributes:
        said: what was found, with its figure.
        remedy: what to do; "" where all is well.
    """

    name: str
    said: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


class _Heard:
    """What was heard in the run."""

    def __init__(self) -> None:
        self.samples: dict[Channel, list[Samples]] = defaultdict(list)
        self.beats = self.lost = 0
        self.contact: list[bool] = []
        self.health: LinkHealth | None = None
        self.status: ChairStatus | None = None

    def take(self, event: DeviceEvent) -> None:
        match event:
            case Samples():
                self.samples[event.channel].append(event)
            case Intervals():
                self.beats += len(event.t_ns)
                self.contact += [] if event.contact is None else [event.contact]
            case Gap():
                self.lost += event.lost
            case LinkHealth():
                self.health = event
            case ChairStatus():
                self.status = event
            case _:
                pass


async def selftest(
    family: Family, driver: Driver, clock: Clock, *, seconds: float = SECONDS, with_stop: bool = False
) -> AsyncGenerator[Check, None]:
    """Run the checks; each is given as soon as it is known.

    Args:
        family: what the device is.
        driver: not opened yet; it is closed when the last check has been given.
        clock: of the driver.
        seconds: how long to listen.
        with_stop: also ask a chair to stop and see how soon it says so; somebody has to press its reset afterwards.
    """
    try:
        await driver.__aenter__()
    except DeviceError as error:
        detail = f" ({error.detail})" if error.detail else ""
        yield Check("identify", f"{error.what}{detail}", error.remedy)
        return
    try:
        identity = driver.identity
        name = " ".join(filter(None, (identity.maker, identity.model, identity.serial)))
        yield Check("identify", f"{name or family.title}, firmware {identity.firmware or 'not said'}")
        heard = _Heard()
        if failure := await _listen(driver, heard, clock, seconds):
            yield Check("connection", failure.what, failure.remedy)
        for check in (*_channels(identity, heard, seconds), _link(heard), *_contact(heard), *_battery(heard)):
            yield check
        if family.chair:
            for check in _chair(identity, heard.status):
                yield check
            if with_stop:
                yield await _stop(driver, clock)
    finally:
        await driver.__aexit__(None, None, None)


async def _listen(driver: Driver, heard: _Heard, clock: Clock, seconds: float) -> DeviceError | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(clock.real_s(seconds)):
            try:
                async for event in driver.events():
                    heard.take(event)
            except DeviceError as error:
                return error
    return None


def _channels(identity: Identity, heard: _Heard, seconds: float) -> list[Check]:
    checks = []
    for channel, nominal_hz in identity.channels:
        pieces = heard.samples.get(channel, [])
        if channel is Channel.RR:
            remedy = "" if heard.beats >= seconds / 2 else "put it on the skin, moisten its electrodes, and test again"
            checks.append(Check(str(channel), f"{heard.beats} beats in {seconds:g} s", remedy))
        elif not pieces:
            checks.append(Check(str(channel), "nothing came", "switch it off and on; if it stays so, change its cable"))
        else:
            count = pieces[-1].first_index + len(pieces[-1].values) - pieces[0].first_index
            rate_hz = count / max(1e-9, (pieces[-1].end_ns - pieces[0].start_ns) / 1e9)
            remedy = "" if abs(rate_hz / nominal_hz - 1) <= RATE_TOLERANCE else "its clock is off: call the technician"
            checks.append(Check(str(channel), f"{rate_hz:.2f} Hz of {nominal_hz:g} Hz", remedy))
    return checks


def _link(heard: _Heard) -> Check:
    health = heard.health
    if health is None or not health.frames:
        return Check("link", "no good frame came", "check the cable; bring a Bluetooth device nearer")
    bad = health.lost_frames + health.crc_errors
    said = f"{health.frames} frames, {health.lost_frames} lost, {health.crc_errors} wrong, {heard.lost} samples missing"
    clean = bad / (health.frames + bad) <= MOST_BAD_SHARE
    return Check("link", said, "" if clean else "check cable and plug; keep it away from mains leads and motors")


def _contact(heard: _Heard) -> list[Check]:
    heart = heard.samples.get(Channel.ECG) or heard.samples.get(Channel.PPG)
    if heart:
        share = float(np.mean(np.isfinite(np.concatenate([piece.values for piece in heart]))))
    elif heard.contact:
        share = sum(heard.contact) / len(heard.contact)
    else:
        return []
    remedy = (
        "" if share >= LEAST_CONTACT_SHARE else "put a finger in, or moisten the electrodes; hold still, test again"
    )
    return [Check("contact", f"{share:.0%} of the time", remedy)]


def _battery(heard: _Heard) -> list[Check]:
    percent = heard.health.battery_percent if heard.health else None
    if percent is None:
        return []
    return [
        Check("battery", f"{percent} %", "" if percent >= LOW_BATTERY_PERCENT else "charge it before the next session")
    ]


def _chair(identity: Identity, status: ChairStatus | None) -> list[Check]:
    if identity.hardware_watchdog:
        checks = [Check("watchdog", "it stops by itself when we fall silent")]
    else:
        checks = [Check("watchdog", "it has none", "this chair gets no movement from us; its sensors work as usual")]
    if status is None:
        return [*checks, Check("status", "it does not say how it stands", "switch it off and on")]
    checks.append(Check("at rest", "it moves" if status.moving else "nothing moves", "wait" if status.moving else ""))
    faults = ", ".join(status.faults)
    checks.append(Check("faults", faults or "none", "call the technician" if faults else ""))
    stopped = status.stopped or status.stop_pressed
    remedy = "press the reset at the chair, then release the stop on the console" if stopped else ""
    return [*checks, Check("free", "it is stopped" if stopped else "no stop is standing", remedy)]


async def _stop(driver: Driver, clock: Clock) -> Check:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(clock.patience_s(4 * STOP_WITHIN_S)):
            await driver.command(StopMotion())
    except (TimeoutError, DeviceError):
        return Check("stop", "a stop was not acknowledged", "take the chair out of use and call the technician")
    took_s = loop.time() - began
    said = f"acknowledged after {took_s * 1000:.0f} ms; now press the reset at the chair and release the stop"
    return Check("stop", said, "" if took_s <= STOP_WITHIN_S else "its link is slow: check cable or distance")
