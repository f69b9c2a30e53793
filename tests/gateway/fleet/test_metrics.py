"""The fleet as points: few tags, numbers only, the same twice."""

import re

from fleet_parts import SITE, at, beat, birth, device

from gateway.fleet.counters import bad_percent
from gateway.fleet.metrics import DEVICE_MINUTE, METRICS, SITE_HEALTH, health_points
from gateway.fleet.watch import FleetWatch
from gateway.points import line_of, points_of


def fleet():
    watch = FleetWatch(release="0.2.0")
    watch.take_birth(birth(), at(0))
    full = {"disk_free_mb": 500.0, "disk_total_mb": 1000.0, "outbox_bytes": 90, "outbox_limit_bytes": 100}
    devices = [device(100, 2, 1, battery_percent=14.0, rssi_dbm=-70.0, artefact_share=0.1, silent_s=0.2)]
    optional = {"clock_offset_ms": 1.0, "cpu_temperature_c": 50.0, "load_1m": 1.0, "memory_mb": 9.0}
    optional["machine_uptime_s"] = 5.0
    watch.take_heartbeat(beat(1, uplink="down", devices=devices, **full, **optional), at(1))
    return watch


def test_every_metric_that_rules_may_look_at_is_there():
    for sample in fleet().samples(at(2)):
        assert set(sample.values) == set(METRICS[sample.scope])


def test_every_series_is_a_field_of_a_point():
    watch = fleet()
    points = [*health_points(watch.samples(at(2))), *points_of(SITE, None, watch.minutes(at(60))[SITE])]
    written = {f"{point.measurement}_{name}" for point in points for name, _ in point.fields}
    told = " ".join(metric.series for metrics in METRICS.values() for metric in metrics.values())
    named = set(re.findall(r"[a-z]\w+", told))
    assert named <= written


def test_points_have_few_tags_and_only_numbers():
    watch = fleet()
    (health,) = health_points(watch.samples(at(2)))
    (minute,) = points_of(SITE, None, watch.minutes(at(60))[SITE])
    assert (health.measurement, dict(health.tags)) == (SITE_HEALTH, {"process": "room", "site": SITE})
    assert (minute.measurement, dict(minute.tags)) == (DEVICE_MINUTE, {"device": "hrm-1", "site": SITE})
    for point in (health, minute):
        assert all(type(value) in {int, float} for _, value in point.fields)
        assert '"' not in line_of(point)
    assert all(type(value) is float for _, value in health.fields)
    assert dict(health.fields)["outbox_full_percent"] == 90.0
    counted = dict(minute.fields)
    assert round(bad_percent(counted["frames"], counted["crc_errors"], counted["lost_frames"]), 2) == 2.91


def test_the_same_again_is_the_same_point():
    watch = fleet()
    assert health_points(watch.samples(at(2))) == health_points(watch.samples(at(2)))
    assert health_points(watch.samples(at(2)))[0].time_ns == health_points(watch.samples(at(9)))[0].time_ns


def test_a_silent_process_makes_no_points():
    assert health_points(fleet().samples(at(999))) == []
