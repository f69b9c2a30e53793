"""Every kind of device that a room can own: one row each. A new one is a row here, and the four files it names.

The row of kind `heart-rate` stands for `devices/protocols/heart_rate.py` (bytes), `devices/drivers/heart_rate.py`
(driver), `firmware_sim/twins/heart_rate.py` (twin) and `docs/devices/heart-rate.md` (page); tests hold them together. A
driver is imported when it is first made: a room without Bluetooth never loads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from devices.address import Medium
from devices.clock import Clock
from devices.supervisor import Driver
from signals.samples import Channel

_CABLE = frozenset({Medium.SERIAL, Medium.TCP})
_CABLE_OR_CLASSIC = _CABLE | {Medium.RFCOMM}
_AIR = frozenset({Medium.BLE})


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of device.

    Attributes:
        kind: its name in xinyi.toml.
        title: for people.
        driver: "module:Class"; called with (device, port, clock) and, where `needs_map`, map=Path.
        media: how it can be connected.
        channels: what it can give.
        chair: it moves people.
        usb: (vendor, product) of its USB adapters, a hint only: adapters are sold in everything.
        services: BLE services by which it is known when it advertises.
        names: beginnings of the names that it advertises.
        speaks_first: sends without being asked; the others are recognised by a question that changes nothing.
        unverified: what no public source or capture has confirmed yet; "" where all is.
    """

    kind: str
    title: str
    driver: str
    media: frozenset[Medium]
    channels: tuple[Channel, ...]
    chair: bool = False
    usb: tuple[tuple[int, int], ...] = ()
    services: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    speaks_first: bool = False
    needs_map: bool = False
    unverified: str = ""

    @property
    def page(self) -> str:
        return f"docs/devices/{self.kind}.md"

    def make(self, device: str, port: str, clock: Clock, **options: object) -> Driver:
        """A driver for one device; nothing is opened yet."""
        module, _, name = self.driver.partition(":")
        driver: Driver = getattr(import_module(module), name)(device, port, clock, **options)
        return driver


FAMILIES: tuple[Family, ...] = (
    Family(
        "chair-link",
        "Chair Link biofeedback chair",
        "devices.drivers.chair_link:ChairLinkChair",
        _CABLE | _AIR,
        (Channel.ECG, Channel.PPG, Channel.SKIN_CONDUCTANCE, Channel.SKIN_TEMPERATURE, Channel.RESPIRATION),
        chair=True,
        services=("6e400001-b5a3-f393-e0a9-e50e24dcca9e",),
        names=("Xinyi Chair",),
    ),
    Family(
        "modbus-chair",
        "Modbus RTU relaxation or music chair, of any vendor by a register map",
        "devices.drivers.modbus_chair:ModbusChair",
        _CABLE,
        (Channel.PULSE_RATE, Channel.SPO2, Channel.SKIN_TEMPERATURE),
        chair=True,
        needs_map=True,
        unverified="no maker's chair has been driven yet; both maps are examples",
    ),
    Family(
        "heart-rate",
        "Heart Rate Service strap or armband",
        "devices.drivers.heart_rate:HeartRateStrap",
        _AIR,
        (Channel.RR, Channel.PULSE_RATE),
        services=("0000180d-0000-1000-8000-00805f9b34fb",),
    ),
    Family(
        "berry",
        "Berry/BCI 1.2 finger oximeter (BM1000 and its many names)",
        "devices.drivers.berry:BerryOximeter",
        _CABLE_OR_CLASSIC,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        speaks_first=True,
        unverified="115200 baud on a USB adapter",
    ),
    Family(
        "bitalino",
        "BITalino (r)evolution board",
        "devices.drivers.bitalino:Bitalino",
        _CABLE_OR_CLASSIC,
        (Channel.ECG, Channel.SKIN_CONDUCTANCE, Channel.RESPIRATION),
        unverified="no board has been driven yet; battery in per cent, and the scale of the breathing belt, are ours",
    ),
    Family(
        "shimmer",
        "Shimmer3 GSR+ with LogAndStream firmware",
        "devices.drivers.shimmer:Shimmer",
        _CABLE_OR_CLASSIC,
        (Channel.SKIN_CONDUCTANCE, Channel.PPG),
        unverified="no unit driven yet; from which firmware on timestamps have 24 bits; the polarity of the probe",
    ),
)

BY_KIND: Mapping[str, Family] = MappingProxyType({family.kind: family for family in FAMILIES})
