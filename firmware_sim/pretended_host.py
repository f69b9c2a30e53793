"""A host that does no more than to ask each device for its streams, and to stay there: for recordings.

Kinds that are not listed speak by themselves, or to whoever subscribes. Modbus chairs only answer questions and are
silent here. What is asked is what the drivers ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from devices.protocols import bitalino, chair_link, contec_v7, go_direct, polar, shimmer
from firmware_sim.air import AnyTwin, GattTwin
from firmware_sim.gatt_uart import NORDIC
from firmware_sim.twin import Twin

_SHIMMER_DIVISOR = 256  # 32768 / 256 = 128 Hz
_POLAR_ECG = {polar.Setting.RATE_HZ: (130.0,), polar.Setting.RESOLUTION_BITS: (14.0,)}


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said to a kind.

    Attributes:
        opening: once, in this order.
        staying: again and again; b"": nothing.
        uuid: where by air; the serial line by air when it is not said.
    """

    opening: tuple[bytes, ...]
    staying: bytes = b""
    uuid: str = NORDIC.to_device


def _belt(commands: Iterable[tuple[int, bytes]]) -> tuple[bytes, ...]:
    counter = go_direct.FIRST_COUNTER
    said: list[bytes] = []
    for code, parameters in commands:
        said += go_direct.pieces(go_direct.command(code, counter, parameters))
        counter = (counter - 1) & 0xFF
    return tuple(said)


_WORDS: dict[str, _Words] = {
    "chair-link": _Words(
        (chair_link.encode(chair_link.Identify(), 1), chair_link.encode(chair_link.StartStreams(), 2)),
        chair_link.encode(chair_link.Heartbeat(), 3),
    ),
    "contec-v7": _Words((contec_v7.START,), contec_v7.KEEP_ALIVE),
    "bitalino": _Words((bitalino.set_rate(1000), bitalino.start(range(1, 5)))),
    "shimmer": _Words(
        (
            shimmer.set_rate(_SHIMMER_DIVISOR),
            shimmer.SENSORS_GSR_AND_PPG,
            shimmer.RANGE_AUTO,
            shimmer.POWER_ON,
            shimmer.START,
        )
    ),
    "polar": _Words((polar.start(polar.Measurement.ECG, _POLAR_ECG),), uuid=polar.CONTROL_POINT),
    "go-direct": _Words(
        _belt(
            (
                (go_direct.INIT, go_direct.init()[5:]),
                (go_direct.PERIOD, go_direct.period(50_000)),
                (go_direct.START, go_direct.start(1 << go_direct.FORCE)),
            )
        ),
        uuid=go_direct.COMMAND,
    ),
}


def open_streams(kind: str, twin: AnyTwin) -> None:
    """Subscribe to whatever can be subscribed to, and ask for the streams."""
    if isinstance(twin, GattTwin):
        for service in twin.firmware.peripheral.services:
            for value in service.characteristics:
                if {"notify", "indicate"} & set(value.flags):
                    twin.firmware.subscribed(value.uuid, twin.now_s, on=True)
    if (words := _WORDS.get(kind)) is not None:
        for said in words.opening:
            _say(twin, words.uuid, said)


def stay(kind: str, twin: AnyTwin) -> None:
    """Say what keeps the streams alive; to be called about twice a second."""
    words = _WORDS.get(kind)
    if words is not None and words.staying:
        _say(twin, words.uuid, words.staying)


def _say(twin: AnyTwin, uuid: str, data: bytes) -> None:
    if isinstance(twin, Twin):
        twin.hear(data)
    elif not twin.hung:
        twin.firmware.written(uuid, data, twin.now_s)
