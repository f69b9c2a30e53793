"""What a process says about itself, and that nobody else can say it."""

import msgspec
import pytest
from fleet_parts import SITE, beat, birth, device
from hypothesis import given
from hypothesis import strategies as st

from gateway import topics
from gateway.fleet.errors import HealthUnreadable
from gateway.fleet.health import (
    MOST_DEVICES,
    DeviceHealth,
    Heartbeat,
    decode_birth,
    decode_heartbeat,
    encode,
    parse_state,
)
from gateway.fleet.views import device_births, device_healths
from gateway.live import DeviceView, Health

HEALTH = topics.health(SITE, "room")


def test_a_birth_and_a_heartbeat_come_back_as_they_were():
    assert decode_birth(topics.birth(SITE, "room"), encode(birth())) == birth()
    full = beat(3, outbox_depth=7, clock_offset_ms=-1.5, devices=[device(10, rssi_dbm=-70.0)])
    assert decode_heartbeat(HEALTH, encode(full)) == full


def test_nobody_speaks_for_somebody_else():
    with pytest.raises(HealthUnreadable, match=r"speaks for huadu\.xinhua\.0007 room"):
        decode_heartbeat(topics.health("huadu.xinhua.0008", "room"), encode(beat(1)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("disk_free_mb", float("nan")),
        ("outbox_oldest_s", float("inf")),
        ("clock_offset_ms", float("-inf")),
        ("put", -1),
        ("uplink", "sideways"),
        ("boot", ""),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line_that_names_it(field, value):
    table = msgspec.to_builtins(beat(1)) | {field: value}
    with pytest.raises(HealthUnreadable, match=field) as caught:
        decode_heartbeat(HEALTH, msgspec.msgpack.encode(table))
    assert "\n" not in str(caught.value)
    assert caught.value.where == HEALTH


def test_too_many_devices_or_one_twice_are_refused():
    many = [DeviceHealth(f"d{number}", "connected") for number in range(MOST_DEVICES + 1)]
    for devices in (many, [device(1), device(2)]):
        with pytest.raises(HealthUnreadable):
            decode_heartbeat(HEALTH, encode(beat(1, devices=devices)))


def test_a_newer_sender_with_more_fields_is_understood():
    table = msgspec.to_builtins(beat(1)) | {"something_new": [1, 2]}
    assert decode_heartbeat(HEALTH, msgspec.msgpack.encode(table)) == beat(1)


@given(st.binary(max_size=200))
def test_whatever_arrives_is_a_heartbeat_or_one_error(payload):
    try:
        said = decode_heartbeat(HEALTH, payload)
    except HealthUnreadable as error:
        said = str(error)
    assert isinstance(said, Heartbeat) or "\n" not in said


@pytest.mark.parametrize("topic", ["", "xinyi/9/a.b.c/state/room", "xinyi/1/a.b.c/state/room/x", "xinyi/1//state/room"])
def test_other_topics_are_no_states(topic):
    with pytest.raises(HealthUnreadable):
        parse_state(topic)


def test_views_of_the_room_become_what_its_beacon_says():
    view = DeviceView("hrm-1", "胸带", "ble-hrm", Health.SEARCHING, frames=5, battery_percent=101, rssi_dbm=-70)
    (health,), (who,) = device_healths([view]), device_births([view])
    assert (health.health, health.frames, health.battery_percent, health.rssi_dbm) == ("searching", 5, 100.0, -70.0)
    assert (who.id, who.kind, who.name) == ("hrm-1", "ble-hrm", "胸带")
    assert decode_heartbeat(HEALTH, encode(beat(1, devices=[health]))).devices == [health]
