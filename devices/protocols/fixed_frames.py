"""Frames of one length, found in a stream by how they look: the reading half that simple sensors share.

A reader that joins in the middle, or loses bytes, tries the next byte until a frame looks whole again. Most such lines
have no counter: what was lost is told from the bytes that had to be dropped, rounded to frames.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator


class FixedFrames(ABC):
    """Bytes in, whole frames out. Never raises; keeps less than a frame.

    Attributes:
        frames: whole frames so far.
        crc_errors: frames that began well, right behind a whole one, and had a wrong check sum.
        dropped_bytes: bytes that belonged to none.
        lost_frames: frames that are missing.
    """

    size: int
    """Bytes of a frame."""

    def __init__(self) -> None:
        self.frames = self.crc_errors = self.dropped_bytes = self.lost_frames = 0
        self._rest = b""
        self._stray = 0

    @abstractmethod
    def begins(self, byte: int) -> bool:
        """Whether a frame can begin with this byte."""

    @abstractmethod
    def whole(self, raw: bytes) -> bool:
        """Whether these `size` bytes, the first of which fits, are a frame."""

    def missed(self, raw: bytes, guess: int) -> int:  # noqa: ARG002 - some know better by what stands in the frame
        """How many frames are missing before this one; `guess`: by the dropped bytes."""
        return guess

    def cut(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """The frames completed by `data`, each with how many are missing just before it; to be read to its end.

        One by one: what `missed` has noted of a frame is still so while that frame is read.
        """
        data = self._rest + data
        at, size = 0, self.size
        while at < len(data):
            if not self.begins(data[at]):
                self._drop()
            elif at + size > len(data):
                break
            elif self.whole(raw := data[at : at + size]):
                yield raw, self._count(raw)
                at += size
                continue
            else:
                self._drop()
            at += 1
        self._rest = data[at:]

    def forget(self) -> None:
        """Count what was dropped afresh."""
        self.dropped_bytes = self.lost_frames = self.crc_errors = 0

    def _count(self, raw: bytes) -> int:
        guess = round(self._stray / self.size) if self.frames else 0
        self._stray = 0
        missed = self.missed(raw, guess)
        self.frames += 1
        self.lost_frames += missed
        return missed

    def _drop(self) -> None:
        self._stray += 1
        self.dropped_bytes += 1

    @property
    def in_step(self) -> bool:
        """The last byte looked at belonged to a whole frame."""
        return self.frames > 0 and not self._stray


class FiveBytes(FixedFrames):
    """Five bytes of which only the first has bit 7 set: two families of finger oximeters."""

    size = 5

    def begins(self, byte: int) -> bool:
        return byte >= 0x80

    def whole(self, raw: bytes) -> bool:
        return not (raw[1] | raw[2] | raw[3] | raw[4]) & 0x80
