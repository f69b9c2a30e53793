"""Many sites at once are one alert: a power cut in a district is not 262."""

import random

import msgspec
from fleet_parts import at, beat, site_sample, sites

from gateway.fleet.alert import State
from gateway.fleet.alerts import FleetAlerts, Silence
from gateway.fleet.rules import load
from gateway.fleet.watch import FleetWatch

RULES = load()


class District:
    """Sites below one prefix; ticks every 10 s; collects what a person hears."""

    def __init__(self, names):
        self.names, self.silent = names, {}
        self.book, self.now_s, self.news = FleetAlerts(RULES), 0.0, []

    def cut(self, names, within_s=0.0):
        """These fall silent, spread over so many seconds from now."""
        spread = random.Random(1)
        self.silent |= {name: self.now_s + spread.uniform(0, within_s) for name in names}
        return self

    def back(self, names):
        for name in names:
            self.silent.pop(name, None)
        return self

    def go(self, seconds):
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += 10
            said = [
                site_sample(name, at(self.now_s), self.silent.get(name, self.now_s + 1) <= self.now_s)
                for name in self.names
            ]
            self.news += self.book.tick(said, at(self.now_s))
        return self

    @property
    def standing(self):
        return self.book.standing(at(self.now_s))

    @property
    def heard(self):
        return [(alert.id, alert.state) for alert in self.news]


def test_262_sites_that_fall_silent_within_a_minute_are_one_alert_and_two_leftovers_are_two():
    names = sites(262)
    district = District(names).cut(names, 60).go(1200)
    (group,) = district.standing
    assert district.heard == [("site_silent/huadu.*", State.FIRING)]
    assert (group.state, group.value, len(group.members)) == (State.FIRING, 262.0, 262)
    assert district.book.text(group) == "huadu 有 262 个服务站没有声音：多半是停电或断网"
    assert district.book.text(group, "en") == "262 sites of huadu are silent: probably power or network"
    assert len(district.book.folded(group)) == 262

    district.news = []
    district.back(names[:260]).go(120)
    assert [(alert.id, alert.state) for alert in district.standing] == [
        (f"site_silent/{name}", State.FIRING) for name in sorted(names[260:])
    ]
    assert sorted(district.heard) == sorted(
        [
            ("site_silent/huadu.*", State.RESOLVED),
            *((f"site_silent/{name}", State.FIRING) for name in names[260:]),
        ]
    )
    assert district.back(names).go(120).standing == []


def test_three_sites_are_three_alerts():
    names = sites(262)
    district = District(names).cut(names[:3], 60).go(600)
    assert [(alert.id, alert.state) for alert in district.standing] == [
        (f"site_silent/{name}", State.FIRING) for name in names[:3]
    ]
    assert len(district.news) == 3


def test_a_town_without_power_is_named_and_not_its_district():
    names = sites(262)
    town = [name for name in names if ".town03." in name]
    (group,) = District(names).cut(town, 60).go(600).standing
    assert group.id == "site_silent/huadu.town03.*"
    assert len(group.members) == len(town)


def test_more_than_twenty_sites_are_one_alert_whatever_their_share():
    names = sites(2000)
    assert len(District(names).cut(names[:21:1], 60).go(600).standing) == 1


def test_sites_that_fail_one_by_one_over_a_day_are_no_group():
    names = sites(262)
    district = District(names)
    for name in names[:7]:
        district.cut([name]).go(600)
    assert len(district.standing) == 7
    assert not any(alert.group for alert in district.standing)


def test_those_that_follow_join_the_group():
    names = sites(262)
    district = District(names).cut(names[:100], 60).go(200).cut(names[100:180], 100).go(200).cut(names[180:], 100)
    (group,) = district.go(600).standing
    assert len(group.members) == 262
    assert len(district.news) == 1


def test_one_that_goes_and_comes_within_a_group_calls_nobody():
    names = sites(262)
    district = District(names).cut(names, 60).go(600)
    for _ in range(5):
        district.back(names[:30]).go(120).cut(names[:30]).go(600)
    assert len(district.news) == 1


def test_districts_are_apart():
    names = [*sites(50), *sites(50, "conghua")]
    district = District(names).cut(names, 60).go(600)
    assert [alert.id for alert in district.standing] == ["site_silent/conghua.*", "site_silent/huadu.*"]


def test_a_group_is_acknowledged_as_one_and_who_is_left_calls_again():
    names = sites(262)
    district = District(names).cut(names, 60).go(600)
    district.book.acknowledge("site_silent/huadu.*", "chen", "供电局在修", at(district.now_s))
    assert [alert.state for alert in district.go(60).standing] == [State.ACKNOWLEDGED]
    left = district.back(names[2:]).go(120).standing
    assert [alert.state for alert in left] == [State.FIRING, State.FIRING]


def test_a_group_lives_through_a_restart_of_the_centre():
    names = sites(262)
    district = District(names).cut(names, 60).go(600)
    district.book = FleetAlerts.restored(RULES, district.book.dump())
    district.go(600)
    assert len(district.news) == 1
    assert len(district.standing) == 1


def test_a_district_under_maintenance_calls_nobody():
    names = sites(262)
    district = District(names)
    district.book.silence(Silence("huadu", at(0), at(1000), "chen", "停电检修"))
    assert district.cut(names, 60).go(900).news == []
    (group,) = district.go(300).standing
    assert len(group.members) == 262


def test_from_heartbeats_to_one_alert():
    """The whole way: 262 rooms speak every minute, each at its own second, until the power goes."""
    names, watch, book, heard = sites(262), FleetWatch(), FleetAlerts(RULES), []
    for now_s in range(0, 1800, 10):
        for index, name in enumerate(names):
            if now_s < 600 and index % 6 == now_s // 10 % 6:
                said = msgspec.structs.replace(beat(now_s // 60 + 1, site=name), sent_utc_ns=at(now_s))
                watch.take_heartbeat(said, at(now_s))
        heard += book.tick(watch.samples(at(now_s)), at(now_s))
    assert [(alert.id, alert.state) for alert in heard] == [("site_silent/huadu.*", State.FIRING)]


def test_a_wrong_clock_at_the_centre_is_one_alert_and_not_one_for_each_site():
    watch, book, heard = FleetWatch(), FleetAlerts(RULES), []
    for minute in range(1, 20):
        for name in sites(60):
            watch.take_heartbeat(beat(minute, site=name), at(60 * minute + 30))
        heard += book.tick(watch.samples(at(60 * minute + 30)), at(60 * minute + 30))
    assert [alert.id for alert in heard] == ["clock_off/huadu.*"]
    assert "请先看这里的时钟" in book.text(heard[0])
