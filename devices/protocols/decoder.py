"""What every decoder of a byte stream is: bytes in, frames out, no exceptions, counters of what was dropped."""

from collections.abc import Sequence
from typing import Protocol


class Decoder(Protocol):
    """The reading half of a wire protocol, sans-IO.

    Attributes:
        frames: good frames so far.
        crc_errors: frames of the right shape whose check sum was wrong (0 where the protocol has none).
        dropped_bytes: bytes that belonged to no good frame.
        lost_frames: frames that are missing, by the device's own count or as far as the stray bytes tell.
    """

    frames: int
    lost_frames: int

    @property
    def crc_errors(self) -> int: ...
    @property
    def dropped_bytes(self) -> int: ...

    def feed(self, data: bytes) -> Sequence[object]:
        """The frames completed by `data`, in order. At most a frame's worth of bytes is kept for the next call."""
        ...

    def forget(self) -> None:
        """Count afresh: what was dropped until now was our coming in the middle, no fault of the wire."""
        ...
