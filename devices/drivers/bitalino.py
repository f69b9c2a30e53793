"""BITalino (r)evolution: identify, open, stream, command.

It measures volts on six inputs and does not know what hangs on them: that is an option (`ecg`, `eda`, `respiration`:
number of the input, 0 for none), with the numbering printed on the (r)evolution board as the default. Transfer
functions: data sheets of the ECG and EDA sensors (PLUX): gain 1100 at 3.3 V; 0 … 25 µS over 3.3 V, 0.132 V/µS. A count
at either end of the converter says only "beyond": open electrode or overdriven input, so no value.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from devices.clock import Clock
from devices.drivers.hush import hush
from devices.drivers.lithium import percent
from devices.errors import NoAnswer, PortLost, WrongDevice, WrongOption
from devices.events import Identity
from devices.links.link import byte_link
from devices.protocols import bitalino as wire
from devices.sensor import ByteSensor
from signals.samples import Channel

RATES_HZ = (100, 1000)
ANSWER_S = 1.5
_SUPPLY_V = 3.3
_ECG_GAIN = 1100.0
_EDA_V_PER_US = 0.132
_MOST = 4096


class Bitalino(ByteSensor):
    """One board."""

    def __init__(
        self,
        device: str,
        port: str,
        clock: Clock,
        *,
        ecg: int = 2,
        eda: int = 3,
        respiration: int = 5,
        rate_hz: int = 1000,
    ) -> None:
        """`ecg`, `eda`, `respiration`: the input that each sensor is on, 1 … 6; 0: it has none. `rate_hz`: 100 or 1000.

        Raises:
            WrongOption: two on one input, none at all, no such input or rate.
        """
        worn = {Channel.ECG: ecg, Channel.SKIN_CONDUCTANCE: eda, Channel.RESPIRATION: respiration}
        self._inputs = {channel: number for channel, number in worn.items() if number}
        _check(device, port, list(self._inputs.values()), rate_hz)
        self._active = sorted(self._inputs.values())
        self._rate_hz = rate_hz
        self._decoder = wire.Decoder(len(self._active))
        super().__init__(device, port, clock, byte_link(port, device, baud=wire.BAUD), self._decoder)
        self._count = SampleCount(rate_hz)

    # identify

    async def identify(self) -> Identity:
        """Stop it, should it still be sending to somebody who has gone, and ask its version and its battery.

        Raises:
            NoAnswer: silence.
            WrongDevice: it answers otherwise, or goes on talking.
        """
        if not await hush(self.link, wire.STOP):
            raise WrongDevice(self.port, self.device, "it goes on talking, a BITalino would have stopped")
        self.link.write(wire.VERSION)
        heard = await self._answer(lambda heard: wire.decode_version(heard) is not None)
        version = wire.decode_version(heard)
        if version is None:
            if heard:
                raise WrongDevice(self.port, self.device, "what it answers is not a BITalino's version")
            raise NoAnswer(self.port, self.device, remedy="switch the board on; by Bluetooth, pair it first")
        if version >= wire.WITH_STATE:
            self.link.write(wire.STATE)
            state = wire.decode_state(await self._answer(lambda heard: len(heard) >= wire.STATE_BYTES))
            self.battery_percent = None if state is None else percent(state.battery_v)
        rates = tuple((channel, float(self._rate_hz)) for channel in self._inputs)
        return Identity("PLUX", "BITalino", "", f"{version[0]}.{version[1]}", channels=rates)

    async def _answer(self, whole: Callable[[bytes], bool]) -> bytes:
        """What it says, up to the end of the answer or of our patience."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(ANSWER_S, 0.5)
        heard = b""
        while not whole(heard) and len(heard) < _MOST and (left := until - loop.time()) > 0:
            heard += await self.link.read(left)
        return heard

    # open

    async def open(self) -> None:
        """Set the rate, and start the inputs that something is on. It confirms by its first frames.

        Raises:
            NoAnswer: no frame comes.
        """
        self.link.write(wire.set_rate(self._rate_hz))
        self.link.write(wire.start(self._active))
        loop = asyncio.get_running_loop()
        until = loop.time() + self.clock.patience_s(ANSWER_S, 0.5)
        while not self._decoder.frames:
            if (left := until - loop.time()) <= 0:
                raise NoAnswer(self.port, self.device, "it does not start", "switch the board off and on")
            await self._pull(left)

    async def close(self) -> None:
        """Stop it. The link is kept until it is silent: a stop that still waits in the adapter would be lost."""
        if not await hush(self.link, wire.STOP):
            raise PortLost(self.port, self.device, "it goes on sending")

    # stream

    def take(self, data: bytes, arrival_ns: int) -> bool:
        dropped = self._decoder.dropped_bytes
        frames = self._decoder.feed(data)
        if not frames:
            return False
        stray = (self._decoder.dropped_bytes - dropped) // wire.frame_bytes(len(self._active))
        missed = sum(frame.missed for frame in frames)
        more = self._count.unseen(len(frames), missed, stray, arrival_ns)
        self._decoder.lost_frames += more
        holes = [at for at, frame in enumerate(frames) if frame.missed]
        last = holes[-1] if holes else 0
        for begin, end in pairwise((0, *(at for at in holes if at), len(frames))):
            self._count.index += frames[begin].missed + (more if begin == last else 0)
            self._put(frames[begin:end])
        self.streams.arrived(self._count.index / self._rate_hz, arrival_ns)
        return True

    def _put(self, frames: list[wire.Frame]) -> None:
        """Frames that follow each other."""
        counts = np.array([frame.counts for frame in frames], dtype=np.float64)
        for channel, number in self._inputs.items():
            place = self._active.index(number)
            values = convert(channel, counts[:, place], place)
            self.streams.put(channel, float(self._rate_hz), self._count.index, values.tolist())
        self._count.index += len(frames)

    # command: none


class SampleCount:
    """Which sample of the stream is this? The device counts to 16 only; longer holes show in the arrivals.

    A hole of 16 frames or a multiple looks like none or like a shorter one. The firmware drops frames only when its
    buffer is full, and that is after the line has stood still; so a hole is believed to be longer than it says when the
    line was quiet (or sent rubbish) before it, and what comes then is late against what came before. What is lost
    within 0.12 s is taken as the numbers say, modulo 16 ms at 1000 frames/s: less than the jitter of Bluetooth. Pure.

    Attributes:
        index: the next sample.
    """

    _QUIET_S, _LONG_QUIET_S = 0.12, 0.25
    _KEPT = 60

    def __init__(self, rate_hz: int) -> None:
        self.index = 0
        self._rate_hz = rate_hz
        self._late_s: deque[float] = deque(maxlen=self._KEPT)
        self._heard_s = 0.0

    def unseen(self, frames: int, missed: int, stray: int, arrival_ns: int) -> int:
        """Frames lost besides those that the numbers tell, a multiple of 16; a block has just arrived.

        Args:
            frames: good ones in it.
            missed: lost by their numbers.
            stray: frames that the dropped bytes could have been.
            arrival_ns: the clock when it came.
        """
        arrival_s = arrival_ns / 1e9
        quiet_s, self._heard_s = arrival_s - self._heard_s, arrival_s
        late_s = arrival_s - (self.index + frames + missed) / self._rate_hz
        turn_s = wire.SEQUENCES / self._rate_hz
        if missed:
            suspicious = quiet_s > max(self._QUIET_S, turn_s) or stray > wire.SEQUENCES
        else:
            suspicious = quiet_s > max(self._LONG_QUIET_S, 2 * turn_s)
        turns = 0
        if self._late_s and suspicious:
            turns = max(0, round((late_s - median(self._late_s)) / turn_s))
        self._late_s.append(late_s - turns * turn_s)
        return turns * wire.SEQUENCES


def convert(channel: Channel, counts: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    """Counts [n] of the input at this place of the frame as mV, µS or V around the middle (respiration).

    >>> convert(Channel.SKIN_CONDUCTANCE, np.array([0.0, 512.0]), 1)
    array([ nan, 12.5])
    """
    share = counts / (wire.greatest(place) + 1)
    match channel:
        case Channel.ECG:
            values = (share - 0.5) * _SUPPLY_V / _ECG_GAIN * 1e3
        case Channel.SKIN_CONDUCTANCE:
            values = share * _SUPPLY_V / _EDA_V_PER_US
        case _:
            values = (share - 0.5) * _SUPPLY_V
    return np.where((counts <= 0) | (counts >= wire.greatest(place)), np.nan, values)


def _check(device: str, port: str, inputs: list[int], rate_hz: int) -> None:
    if rate_hz not in RATES_HZ:
        raise WrongOption(port, device, f"rate_hz = {rate_hz}", "write 100 or 1000")
    if not inputs or any(not 1 <= number <= wire.INPUTS for number in inputs):
        raise WrongOption(port, device, f"inputs {inputs}", "number the inputs 1 to 6, 0 for a sensor it has not")
    if len(set(inputs)) < len(inputs):
        raise WrongOption(port, device, f"inputs {inputs}", "give each sensor an input of its own")
