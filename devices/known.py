"""Which device is which: what has been here before, under which id, and which chair it belongs to.

A small file beside the site's data, written whole each time. It is a memory for people who plug things in again, never
a source for a session: what a room uses stands in xinyi.toml.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from devices.events import Identity


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """One device that has been here.

    Attributes:
        device: its id in this room.
        chair: id of the chair that it belongs to, or "".
        port: where it was last.
    """

    device: str
    kind: str
    chair: str
    port: str


def key_of(kind: str, identity: Identity, port: str) -> str:
    """What a device is recognised by: its serial number, or its Bluetooth address, or else its place.

    >>> key_of("berry", Identity("Berry", "oximeter", "", ""), "/dev/serial/by-id/usb-1")
    'berry /dev/serial/by-id/usb-1'
    """
    return f"{kind} {identity.serial or port}"


class Known:
    """The memory in one file.

    Args:
        file: need not be there yet; one that cannot be read counts as empty, and is replaced with the next `remember`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._entries: dict[str, Acquaintance] = {}
        try:
            for key, entry in json.loads(file.read_text("utf-8")).items():
                self._entries[str(key)] = Acquaintance(**{name: str(value) for name, value in entry.items()})
        except (OSError, ValueError, TypeError, AttributeError):
            self._entries = {}

    def who(self, key: str) -> Acquaintance | None:
        return self._entries.get(key)

    def remember(self, key: str, entry: Acquaintance) -> None:
        """Keep it.

        Raises:
            OSError: the file cannot be written.
        """
        if self._entries.get(key) == entry:
            return
        self._entries[key] = entry
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        entries = {key: asdict(entry) for key, entry in sorted(self._entries.items())}
        fresh.write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", "utf-8")
        fresh.replace(self._file)
