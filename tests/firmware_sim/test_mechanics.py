"""The drives of a simulated chair: smooth, inside their range, quick to stop, and they feel what is in the way."""

import random
from itertools import pairwise

import pytest

from firmware_sim.actuators import Actuators, Ageing
from firmware_sim.motor import STEP_S, STOPS_WITHIN_DEG, Obstacle


def steps(joint, count):
    """(angle, speed, acceleration) after each step."""
    rows = []
    for _ in range(count):
        joint.step(24.0)
        rows.append((joint.true_deg, joint.rate_deg_s, joint.rate_deg_s2))
    return rows


@pytest.mark.parametrize("name", ["recline", "leg_rest"])
def test_way_is_within_speed_acceleration_and_jerk_and_ends_at_its_target(name):
    joint = getattr(Actuators(), name)
    target = joint.true_deg + 25
    joint.go(target, 3.0, 3.0)
    rows = steps(joint, 900)
    assert joint.still
    assert joint.true_deg == pytest.approx(target, abs=0.01)
    assert max(abs(rate) for _, rate, _ in rows) <= 3.0 * 1.01
    assert max(abs(rate2) for _, _, rate2 in rows) <= joint.build.acceleration_deg_s2 * 1.01
    jerks = [(b - a) / STEP_S for (_, _, a), (_, _, b) in pairwise(rows)]
    assert max(map(abs, jerks)) <= joint.build.jerk_deg_s3 * 1.05


@pytest.mark.parametrize("seed", range(40))
def test_joint_that_is_turned_round_near_its_end_comes_to_rest_inside_its_range(seed):
    luck = random.Random(seed)
    chair = Actuators(Ageing(body_kg=luck.uniform(40, 110)))
    joint = chair.leg_rest
    angles = []
    for _ in range(60):
        joint.go(luck.choice((0.0, 70.0, luck.uniform(0, 70), luck.uniform(0, 3))), 5.0, 5.0)
        angles += [angle for angle, *_ in steps(joint, luck.randint(1, 120))]
    assert min(angles) > -0.05
    assert max(angles) < 70.05


def test_safe_stop_takes_little_time_and_way():
    joint = Actuators().recline
    joint.go(150.0, 4.0, 5.0)
    steps(joint, 100)
    before = joint.true_deg
    joint.halt()
    rows = steps(joint, 40)
    assert joint.still
    assert abs(rows[-1][0] - before) < STOPS_WITHIN_DEG


def test_what_is_in_the_way_is_felt_let_go_and_told():
    joint = Actuators().recline
    joint.go(150.0, 3.0, 3.0)
    steps(joint, 100)
    joint.obstacle = Obstacle(joint.true_deg + 1, 1)
    steps(joint, 200)
    assert "obstruction" in joint.alarms
    assert joint.force_n == 0.0
    assert joint.still


def test_what_is_hit_on_the_way_back_stops_it_too():
    joint = Actuators().recline
    joint.go(150.0, 3.0, 3.0)
    steps(joint, 100)
    joint.obstacle = Obstacle(joint.true_deg + 1, 1)
    while not joint._retreat or joint._stopping:
        joint.step(24.0)
    joint.obstacle = Obstacle(joint.true_deg - 0.3, -1)
    pushed = [joint.force_n for _ in range(150) if joint.step(24.0) is None]
    assert joint.still
    assert sum(force > 150 for force in pushed) * STEP_S < 0.75
