import asyncio
import contextlib
import errno
import os
import tty

import pytest

from devices.errors import NotConnected, PortBusy, PortForbidden, PortLost, PortMissing
from devices.links.serial import SerialPort


@pytest.fixture
def line():
    """A pseudo-terminal: (path for the host, file descriptor of the far end)."""
    far, near = os.openpty()
    tty.setraw(near)
    path = os.ttyname(near)
    yield path, far, near
    for fd in (far, near):
        try:
            os.close(fd)
        except OSError:
            continue


async def test_bytes_go_both_ways(line):
    path, far, _ = line
    async with SerialPort(path, 115_200) as port:
        port.write(b"\x00\xffhello")
        assert os.read(far, 100) == b"\x00\xffhello"
        os.write(far, b"\x00\x11\x13\xff")  # flow-control characters are data here
        assert await port.read(5) == b"\x00\x11\x13\xff"


async def test_silence_is_nothing_and_not_an_error(line):
    async with SerialPort(line[0], 115_200) as port:
        assert await port.read(0.01) == b""


async def test_a_missing_port_is_named(tmp_path):
    with pytest.raises(PortMissing, match="no-such-port"):
        await SerialPort(str(tmp_path / "no-such-port"), 115_200, "chair-1").__aenter__()


async def test_a_file_is_no_port(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PortMissing, match="not a serial port"):
        await SerialPort(str(tmp_path / "file"), 115_200).__aenter__()


async def test_a_port_that_is_held_is_busy(line):
    async with SerialPort(line[0], 115_200):
        with pytest.raises(PortBusy):
            await SerialPort(line[0], 115_200).__aenter__()
    async with SerialPort(line[0], 115_200):
        pass


def test_a_port_without_permission_says_which_group(line):
    cause = SerialPort(line[0], 115_200)._cause(PermissionError(errno.EACCES, "denied"))
    assert isinstance(cause, PortForbidden)
    assert "dialout" in str(cause)


async def test_a_pulled_cable_is_a_lost_port(line):
    path, far, near = line
    async with SerialPort(path, 115_200) as port:
        reading = asyncio.create_task(port.read(20))
        await asyncio.sleep(0)
        os.close(far)
        os.close(near)
        with pytest.raises(PortLost):
            await reading
        with pytest.raises(PortLost):
            port.write(b"x")


async def test_a_closed_port_is_not_connected(line):
    async with SerialPort(line[0], 115_200) as port:
        pass
    with pytest.raises(NotConnected):
        port.write(b"x")


async def test_an_overtaking_frame_passes_all_that_waits_but_not_half_a_frame(line):
    path, far, _ = line
    os.set_blocking(far, False)
    async with SerialPort(path, 115_200) as port:
        first = b"a" * 200_000
        port.write(first)  # more than the line takes at once
        port.write(b"b" * 10)
        port.write(b"STOP", overtaking=True)
        heard = b""
        while not heard.endswith(b"STOP"):
            await asyncio.sleep(0)
            with contextlib.suppress(BlockingIOError):
                heard += os.read(far, 65536)
        assert heard == first + b"STOP"
