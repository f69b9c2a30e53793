"""Heart Rate Service (0x180D), as straps and armbands of all makers speak it. Sans-IO, never raises.

Source: Bluetooth SIG, Heart Rate Service 1.0, and its page of 0x2A37 in the characteristic viewer. Little endian:

    0x2A37 measurement, notified about once a second
    byte 0   bit 0 heart rate has 16 bits | 1-2 contact: 0, 1 not told, 2 none, 3 there | 3 energy follows | 4 RR follow
    then     heart rate u8 or u16, 1/min; [energy u16, kJ]; [RR u16 …, 1/1024 s, oldest first, to the end]
    0x2A38 body location u8; 0x2A39 control point, write 01: energy from 0 again; 0x2A19 battery u8, per cent

An ATT_MTU of 23 leaves room for 9 RR. A notification may carry none: a beat belongs to the next one then.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
LOCATION = "00002a38-0000-1000-8000-00805f9b34fb"
CONTROL_POINT = "00002a39-0000-1000-8000-00805f9b34fb"
MOST_RR = 9
TICKS_PER_S = 1024

LOCATIONS = ("other", "chest", "wrist", "finger", "hand", "ear lobe", "foot")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One notification.

    Attributes:
        contact: None where the sensor does not say.
        energy_kj: None where there is none.
        rr_ticks: in 1/1024 s, oldest first.
        has_rr: whether RR are flagged; a sensor that never does measures none.
    """

    heart_rate_per_min: int
    contact: bool | None = None
    energy_kj: int | None = None
    rr_ticks: tuple[int, ...] = ()

    @property
    def rr_ms(self) -> list[float]:
        """The intervals, ms, oldest first."""
        return [ticks * 1000 / TICKS_PER_S for ticks in self.rr_ticks]


def decode(data: bytes) -> Measurement | None:
    """One notification; None where it is not whole.

    >>> decode(bytes.fromhex("16 4d 16 03"))
    Measurement(heart_rate_per_min=77, contact=True, energy_kj=None, rr_ticks=(790,))
    """
    if len(data) < 2:
        return None
    flags = data[0]
    wide, with_energy, with_rr = flags & 1, flags >> 3 & 1, flags >> 4 & 1
    begin = 2 + wide + 2 * with_energy
    rest = len(data) - begin
    if rest < 0 or rest % 2 or (rest and not with_rr):
        return None
    rate = int.from_bytes(data[1 : 2 + wide], "little")
    energy = int.from_bytes(data[begin - 2 : begin], "little") if with_energy else None
    contact = bool(flags & 2) if flags & 4 else None
    return Measurement(rate, contact, energy, struct.unpack(f"<{rest // 2}H", data[begin:]))


def encode(said: Measurement) -> bytes:
    """One notification as a sensor sends it.

    >>> encode(Measurement(77, True, None, (790,))).hex(" ")
    '16 4d 16 03'
    """
    wide = said.heart_rate_per_min > 0xFF
    flags = wide | (said.energy_kj is not None) << 3 | bool(said.rr_ticks) << 4
    if said.contact is not None:
        flags |= 4 | said.contact << 1
    return (
        bytes((flags,))
        + said.heart_rate_per_min.to_bytes(1 + wide, "little")
        + (b"" if said.energy_kj is None else said.energy_kj.to_bytes(2, "little"))
        + struct.pack(f"<{len(said.rr_ticks)}H", *said.rr_ticks)
    )


def location(data: bytes) -> str:
    """Where it is worn; "" where that is not said."""
    return LOCATIONS[data[0]] if len(data) == 1 and data[0] < len(LOCATIONS) else ""


def seconds_to_ticks(beats_s: Sequence[float]) -> list[int]:
    """Beat times to ticks of the sensor's counter; their differences are the RR, and their sum does not drift."""
    return [round(beat * TICKS_PER_S) for beat in beats_s]
