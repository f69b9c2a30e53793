"""Register maps: what a vendor's Modbus chair is, as data. A new one is a TOML file in `devices/maps/`.

A map is checked when it is loaded, and an error names file, line and field: a wrong number here moves a person. What a
chair lacks is left out. Without a watchdog of at most 2 s in the controller a map permits no motion and no heat.
"""

from devices.protocols.register_map.loading import MAPS, MapError, load, parse
from devices.protocols.register_map.parts import (
    Bit,
    Block,
    Joint,
    Level,
    Order,
    Place,
    RegisterMap,
    Sensor,
    Word,
    place,
)

__all__ = [
    "MAPS",
    "Bit",
    "Block",
    "Joint",
    "Level",
    "MapError",
    "Order",
    "Place",
    "RegisterMap",
    "Sensor",
    "Word",
    "load",
    "parse",
    "place",
]
