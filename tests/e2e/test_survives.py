"""What one room must stand: pulled cables, killed processes, noise. Real processes, real signals, a real store."""

import asyncio
import shutil
import time

import msgspec
import pytest
from stage import Stage, stage

from gateway.journal import read_journal
from gateway.keys import Keyring
from gateway.live import EmergencyStop, EndSession, Health, ReleaseChair, ResumeSession
from gateway.room.ledger import Entry, Heard
from gateway.services import StoredSession

_entries = msgspec.msgpack.Decoder[Entry](Entry)


def nothing_twice(stored: StoredSession) -> None:
    times = [beat.t_ns for beat in stored.beats]
    assert len(set(times)) == len(times)
    assert times == sorted(times)
    assert stored.closed
    assert stored.closed.beats == len(times)


async def test_unplugged_chair_pauses_and_goes_on_with_a_marked_gap(tmp_path):
    async with stage(tmp_path) as site:
        await site.begin()
        pulled = time.monotonic()
        await site.hands("unplug")
        paused = await site.frame(lambda frame: frame.session.state == "paused")
        assert time.monotonic() - pulled < 2.0
        assert paused.session.pause_reason == "device_lost"
        assert paused.devices[0].advice
        assert paused.metrics.heart_rate.value is None
        await site.hands("plug")
        back = await site.frame(lambda frame: frame.session.state == "running")
        beats = back.session.beats
        await site.frame(lambda frame: frame.session.beats > beats + 3)
        await site.client.ask(EndSession())
        stored = await site.finished()
    nothing_twice(stored)
    gap = next(gap for gap in stored.gaps if gap.cause == "device_lost")
    assert gap.to_ns > gap.from_ns
    assert not [beat for beat in stored.beats if gap.from_ns < beat.t_ns < gap.to_ns]
    after = next(beat for beat in stored.beats if beat.t_ns >= gap.to_ns)
    assert after.rr_ms is None


@pytest.mark.parametrize("name", [pytest.param("broker", marks=pytest.mark.validation), "centre"])
async def test_killed_store_side_loses_nothing_and_the_session_does_not_notice(tmp_path, name):
    async with stage(tmp_path, speed=4) as site:
        await site.begin()
        site.kill(name)
        frame = await site.frame(lambda frame: frame.session.now_ns > 45e9)
        assert frame.session.state == "running"
        assert frame.devices[0].reconnects == 0
        await site.client.ask(EndSession())
        stored = await site.finished()
        assert site.site.children[name].restarts == 1
    nothing_twice(stored)
    assert stored.gaps == []
    assert [chunk.number for chunk in stored.chunks] == list(range(1, stored.closed.chunks + 1))


async def heard_so_far(site: Stage, copy) -> list[int]:
    """Times of the beats that stand in the journal on the disk right now."""
    journal = next((site.config.data / "journal").glob("*.journal"))
    await asyncio.to_thread(shutil.copyfile, journal, copy)
    reading = read_journal(copy, Keyring.open(site.config.data / "keys", create=False), _entries)
    return [entry.t_ns for entry in reading.entries if isinstance(entry, Heard)]


async def test_killed_room_comes_back_paused_with_every_journalled_beat_stored_once(tmp_path):
    async with stage(tmp_path) as site:
        await site.begin()
        shown = await site.frame(lambda frame: frame.session.now_ns > 13e9)
        before = await site.frame(lambda frame: frame.session.now_ns > shown.session.now_ns + 1e9)
        heard = await heard_so_far(site, tmp_path / "copy")
        site.kill("room")
        back = await site.frame(lambda frame: frame.session and frame.seq < before.seq)
        assert back.session.id == before.session.id
        assert (back.session.state, back.session.pause_reason) == ("paused", "room_restarted")
        assert back.session.segments == before.session.segments
        await site.frame(lambda frame: frame.devices[0].health is Health.CONNECTED and frame.signal.score > 0.5)
        still = await site.frame(lambda frame: frame.session)
        assert still.session.state == "paused"
        assert (await site.client.ask(ResumeSession())).ok
        resumed = await site.frame(lambda frame: frame.session.state == "running")
        await site.frame(lambda frame: frame.session.beats > resumed.session.beats + 3)
        await site.client.ask(EndSession())
        stored = await site.finished()
    nothing_twice(stored)
    times = [beat.t_ns for beat in stored.beats]
    assert set(heard) <= set(times)
    gap = next(gap for gap in stored.gaps if gap.cause == "room_down")
    assert before.session.now_ns - gap.from_ns < 3.5e9
    assert not [t_ns for t_ns in times if gap.from_ns < t_ns < gap.to_ns]
    known = [point.t_ns for point in shown.tachogram]
    assert len(known) > 8
    assert set(known) <= set(heard)


@pytest.mark.validation
async def test_resumed_at_once_after_a_crash_the_chair_goes_along(tmp_path):
    async with stage(tmp_path) as site:
        await site.begin()
        seq = (await site.frame(lambda frame: frame.session.now_ns > 3e9)).seq
        site.kill("room")
        await site.frame(lambda frame: frame.session and frame.seq < seq)
        assert (await site.client.ask(ResumeSession())).ok
        await site.frame(lambda frame: frame.session.state == "running" and frame.chair)
        moved = await site.frame(lambda frame: frame.chair and abs(frame.chair.recline_deg - 110) < 1)
        assert not [line for line in moved.session.log if line.code == "chair_refused"]
        await site.client.ask(EndSession())
        stored = await site.finished()
    nothing_twice(stored)


@pytest.mark.validation
async def test_noise_on_the_line_is_counted_shown_and_survived(tmp_path):
    async with stage(tmp_path, speed=2) as site:
        await site.begin()
        await site.hands("noise", share=0.02)
        noisy = await site.frame(lambda frame: frame.devices[0].crc_errors > 3 and frame.devices[0].lost_frames > 3)
        assert noisy.session.state == "running"
        await site.hands("noise", share=0.0)
        beats = noisy.session.beats
        await site.frame(lambda frame: frame.session.beats > beats + 5)
        await site.client.ask(EndSession())
        stored = await site.finished()
    nothing_twice(stored)
    assert any(gap.cause == "samples_lost" for gap in stored.gaps)


async def test_emergency_stop_holds_the_chair_and_waits_for_a_person(tmp_path):
    async with stage(tmp_path) as site:
        await site.begin()
        asked = time.monotonic()
        reply = await site.client.ask(EmergencyStop())
        assert reply.ok
        assert time.monotonic() - asked < 1.0
        stopped = await site.frame(lambda frame: frame.session.state == "paused" and frame.chair.motion_locked)
        assert stopped.session.pause_reason == "emergency_stop"
        refused = await site.client.ask(ResumeSession())
        assert not refused.ok
        assert (await site.client.ask(ReleaseChair())).code == "not_cleared"
        await site.hands("reset")
        await site.frame(lambda frame: frame.chair is not None and frame.chair.cleared)
        assert (await site.client.ask(ReleaseChair())).ok
        assert (await site.client.ask(ResumeSession())).ok
        await site.frame(lambda frame: frame.session.state == "running" and not frame.chair.motion_locked)


@pytest.mark.validation
async def test_button_of_the_chair_pauses_the_session(tmp_path):
    async with stage(tmp_path) as site:
        await site.begin()
        await site.hands("press_stop")
        stopped = await site.frame(lambda frame: frame.session.state == "paused")
        assert stopped.session.pause_reason == "emergency_stop"
        assert not (await site.client.ask(ReleaseChair())).ok
        await site.hands("release_stop")
        await site.hands("reset")
        await site.frame(lambda frame: frame.chair is not None and frame.chair.cleared)
        assert (await site.client.ask(ReleaseChair())).ok
        await site.frame(lambda frame: not frame.chair.stop_pressed and not frame.chair.motion_locked)
        assert (await site.client.ask(ResumeSession())).ok


@pytest.mark.validation
async def test_paced_breathing_visibly_works(tmp_path):
    async with stage(tmp_path, speed=10) as site:
        await site.begin(limit_s=240)
        rest = await site.frame(lambda frame: frame.session.now_ns > 60e9)
        paced = await site.frame(lambda frame: frame.session.now_ns > 200e9)
        stored = await site.finished()
    assert paced.session.pacer
    assert paced.chair.occupied
    shares = {
        key: [row.value for row in stored.features if row.name == "coherence" and row.value and low < row.t_ns < high]
        for key, low, high in (("rest", 45e9, 66e9), ("paced", 150e9, 240e9))
    }
    assert len(shares["paced"]) > 10
    assert sum(shares["paced"]) / len(shares["paced"]) > 50
    assert rest.signal.score > 0.5
