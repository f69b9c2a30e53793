"""Every kind of device that a room can own: one row each. A new one is a row here, and the four files it names.

The row of kind `heart-rate` stands for `devices/protocols/heart_rate.py` (bytes), `devices/drivers/heart_rate.py`
(driver), `firmware_sim/twins/heart_rate.py` (twin) and `docs/devices/heart-rate.md` (page); tests hold them together. A
driver is imported when it is first made: a room without Bluetooth never loads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from devices.address import Medium
from devices.clock import Clock
from signals.samples import Channel

if TYPE_CHECKING:
    from devices.supervisor import Driver

_CABLE = frozenset({Medium.SERIAL, Medium.TCP})
_CABLE_OR_CLASSIC = _CABLE | {Medium.RFCOMM}
_AIR = frozenset({Medium.BLE})
_SERIAL_ADAPTERS = ((0x10C4, 0xEA60), (0x1A86, 0x7523), (0x067B, 0x2303))
"""CP210x, CH340, PL2303: chips that many makers put into their cables."""


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

    def make(self, device: str, port: str, clock: Clock, **options: object) -> "Driver":
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
        "polar",
        "Polar H10, Verity Sense, OH1 (raw signals)",
        "devices.drivers.polar:PolarSensor",
        _AIR,
        (
            Channel.ECG,
            Channel.PPG,
            Channel.RR,
            Channel.ACCELERATION_X,
            Channel.ACCELERATION_Y,
            Channel.ACCELERATION_Z,
        ),
        services=("fb005c80-02e7-f387-1cad-8acd2d8df0c8",),
        names=("Polar H10", "Polar Sense", "Polar OH1"),
        unverified="settings that a Verity Sense offers for PPG; polarity of its pulse wave; firmware before 5.0 (H10)",
    ),
    Family(
        "pulse-oximeter",
        "Pulse Oximeter Service oximeter",
        "devices.drivers.pulse_oximeter:PulseOximeter",
        _AIR,
        (Channel.SPO2, Channel.PULSE_RATE),
        services=("00001822-0000-1000-8000-00805f9b34fb",),
    ),
    Family(
        "nonin-ble",
        "Nonin 3150 or 3230 oximeter",
        "devices.drivers.nonin_ble:NoninBleOximeter",
        _AIR,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        services=("46a970e0-0d5f-11e2-8b5e-0002a5d5c51b",),
        names=("Nonin3150", "Nonin3230"),
        unverified="the maker's own document; which way up its pulse wave is; battery in per cent",
    ),
    Family(
        "berry",
        "Berry/BCI 1.2 finger oximeter (BM1000 and its many names)",
        "devices.drivers.berry:BerryOximeter",
        _CABLE_OR_CLASSIC | _AIR,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        services=("49535343-fe7d-4ae5-8fa9-9fafd205e455",),
        names=("BerryMed",),
        speaks_first=True,
        unverified="115200 baud on a USB adapter",
    ),
    Family(
        "berry-v15",
        "Berry 1.5 finger oximeter",
        "devices.drivers.berry_v15:BerryV15Oximeter",
        _CABLE_OR_CLASSIC | _AIR,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        services=("49535343-fe7d-4ae5-8fa9-9fafd205e455",),
        names=("BerryMed",),
        speaks_first=True,
        unverified="read in one public decoder; 115200 baud on a USB adapter",
    ),
    Family(
        "contec",
        "Contec CMS50D+ or CMS50E finger oximeter, firmware up to 4.x",
        "devices.drivers.contec:ContecOximeter",
        _CABLE,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        usb=_SERIAL_ADAPTERS,
        speaks_first=True,
    ),
    Family(
        "contec-v7",
        "Contec CMS50D+ or CMS50E finger oximeter, firmware 4.6 and 7.0",
        "devices.drivers.contec_v7:ContecV7Oximeter",
        _CABLE,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        usb=_SERIAL_ADAPTERS,
        unverified="that nothing but its frames is sent meanwhile",
    ),
    Family(
        "nonin",
        "Nonin oximeter or module, serial data format 2",
        "devices.drivers.nonin:NoninOximeter",
        _CABLE,
        (Channel.PPG, Channel.SPO2, Channel.PULSE_RATE),
        speaks_first=True,
        unverified="the maker's own document; the status bits and values are those of two public drivers",
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
    Family(
        "go-direct",
        "Vernier Go Direct respiration belt (GDX-RB)",
        "devices.drivers.go_direct:RespirationBelt",
        _AIR,
        (Channel.RESPIRATION,),
        services=("d91714ef-28b9-4f91-ba16-f0d9a604f112",),
        names=("GDX-RB",),
        unverified="no belt driven yet; which way its packets count (learned), and what it says when it drops some",
    ),
)

BY_KIND: Mapping[str, Family] = MappingProxyType({family.kind: family for family in FAMILIES})
