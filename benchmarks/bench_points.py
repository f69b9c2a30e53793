"""What it costs to draw: lines, the POST, the whole projection; and the same records the way peers do it, in one run.

    python -m benchmarks.bench_points            (a few minutes; --records 1000 is quick)

A record is a `DeviceMinutes` of 25 points with 8 fields. InfluxDB 1.6.7 and its proxy run from deploy/influxdb. CPU of
this process and wall time are both told: on shared cores the first repeats and the second is what a queue feels. The
peer is what a bridge out of paho and influxdb-client does after it has decoded: Point objects, its batching write API.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "gateway"))

from gateway_parts import SITE, judge_all, placement
from influx_parts import Influx
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point as PeerPoint
from influxdb_client.client.write_api import WriteOptions

from gateway.messages import DeviceMinute, DeviceMinutes, RecordKind, decode_body, encode
from gateway.point_lines import lines_of
from gateway.points import Drawing, line_of, points_of
from gateway.points_influx import InfluxPoints, query
from gateway.projection import BATCH, project_batch
from gateway.rows import Rows

POINTS = 25
MINUTE_NS = 60_000_000_000


class Cost(NamedTuple):
    """µs a point: of CPU in this process, and of the wall."""

    cpu_us: float
    wall_us: float


def bodies(count: int, seed: int = 1) -> list[DeviceMinutes]:
    """Records as rooms send them: five devices, five minutes, in the last days."""
    chance = random.Random(seed)
    first_ns = (time.time_ns() // MINUTE_NS - 5 * count - 10) * MINUTE_NS
    return [
        DeviceMinutes(
            [
                DeviceMinute(
                    first_ns + (5 * number + minute) * MINUTE_NS,
                    f"chair-{device}",
                    round(chance.random(), 4),
                    chance.randrange(15_000),
                    chance.randrange(5),
                    chance.randrange(20),
                    chance.randrange(2),
                    round(60 * chance.random(), 3),
                    float(chance.randrange(100)),
                    -float(chance.randrange(40, 90)),
                )
                for device in range(5)
                for minute in range(5)
            ]
        )
        for number in range(count)
    ]


def measured(work: Callable[[], object], points: int) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost((time.process_time() - cpu) / points * 1e6, (time.perf_counter() - wall) / points * 1e6)


def best(costs: list[Cost]) -> Cost:
    return Cost(min(each.cpu_us for each in costs), min(each.wall_us for each in costs))


def peer_points(body: DeviceMinutes) -> Iterator[PeerPoint]:
    for row in body.minutes:
        point = PeerPoint("device_minute").tag("site", SITE).tag("device", row.device)
        for name in row.__struct_fields__[2:]:
            point.field(name, getattr(row, name))
        yield point.time(row.t_utc_ns)


def peer_writes(influx: Influx, sent: list[DeviceMinutes]) -> None:
    """All of them through the batching write API."""
    client = InfluxDBClient(url=influx.address.url, token=influx.address.token, org="xinyi")
    options = WriteOptions(batch_size=5000, flush_interval=500)
    with client, client.write_api(options) as api:
        for body in sent:
            api.write(bucket=influx.address.bucket, record=list(peer_points(body)))


@contextmanager
def filled(folder: Path, sent: list[DeviceMinutes], *, again: bool) -> Iterator[Rows]:
    """Rows in which these wait to be drawn. `again`: opened anew, so that every body has to be read back."""
    with Rows.for_writing(folder, placement(folder)) as rows:
        arrivals = judge_all(sent)
        for start in range(0, len(arrivals), 1000):
            rows.store(arrivals[start : start + 1000], 1)
        if not again:
            yield rows
            return
    with Rows.for_writing(folder, placement(folder)) as rows:
        yield rows


def drained(rows: Rows, store: InfluxPoints) -> None:
    while project_batch(rows, store, 1, BATCH):
        pass
    assert rows.waiting_for_points() == 0
    assert rows.dead_letters() == []


def stored(influx: Influx) -> int:
    (row,) = query(influx.address, "SELECT count(frames) AS n FROM device_minute")
    return int(row["n"])


async def run(records: int, rounds: int) -> int:
    sent = bodies(records)
    points = records * POINTS
    costs: dict[str, list[Cost]] = {}

    def note(name: str, work: Callable[[], object]) -> None:
        costs.setdefault(name, []).append(measured(work, points))

    encoded = [encode(body) for body in sent]
    with tempfile.TemporaryDirectory() as folder:
        influx = Influx(Path(folder) / "influx")
        try:
            await influx.start()
            store = InfluxPoints(influx.address)
            drawings = [Drawing(SITE, None, body) for body in sent]
            for number in range(rounds):
                note("decode a record (msgspec)", lambda: [decode_body(RecordKind.DEVICE_MINUTES, b) for b in encoded])
                note("lines, without objects", lambda: [lines_of(SITE, None, body) for body in sent])
                note("lines, by our objects", lambda: [line_of(p) for b in sent for p in points_of(SITE, None, b)])
                note("lines, by theirs", lambda: [p.to_line_protocol() for b in sent for p in peer_points(b)])
                await influx.empty()
                note(
                    "lines and POST, 5,000 a time",
                    lambda: [store.write((), drawings[at : at + BATCH]) for at in range(0, records, BATCH)],
                )
                for name, again in (("whole projection, bodies at hand", False), ("the same, read back", True)):
                    await influx.empty()
                    at_hand = sent if again else sent[:4000]
                    with filled(Path(folder) / f"{number}{again}", at_hand, again=again) as rows:
                        cost = measured(lambda rows=rows: drained(rows, store), len(at_hand) * POINTS)  # type: ignore[misc] # bound now
                    costs.setdefault(name, []).append(cost)
                    assert stored(influx) == len(at_hand) * POINTS
                await influx.empty()
                note("peer: objects, batching client", lambda: peer_writes(influx, sent))
                if lost := points - stored(influx):
                    print(f"the peer lost {lost} of {points} points")
            store.close()
        finally:
            influx.kill()
    table = {name: best(each) for name, each in costs.items()}
    print(f"{points} points of 8 fields, {POINTS} a record; best of {rounds} rounds; µs a point")
    print(f"{'':<34}{'CPU':>8}{'wall':>8}{'points/s':>12}")
    for name, cost in table.items():
        print(f"{name:<34}{cost.cpu_us:>8.2f}{cost.wall_us:>8.2f}{1e6 / cost.wall_us:>12,.0f}")
    ours, peer = table["whole projection, bodies at hand"], table["peer: objects, batching client"]
    print(f"ratio peer / whole projection: CPU {peer.cpu_us / ours.cpu_us:.1f}, wall {peer.wall_us / ours.wall_us:.1f}")
    lines, theirs = table["lines, without objects"], table["lines, by theirs"]
    print(f"ratio peer / ours, lines only: CPU {theirs.cpu_us / lines.cpu_us:.1f}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    return asyncio.run(run(told.records, told.rounds))


if __name__ == "__main__":
    sys.exit(main())
