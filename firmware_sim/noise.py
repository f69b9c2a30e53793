"""A bad cable: frames cut in half, with flipped bits, with a wrong check sum, with rubbish before them."""

import numpy as np


class Noise:
    """Spoils a share of the frames that pass through it.

    Attributes:
        share: 0 (a good cable) … 1.
    """

    def __init__(self, seed: int, share: float = 0.0) -> None:
        self.share = share
        self._rng = np.random.default_rng(seed)

    def spoil(self, frame: bytes) -> bytes:
        if self.share <= 0 or self._rng.random() >= self.share:
            return frame
        match self._rng.integers(4):
            case 0:
                return frame[: len(frame) // 2]
            case 1:
                at, bit = self._rng.integers(len(frame)), self._rng.integers(8)
                return frame[:at] + bytes([frame[at] ^ (1 << int(bit))]) + frame[at + 1 :]
            case 2:
                return frame[:-2] + bytes([frame[-2] ^ 0x55 or 1]) + frame[-1:]
            case _:
                return self._rng.bytes(int(self._rng.integers(1, 40))) + frame
