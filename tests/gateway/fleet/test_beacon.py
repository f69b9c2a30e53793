"""The beacon against a real mosquitto: births, wills with delay, requests, reconnects."""

import asyncio
import contextlib
import itertools
import time

import pytest
from fleet_parts import SITE, at, beat, birth, mosquitto, until
from hypothesis import given
from hypothesis import strategies as st

from gateway import topics
from gateway.fleet.beacon import Beacon, Pace
from gateway.fleet.health import all_states, announce_topic, decode_birth, decode_heartbeat
from gateway.fleet.watch import FleetWatch
from gateway.link import WILL_DELAY_S, Link

BIRTH, HEALTH, STATE = topics.birth(SITE, "room"), topics.health(SITE, "room"), topics.state(SITE, "room")


class Ear:
    """Hears everything about states."""

    def __init__(self, address, user):
        self.heard = []
        self.link = Link(address, f"ear-{user}", username=user, on_message=self._hear, window=50, session_expiry_s=0)

    def _hear(self, message):
        self.heard.append((message.topic, bytes(message.payload), bool(message.retain), time.monotonic()))

    def of(self, topic, *, retained=None):
        return [entry for entry in self.heard if entry[0] == topic and retained in {None, entry[2]}]


@contextlib.asynccontextmanager
async def ear(address, user="centre"):
    there = Ear(address, user)
    async with there.link as link:
        await link.subscribe(*all_states())
        yield there


@contextlib.asynccontextmanager
async def kept(beacon, address):
    task = asyncio.create_task(beacon.keep(address))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def make(**values):
    return Beacon(SITE, "room", lambda: beat(0), birth, **values)


@pytest.mark.timeout(60)
async def test_says_who_is_there_and_how_it_is_as_soon_as_it_is_connected(tmp_path):
    async with mosquitto(tmp_path) as address, ear(address) as hearer, kept(make(beat_s=0.2), address):
        await until(lambda: len(hearer.of(HEALTH)) >= 3, "three heartbeats")
        assert decode_birth(BIRTH, hearer.of(BIRTH)[0][1]) == birth()
        numbers = [decode_heartbeat(HEALTH, entry[1]).number for entry in hearer.of(HEALTH)]
        assert numbers[:3] == [1, 2, 3]
        async with ear(address, "console") as late:
            await until(lambda: late.of(BIRTH, retained=True), "the birth is retained")
            assert not late.of(HEALTH, retained=True)


@pytest.mark.timeout(60)
async def test_the_state_flips_only_after_the_delay_of_the_will(tmp_path):
    async with mosquitto(tmp_path) as address, ear(address) as hearer:
        beacon = make()
        link = Link(address, "victim", username="room", on_message=beacon.take, window=10, will=beacon.will)
        await link.__aenter__()
        link.publish(STATE, topics.ONLINE, retain=True)
        await until(lambda: hearer.of(STATE), "it is online")
        killed_at = time.monotonic()
        link._drop()
        link._care.cancel()
        await until(lambda: hearer.of(STATE)[-1][1] == topics.OFFLINE, "the broker says that it has gone")
        assert hearer.of(STATE)[-1][3] - killed_at >= WILL_DELAY_S - 1
        assert [entry[1] for entry in hearer.of(STATE)] == [topics.ONLINE, topics.OFFLINE]


@pytest.mark.timeout(60)
async def test_one_that_comes_back_within_the_delay_was_never_gone(tmp_path):
    async with mosquitto(tmp_path) as address, ear(address) as hearer:
        beacon = make(beat_s=0.2)
        for _ in range(2):
            link = Link(address, "victim", username="room", on_message=beacon.take, window=10, will=beacon.will)
            await link.__aenter__()
            speaking = asyncio.create_task(beacon.on(link))
            births = len(hearer.of(BIRTH))
            await until(lambda births=births: len(hearer.of(BIRTH)) > births, "a birth for this connection")
            link._drop()
            link._care.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        assert len(hearer.of(BIRTH)) == 2
        assert not hearer.of(STATE)


@pytest.mark.timeout(60)
async def test_requests_are_answered_but_not_more_often_than_allowed(tmp_path):
    async with mosquitto(tmp_path) as address, ear(address) as hearer, kept(make(announce_every_s=1.0), address):
        await until(lambda: hearer.of(BIRTH), "the first birth")
        for _ in range(50):
            hearer.link.publish(announce_topic(SITE, "room"), b"")
        await until(lambda: len(hearer.of(BIRTH)) == 2, "the birth that was asked for")
        first, second = (entry[3] for entry in hearer.of(BIRTH))
        assert second - first >= 0.9
        await until(lambda: len(hearer.of(HEALTH)) == 2, "and how it is")


@pytest.mark.timeout(60)
async def test_a_request_that_the_broker_has_kept_is_nobodys(tmp_path):
    async with mosquitto(tmp_path) as address, ear(address) as hearer:
        hearer.link.publish(announce_topic(SITE, "room"), b"kept", retain=True)
        async with kept(make(beat_s=0.1, announce_every_s=0.05), address):
            await until(lambda: len(hearer.of(HEALTH)) >= 5, "five heartbeats")
            assert len(hearer.of(BIRTH)) == 1


@pytest.mark.timeout(60)
async def test_a_fault_of_who_tells_the_beacon_costs_one_heartbeat(tmp_path):
    faults = iter([ValueError("no"), None, None])

    def read():
        if fault := next(faults, None):
            raise fault
        return beat(0)

    beacon = Beacon(SITE, "room", read, birth, beat_s=0.1)
    async with mosquitto(tmp_path) as address, ear(address) as hearer, kept(beacon, address):
        await until(lambda: hearer.of(HEALTH), "a heartbeat after the fault")
        assert decode_heartbeat(HEALTH, hearer.of(HEALTH)[0][1]).number == 2


@pytest.mark.timeout(60)
async def test_what_the_broker_has_kept_makes_nobody_online(tmp_path):
    async with mosquitto(tmp_path) as address:
        async with ear(address) as hearer, kept(make(), address):
            await until(lambda: hearer.of(HEALTH), "it speaks")
        watch = FleetWatch()
        async with ear(address, "console") as late:
            await until(lambda: late.of(BIRTH, retained=True) and late.of(STATE, retained=True), "what was kept")
            for topic, payload, retained, _ in late.heard:
                watch.take(topic, payload, retained=retained, now_ns=at(0))
        assert watch.sites(at(0)) == []


@pytest.mark.timeout(60)
async def test_the_broker_lets_nobody_speak_for_another_and_only_the_console_and_the_centre_ask(tmp_path):
    async with mosquitto(tmp_path) as address, ear(address) as hearer:
        asked = []
        async with (
            Link(address, "k", username="kiosk-1", on_message=lambda _: None, window=5) as kiosk,
            Link(address, "c", username="console", on_message=lambda _: None, window=5) as console,
            Link(address, "r", username="room", on_message=lambda m: asked.append(bytes(m.payload)), window=5) as room,
        ):
            await room.subscribe(announce_topic(SITE, "room"))
            kiosk.publish(HEALTH, b"as room")
            kiosk.publish(BIRTH, b"as room")
            kiosk.publish(announce_topic(SITE, "room"), b"kiosk")
            kiosk.publish(topics.health(SITE, "kiosk-1"), b"as kiosk")
            await until(lambda: hearer.of(topics.health(SITE, "kiosk-1")), "the kiosk's own heartbeat")
            console.publish(announce_topic(SITE, "room"), b"console")
            await until(lambda: asked, "the console's request")
        assert not hearer.of(HEALTH)
        assert not hearer.of(BIRTH)
        assert asked == [b"console"]


@given(st.lists(st.floats(0, 120), max_size=40))
def test_however_often_one_asks_births_keep_their_distance(times):
    pace = Pace(60.0, 10.0)
    said = [moment for moment in sorted([*times, 0.0]) if (pace.ask() or pace.birth_due(moment))]
    assert said[0] == 0.0
    assert all(later - earlier >= 10.0 for earlier, later in itertools.pairwise(said))


def test_a_request_that_came_too_early_is_answered_later_and_once():
    pace = Pace(60.0, 10.0, jitter=0)
    assert pace.birth_due(0.0)
    assert pace.beat_due(0.0)
    pace.ask()
    assert not pace.birth_due(3.0)
    assert pace.next_s == 10.0
    assert pace.birth_due(10.0)
    assert pace.beat_due(10.0)
    assert not pace.birth_due(30.0)
    assert pace.next_s == 70.0
