"""One alert: pending, firing, acknowledged, resolved."""

import random

import pytest
from fleet_parts import NOON, SITE, S, at
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.fleet.alert import State
from gateway.fleet.alerts import FleetAlerts, Silence
from gateway.fleet.errors import AlertUnknown
from gateway.fleet.metrics import Sample
from gateway.fleet.rules import load
from gateway.fleet.watch import FleetWatch

RULES = load()
HOT = "too_hot/huadu.xinhua.0007/room"


def heat(now_ns, celsius, site=SITE, **values):
    return Sample(site, "room", "", now_ns, True, {} if celsius is None else {"cpu_temperature_c": celsius} | values)


class Story:
    """Ticks every 10 s with what a sensor says; collects what a person hears."""

    def __init__(self):
        self.book, self.now_s, self.news = FleetAlerts(RULES), 0.0, []

    def go(self, seconds, celsius):
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += 10
            news = self.book.tick([heat(at(self.now_s), celsius)], at(self.now_s))
            self.news += [(alert.id, alert.state, self.now_s) for alert in news]
        return self

    @property
    def state(self):
        pending = [alert.state for alert in self.book.pending()]
        return (pending + [alert.state for alert in self.book.standing(at(self.now_s))] or [None])[0]


def test_wrong_for_five_minutes_fires_and_good_for_a_minute_resolves():
    story = Story().go(300, 90.0)
    assert story.state == State.PENDING
    assert story.go(10, 90.0).state == State.FIRING
    assert story.go(60, 70.0).state == State.FIRING
    assert story.go(10, 70.0).state is None
    assert story.news == [(HOT, State.FIRING, 310.0), (HOT, State.RESOLVED, 380.0)]


def test_between_threshold_and_clear_a_pending_one_falls_and_a_standing_one_stays():
    assert Story().go(200, 90.0).go(10, 80.0).state is None
    assert Story().go(310, 90.0).go(600, 80.0).state == State.FIRING


def test_what_nobody_knows_neither_fires_nor_resolves():
    assert Story().go(200, 90.0).go(200, None).state is None
    assert Story().go(310, 90.0).go(900, None).state == State.FIRING


def test_somebody_acknowledges_with_a_note_and_it_resolves_all_the_same():
    story = Story().go(310, 90.0)
    seen = story.book.acknowledge(HOT, "chen", "风扇坏了，明天换", at(story.now_s))
    assert (seen.state, seen.by, seen.note) == (State.ACKNOWLEDGED, "chen", "风扇坏了，明天换")
    assert story.go(100, 90.0).state == State.ACKNOWLEDGED
    story.go(70, 70.0)
    assert [entry[1] for entry in story.news] == [State.FIRING, State.RESOLVED]
    assert story.go(310, 90.0).state == State.FIRING


def test_what_does_not_stand_cannot_be_acknowledged():
    with pytest.raises(AlertUnknown, match="no such alert stands"):
        Story().go(100, 90.0).book.acknowledge(HOT, "chen", "", at(100))


def test_one_that_flaps_stays_instead_of_calling_again_and_again():
    story = Story()
    for _ in range(8):
        story.go(310, 90.0).go(80, 70.0)
    fired = [entry for entry in story.news if entry[1] == State.FIRING]
    assert len(fired) == 3
    assert story.state == State.FIRING
    assert story.go(1900, 70.0).state is None


def test_under_maintenance_nothing_fires_and_afterwards_what_is_still_wrong_does():
    story = Story()
    story.book.silence(Silence("huadu.xinhua", at(0), at(1000), "chen", "换设备"))
    assert story.go(990, 90.0).state == State.PENDING
    assert story.news == []
    assert story.go(10, 90.0).state == State.FIRING


def test_maintenance_hides_what_stands_and_its_neighbour_is_not_concerned():
    story = Story().go(310, 90.0)
    story.book.silence(Silence(SITE, at(310), at(700), "chen", ""))
    assert story.go(100, 90.0).state is None
    assert story.go(300, 90.0).state == State.FIRING
    story.book.silence(Silence("huadu.xin", at(0), at(9999), "chen", ""))
    assert story.go(10, 90.0).state == State.FIRING


def test_outside_opening_hours_a_device_may_be_off():
    book = FleetAlerts(RULES)

    def tick(now_s, is_open):
        return book.tick([Sample(SITE, "room", "hrm-1", at(now_s), is_open, {"disconnected": 1.0})], at(now_s))

    assert not any(tick(now_s, False) for now_s in range(0, 1200, 10))
    assert not any(tick(now_s, True) for now_s in range(1200, 1800, 10))
    assert [alert.rule for alert in tick(1800, True)] == ["device_disconnected"]
    news = [alert for now_s in range(1810, 1900, 10) for alert in tick(now_s, False)]
    assert [alert.state for alert in news] == [State.RESOLVED]


def test_a_site_that_is_no_more_leaves_nothing_behind():
    story = Story().go(310, 90.0)
    story.book.forget(SITE)
    assert story.book.standing(at(310)) == []


def test_nothing_is_kept_of_what_is_long_over():
    story = Story().go(310, 90.0).go(80, 70.0).go(3700, 70.0)
    assert story.book.dump() == FleetAlerts(RULES).dump()


def test_a_device_that_was_taken_away_leaves_no_alert_and_one_that_nobody_hears_of_keeps_it():
    book = FleetAlerts(RULES)

    def tick(now_s, devices, silent=0.0):
        said = [Sample(SITE, "room", "", at(now_s), True, {"silent": silent})]
        said += [Sample(SITE, "room", name, at(now_s), True, {"battery_percent": 5.0}) for name in devices]
        return [(alert.device, alert.state) for alert in book.tick(said, at(now_s)) if alert.device]

    heard = [news for now_s in range(0, 130, 10) for news in tick(now_s, ["a"])]
    assert heard == [("a", State.FIRING)]
    assert [news for now_s in range(130, 300, 10) for news in tick(now_s, [], silent=1.0)] == []
    assert [news for now_s in range(300, 400, 10) for news in tick(now_s, [])] == [("a", State.RESOLVED)]


def test_maintenance_may_end_early():
    story = Story()
    story.book.silence(Silence(SITE, at(0), at(9999), "chen", ""))
    story.go(400, 90.0)
    story.book.lift(SITE)
    assert story.go(10, 90.0).state == State.FIRING


def test_a_centre_that_starts_again_does_not_take_silence_for_an_end():
    names = [f"a.b.{number}" for number in range(3)]
    book, watch = FleetAlerts(RULES), FleetWatch()
    watch.expect(names, at(0))
    heard = [alert for now_s in range(0, 600, 10) for alert in book.tick(watch.samples(at(now_s)), at(now_s))]
    assert len(heard) == 3
    again, watch = FleetAlerts.restored(RULES, book.dump()), FleetWatch()
    watch.expect(names, at(600))
    assert [alert for now_s in range(600, 1200, 10) for alert in again.tick(watch.samples(at(now_s)), at(now_s))] == []
    assert len(again.standing(at(1200))) == 3


# --- properties: any weather at 30 sites of one district

SITES = [f"huadu.t{number % 3}.{number:02d}" for number in range(30)]
moment = st.tuples(
    st.sets(st.sampled_from(SITES)),  # silent
    st.sets(st.sampled_from(SITES)),  # hot
    st.integers(5, 120),  # seconds since the tick before
)


def samples(silent, hot, now_ns):
    found = []
    for site in SITES:
        found.append(Sample(site, "", "", now_ns, True, {"silent": float(site in silent)}))
        if site not in silent:
            found.append(heat(now_ns, 95.0 if site in hot else 50.0, site, restarts_1h=4.0 if site in hot else 0.0))
    return found


def play(book, weather, *, seed=None, start=0):
    """Ticks; what was heard. With a seed the samples of each tick come in another order."""
    now_ns, heard = NOON, []
    for number, (silent, hot, seconds) in enumerate(weather):
        now_ns += seconds * S
        if number >= start:
            said = samples(silent, hot, now_ns)
            if seed is not None:
                random.Random(seed + number).shuffle(said)
            heard.append(book.tick(said, now_ns))
    return heard


@settings(deadline=None, max_examples=20)
@given(st.lists(moment, max_size=25), st.integers(0, 1000))
def test_the_order_of_samples_within_a_tick_does_not_matter(weather, seed):
    one, other = FleetAlerts(RULES), FleetAlerts(RULES)
    assert play(one, weather) == play(other, weather, seed=seed)
    assert one.dump() == other.dump()


@settings(deadline=None, max_examples=20)
@given(st.lists(moment, min_size=1, max_size=25), st.data())
def test_a_book_that_was_put_away_goes_on_as_if_nothing_had_been(weather, data):
    cut = data.draw(st.integers(0, len(weather)))
    whole, first = FleetAlerts(RULES), FleetAlerts(RULES)
    heard = play(whole, weather)
    before = play(first, weather[:cut])
    second = FleetAlerts.restored(RULES, first.dump())
    assert before + play(second, weather, start=cut) == heard
    assert second.dump() == whole.dump()


@settings(deadline=None, max_examples=20)
@given(st.lists(moment, max_size=25))
def test_nothing_fires_before_its_time_and_what_stands_stands_once(weather):
    book = FleetAlerts(RULES)
    now_ns = NOON
    for silent, hot, seconds in weather:
        now_ns += seconds * S
        for alert in book.tick(samples(silent, hot, now_ns), now_ns):
            if alert.state == State.FIRING:
                assert now_ns - alert.since_ns >= book.rules[alert.rule].for_s * S
        standing = book.standing(now_ns)
        spoken_for = [alert for group in standing if group.group for alert in book.folded(group)]
        alone = [alert.key for alert in standing if not alert.group]
        assert not set(alone) & {alert.key for alert in spoken_for}
        assert len({alert.id for alert in standing}) == len(standing)
        for group in standing:
            if group.group:
                assert set(group.members) == {alert.site for alert in book.folded(group)}
