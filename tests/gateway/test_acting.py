"""What came down is acted on once: offers, settings, reports. Rows of three real levels, wired by hand."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from gateway_parts import SITE, Broker, CentreProcess, until
from levels import DISTRICT, NEIGHBOUR, ROOM, TOWN, Levels

from devices.clock import Clock
from gateway import acting as module
from gateway.acting import Acting
from gateway.documents import newest
from gateway.errors import NotAllowed, StoreError, StoreUnwritable
from gateway.keeping.asking import Place
from gateway.messages import DutyEntry, DutyRoster, RecordKind, ReleaseManifest, ReleaseReport, SiteSettings
from gateway.releases.reports import ReportState, find_offer, find_root
from gateway.releases.state import State, write_state
from gateway.services.duty import current_roster, on_duty, send_roster
from gateway.services.settings import send_settings
from gateway.settings_above import FILE


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[Levels]:
    found = Levels(tmp_path / "levels")
    yield found
    found.close()


def acting(levels: Levels, site: str = ROOM) -> Acting:
    rows = levels.rows[site]

    async def put(body: ReleaseReport) -> None:
        rows.put(body, Clock().utc_ns())

    return Acting(site, levels.folder / site, levels.folder / site / "state.json", rows, Clock(), put)


def manifest(version: str, content: bytes = b"signed") -> ReleaseManifest:
    return ReleaseManifest(version, content, b"", "")


def file_of(levels: Levels, site: str = ROOM) -> str:
    return (levels.folder / site / FILE).read_text("utf-8")


async def test_a_manifest_becomes_an_offer_and_an_older_one_that_comes_late_does_not(levels: Levels) -> None:
    district = levels.rows[DISTRICT]
    district.put(manifest("0.3.0"), 30, target=ROOM)
    levels.carry()
    await acting(levels).turn()
    assert find_offer(levels.folder / ROOM) == manifest("0.3.0")
    district.put(manifest("0.2.0"), 20, target=ROOM)
    levels.carry()
    await acting(levels).turn()
    assert find_offer(levels.folder / ROOM) == manifest("0.3.0")
    assert find_offer(levels.folder / TOWN) is None, "it only passed there"


async def test_a_root_beside_a_release_reaches_the_updater_too(levels: Levels) -> None:
    levels.rows[DISTRICT].put(manifest("root.2"), 10, target=ROOM)
    levels.rows[DISTRICT].put(manifest("0.3.0"), 11, target=ROOM)
    levels.carry()
    await acting(levels).turn()
    assert find_root(levels.folder / ROOM, 2) == manifest("root.2")
    assert find_offer(levels.folder / ROOM) == manifest("0.3.0")


async def test_an_offer_is_laid_down_once(levels: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[str] = []
    monkeypatch.setattr(module, "leave_offer", lambda _, offered: laid.append(offered.version))
    levels.rows[TOWN].put(manifest("0.3.0"), 10, target=ROOM)
    levels.carry()
    for _ in range(3):
        await acting(levels).turn()
    assert laid == ["0.3.0"]


async def test_a_disk_that_refuses_is_tried_again(levels: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    levels.rows[TOWN].put(manifest("0.3.0"), 10, target=ROOM)
    levels.carry()
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise StoreUnwritable("disk", "full", "free space")

        patched.setattr(module, "leave_offer", full)
        with pytest.raises(StoreUnwritable):
            await acting(levels).turn()
    await acting(levels).turn()
    assert find_offer(levels.folder / ROOM) == manifest("0.3.0")


async def test_a_neighbour_or_a_site_below_has_no_say(levels: Levels) -> None:
    """They may write letters to anybody; these change nothing, and do not stand in the way of who has a say."""
    for target in (ROOM, TOWN, DISTRICT):
        levels.rows[NEIGHBOUR].put(manifest("9.9.9"), 99, target=target)
        levels.rows[NEIGHBOUR].put(SiteSettings(1 << 62, {"site.name": "evil"}), 99, target=target)
        levels.rows[NEIGHBOUR].put(DutyRoster(1 << 62, []), 99, target=target)
    levels.carry()
    for site in (ROOM, TOWN, DISTRICT):
        await acting(levels, site).turn()
        assert find_offer(levels.folder / site) is None
        assert not (levels.folder / site / FILE).exists()
        assert newest(levels.rows[site], RecordKind.DUTY_ROSTER, site) is None
    levels.rows[DISTRICT].put(SiteSettings(1, {"site.name": "good"}), 100, target=ROOM)
    levels.carry()
    await acting(levels).turn()
    assert "good" in file_of(levels)


async def test_a_forbidden_key_changes_nothing_and_is_reported_once(
    levels: Levels, caplog: pytest.LogCaptureFixture
) -> None:
    values = {"release.source": "https://evil", "site.name": "新华", "console.language": "fr"}
    levels.rows[DISTRICT].put(SiteSettings(1, values), 10, target=ROOM)
    levels.carry()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await acting(levels).turn()
    assert "evil" not in file_of(levels)
    assert 'site.name = "新华"' in file_of(levels)
    letters = levels.rows[ROOM].dead_letters()
    assert {letter.what for letter in letters} == {"setting"}
    assert sorted(letter.reason.split(":")[0] for letter in letters) == [
        "huadu sets console.language",
        "huadu sets release.source",
    ]
    assert caplog.text.count("release.source") == 1


async def test_newer_settings_replace_all_of_the_older(levels: Levels) -> None:
    place = levels.place(TOWN)
    levels.rows[TOWN].close()
    assert send_settings(place, {"site.name": "a", "kiosk.motion": False}, ROOM, "lin")
    assert send_settings(place, {"site.name": None}, ROOM, "lin")
    assert not send_settings(place, {"site.name": None}, ROOM, "lin"), "nothing changes"
    levels.rows[TOWN] = levels.open(TOWN)
    levels.carry()
    await acting(levels).turn()
    assert "kiosk.motion = false" in file_of(levels)
    assert "site.name" not in file_of(levels)


def test_settings_are_refused_before_they_leave(levels: Levels) -> None:
    place = levels.place(TOWN)
    for changes, target in (
        ({"release.trusted": "x"}, ROOM),
        ({"site.name": "x"}, DISTRICT),
        ({"site.name": "x"}, TOWN),
    ):
        with pytest.raises(NotAllowed):
            send_settings(place, changes, target, "lin")


def reported(levels: Levels, site: str) -> list[str]:
    with levels.rows[site].reading() as db:
        found = db.exec_driver_sql("SELECT count(*) FROM records WHERE kind='release_report'").scalar()
    return ["report"] * (found or 0)


async def test_each_report_goes_up_once_and_a_new_updater_is_heard_again(levels: Levels) -> None:
    path = levels.folder / ROOM / "state.json"
    state = State(version="0.3.0").noted(ReportState.OFFERED, 1).noted(ReportState.FETCHED, 2)
    write_state(path, state)
    for _ in range(2):
        await acting(levels).turn()
    levels.carry()
    assert len(reported(levels, DISTRICT)) == 2
    write_state(path, state.noted(ReportState.APPLIED, 3))
    await acting(levels).turn()
    levels.carry()
    assert len(reported(levels, DISTRICT)) == 3
    write_state(path, State(version="0.4.0").noted(ReportState.OFFERED, 4))
    await acting(levels).turn()
    levels.carry()
    assert len(reported(levels, DISTRICT)) == 4, "the machine was set up anew and counts from 1"


def test_what_was_kept_by_another_version_is_begun_anew(levels: Levels) -> None:
    module.save_kept(levels.rows[ROOM], "acted", msgspec.msgpack.encode(["?"]))
    assert acting(levels)._acted() == module.Acted()


def test_a_roster_comes_down_and_says_who_is_on_duty(levels: Levels) -> None:
    day, night = DutyEntry("s1", "王医生", "counsellor", 100, 200), DutyEntry("s2", "李护士", "nurse", 200, 300)
    place = levels.place(TOWN)
    levels.rows[TOWN].close()
    send_roster(place, DutyRoster(1, [night, day]), ROOM, "lin")
    with pytest.raises(NotAllowed, match="higher version"):
        send_roster(place, DutyRoster(1, []), ROOM)
    with pytest.raises(NotAllowed, match="not below"):
        send_roster(place, DutyRoster(2, []), DISTRICT)
    with pytest.raises(NotAllowed, match="ends before"):
        send_roster(place, DutyRoster(2, [DutyEntry("s", "n", "r", 5, 5)]), ROOM)
    levels.rows[TOWN] = levels.open(TOWN)
    levels.carry()
    room = levels.rows[ROOM]
    roster = current_roster(room, ROOM, 150)
    assert roster is not None
    assert roster.entries == [day, night]
    assert [on_duty(room, ROOM, at) for at in (50, 100, 199, 200, 300)] == [[], [day], [day], [night], []]
    assert current_roster(room, NEIGHBOUR, 150) is None


async def test_a_running_centre_is_asked_to_send_a_roster(
    tmp_path: Path, broker: Broker, centre: CentreProcess
) -> None:
    del centre
    place = Place(SITE, tmp_path / "centre", broker.address)

    def serves() -> bool:
        with contextlib.suppress(StoreError), place.reading():
            return True
        return False

    await until(serves, "the centre has opened its rows")
    await asyncio.to_thread(send_roster, place, DutyRoster(1, []), f"{SITE}.a", "lin")
    with place.reading() as rows:
        assert newest(rows, RecordKind.DUTY_ROSTER, f"{SITE}.a") is not None
        assert rows.hops_below() == [f"{SITE}.a"]
