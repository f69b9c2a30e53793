"""A rollout between configured processes: two brokers, mTLS between them; offers, reports and holds really travel."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gateway_parts import Broker, placement, until
from trust_parts import UpperSite, enrolled

from devices.clock import Clock
from gateway import centre_service, topics
from gateway import tables as t
from gateway.box import new_id
from gateway.config import BrokerConfig, CentreConfig, Config, PathsConfig, SiteConfig, UpConfig, load, to_toml
from gateway.messages import Envelope, Lane, Record, RecordKind, ReleaseManifest, SiteSettings, encode
from gateway.releases.cohorts import Wishes, members
from gateway.releases.config import ReleaseConfig
from gateway.releases.layout import Layout
from gateway.releases.plan import STAGES, Policy, Stage
from gateway.releases.reports import ReportState, find_offer, make_report
from gateway.releases.rollout_file import RolloutFile
from gateway.releases.state import State, write_state
from gateway.rows import Rows
from gateway.settings_above import FILE
from gateway.trust.authority import Authority

DISTRICT, ROOM, V = "huadu", "huadu.xinhua.0007", "0.2.0"
OTHERS = [f"huadu.xinhua.{number:04}" for number in range(1000, 1200)]
WISHES = Wishes(canary=frozenset({ROOM}))
FIRST = sorted(members([*OTHERS, ROOM], V, 5, WISHES))
MANIFEST = ReleaseManifest(V, b"signed", b"", "")
DAY_NS = 86_400 * 10**9


class Ahead(Clock):
    """The real clock, and days that a test lets pass."""

    skipped: dict[str, int]

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "skipped", {"ns": 0})

    def utc_ns(self) -> int:
        return super().utc_ns() + self.skipped["ns"]

    def pass_a_day(self) -> None:
        self.skipped["ns"] += DAY_NS


class Two:
    """A district and a room as their files configure them, and the room's updater, which is a file here."""

    def __init__(self, folder: Path, upper: UpperSite, authority: Authority, room_broker: Broker) -> None:
        self.folder, self.upper, self.authority = folder, upper, authority
        self.clock = Ahead()
        self.layout = Layout(folder / "opt")
        self.layout.prepare()
        self.state = State(version=V)
        self.district = Config(
            site=SiteConfig(DISTRICT),
            paths=PathsConfig(str(folder / "district")),
            broker=BrokerConfig(
                "127.0.0.1", upper.port, str(folder / "broker" / "secret"), upper.port_below, "127.0.0.1"
            ),
            centre=CentreConfig(level="district"),
        )
        room = Config(
            site=SiteConfig(ROOM),
            paths=PathsConfig(str(folder / "room")),
            broker=BrokerConfig("127.0.0.1", room_broker.port, str(room_broker.folder / "secret")),
            up=UpConfig(DISTRICT, "127.0.0.1", upper.port_below),
            release=ReleaseConfig(root=str(self.layout.root)),
        )
        self.room_file = folder / "room.toml"
        self.room_file.write_text(to_toml(room), "utf-8")
        enrolled(authority, folder, ROOM).folder.rename(folder / "room" / "identity")

    @property
    def room(self) -> Config:
        return load(self.room_file)

    def begin(self, policy: Policy) -> None:
        with Rows.for_writing(self.district.data, placement(self.district.data, DISTRICT)) as rows:
            rows.hear(OTHERS, 1)
            values: dict[str, str | int | float | bool] = {
                "site.name": "新华社区",
                "release.source": "https://evil.example",
            }
            rows.put(SiteSettings(1, values), 1, target=ROOM)
        with RolloutFile(self.district.data) as stored:
            stored.begin(MANIFEST, self.clock.utc_ns(), "lin", policy=policy, wishes=WISHES)

    def guard_says(self, *states: str) -> None:
        for state in states:
            self.state = self.state.noted(ReportState(state), self.clock.utc_ns())
        write_state(self.layout.state, self.state)

    async def another_says(self, site: str, state: str) -> None:
        """A report of another room of the district, by its relay."""
        report = make_report(V, ReportState(state), self.clock.utc_ns())
        record = Record(new_id(), RecordKind.RELEASE_REPORT, site, topics.CENTRE, 1, encode(report))
        async with self.upper.link(self.upper.site(site)) as link:
            payload = encode(Envelope(str(new_id()), Lane.NORMAL, 1, record))
            link.publish(topics.up(site, Lane.NORMAL, topics.RELAY), payload)
            await until(lambda: site in self.reporters(), f"the report of {site} is stored", timeout_s=30)

    def _ask(self, column: str, kind: RecordKind) -> list[str]:
        r = t.records.c
        with Rows.for_reading(self.district.data) as rows, rows.reading() as db:
            return sorted(db.scalars(t.records.select().with_only_columns(r[column]).where(r.kind == kind)))

    def offered(self) -> list[str]:
        return self._ask("target", RecordKind.RELEASE_MANIFEST)

    def reporters(self) -> list[str]:
        return self._ask("site", RecordKind.RELEASE_REPORT)

    @property
    def rollout(self) -> dict[str, object]:
        return json.loads((self.district.data / "releases" / "rollout.json").read_bytes())["rollout"]

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(centre_service.run(config, clock, stop))
            for config, clock in ((self.district, self.clock), (self.room, Clock()))
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path / "district" / "authority", site=DISTRICT)


@pytest.fixture
async def two(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    monkeypatch.setattr("gateway.acting.LOOK_S", 0.1)
    monkeypatch.setattr("gateway.releases.rolling.LOOK_S", 0.1)
    upper, room_broker = UpperSite(tmp_path, authority, DISTRICT), Broker(tmp_path / "room" / "broker")
    try:
        await upper.broker.start()
        await room_broker.start()
        yield Two(tmp_path, upper, authority, room_broker)
    finally:
        upper.broker.kill()
        room_broker.kill()


async def test_a_release_is_offered_reported_and_goes_on(two: Two) -> None:
    two.begin(Policy(stages=(Stage(5, healthy=1, reached_share=0), *STAGES[1:])))
    async with two.serving():
        await until(
            lambda: find_offer(two.room.data) == MANIFEST, "the offer lies where the updater looks", timeout_s=30
        )
        assert two.offered() == FIRST, "and nobody else was told"
        two.guard_says("offered", "fetched", "applied", "healthy")
        await until(lambda: two.reporters() == [ROOM] * 4, "the reports reach the district", timeout_s=30)
        assert two.rollout["stage"] == 0, "it soaks"
        two.clock.pass_a_day()
        await until(lambda: two.rollout["stage"] == 1, "the next stage opens", timeout_s=30)
    assert two.offered() == sorted(members([*OTHERS, ROOM], V, 25, WISHES))
    assert two.rollout["outcomes"][ROOM]["state"] == "healthy"


async def test_two_that_were_rolled_back_halt_it_and_the_hold_arrives(two: Two) -> None:
    two.begin(Policy())
    assert two.room.site.name != "新华社区"
    bad = [site for site in FIRST if site != ROOM][:2]
    async with two.serving():
        await until(lambda: find_offer(two.room.data) == MANIFEST, "the room has its offer", timeout_s=30)
        await until(lambda: two.room.site.name == "新华社区", "settings reach the room's configuration", timeout_s=30)
        await two.another_says(bad[0], "rolled_back")
        assert two.rollout["status"] == "running"
        await two.another_says(bad[1], "rolled_back")
        await until(lambda: two.room.release.hold == V, "the room holds the version", timeout_s=30)
        await until(lambda: two.rollout["status"] == "halted", "it is halted when all have been told", timeout_s=30)
    assert two.room.site.name == "新华社区", "what was set before stays"
    assert two.room.release.source == ""
    assert "evil" not in (two.room.data / FILE).read_text("utf-8")
    with Rows.for_reading(two.room.data) as rows:
        letters = rows.dead_letters()
    assert {letter.what for letter in letters} == {"setting"}
    assert all("release.source: may not be set from above" in letter.reason for letter in letters)
    assert letters
