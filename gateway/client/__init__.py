"""What faces know of the gateway: `RoomClient` talks to the room, `KioskLine` keeps what a kiosk made until the centre
has it and asks the centre.
"""

from gateway.client.line import KioskLine
from gateway.client.room import RoomClient

__all__ = ["KioskLine", "RoomClient"]
