"""The simulated site as a process would run it, and the hands on its control socket."""

import asyncio
import contextlib

import pytest

from devices.clock import Clock
from firmware_sim.attendant import LOOKS_S, attend
from firmware_sim.catalogue import SimDevice
from firmware_sim.control import ControlError, tell
from firmware_sim.replay import ReplayError
from firmware_sim.site import Site, run


@contextlib.asynccontextmanager
async def running(tmp_path, **options):
    devices = [
        SimDevice("chair-1", "chair-link", tmp_path / "ports" / "chair"),
        SimDevice("finger-1", "berry", tmp_path / "ports" / "finger"),
    ]
    ready = asyncio.Event()
    control = tmp_path / "control"
    task = asyncio.create_task(run(devices, Clock.starting_now(5), control, ready=ready, **options))
    await asyncio.wait([task, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    yield control, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_ports_are_there_while_it_runs_and_gone_after(tmp_path):
    async with running(tmp_path) as (control, task):
        assert sorted(path.name for path in (tmp_path / "ports").iterdir()) == ["chair", "finger"]
        await tell(control, "quit")
        await task
    assert list((tmp_path / "ports").iterdir()) == []
    assert not control.exists()


async def test_cancelling_it_cleans_up_too(tmp_path):
    async with running(tmp_path) as (_, task):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert list((tmp_path / "ports").iterdir()) == []


async def test_a_plug_is_pulled_and_put_back_behind_the_same_path(tmp_path):
    async with running(tmp_path) as (control, _):
        port = tmp_path / "ports" / "chair"
        await tell(control, "unplug", device="chair-1")
        assert not port.is_symlink()
        await tell(control, "plug", device="chair-1")
        assert port.exists()


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("sit", {}),
        ("stand", {"device": "finger-1"}),
        ("press_stop", {"device": "chair-1"}),
        ("release_stop", {}),
        ("noise", {"device": "chair-1", "share": 0.5}),
        ("fault", {"device": "chair-1", "fault": "heat"}),
        ("fault", {"device": "chair-1", "fault": "heat", "on": False}),
        ("mute", {"device": "chair-1", "on": True}),
        ("contact", {"device": "chair-1", "on": False}),
        ("breathe", {"device": "chair-1", "rate_per_min": 6}),
        ("breathe", {"device": "chair-1", "rate_per_min": 0}),
    ],
)
async def test_hands_can(tmp_path, do, fields):
    async with running(tmp_path) as (control, task):
        await tell(control, do, **fields)
        assert not task.done()


@pytest.mark.parametrize(
    ("do", "fields", "says"),
    [
        ("sing", {}, "sing"),
        ("sit", {"device": "chair-9"}, "chair-9.*chair-1, finger-1"),
        ("press_stop", {"device": "finger-1"}, "finger-1 does not know"),
        ("fault", {"device": "chair-1", "fault": "mood"}, "mood.*recline_motor"),
        ("noise", {"device": "chair-1", "share": "much"}, "share must be a number"),
    ],
)
async def test_hands_cannot_and_are_told_why(tmp_path, do, fields, says):
    async with running(tmp_path) as (control, task):
        with pytest.raises(ControlError, match=says):
            await tell(control, do, **fields)
        assert not task.done()


@pytest.mark.parametrize("line", [b"\n", b"nonsense\n", b"[1]\n", b'{"do": 5}\n', b"\xff\xfe\n"])
async def test_a_broken_line_gets_an_answer_and_harms_nobody(tmp_path, line):
    async with running(tmp_path) as (control, _):
        reader, writer = await asyncio.open_unix_connection(control)
        writer.write(line)
        assert b'"ok": false' in await reader.readline()
        writer.write(b'{"do": "sit"}\n')
        assert b'"ok": true' in await reader.readline()
        writer.close()


async def test_without_a_site_the_hands_are_told_so(tmp_path):
    with pytest.raises(ControlError, match="start it first"):
        await tell(tmp_path / "nowhere", "sit")


async def test_a_recording_that_cannot_be_played_is_said_before_any_port_appears(tmp_path):
    devices = [SimDevice("chair-1", "chair-link", tmp_path / "chair", replay=tmp_path / "nowhere")]
    with pytest.raises(ReplayError):
        await run(devices, Clock.starting_now(5), tmp_path / "control")
    assert list(tmp_path.iterdir()) == []


async def test_attendant_looks_after_a_stop_and_resets_once_the_cause_is_gone(tmp_path):
    clock = Clock.starting_now(20)
    site = Site([SimDevice("chair-1", "chair-link", tmp_path / "chair")], clock, seed=1, wait_for_sit=False)
    guard = site.twins["chair-1"].firmware.guard
    attendant = asyncio.create_task(attend(site, clock))
    site.act("press_stop", {"device": "chair-1"})
    await clock.sleep(2 * LOOKS_S)
    assert guard.stopped
    assert not guard.cleared  # the button is still in
    site.act("release_stop", {"device": "chair-1"})
    async with asyncio.timeout(10):
        while not guard.cleared:
            await asyncio.sleep(0.01)
    assert guard.stopped  # the release stays with the counsellor
    attendant.cancel()
