"""A real VictoriaMetrics names the series of our points as the rules of vmalert call them."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import msgspec
import pytest
from fleet_parts import SITE, beat, device

from gateway.broker import free_port
from gateway.fleet.metrics import METRICS, health_points
from gateway.fleet.watch import FleetWatch
from gateway.points import line_of, points_of


@pytest.fixture
def store(tmp_path):
    program = shutil.which("victoria-metrics", path="/usr/bin:/usr/local/bin")
    assert program, "victoria-metrics is not here; install it: sudo apt-get install victoria-metrics"
    address = f"127.0.0.1:{free_port()}"
    options = [f"-httpListenAddr={address}", f"-storageDataPath={tmp_path}", "-search.latencyOffset=0s"]
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen([program, *options], stderr=log, stdout=log)
    try:
        yield f"http://{address}"
    finally:
        child.terminate()
        child.wait(20)


def until_answered(url, wanted, data=None, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with urllib.request.urlopen(url, data, timeout=5) as answer:
                said = answer.read().decode()
            if wanted(said):
                return said
        except (urllib.error.URLError, ConnectionError):
            said = "nothing"
        assert time.monotonic() < deadline, f"{url} still says {said}"
        time.sleep(0.05)


@pytest.mark.timeout(90)
def test_a_battery_and_a_disk_that_are_low_are_found_by_the_expressions_of_vmalert(store):
    now_ns = time.time_ns()
    watch = FleetWatch()
    said = beat(1, disk_free_mb=500.0, disk_total_mb=10_000.0, devices=[device(100, 3, battery_percent=9.0)])
    watch.take_heartbeat(msgspec.structs.replace(said, sent_utc_ns=now_ns), now_ns - 60 * 10**9)
    points = health_points(watch.samples(now_ns)) + points_of(SITE, None, watch.minutes(now_ns)[SITE])
    lines = "\n".join(line_of(point) for point in points).encode()
    until_answered(f"{store}/write", lambda said: not said, lines)
    for expression, tags in (
        ("site_health_disk_free_mb < 1024", {"process": "room", "site": SITE}),
        ("device_minute_battery_percent < 15", {"device": "hrm-1", "site": SITE}),
        (METRICS["device"]["link_bad_percent"].series + " > 2", {"device": "hrm-1", "site": SITE}),
    ):
        url = f"{store}/api/v1/query?" + urllib.parse.urlencode({"query": expression, "nocache": 1})
        said = until_answered(url, lambda said: json.loads(said)["data"]["result"])
        (found,) = json.loads(said)["data"]["result"]
        assert {name: value for name, value in found["metric"].items() if name in {"process", "device", "site"}} == tags
