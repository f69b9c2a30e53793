"""A district from one process, against a real broker and real centres."""

import asyncio
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from gateway_parts import Broker as RealBroker
from gateway_parts import running, until

from devices.clock import Clock
from firmware_sim.fleet.connection import Broker, BrokerAway
from firmware_sim.fleet.district import District
from firmware_sim.fleet.profile import FleetProfile, ProfileError, load
from firmware_sim.fleet.sessions import pool
from gateway.broker import free_port
from gateway.centre import Centre
from gateway.rows import Rows

BUSY = (0.9,) * 24
SMALL = FleetProfile(rooms=20, busy=BUSY, session_s=60, chunk_s=10, early_share=0.2, pool=4)


@pytest.fixture
async def broker(tmp_path):
    process = RealBroker(tmp_path / "broker")
    try:
        await process.start()
        yield process
    finally:
        process.kill()


def address(broker):
    return Broker(broker.address.host, broker.address.port, broker.address.password)


def stored(folder):
    with Rows.for_reading(folder) as rows:
        return rows.record_ids(), rows.session_ids(), rows.sequence_gaps(), rows.dead_letters()


async def with_a_centre(district, broker, folder, work):
    """Run `work` while the district has a real centre."""
    stop = asyncio.Event()
    centre = Centre(district.profile.district, broker.address, folder)
    async with asyncio.TaskGroup() as group:
        group.create_task(centre.run(stop))
        await centre.connected.wait()
        try:
            return await work
        finally:
            stop.set()


async def test_every_session_of_twenty_rooms_is_stored_once(tmp_path, broker):
    district = District(SMALL, address(broker), Clock.starting_now(20), seed=3)
    figures = await with_a_centre(district, broker, tmp_path / "centre", district.run(asyncio.Event(), 150))
    totals = figures.totals
    assert totals.opened == totals.closed >= 20
    assert figures.waiting == 0
    assert totals.receipted == totals.records
    ids, sessions, gaps, letters = stored(tmp_path / "centre")
    assert (gaps, letters) == ([], [])
    assert sorted(sessions) == sorted(session for room in district.rooms for session in room.sessions)
    assert len(ids) == totals.records


async def test_rooms_that_lose_their_link_catch_up_and_nothing_is_lost(tmp_path, broker):
    profile = msgspec.structs.replace(SMALL, rooms=4)
    district = District(profile, address(broker), Clock.starting_now(20), seed=4)

    async def with_a_broken_broker():
        task = asyncio.create_task(district.run(asyncio.Event(), 200))
        await until(lambda: district.totals.receipted > 10, "some are receipted")
        broker.kill()
        await until(lambda: not any(room.connected for room in district.rooms), "all links are lost")
        await broker.start()
        return await task

    figures = await with_a_centre(district, broker, tmp_path / "centre", with_a_broken_broker())
    assert figures.totals.connects > 4
    assert figures.waiting == 0
    _, sessions, gaps, letters = stored(tmp_path / "centre")
    assert (gaps, letters) == ([], [])
    assert sorted(sessions) == sorted(session for room in district.rooms for session in room.sessions)


async def test_without_a_centre_records_are_sent_again_and_counted_as_waiting(tmp_path, broker):
    profile = msgspec.structs.replace(SMALL, rooms=2)
    district = District(profile, address(broker), Clock.starting_now(20), seed=5)
    stop = asyncio.Event()
    async with running(district.run(stop, None)):
        await until(lambda: district.totals.resent > 0, "something is sent again")
    assert district.totals.receipted == 0


async def test_a_broker_that_is_not_there_is_said_in_one_line():
    district = District(msgspec.structs.replace(SMALL, rooms=1), Broker("127.0.0.1", free_port()), Clock(), seed=1)
    with pytest.raises(BrokerAway, match="no broker answers"):
        await district.run(asyncio.Event(), 1)


def test_a_session_has_what_a_real_one_has():
    template = pool(FleetProfile(pool=1), seed=2)[0]
    assert len(template.chunks) == 43
    assert [chunk.number for chunk in template.chunks] == list(range(1, 44))
    assert all(before.to_ns == after.from_ns for before, after in pairwise(template.chunks))
    beats = [row for chunk in template.chunks for row in chunk.beats]
    assert len(beats) == template.closed.beats > 400
    for before, after in pairwise(beats):
        assert after.rr_ms == pytest.approx((after.t_ns - before.t_ns) / 1e6, abs=0.01)
    assert {len(chunk.features) for chunk in template.chunks[20:40]} == {36}


def test_same_seed_same_sessions():
    assert pool(FleetProfile(pool=2), 7) == pool(FleetProfile(pool=2), 7)


def test_site_ids_have_three_levels_and_are_unique():
    profile = FleetProfile()
    sites = {profile.site(number) for number in range(profile.rooms)}
    assert len(sites) == 262
    assert all(site.count(".") == 2 for site in sites)


def test_the_shared_profiles_load():
    path = Path(__file__).parents[2] / "benchmarks" / "profiles.toml"
    assert load(path, "district") == FleetProfile()
    assert load(path, "district-poor-links").offline_every_h == 1.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[district]\nrooms = 0\n", "district: .*rooms"),
        ("[district]\nspeed = 3\n", "speed"),
        ("[other]\n", "no profile 'district'; there are other"),
        ("[district\n", "not valid TOML"),
    ],
)
def test_a_profile_that_is_wrong_is_said_with_file_and_field(tmp_path, text, says):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ProfileError, match=says) as caught:
        load(file)
    assert "mine.toml" in str(caught.value)
