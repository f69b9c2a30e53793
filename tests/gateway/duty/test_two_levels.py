"""A room and its town as real processes (`xinyi centre`) with a broker each: calls and answers travel both ways, over a
cut uplink, a killed centre and a centre that was down when somebody asked for help.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from duty_parts import RULES, S, an_alert, read_steps
from gateway_parts import ROOT, Broker, Process, until
from levels import ROOM, TOWN
from people_parts import Messenger

from care.alerts import AlertEvent, AlertState, Deadline, alert_state
from gateway.config import BrokerConfig, CentreConfig, Config, DutyConfig, PathsConfig, SiteConfig, UpConfig, to_toml
from gateway.errors import StoreError
from gateway.keeping.asking import Place, have_stored
from gateway.services.alerts import acknowledge_alert, close_alert
from gateway.services.desk import Desk

RELAY = "\nuser relay\ntopic read xinyi/1/+/down/+/relay\n"


class Site:
    """A broker, a configuration, a centre."""

    def __init__(self, folder: Path, site: str, level: str, hook: str, upper: "Site | None" = None) -> None:
        self.broker = Broker(folder / "broker")
        acl = folder / "broker" / "acl"
        acl.write_text(acl.read_text() + RELAY)  # real relays come with a certificate
        secret = str(folder / "broker" / "secret")
        up = UpConfig(TOWN, "127.0.0.1", upper.broker.port, upper.secret) if upper else UpConfig()
        self.secret, self.data = secret, folder / "data"
        self.data.mkdir()
        self.config = Config(
            site=SiteConfig(site, "新华路心驿"),
            paths=PathsConfig(str(self.data)),
            broker=BrokerConfig("127.0.0.1", self.broker.port, secret),
            centre=CentreConfig(level),
            up=up,
            duty=DutyConfig(undelivered_s=0.5, webhook=hook, webhook_body='{"text": "{text}"}'),
        )
        file = folder / "xinyi.toml"
        file.write_text(to_toml(self.config), "utf-8")
        self.centre = Process([sys.executable, str(ROOT / "xinyi.py"), "centre", "--config", str(file)])

    @property
    def place(self) -> Place:
        return Place.of(self.config)

    def state(self, alert: AlertEvent) -> AlertState | None:
        with contextlib.suppress(StoreError):
            return alert_state(read_steps(self.data, alert.alert))
        return None

    def steps(self, alert: AlertEvent) -> list[str]:
        with contextlib.suppress(StoreError):
            return [f"{each.step} {each.level}" for each in read_steps(self.data, alert.alert)]
        return []

    def is_(self, alert: AlertEvent, status: str) -> bool:
        state = self.state(alert)
        return state is not None and state.status == status

    async def store(self, body: AlertEvent) -> None:
        await asyncio.to_thread(have_stored, self.place, [body], time.time_ns())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[Site, Site, Messenger, Messenger]]:
    with Messenger() as in_room, Messenger() as in_town:
        town = Site(tmp_path / "town", TOWN, "town", in_town.url)
        room = Site(tmp_path / "room", ROOM, "room", in_room.url, town)
        try:
            for site in (town, room):
                await site.broker.start()
                await site.centre.start()
            await until((room.data / "rows.sqlite").exists, "the centre of the room has a store")
            yield room, town, in_room, in_town
        finally:
            for site in (room, town):
                site.centre.kill()
                site.broker.kill()


def raised(room_s: float, town_s: float = 600.0) -> AlertEvent:
    """Somebody presses the button now."""
    now = time.time_ns()
    ladder = [Deadline("room", now + int(room_s * S)), Deadline("town", now + int(town_s * S))]
    return msgspec.structs.replace(an_alert(at=now), deadlines=ladder)


async def test_nobody_answers_in_the_room_so_the_town_is_called_answers_and_the_room_knows(house):
    room, town, in_room, in_town = house
    alert = raised(1.0)
    await room.store(alert)
    await until(lambda: len(in_room.posts) == 1, "the room is paged at once")
    await until(lambda: "escalated town" in town.steps(alert), "the town is called")
    await until(lambda: len(in_town.posts) == 1, "the town is paged")
    assert in_town.posts[0][1] == {"text": f"请到 A 座（{ROOM}）"}
    await asyncio.to_thread(acknowledge_alert, town.place, alert.alert, "李老师", "town")
    await until(lambda: room.is_(alert, "acknowledged"), "the room knows that the town has it")
    assert room.state(alert).owner == "李老师"
    assert room.state(alert).next_deadline is None
    desk = Desk(Place.of(room.config, producer="console"), "room", RULES)
    await asyncio.gather(  # the console and a command line at the same time: each has an outbox of its own
        asyncio.to_thread(desk.finish, alert.alert, "王老师", "已陪同"),
        asyncio.to_thread(close_alert, room.place, alert.alert, "李老师", "room", "已陪同"),
    )
    await until(lambda: town.is_(alert, "closed"), "the town knows how it ended")
    assert not desk.look().urgent
    desk.close()
    await until(lambda: town.steps(alert).count("closed room") == 2, "both words arrive")


async def test_uplink_cut_centre_killed_between_the_call_for_help_and_its_deadline_then_healed(house):
    room, town, in_room, in_town = house
    town.broker.kill()
    alert = raised(2.0)
    await room.store(alert)
    room.centre.kill()
    await until(lambda: time.time_ns() > alert.deadlines[0].until_utc_ns, "the deadline passes while nobody watches")
    await room.centre.start()
    await until(lambda: "escalated town" in room.steps(alert), "the room calls as soon as it is back")
    await until(lambda: "undelivered room" in room.steps(alert), "the room says that the town does not know")
    assert not room.state(alert).delivered
    await until(lambda: len(in_room.posts) >= 1, "the room was paged")
    assert not in_town.posts
    await town.broker.start()
    await until(lambda: room.state(alert).delivered, "the town has it", timeout_s=40)
    await until(lambda: len(in_town.posts) == 1, "the town is paged, late but at once")
    await asyncio.to_thread(acknowledge_alert, room.place, alert.alert, "王老师", "room")
    await until(lambda: town.is_(alert, "acknowledged"), "the room's answer reaches the town")
    said = room.steps(alert)
    assert [said.count(f"{step} room") for step in ("raised", "undelivered", "delivered", "acknowledged")] == [1] * 4
    assert said.count("escalated town") == 1


async def test_raised_while_the_centre_was_down(house):
    room, town, in_room, in_town = house
    room.centre.kill()
    alert = raised(0.0)
    await room.store(alert)  # the command writes the rows itself
    assert room.steps(alert) == ["raised room"]
    await room.centre.start()
    await until(lambda: "escalated town" in town.steps(alert), "what was missed is called at once, and goes up")
    await until(lambda: in_room.posts and in_town.posts, "both are paged")
