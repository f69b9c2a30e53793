"""The district's turn: a rollout becomes records for exactly its sites; it goes on or halts by what is heard."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from gateway_parts import placement
from release_parts import DrivenClock

from gateway import tables as t
from gateway.arrivals import Good, judge_up
from gateway.box import new_id
from gateway.documents import newest
from gateway.errors import StoreBusy
from gateway.fleet.health import Birth, DeviceBirth, DeviceHealth, Heartbeat, Versions
from gateway.fleet.watch import FleetWatch
from gateway.messages import (
    Body,
    Envelope,
    Lane,
    Record,
    RecordKind,
    ReleaseManifest,
    SiteCounts,
    SiteSettings,
    encode,
    kind_of,
)
from gateway.releases.cohorts import members
from gateway.releases.plan import SiteHealth, Status
from gateway.releases.reports import ReportState, make_report
from gateway.releases.rolling import Rolling, sites_below
from gateway.releases.rollout_file import RolloutFile
from gateway.rows import Rows
from gateway.topics import up

DISTRICT, V = "huadu", "0.2.0"
SITES = [f"huadu.t{number % 9}.{number:04}" for number in range(200)]
FIRST, SECOND = sorted(members(SITES, V, 5)), sorted(members(SITES, V, 25))
MANIFEST = ReleaseManifest(V, b"signed", b"", "")
DAY_S = 86_400


class District:
    """Rows, a rollout and a clock."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, DrivenClock(datetime(2026, 11, 29, tzinfo=UTC))
        self.rows = Rows.for_writing(folder, placement(folder, DISTRICT))
        self.rows.hear([*SITES, DISTRICT, "elsewhere"], self.clock.utc_ns())
        self.watch = FleetWatch()
        self.said: list[str] = []
        self.put: list[tuple[str, str]] = []
        self.dies_after: int | None = None
        self.rolling = self.started()

    def started(self) -> Rolling:
        return Rolling(DISTRICT, self.folder, self.rows, self.clock, self._put, self.watch, tell=self.said.append)

    async def _put(self, body: Body, target: str) -> None:
        if self.dies_after is not None and len(self.put) >= self.dies_after:
            raise RuntimeError("the plug was pulled")
        self.rows.put(body, self.clock.utc_ns(), target)
        self.put.append((kind_of(body), target))

    def begin(self, manifest: ReleaseManifest = MANIFEST) -> None:
        with RolloutFile(self.folder) as stored:
            stored.begin(manifest, self.clock.utc_ns(), "lin")

    def told(self, kind: RecordKind) -> list[str]:
        """Targets of the records of a kind."""
        with self.rows.reading() as db:
            r = t.records.c
            return sorted(db.scalars(t.records.select().with_only_columns(r.target).where(r.kind == kind)))

    def hears(self, sites: list[str], state: str) -> None:
        arrivals = []
        for site in sites:
            report = make_report(V, ReportState(state), self.clock.utc_ns())
            record = Record(new_id(), RecordKind.RELEASE_REPORT, site, "centre", 1, encode(report))
            arrival = judge_up(up(site, Lane.NORMAL, "relay"), encode(Envelope(str(new_id()), Lane.NORMAL, 1, record)))
            assert isinstance(arrival, Good), arrival
            arrivals.append(arrival)
        self.rows.store(arrivals, self.clock.utc_ns())

    def held(self, site: str) -> dict[str, object]:
        found = newest(self.rows, RecordKind.SITE_SETTINGS, site)
        return dict(found.body.values) if found and isinstance(found.body, SiteSettings) else {}

    @property
    def status(self) -> Status:
        with RolloutFile(self.folder) as stored:
            return stored.rollout.status


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    found = District(tmp_path)
    yield found
    found.rows.close()


async def test_without_a_rollout_nothing_is_done(district: District) -> None:
    await district.rolling.turn()
    assert district.put == []
    assert not (district.folder / "releases").exists()


async def test_it_is_offered_to_exactly_the_cohort_and_goes_on(district: District) -> None:
    district.begin()
    await district.rolling.turn()
    assert district.told(RecordKind.RELEASE_MANIFEST) == FIRST
    district.hears(FIRST, "healthy")
    await district.rolling.turn()
    assert district.told(RecordKind.RELEASE_MANIFEST) == FIRST, "it soaks"
    district.clock.pass_s(DAY_S)
    await district.rolling.turn()
    assert district.told(RecordKind.RELEASE_MANIFEST) == SECOND
    district.hears(SECOND, "healthy")
    district.clock.pass_s(DAY_S)
    await district.rolling.turn()
    assert district.told(RecordKind.RELEASE_MANIFEST) == sorted(SITES)
    district.hears(SITES, "healthy")
    district.clock.pass_s(DAY_S)
    await district.rolling.turn()
    assert district.status is Status.DONE
    assert len(district.put) == len(SITES), "nobody was told twice"


@pytest.mark.parametrize("dies_after", [0, 1, len(FIRST) - 1, len(FIRST)])
async def test_a_crash_between_the_offers_and_the_file_repeats_harmlessly(district: District, dies_after: int) -> None:
    district.begin()
    district.dies_after = dies_after
    if dies_after < len(FIRST):
        with pytest.raises(RuntimeError):
            await district.rolling.turn()
    else:  # all were told, and the file was not written
        before = (district.folder / "releases" / "rollout.json").read_bytes()
        await district.rolling.turn()
        (district.folder / "releases" / "rollout.json").write_bytes(before)
    district.dies_after = None
    district.rolling = district.started()
    await district.rolling.turn()
    assert district.told(RecordKind.RELEASE_MANIFEST) == FIRST, "each site was told, and once"


async def test_two_that_were_rolled_back_halt_it_and_the_others_hold_the_version(district: District) -> None:
    district.begin()
    await district.rolling.turn()
    district.rows.put(SiteSettings(1, {"site.name": "一号"}), 1, target=FIRST[2])
    district.rows.put(SiteSettings(1, {"release.hold": "*"}), 1, target=FIRST[3])
    district.hears(FIRST[:2], "rolled_back")
    await district.rolling.turn()
    assert district.status is Status.HALTED
    assert len(district.said) == 1
    assert FIRST[0] in district.said[0]
    assert [district.held(site) for site in FIRST[:2]] == [{}, {}], "they are back already"
    assert district.held(FIRST[2]) == {"site.name": "一号", "release.hold": V}
    assert district.held(FIRST[3]) == {"release.hold": "*"}
    assert all(district.held(site) == {"release.hold": V} for site in FIRST[4:])
    with RolloutFile(district.folder) as stored:
        stored.ask("resume", district.clock.utc_ns(), "lin", "their own trouble")
    await district.rolling.turn()
    assert district.held(FIRST[2]) == {"site.name": "一号"}
    assert district.held(FIRST[3]) == {"release.hold": "*"}
    assert district.held(FIRST[4]) == {}
    sent = len(district.put)
    await district.rolling.turn()
    assert len(district.put) == sent


async def test_a_crash_between_the_holds_and_the_file_repeats_harmlessly(district: District) -> None:
    district.begin()
    await district.rolling.turn()
    district.hears(FIRST[:2], "refused")
    district.hears(FIRST[:2], "rolled_back")
    district.hears(FIRST[:2], "applied")
    district.dies_after = len(district.put) + 2
    with pytest.raises(RuntimeError):
        await district.rolling.turn()
    district.dies_after = None
    district.rolling = district.started()
    await district.rolling.turn()
    assert district.told(RecordKind.SITE_SETTINGS) == FIRST[2:]


async def test_while_a_person_commands_the_turn_waits(district: District) -> None:
    district.begin()
    with RolloutFile(district.folder), pytest.raises(StoreBusy):
        await district.rolling.turn()
    await district.rolling.turn()
    assert district.told(RecordKind.RELEASE_MANIFEST) == FIRST


def test_sites_are_those_that_were_heard_or_whose_counts_came_up(district: District) -> None:
    counts = SiteCounts("2026-11-29", 1, {})
    record = Record(new_id(), RecordKind.SITE_COUNTS, "huadu.x.0001", "centre", 1, encode(counts))
    arrival = judge_up(up("huadu.x", Lane.NORMAL, "relay"), encode(Envelope("b", Lane.NORMAL, 1, record)))
    district.rows.store([arrival], 1)
    assert sites_below(district.rows, DISTRICT) == sorted([*SITES, "huadu.x.0001"])


def beat(site: str, number: int, now: int, *faults: str) -> Heartbeat:
    return Heartbeat(site, "relay", "b", number, now, faults=list(faults))


async def test_silence_counts_when_it_lasts_while_we_listen(district: District) -> None:
    clock, watch, site, other = district.clock, district.watch, SITES[0], SITES[1]

    def health() -> dict[str, SiteHealth]:
        return district.rolling._health(SITES, clock.utc_ns(), 3600)

    watch.hearing(clock.utc_ns())
    for one in (site, other, "elsewhere"):
        watch.take_heartbeat(beat(one, 1, clock.utc_ns()), clock.utc_ns())
    assert health() == {site: SiteHealth.WELL, other: SiteHealth.WELL}
    clock.pass_s(600)
    watch.take_heartbeat(beat(other, 2, clock.utc_ns()), clock.utc_ns())
    assert health() == {site: SiteHealth.WELL, other: SiteHealth.WELL}, "ten minutes are no silence yet"
    clock.pass_s(3600)
    watch.take_heartbeat(beat(other, 3, clock.utc_ns()), clock.utc_ns())
    assert health() == {site: SiteHealth.SILENT, other: SiteHealth.WELL}
    watch.deaf()
    assert health() == {}, "who hears nothing knows nothing"


async def test_a_new_fault_of_a_chair_halts_it_and_an_old_one_does_not(district: District) -> None:
    clock, watch, site = district.clock, district.watch, FIRST[0]
    watch.hearing(clock.utc_ns())
    watch.take_heartbeat(beat(site, 1, clock.utc_ns(), "chair-1"), clock.utc_ns())
    district.begin()
    await district.rolling.turn()
    district.hears([site], "applied")
    district.rolling = district.started()
    await district.rolling.turn()
    assert district.status is Status.RUNNING, "that chair was out of order before, and a restart remembers it"
    watch.take_heartbeat(beat(site, 2, clock.utc_ns(), "chair-1", "chair-2"), clock.utc_ns())
    await district.rolling.turn()
    assert district.status is Status.HALTED
    assert district.said == [
        f"rollout of {V} is halted: safety fault at {site}; look with: xinyi release rollout status"
    ]


def test_a_chair_that_is_heard_itself_counts_too() -> None:
    watch = FleetWatch()
    watch.hearing(1)
    devices = [DeviceBirth("chair-1", "chair-link"), DeviceBirth("belt", "berry")]
    watch.take_birth(Birth("huadu", "room", "b", 1, "first", Versions("1"), devices=devices), 1)
    healths = [DeviceHealth("chair-1", "fault"), DeviceHealth("belt", "fault")]
    watch.take_heartbeat(Heartbeat("huadu", "room", "b", 1, 1, devices=healths), 1)
    assert watch.faults("huadu", 2) == ["chair-1"]
    assert watch.faults("elsewhere", 2) == []
