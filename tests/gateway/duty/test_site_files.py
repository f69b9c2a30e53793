"""A number that nobody has looked after becomes a warning of the fleet, and is one no more when its date is new."""

from datetime import UTC, datetime

import msgspec
import pytest

from care.hotlines import HotlineError
from devices.clock import Clock
from gateway.config import Config, PathsConfig
from gateway.duty.config import CareConfig
from gateway.duty.site_files import stale_hotlines
from gateway.fleet import rules
from gateway.fleet.alerts import FleetAlerts
from gateway.fleet.health import encode
from gateway.fleet.machine import Machine
from gateway.fleet.pulse import Load, Pulse, Vitals
from gateway.fleet.watch import FleetWatch
from gateway.topics import health

OWN = """
[[hotline]]
number = "020-8600 0000"
kind = "local"
name_zh = "新华街心理专席"
name_en = "Xinhua seat"
what_zh = "附近的人"
what_en = "People near you"
hours_zh = "8:00–22:00"
hours_en = "8:00–22:00"
verified = {verified}
"""
NOW = int(datetime(2026, 12, 1, 16, tzinfo=UTC).timestamp()) * 10**9
SITE = "huadu.xinhua.0007"


@pytest.fixture
def config(tmp_path):
    return Config(paths=PathsConfig(str(tmp_path)), care=CareConfig(hotlines=str(tmp_path / "own.toml")))


def write(config, text):
    from pathlib import Path

    Path(config.care.hotlines).write_text(text, "utf-8")


def test_days_are_those_of_the_site(config):
    write(config, OWN.format(verified="2026-06-04"))
    at_home = msgspec.structs.replace(config, care=msgspec.structs.replace(config.care, hotline_days=181))
    assert [line.number for line in stale_hotlines(config, NOW)] == ["020-8600 0000"]
    assert not stale_hotlines(at_home, NOW - 10**9), "in Shanghai the 2nd of December begins at 16:00 UTC"
    assert not stale_hotlines(at_home, NOW)
    assert stale_hotlines(at_home, NOW + 86400 * 10**9)


def alerts_of(count):
    watch, book = FleetWatch(release="0.1.0"), FleetAlerts(rules.load())
    vitals = Vitals(Machine(None))
    vitals.load = Load(hotlines_stale=count)
    beat = Pulse(SITE, "centre", vitals, Clock()).heartbeat()
    watch.hearing(beat.sent_utc_ns)
    beat = msgspec.structs.replace(beat, number=1)
    watch.take(health(SITE, "centre"), encode(beat), retained=False, now_ns=beat.sent_utc_ns)
    return [book.text(alert) for alert in book.tick(watch.samples(beat.sent_utc_ns), beat.sent_utc_ns)]


def test_the_level_above_and_this_one_hear_of_it():
    assert alerts_of(2) == ["求助电话太久没有核对"]
    assert alerts_of(0) == []


def test_broken_file_is_one_line(config):
    write(config, "[[hotline]]\nnumber = 1\n")
    with pytest.raises(HotlineError, match=r"own\.toml: .*number"):
        stale_hotlines(config, NOW)
