"""Byte framing for serial links: COBS between zero bytes, CRC-16/CCITT-FALSE at the end of each frame.

A zero byte never occurs inside a frame, so after any amount of noise the next zero byte is a fresh start: a reader
that joins in the middle, or loses bytes, is back after one frame. COBS: Cheshire and Baker, "Consistent Overhead Byte
Stuffing", IEEE/ACM Trans. Networking 7(2), 1999. CRC: polynomial 0x1021, start 0xFFFF, not reflected, no final XOR;
check value of "123456789" is 0x29B1.

    wire     00 | COBS(body, CRC low byte, CRC high byte) | 00
"""

import binascii

DELIMITER = b"\x00"
CRC_BYTES = 2


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE of `data`.

    >>> hex(crc16(b"123456789"))
    '0x29b1'
    """
    return binascii.crc_hqx(data, 0xFFFF)


def stuff(data: bytes) -> bytes:
    """COBS: `data` rewritten without zero bytes (one byte longer per started 254 bytes).

    >>> stuff(bytes([0x11, 0x22, 0x00, 0x33])).hex(" ")
    '03 11 22 02 33'
    """
    out = bytearray()
    for run in data.split(DELIMITER):
        rest = run
        while len(rest) >= 254:
            out += b"\xff" + rest[:254]
            rest = rest[254:]
        out += bytes([len(rest) + 1]) + rest
    return bytes(out)


def unstuff(data: bytes) -> bytes | None:
    """The bytes behind `stuff`, or None when `data` cannot have come from it.

    >>> unstuff(bytes.fromhex("03 11 22 02 33")).hex(" ")
    '11 22 00 33'
    >>> unstuff(bytes([9, 1])) is None
    True
    """
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        run = data[at + 1 : at + code]
        if code == 0 or len(run) != code - 1 or 0 in run:
            return None
        out += run
        at += code
        if code != 0xFF and at < len(data):
            out.append(0)
    return bytes(out)


def wrap(body: bytes) -> bytes:
    """One frame as it goes on the wire, delimiters on both sides (so noise before it cannot swallow it)."""
    return DELIMITER + stuff(body + crc16(body).to_bytes(CRC_BYTES, "little")) + DELIMITER


class Unwrapper:
    """Bytes in, whole bodies out. Never raises; counts what it had to drop.

    Attributes:
        crc_errors: frames of the right shape whose check sum was wrong.
        dropped_bytes: bytes that were not part of a good frame (delimiters not counted).
    """

    def __init__(self, longest: int) -> None:
        """Expect no frame longer than `longest` bytes on the wire."""
        self.crc_errors = 0
        self.dropped_bytes = 0
        self._longest = longest
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies completed by `data`, check sums verified and removed."""
        *pieces, rest = (self._rest + data).split(DELIMITER)
        bodies = []
        for piece in pieces:
            overlong, self._overlong = self._overlong, False
            if overlong:
                self.dropped_bytes += len(piece)
            elif piece and (body := self._check(piece)) is not None:
                bodies.append(body)
        if len(rest) > self._longest:
            self.dropped_bytes += len(rest)
            self._overlong, rest = True, b""
        self._rest = rest
        return bodies

    def _check(self, piece: bytes) -> bytes | None:
        frame = unstuff(piece) if len(piece) <= self._longest else None
        if frame is None or len(frame) <= CRC_BYTES:
            self.dropped_bytes += len(piece)
            return None
        body, check = frame[:-CRC_BYTES], int.from_bytes(frame[-CRC_BYTES:], "little")
        if crc16(body) != check:
            self.crc_errors += 1
            self.dropped_bytes += len(piece)
            return None
        return body
