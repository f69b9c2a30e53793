import pytest
import serial

from firmware_sim.noise import Noise
from firmware_sim.port import PseudoPort


@pytest.fixture
async def port(tmp_path):
    with PseudoPort(tmp_path / "dev" / "chair").plugged_in() as port:
        yield port


async def test_a_host_and_a_device_hear_each_other(port):
    with serial.Serial(str(port.link), 115_200, timeout=5) as host:
        host.write(b"\x00\x03\x11\x13hello")
        assert await port.read(5) == b"\x00\x03\x11\x13hello"
        port.write(b"\x00\xff\x04answer")
        assert host.read(9) == b"\x00\xff\x04answer"


async def test_a_host_that_opens_hears_nothing_from_before(port):
    port.write(b"old" * 10_000)
    with serial.Serial(str(port.link), 115_200, timeout=0) as host:
        assert await port.read(5) == b""
        assert host.read(10) == b""
        port.write(b"new")
        assert host.read(10) == b"new"


async def test_what_nobody_reads_is_lost_and_counted(port):
    for _ in range(100):
        port.write(b"x" * 1000)
    assert port.dropped > 10_000


async def test_pulling_it_out_hangs_the_host_up_and_a_new_one_stands_at_the_same_path(port):
    first = port.link.readlink()
    with serial.Serial(str(port.link), 115_200, timeout=5) as host:
        port.unplug()
        assert not port.link.is_symlink()
        assert await port.read(5) == b""
        with pytest.raises((serial.SerialException, OSError)):
            host.write(b"x")
        port.plug()
        assert port.link.readlink() != first
    with serial.Serial(str(port.link), 115_200, timeout=5) as host:
        host.write(b"again")
        assert await port.read(5) == b"again"


def test_a_bad_cable_spoils_its_share_and_a_good_one_none():
    frame = bytes(range(1, 60)) + b"\x00"
    assert all(Noise(1).spoil(frame) == frame for _ in range(100))
    noise = Noise(1, share=0.25)
    spoiled = sum(noise.spoil(frame) != frame for _ in range(2000))
    assert 400 < spoiled < 600
