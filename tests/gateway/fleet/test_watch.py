"""What a centre makes of births, heartbeats and silence."""

import msgspec
import pytest
from fleet_parts import SITE, at, beat, birth, device
from hypothesis import given
from hypothesis import strategies as st

from gateway import topics
from gateway.fleet import watch as watching
from gateway.fleet.counters import MOST_MINUTES
from gateway.fleet.health import encode
from gateway.fleet.watch import FleetWatch

BIRTH, HEALTH, STATE = topics.birth(SITE, "room"), topics.health(SITE, "room"), topics.state(SITE, "room")


def values(watch, now_ns, process="room", device_id=""):
    found = [s for s in watch.samples(now_ns) if (s.process, s.device) == (process, device_id)]
    return found[0].values if found else None


def is_silent(watch, now_ns):
    return values(watch, now_ns, process="").get("silent") == 1.0


def rows(watch, now_ns):
    minutes = watch.minutes(now_ns).get(SITE)
    return minutes.minutes if minutes else []


def test_a_site_is_online_until_three_heartbeats_are_missing():
    watch = FleetWatch()
    watch.take(HEALTH, encode(beat(1)), retained=False, now_ns=at(60))
    assert not is_silent(watch, at(240))
    assert is_silent(watch, at(241))
    assert watch.sites(at(241))[0].since_ns == at(60)


def test_a_retained_birth_or_online_makes_nobody_known():
    watch = FleetWatch()
    watch.take(STATE, topics.ONLINE, retained=True, now_ns=at(0))
    watch.take(BIRTH, encode(birth()), retained=True, now_ns=at(0))
    watch.take(STATE, topics.ONLINE, retained=False, now_ns=at(0))
    assert watch.sites(at(0)) == []
    assert watch.samples(at(0)) == []


def test_a_site_that_should_be_there_and_was_never_heard_becomes_silent():
    watch = FleetWatch()
    watch.expect([SITE], at(0))
    watch.take(BIRTH, encode(birth()), retained=True, now_ns=at(1))
    assert not is_silent(watch, at(180))
    assert is_silent(watch, at(181))
    watch.take(BIRTH, encode(birth()), retained=False, now_ns=at(200))
    assert not is_silent(watch, at(200))


def test_a_will_makes_it_silent_at_once_and_a_heartbeat_brings_it_back():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1), at(60))
    watch.take(STATE, topics.OFFLINE, retained=True, now_ns=at(61))
    assert not is_silent(watch, at(61))
    watch.take(STATE, topics.OFFLINE, retained=False, now_ns=at(62))
    assert is_silent(watch, at(62))
    watch.take_heartbeat(beat(2), at(70))
    assert not is_silent(watch, at(70))


def test_a_silent_room_in_a_site_that_lives_is_the_rooms_matter():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1), at(0))
    watch.take_heartbeat(beat(1, process="centre"), at(300))
    assert not is_silent(watch, at(300))
    assert values(watch, at(300)) == {"silent": 1.0}
    assert values(watch, at(300), "centre")["silent"] == 0.0


def test_when_the_site_is_silent_nobody_says_anything_about_its_devices():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1, devices=[device(10)]), at(0))
    assert [(sample.process, sample.device) for sample in watch.samples(at(300))] == [("", "")]


def test_counters_become_minutes():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1, devices=[device(100, 1, 2)]), at(1))
    watch.take_heartbeat(beat(2, devices=[device(250, 1, 5, 1, battery_percent=40.0)]), at(61))
    assert rows(watch, at(59)) == []
    first, second = rows(watch, at(121))
    assert (first.t_utc_ns, first.frames, first.crc_errors, first.lost_frames) == (at(0), 100, 1, 2)
    assert (second.t_utc_ns, second.frames, second.crc_errors, second.lost_frames) == (at(60), 150, 0, 3)
    assert (second.reconnects, second.battery_percent, second.connected_share) == (1, 40.0, 1.0)
    assert rows(watch, at(121)) == []


def test_who_joins_late_takes_the_first_totals_as_a_base_line():
    watch = FleetWatch()
    watch.take_heartbeat(beat(5000, devices=[device(1_000_000)]), at(0))
    watch.take_heartbeat(beat(5001, devices=[device(1_000_060)]), at(61))
    assert [row.frames for row in rows(watch, at(180))] == [0, 60]


def test_a_new_boot_begins_to_count_anew():
    watch = FleetWatch()
    watch.take_heartbeat(beat(90, devices=[device(9000)]), at(0))
    watch.take_birth(birth(boot="boot-2"), at(30))
    watch.take_heartbeat(beat(2, boot="boot-2", devices=[device(40)]), at(61))
    assert [row.frames for row in rows(watch, at(180))] == [0, 40]
    assert values(watch, at(61))["restarts_1h"] == 1.0
    assert values(watch, at(61 + 120))["restarts_1h"] == 1.0


def test_a_counter_that_runs_backwards_has_begun_anew():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1, devices=[device(100)]), at(0))
    watch.take_heartbeat(beat(2, devices=[device(30)]), at(60))
    assert [row.frames for row in rows(watch, at(180))] == [100, 30]


def test_what_comes_twice_late_or_from_an_old_boot_counts_once():
    watch = FleetWatch()
    for heard in (beat(1, devices=[device(10)]), beat(3, devices=[device(30)]), beat(2, devices=[device(20)])):
        watch.take_heartbeat(heard, at(1))
    watch.take_heartbeat(beat(3, devices=[device(30)]), at(2))
    watch.take_heartbeat(beat(1, boot="boot-2", devices=[device(5)]), at(3))
    watch.take_heartbeat(beat(4, devices=[device(40)]), at(4))
    assert sum(row.frames for row in rows(watch, at(180))) == 35
    assert values(watch, at(4))["restarts_1h"] == 1.0


def test_half_a_minute_connected_is_half():
    watch = FleetWatch()
    for number, health in enumerate(("connected", "searching"), 1):
        watch.take_heartbeat(beat(number, devices=[device(10, health=health, silent_s=4.0)]), at(number))
    (row,) = rows(watch, at(60))
    assert (row.connected_share, row.silent_s) == (0.5, 4.0)


@given(st.permutations(list(range(1, 9))))
def test_heartbeats_in_any_order_end_with_the_same_totals(order):
    watch = FleetWatch()
    for number in order:
        watch.take_heartbeat(beat(number, devices=[device(10 * number, lost=number)]), at(1))
    whole = sum(row.frames for row in rows(watch, at(60)))
    # The first that came counts from the start only when it was number 1.
    assert whole == 80 - (10 * order[0] if order[0] != 1 else 0)


def test_messages_of_different_sites_in_any_order_make_the_same_picture():
    heard = [birth(site=f"a.b.{n}") for n in range(5)] + [beat(1, site=f"a.b.{n}") for n in range(5)]
    pictures = []
    for order in (heard, heard[::-1]):
        watch = FleetWatch(release="0.2.0")
        for said in order:
            topic = topics.birth(said.site, "room") if hasattr(said, "versions") else topics.health(said.site, "room")
            watch.take(topic, encode(said), retained=False, now_ns=at(60))
        pictures.append(msgspec.json.encode((watch.sites(at(60)), watch.samples(at(60)))))
    assert pictures[0] == pictures[1]


def test_who_speaks_without_a_birth_is_asked_once_a_minute():
    watch = FleetWatch()
    watch.take_heartbeat(beat(7), at(0))
    assert watch.unborn(at(0)) == [(SITE, "room")]
    assert watch.unborn(at(30)) == []
    assert watch.unborn(at(60)) == [(SITE, "room")]
    watch.take_birth(birth(), at(61))
    assert watch.unborn(at(200)) == []


def test_what_cannot_be_read_is_counted_and_nothing_else_happens():
    watch = FleetWatch()
    watch.take(HEALTH, b"\xc1", retained=False, now_ns=at(0))
    watch.take(topics.health("x.y.z", "room"), encode(beat(1)), retained=False, now_ns=at(0))
    watch.take("nonsense", b"", retained=False, now_ns=at(0))
    assert (watch.unreadable, watch.sites(at(0))) == (3, [])
    assert "nonsense" in watch.last_problem


@pytest.mark.parametrize(
    ("version", "behind"), [("0.1.0", 1.0), ("0.2.0", 0.0), ("0.10.0", 0.0), ("somebody's own", None)]
)
def test_versions_are_compared_with_the_release(version, behind):
    watch = FleetWatch(release="0.2.0")
    watch.take_birth(birth(version=version), at(0))
    assert values(watch, at(0)).get("version_behind") == behind


def test_the_clock_is_judged_by_the_best_of_three_arrivals():
    watch = FleetWatch()
    for number, late_s in ((1, 3.0), (2, 9.0), (3, 12.0)):
        watch.take_heartbeat(beat(number), at(60 * number + late_s))
    assert values(watch, at(200))["clock_off_s"] == 3.0
    watch.take_heartbeat(beat(4, clock_offset_ms=-2500.0), at(245))
    assert values(watch, at(245))["clock_off_s"] == 2.5


@pytest.mark.parametrize("what", ["dead_letters", "incidents"])
def test_what_went_wrong_in_the_last_hour_is_what_was_added(what):
    watch = FleetWatch()
    watch.take_heartbeat(beat(1, **{what: 40}), at(0))
    assert values(watch, at(0))[f"{what}_1h"] == 0.0
    watch.take_heartbeat(beat(2, **{what: 43}), at(60))
    assert values(watch, at(60))[f"{what}_1h"] == 3.0
    watch.take_heartbeat(beat(63, **{what: 43}), at(3661))
    assert values(watch, at(3661))[f"{what}_1h"] == 0.0


def test_the_memory_of_a_site_is_bounded():
    watch = FleetWatch()
    for minute in range(3 * MOST_MINUTES):
        devices = [msgspec.structs.replace(device(minute), id=f"d{minute % 7}-{n}") for n in range(10)]
        for number in range(2 * watching.MOST_PROCESSES):
            watch.take_heartbeat(beat(minute, process=f"p{number}", devices=devices), at(60 * minute))
    assert watch.refused
    processes = watch._sites[SITE]
    assert len(processes) == watching.MOST_PROCESSES
    for process in processes.values():
        assert len(process._minutes) <= 20
        assert all(len(minutes._buckets) <= MOST_MINUTES for minutes in process._minutes.values())


def test_a_process_that_is_long_silent_makes_room_for_a_new_one():
    watch = FleetWatch()
    for number in range(watching.MOST_PROCESSES):
        watch.take_heartbeat(beat(1, process=f"p{number}"), at(number))
    watch.take_heartbeat(beat(1, process="new"), at(1000))
    names = [process.process for process in watch.sites(at(1000))[0].processes]
    assert "new" in names
    assert "p0" not in names
    assert len(names) == watching.MOST_PROCESSES


def test_a_site_that_is_no_more_is_forgotten():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1), at(0))
    watch.forget(SITE)
    assert watch.samples(at(999)) == []


def test_of_a_site_that_had_no_time_to_speak_nobody_knows_anything():
    watch = FleetWatch()
    watch.expect([SITE], at(0))
    assert values(watch, at(100), process="") == {}


def test_our_own_cut_is_not_theirs():
    watch = FleetWatch()
    watch.take_heartbeat(beat(1, site="a.b.1"), at(0))
    watch.take_heartbeat(beat(1, site="a.b.2"), at(0))
    watch.deaf()
    assert watch.samples(at(1000)) == []
    watch.hearing(at(1000))
    watch.take_heartbeat(beat(9, site="a.b.2"), at(1030))
    assert [sample.values.get("silent") for sample in watch.samples(at(1100)) if not sample.process] == [None, 0.0]
    assert [sample.values.get("silent") for sample in watch.samples(at(1181)) if not sample.process] == [1.0, 0.0]
