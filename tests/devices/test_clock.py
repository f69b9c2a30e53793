import pytest

from devices.clock import ENVIRONMENT, Clock


def test_a_fast_clock_runs_from_its_origin():
    clock = Clock(speed=20.0, origin_ns=1_000)
    assert clock.at_ns(1_000) == 1_000
    assert clock.at_ns(2_000) == 1_000 + 20_000


def test_the_plain_clock_is_the_machine():
    assert Clock().at_ns(123_456_789) == 123_456_789


@pytest.mark.parametrize("clock", [Clock(), Clock(20.0, 5), Clock(0.5, 10**15)])
def test_a_clock_is_handed_down_to_a_child_process(clock, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, clock.to_environment())
    assert Clock.from_environment() == clock


def test_without_a_parent_the_clock_is_plain(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert Clock.from_environment() == Clock()


def test_patience_is_never_shorter_than_a_busy_machine_needs():
    assert Clock(1.0).patience_s(1.5) == 1.5
    assert Clock(20.0).patience_s(1.5) == 0.1
    assert Clock(2.0).patience_s(1.5, least_s=1.0) == 1.0


def test_settling_takes_its_time_on_the_wall():
    assert Clock(1.0).settle_s(1.0) == 1.0
    assert Clock(20.0).settle_s(1.0) == 5.0
