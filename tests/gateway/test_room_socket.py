"""The room's own socket: frames to everyone, commands that expire, a stop that waits for nothing."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from gateway.client import RoomClient
from gateway.errors import StoreUnwritable
from gateway.live import (
    Command,
    EmergencyStop,
    LiveFrame,
    MarkMoment,
    Metric,
    Metrics,
    PauseSession,
    Reply,
    SignalView,
    Trace,
)
from gateway.socket import RoomSocket, pack

NOTHING = Metric(None, "", 0.0, "no_channel")
TRACE = Trace(0, 1, [], "")


def frame(seq: int) -> LiveFrame:
    return LiveFrame(seq, "a.b.c", "室", 0, 1.0, [], SignalView(0.0), Metrics(*[NOTHING] * 9), [], TRACE, TRACE, TRACE)


class Desk:
    def __init__(self) -> None:
        self.done: list[object] = []
        self.busy = asyncio.Event()
        self.busy.set()

    async def perform(self, command: Command) -> Reply:
        await self.busy.wait()
        self.done.append(command.action)
        return Reply(command.id, ok=True)

    async def stop_now(self, command: Command) -> Reply:
        self.done.append(command.action)
        return Reply(command.id, ok=True)


@pytest.fixture
def path():
    folder = Path(tempfile.mkdtemp(prefix="xinyi-"))
    yield folder / "room.sock"
    shutil.rmtree(folder)


async def first(client: RoomClient, when=lambda frame: frame is not None) -> LiveFrame | None:
    async with asyncio.timeout(10):
        async for found in client.frames():
            if when(found):
                return found
    raise AssertionError


async def shown(socket: RoomSocket, client: RoomClient, seq: int) -> None:
    async with asyncio.timeout(10):
        while client.latest is None or client.latest.seq != seq:
            socket.show(frame(seq))
            await asyncio.sleep(0.01)


async def test_every_face_gets_the_newest_frame(path):
    desk = Desk()
    async with (
        RoomSocket(path, desk.perform, desk.stop_now) as socket,
        RoomClient(path, "a") as a,
        RoomClient(path, "b") as b,
    ):
        await shown(socket, a, 1)
        await shown(socket, b, 2)
        assert (await first(a)).seq in {1, 2}
        assert socket.faces == 2
        assert path.stat().st_mode & 0o777 == 0o600


async def test_face_comes_back_by_itself_and_says_when_the_room_is_away(path):
    desk = Desk()
    async with RoomClient(path, "a") as client:
        assert await first(client, lambda found: found is None) is None
        assert (await client.ask(PauseSession())).code == "room_away"
        async with RoomSocket(path, desk.perform, desk.stop_now) as socket:
            await shown(socket, client, 1)
        assert await first(client, lambda found: found is None) is None
        async with RoomSocket(path, desk.perform, desk.stop_now) as socket:
            await shown(socket, client, 7)


async def test_stop_overtakes_a_command_that_hangs(path):
    desk = Desk()
    desk.busy.clear()
    async with RoomSocket(path, desk.perform, desk.stop_now) as socket, RoomClient(path, "a") as client:
        await shown(socket, client, 1)
        hanging = asyncio.create_task(client.ask(PauseSession()))
        reply = await client.ask(EmergencyStop())
        assert reply.ok
        assert desk.done == [EmergencyStop()]
        desk.busy.set()
        assert (await hanging).ok


async def test_stop_waits_for_a_room_that_is_just_coming_back(path):
    desk = Desk()
    async with RoomClient(path, "a") as client:
        asked = asyncio.create_task(client.ask(EmergencyStop()))
        await asyncio.sleep(0.2)
        async with RoomSocket(path, desk.perform, desk.stop_now):
            assert (await asked).ok
    assert desk.done == [EmergencyStop()]


async def test_late_command_is_refused_and_not_done(path):
    desk = Desk()
    async with RoomSocket(path, desk.perform, desk.stop_now):
        reader, writer = await asyncio.open_unix_connection(path)
        old = time.monotonic_ns() - 3 * 10**9
        writer.write(pack(Command(1, MarkMoment("late"), "a", old)))
        from gateway.socket import read_message

        reply = await asyncio.wait_for(read_message(reader), 5)
        assert b"too_late" in reply
        writer.close()
    assert desk.done == []


@pytest.mark.parametrize("junk", [b"\x00\x00\x00\x03abc", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"])
async def test_junk_on_the_socket_hurts_nobody(path, junk):
    desk = Desk()
    async with RoomSocket(path, desk.perform, desk.stop_now) as socket, RoomClient(path, "a") as client:
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(junk)
        await writer.drain()
        writer.close()
        await shown(socket, client, 1)
        assert (await client.ask(PauseSession())).ok


async def test_path_that_is_too_long_for_a_socket_is_one_line(tmp_path):
    desk = Desk()
    path = tmp_path / ("long" * 30) / "room.sock"
    path.parent.mkdir()
    with pytest.raises(StoreUnwritable, match=r"too long.*paths\.sockets"):
        await RoomSocket(path, desk.perform, desk.stop_now).__aenter__()
