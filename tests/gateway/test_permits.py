"""Who may ask what at the room's own socket, and that every command is written down."""

import shutil
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from gateway_parts import placement, until
from room_parts import HandClock, TestRoom

from gateway.client import RoomClient
from gateway.keeping.audit import entries, swallow
from gateway.live import (
    Action,
    AdjustPace,
    ArmChair,
    Command,
    EmergencyStop,
    EndSession,
    MarkMoment,
    MoveChair,
    NextSegment,
    PauseSession,
    ReleaseChair,
    Reply,
    ResumeSession,
    StartSession,
)
from gateway.room.permits import PERMITS
from gateway.room.witness import Witness
from gateway.rows import Rows
from gateway.socket import RoomSocket, _late

CHAIR = [MoveChair(recline_deg=120.0), ArmChair(), ReleaseChair()]


@pytest.fixture
async def room(tmp_path: Path):
    room = TestRoom(tmp_path, HandClock())
    room.connect()
    async with room.chair:
        yield room
    room.die()


def test_no_role_is_permitted_what_is_no_action():
    actions = {kind for kind in Action.__args__ if kind is not EmergencyStop}
    assert PERMITS["console"].asks == actions
    assert all(permit.own <= permit.asks <= actions for permit in PERMITS.values())


@pytest.mark.parametrize("action", [*CHAIR, NextSegment(), AdjustPace(0.5), MarkMoment("x")])
async def test_the_kiosk_asks_for_no_more_than_its_page_offers(room, action):
    assert (await room.ask(StartSession(), "kiosk")).ok
    before = list(room.wires.asked)
    assert (await room.ask(action, "kiosk")).code == "not_allowed"
    assert room.wires.asked == before


async def test_the_kiosk_may_always_pause_but_not_end_or_go_on_with_the_counsellors_session(room):
    await room.start()
    assert (await room.ask(EndSession(), "kiosk")).code == "not_yours"
    assert (await room.ask(PauseSession(), "kiosk")).ok
    assert (await room.ask(ResumeSession(), "kiosk")).code == "not_yours"
    assert room.state == ("paused", "asked")
    assert (await room.ask(ResumeSession())).ok


async def test_the_kiosk_ends_its_own_session_also_after_a_restart_of_the_room(room):
    assert (await room.ask(StartSession(), "kiosk")).ok
    await room.pass_time(2)
    room.die()
    again = TestRoom(room.folder, room.clock, "boot-2")
    await again.take_up()
    assert (await again.ask(EndSession(), "kiosk")).ok
    again.die()


@pytest.mark.parametrize("actor", ["updater", "devices", "technician:li", "", "console2", "kiosk2:console"])
async def test_who_is_not_in_the_table_may_only_look(room, actor):
    assert (await room.ask(StartSession(), actor)).code == "not_allowed"


def test_no_command_lives_longer_than_the_house_allows_whatever_it_says():
    now = time.monotonic_ns()
    for expires_s, age_s, late in [
        (2.0, 1.9, False),
        (2.0, 2.1, True),
        (1e9, 2.1, True),
        (float("nan"), 0.0, True),
        (float("inf"), 2.1, True),
        (-1.0, 0.0, True),
        (0.5, 0.6, True),
        (2.0, -0.1, True),
    ]:
        command = Command(1, MoveChair(recline_deg=120.0), "console", now - round(age_s * 1e9), expires_s)
        assert bool(_late(command, now)) == late, (expires_s, age_s)
    assert not _late(Command(1, PauseSession(), "console", now - 4 * 10**9, 5.0), now)


async def test_every_command_is_in_the_audit_with_who_asked_what_and_what_came_of_it(room):
    folder = Path(tempfile.mkdtemp(prefix="xinyi-"))
    witness = Witness(room.folder, room.keyring, lambda: str(room.conductor.session_id or ""))
    try:
        async with (
            RoomSocket(folder / "room.sock", room.desk.perform, room.desk.stop_now, witness.command),
            RoomClient(folder / "room.sock", "kiosk") as kiosk,
            RoomClient(folder / "room.sock", "console:wang") as console,
        ):
            await until(lambda: kiosk._writer and console._writer, "both faces are connected")
            assert (await kiosk.ask(MoveChair(recline_deg=120.0))).code == "not_allowed"
            assert (await console.ask(StartSession())).ok
            assert (await console.ask(MarkMoment("what she said"))).ok
            assert (await console.ask(PauseSession(), expires_s=0.0)).code == "too_late"
            assert (await console.ask(EmergencyStop())).ok
            assert (await console.ask(MarkMoment("again"))).ok  # by then the stop is written down, too
    finally:
        shutil.rmtree(folder)
    with Rows.for_writing(room.folder, placement(room.folder)) as rows:
        swallow(rows)
        found = sorted(entries(rows), key=lambda entry: entry.at_utc_ns)
    told = [(entry.actor, entry.action, entry.detail) for entry in found]
    moved = msgspec.json.encode(MoveChair(recline_deg=120.0)).decode()
    assert told[0] == ("kiosk", "room.chair", f"refused: not_allowed {moved}")
    assert ("console:wang", "room.mark", "done") in told
    assert {(action, detail.partition(" {")[0]) for _, action, detail in told} == {
        ("room.chair", "refused: not_allowed"),
        ("room.start", "done"),
        ("room.mark", "done"),
        ("room.pause", "refused: too_late"),
        ("room.stop", "done"),
    }
    assert found[1].what == str(room.conductor.session_id)
    assert "she said" not in str(told)


async def test_a_disk_that_refuses_the_audit_keeps_nobody_from_pausing(room, caplog):
    await room.start()
    witness = Witness(room.folder / "gone", room.keyring, str)
    await witness.command(Command(1, PauseSession(), "console", 0), Reply(1, ok=True))
    assert "room.pause is not in the audit log" in caplog.text
