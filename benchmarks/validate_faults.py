"""Kill everything, in random order, under load: lost 0, duplicated 0, alerts as their sorted log says.

    python -m benchmarks.validate_faults --kills 200 --seed 1

Three sites in turn: two centres on one PostgreSQL with InfluxDB, one centre on SQLite with InfluxDB, one centre on
SQLite with VictoriaMetrics (which forgets its last seconds: its picture is drawn again from the rows before it is
counted). Three producers each; victims are drawn at random, a centre is also stopped and continued. Exit code 1 when
anything is lost, twice, missing in a sequence, a dead letter, or different in a picture.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_check import Finding, check, check_points, open_rows
from benchmarks.fault_rig import PRODUCERS, Site
from benchmarks.store_rig import make_bucket, victoria_samples
from gateway.points_influx import InfluxAddress, InfluxPoints
from gateway.projection import project_batch, rebuild_points

_END_S = 180.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One site to torment, and with which share of the kills."""

    name: str
    centres: int
    postgres: bool
    points: str
    share: float


PLANS = (
    Plan("two centres, PostgreSQL, InfluxDB", 2, True, "influx", 0.5),
    Plan("one centre, SQLite, InfluxDB", 1, False, "influx", 0.3),
    Plan("one centre, SQLite, VictoriaMetrics", 1, False, "victoria", 0.2),
)


@dataclass
class Outcome:
    """What a torment came to."""

    killed: Counter[str]
    finding: Finding
    seconds: float


def torment(plan: Plan, kills: int, seed: int, folder: Path, *, pace_s: float = 1.0, say: bool = True) -> Outcome:
    """Run a site, kill, let it end, check."""
    luck, began = random.Random(seed), time.monotonic()
    site = Site(folder, centres=plan.centres, postgres=plan.postgres, points=plan.points, seed=seed)
    killed: Counter[str] = Counter()
    try:
        site.wait(0.5)
        if plan.points == "influx":
            make_bucket(site.influx[0])
        victims = [name for name in site.children if name != "nginx"] + (["postgres"] if plan.postgres else [])
        told = time.monotonic()
        while sum(n for name, n in killed.items() if not name.endswith("paused")) < kills:
            site.under_load(20, 20.0)
            site.wait(luck.uniform(0.3, 1.7) * pace_s)
            victim = luck.choice(victims)
            if plan.centres > 1 and luck.random() < 0.08:
                site.pause("centre0", luck.uniform(1, 14) * min(1.0, pace_s))
                killed["centre paused"] += 1
            elif site.kill(victim, luck.choice((0.0, 0.0, luck.uniform(0, 3) * pace_s))):
                killed[victim] += 1
            if say and time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"… {sum(killed.values())} kills, {len(site.promised)} promised", flush=True)
        ended = site.finish(_END_S)
        finding = _look(site, plan, killed)
        finding.expect("not everything was receipted in time", holds=ended)
    finally:
        site.close()
    return Outcome(killed, finding, time.monotonic() - began)


def _look(site: Site, plan: Plan, killed: Counter[str]) -> Finding:
    for name, child in site.children.items():
        if name.startswith("centre"):
            child.wanted = False
            child.kill()
    if site.postgres:
        site.postgres.start()  # it may be on its way back
    interrupted = sum(killed[name] for name in PRODUCERS)
    finding = check(site.data, site.rows_url, site.promised, interrupted)
    if plan.points == "influx":
        with open_rows(site.data, site.rows_url) as rows:  # whatever a centre had not drawn when it was killed last
            store = InfluxPoints(InfluxAddress(*site.influx))
            while project_batch(rows, store, time.time_ns()):
                pass
            store.close()
        check_points(site.data, site.rows_url, site.influx, finding)
    elif plan.points == "victoria":
        with open_rows(site.data, site.rows_url) as rows:
            store = InfluxPoints(InfluxAddress(*site.influx))
            rebuild_points(rows, store)
            store.close()
        finding.points["samples"] = _steady(site.influx[0])
        finding.expect("no picture at all", holds=finding.points["samples"] > finding.stored)
    return finding


def _steady(url: str) -> int:
    """Samples of a VictoriaMetrics once their number stands still."""
    last, number = -1, 0
    while number != last or not number:
        time.sleep(2.0)
        last, number = number, victoria_samples(url)
    return number


def tell(name: str, outcome: Outcome) -> None:
    found = outcome.finding
    kills = ", ".join(f"{victim} {n}" for victim, n in sorted(outcome.killed.items()))
    print(f"{name}: killed {kills}")
    print(
        f"  promised {found.promised}, stored {found.stored} ({found.beyond} interrupted puts among them), "
        f"lost {found.lost}, duplicated {found.duplicated}; {found.steps} steps of {found.alerts} alerts; "
        f"points {found.points}; {outcome.seconds:.0f} s"
    )
    for line in found.wrong:
        print(f"  WRONG: {line}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_faults", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plan", type=int, choices=range(len(PLANS)), help="only this site")
    parser.add_argument("--keep", action="store_true", help="leave the folder of each site behind")
    given = parser.parse_args()
    total: Counter[str] = Counter()
    wrong: list[str] = []
    sums = Counter[str]()
    for number, plan in enumerate(PLANS):
        if given.plan not in (None, number):
            continue
        folder = Path(tempfile.mkdtemp(prefix="xf", dir="/tmp"))
        folder.chmod(0o755)
        kills = given.kills if given.plan is not None else max(1, round(plan.share * given.kills))
        outcome = torment(plan, kills, given.seed + number, folder / "site")
        tell(plan.name, outcome)
        total += outcome.killed
        wrong += outcome.finding.wrong
        for what in ("promised", "stored", "lost", "duplicated"):
            sums[what] += getattr(outcome.finding, what)
        if not given.keep and not outcome.finding.wrong:
            shutil.rmtree(folder)
        else:
            print(f"  everything is in {folder}")
    kills = sum(n for name, n in total.items() if not name.endswith("paused"))
    print(
        f"faults: {'BAD' if wrong else 'good'}: {kills} kills, promised {sums['promised']}, stored {sums['stored']}, "
        f"lost {sums['lost']}, duplicated {sums['duplicated']}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
