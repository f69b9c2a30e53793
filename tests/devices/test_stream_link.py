"""Device servers over real TCP; what classic Bluetooth shares, and the words for what it does not, without a radio."""

import asyncio
import contextlib
import errno
import os
import socket
import struct

import pytest

from devices.address import parse
from devices.errors import (
    BluetoothOff,
    NotConnected,
    OutOfReach,
    PortBusy,
    PortForbidden,
    PortLost,
    PortMissing,
)
from devices.links.link import byte_link
from devices.links.stream import StreamSocket

BELT = "rfcomm:00:06:66:12:34:56"


def link(port, **more):
    return StreamSocket(port, parse(port), "belt-1", **more)


@contextlib.asynccontextmanager
async def server():
    """(port as in xinyi.toml, the far end of the next connection)."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield f"tcp:127.0.0.1:{listening.getsockname()[1]}", lambda: asyncio.get_running_loop().sock_accept(listening)


@contextlib.asynccontextmanager
async def joined():
    """A link and the socket at its far end."""
    async with server() as (port, accept), link(port) as near:
        far, _ = await accept()
        with far:
            yield near, far


async def receive(far, length):
    heard = b""
    while len(heard) < length:
        heard += await asyncio.get_running_loop().sock_recv(far, 65536)
    return heard


async def test_bytes_go_both_ways_and_none_means_anything():
    async with joined() as (near, far):
        near.write(bytes(range(256)))
        assert await receive(far, 256) == bytes(range(256))
        far.send(b"\x00\x11\x13\xff")
        assert await near.read(5) == b"\x00\x11\x13\xff"


async def test_silence_is_nothing_and_not_an_error():
    async with joined() as (near, _):
        assert await near.read(0.01) == b""


async def test_an_address_of_a_device_server_becomes_this_link():
    async with server() as (port, accept), byte_link(port, "belt-1", baud=115_200) as near:
        far, _ = await accept()
        with far:
            near.write(b"hello")
            assert await receive(far, 5) == b"hello"


async def test_a_far_end_that_closes_is_a_lost_port():
    async with joined() as (near, far):
        far.close()
        with pytest.raises(PortLost, match="closed by the far end"):
            await near.read(5)


async def test_a_reset_is_a_lost_port_to_the_reader_and_to_the_writer():
    async with joined() as (near, far):
        reading = asyncio.create_task(near.read(20))
        await asyncio.sleep(0)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises(PortLost, match="reset"):
            await reading
        with pytest.raises(PortLost):
            near.write(b"x")


async def test_what_came_before_the_end_is_still_read():
    async with joined() as (near, far):
        far.send(b"last words")
        far.close()
        assert await near.read(5) == b"last words"
        with pytest.raises(PortLost):
            await near.read(5)


async def test_the_last_words_go_out_on_leaving():
    async with server() as (port, accept):
        async with link(port) as near:
            far, _ = await accept()
            near.write(b"stop")
        with far:
            assert await receive(far, 4) == b"stop"
            assert await asyncio.get_running_loop().sock_recv(far, 1) == b""


async def test_the_last_words_go_out_also_when_much_was_left_unread():
    async with server() as (port, accept):
        async with link(port) as near:
            far, _ = await accept()
            await asyncio.get_running_loop().sock_sendall(far, bytes(200_000))
            near.write(b"stop")
        with far:
            assert await receive(far, 4) == b"stop"
            assert await asyncio.get_running_loop().sock_recv(far, 1) == b""


async def test_a_closed_link_is_not_connected():
    async with joined() as (near, _):
        await near.__aexit__(None, None, None)
        with pytest.raises(NotConnected):
            near.write(b"x")
        with pytest.raises(NotConnected):
            await near.read(0.01)


async def test_an_overtaking_frame_passes_all_that_waits_but_not_half_a_frame():
    async with joined() as (near, far):
        first = b"a" * 8_000_000  # more than both ends take at once
        near.write(first)
        near.write(b"b" * 10)
        near.write(b"STOP", overtaking=True)
        heard = await receive(far, len(first) + 4)
        assert heard == first + b"STOP"


async def test_a_server_that_refuses_is_named_with_its_number():
    async with server() as (port, _):
        pass
    with pytest.raises(PortMissing, match=r"refuses connections to .*most serve only one"):
        await link(port).__aenter__()


async def test_a_name_that_nobody_has_is_said():
    with pytest.raises(PortMissing, match="no host of the name"):
        await link("tcp:no-such-host.invalid:4001").__aenter__()


async def test_a_host_that_does_not_answer_in_time_is_not_connected():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        where = full.getsockname()
        with contextlib.ExitStack() as others:
            for _ in range(4):  # nobody takes them: the next one waits in vain
                other = others.enter_context(socket.socket())
                other.setblocking(False)
                other.connect_ex(where)
            with pytest.raises(NotConnected, match=r"no answer within 0\.2 s.*network cable"):
                await link(f"tcp:127.0.0.1:{where[1]}", connect_s=0.2).__aenter__()


async def test_a_far_end_without_power_will_be_noticed():
    async with joined() as (near, _):
        assert near._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert near._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10
        assert near._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (errno.EHOSTDOWN, OutOfReach, "host is down"),
        (errno.EHOSTUNREACH, OutOfReach, "no route"),
        (errno.ETIMEDOUT, OutOfReach, "timed out"),
        (errno.ECONNREFUSED, PortMissing, "no serial port on channel 1"),
        (errno.EACCES, PortForbidden, "bluetoothctl pair 00:06:66:12:34:56"),
        (errno.EBUSY, PortBusy, "another program"),
        (errno.ENODEV, BluetoothOff, "bluetoothctl power on"),
        (errno.EAFNOSUPPORT, BluetoothOff, "Bluetooth of this machine"),
    ],
)
def test_bluetooths_refusals_by_their_cause(number, error, words):
    cause = link(BELT)._cause(OSError(number, os.strerror(number)))
    assert type(cause) is error
    assert words in str(cause)
    assert "\n" not in str(cause)


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (errno.EHOSTUNREACH, NotConnected, "no route to host"),
        (errno.ENETUNREACH, NotConnected, "ping 10.0.0.9"),
        (errno.EHOSTDOWN, NotConnected, "host is down"),
        (errno.EACCES, PortForbidden, "firewall"),
    ],
)
def test_the_networks_refusals_by_their_cause(number, error, words):
    cause = link("tcp:10.0.0.9:4001")._cause(OSError(number, os.strerror(number)))
    assert type(cause) is error
    assert words in str(cause)


async def test_without_bluetooth_sockets_the_remedy_is_said(monkeypatch):
    monkeypatch.delattr(socket, "AF_BLUETOOTH", raising=False)
    with pytest.raises(BluetoothOff, match=r"/usr/bin/python3.*rfcomm bind 0 00:06:66:12:34:56 1"):
        await link(BELT).__aenter__()


async def test_bluetooth_is_called_by_address_and_channel(monkeypatch):
    """The same code with sockets of the same shape: RFCOMM's are SOCK_STREAM and take (address, channel)."""
    called = []
    near, far = socket.socketpair()
    near.setblocking(False)

    async def connected(family, protocol, where):
        called.append((family, protocol, where))
        return near

    monkeypatch.setattr(socket, "AF_BLUETOOTH", 31, raising=False)
    monkeypatch.setattr(socket, "BTPROTO_RFCOMM", 3, raising=False)
    monkeypatch.setattr(StreamSocket, "_connected", staticmethod(connected))
    async with link(BELT + "/2") as belt:
        assert called == [(31, 3, ("00:06:66:12:34:56", 2))]
        far.send(b"\x00data")
        assert await belt.read(5) == b"\x00data"
        belt.write(b"stop")
        assert far.recv(10) == b"stop"
        far.close()
        with pytest.raises(PortLost, match="come back into reach"):
            await belt.read(5)


async def test_a_kernel_without_bluetooth_is_bluetooth_off(monkeypatch):
    monkeypatch.setattr(socket, "AF_BLUETOOTH", 45, raising=False)  # a family that no kernel has
    monkeypatch.setattr(socket, "BTPROTO_RFCOMM", 3, raising=False)
    with pytest.raises(BluetoothOff):
        await link(BELT).__aenter__()
