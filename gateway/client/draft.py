"""What somebody has answered so far and not finished: one sealed file, replaced at each answer, gone at the end.

A kiosk that is killed in the middle finds it when it starts again, and sends it on as what it is: a partial form.
"""

import logging
from pathlib import Path

import msgspec

from gateway.disk import sync_folder, write_durably
from gateway.errors import KeyLost, SealBroken, StoreUnwritable
from gateway.keys import Keyring
from gateway.messages import Body, RecordKind, decode_body, encode, kind_of

_CONTEXT = b"kiosk draft"

log = logging.getLogger(__name__)


class DraftFile:
    """One draft of one kiosk. Bodies that were read before are never in clear on the disk."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self._path, self._keyring = path, keyring

    def put(self, body: Body) -> None:
        """Keep this instead of what was kept before; it is on the disk when this returns.

        Raises:
            StoreUnwritable: the disk refuses; what was kept before still is.
        """
        data = msgspec.msgpack.encode((kind_of(body), encode(body)))
        write_durably(self._path, self._keyring.seal(data, _CONTEXT))

    def clear(self) -> None:
        """Nothing is open any more.

        Raises:
            StoreUnwritable: the disk refuses.
        """
        try:
            self._path.unlink(missing_ok=True)
            sync_folder(self._path.parent)
        except OSError as error:
            raise StoreUnwritable(
                self._path, f"cannot be removed ({error.strerror})", "free disk space or check the folder's owner"
            ) from error

    def left(self) -> Body | None:
        """What a kiosk that did not end well has left; None: nothing, or nothing that can be opened."""
        try:
            sealed = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s", self._path.name, error.strerror)
            return None
        try:
            data = self._keyring.open_sealed(sealed, _CONTEXT)
            kind, body = msgspec.msgpack.decode(data, type=tuple[RecordKind, bytes])
            return decode_body(kind, body)
        except (KeyLost, SealBroken, msgspec.DecodeError, ValueError) as error:
            log.warning("%s cannot be opened and is left out: %s", self._path.name, error)
            return None
