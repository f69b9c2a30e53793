"""The processes that a validation of faults kills: a producer that promises, and a centre.

    python -m benchmarks.fault_roles producer '{"host": …}'

A producer prints the id of each record when its put has returned. It ends when the file `end` is in its folder and
everything is receipted. What it puts: sessions (opened, chunks, closed) and steps of alerts that all producers share.
"""

import asyncio
import contextlib
import json
import logging
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from care.alerts import AlertEvent, AlertStep, Deadline
from gateway.box import new_id
from gateway.centre import Centre, CentreOptions, Upper
from gateway.keys import Keyring
from gateway.link import BrokerAddress
from gateway.messages import (
    BeatRow,
    Body,
    EventRow,
    FeatureRow,
    RecordKind,
    SessionChunk,
    SessionClosed,
    SessionOpened,
    decode_body,
)
from gateway.outbox import Outbox
from gateway.points import PointStore
from gateway.points_influx import InfluxAddress, InfluxPoints
from gateway.points_sqlite import POINTS_FILE, SqlitePoints
from gateway.routing import DEFAULT_POLICY, Routing
from gateway.uplink import Uplink

SITE = "huadu.xinhua.0007"
S = 1_000_000_000
BEGAN_UTC_NS = 1_750_000_000 * S
ALERTS = 40
MOST_WAITING = 1500
END = "end"


class ProducerTask(msgspec.Struct):
    """What a producer is told.

    Attributes:
        turn: number of this start over all producers; keeps sessions apart in time.
        pause_s: between two puts.
    """

    host: str
    port: int
    password: str
    folder: str
    producer: str
    turn: int
    seed: int
    pause_s: float = 0.01


class CentreTask(msgspec.Struct):
    """What a centre is told.

    Attributes:
        influx: url, token, org, bucket.
        upper: site, host, port and password of the level above.
        stays: kinds that may not go up, beside those of the default policy.
    """

    host: str
    port: int
    password: str
    data: str
    worker: str = ""
    rows_url: str = ""
    influx: list[str] = []
    site: str = SITE
    upper: list[str] = []
    stays: list[str] = []


def bodies(luck: random.Random, device: str, turn: int) -> Iterator[Body]:
    """Sessions without end, with steps of alerts between their records."""
    for number in range(10_000):
        session = new_id()
        began = BEGAN_UTC_NS + (turn * 10_000 + number) * 1000 * S
        yield SessionOpened(session, "resonance", 1, device, "RX-3", "0042", "1.4", "ecg", 256.0, began)
        chunks = luck.randint(3, 12)
        for at in range(1, chunks + 1):
            yield _chunk(session, at)
            if luck.random() < 0.3:
                yield _step(luck)
        yield SessionClosed(session, chunks * 10 * S, "completed", chunks, chunks * 10, 75.0, 31.0, 0.0)


def _chunk(session: UUID, number: int) -> SessionChunk:
    start = (number - 1) * 10 * S
    beats = [BeatRow(start + at * S, 800.0 + at, "normal", 0.9) for at in range(10)]
    features = [FeatureRow(start + 9 * S, "rmssd", 31.5 + number, "ms", 60.0, 0.8)]
    return SessionChunk(session, number, start, start + 10 * S, beats, features, [EventRow(start, "pace", "")], [])


def _step(luck: random.Random) -> AlertEvent:
    """Any step of any alert, as if its writer had seen any number of others."""
    alert = uuid5(NAMESPACE_OID, f"alert {luck.randrange(ALERTS)}")
    step = luck.choice(list(AlertStep))
    version = 1 if step is AlertStep.RAISED else luck.randint(2, 9)
    level = luck.choice(["room", "town", "district"])
    ladder = [Deadline(name, BEGAN_UTC_NS + at * S) for at, name in enumerate(("room", "town", "district"))]
    return AlertEvent(
        alert,
        version,
        step,
        BEGAN_UTC_NS + luck.randrange(100) * S,
        level,
        luck.choice(["li", "wang", "system"]),
        tier=luck.choice(["red", "orange"]),
        seat="chair-1",
        cause="help_button",
        deadlines=ladder if version == 1 else [],
    )


async def produce(task: ProducerTask) -> None:
    folder = Path(task.folder)
    end = folder / END
    keyring = Keyring.open(folder / "keys")
    boot = str(new_id())
    outbox = Outbox(folder / "outbox.sqlite", keyring, site=SITE, producer=task.producer, boot=boot)
    uplink = Uplink(outbox, BrokerAddress(task.host, task.port, task.password), resend_s=1.0)
    running = asyncio.create_task(uplink.run())
    luck = random.Random(task.seed)
    for number, body in enumerate(bodies(luck, f"chair-{task.producer}", task.turn)):
        while outbox.depth().records > MOST_WAITING and not end.exists():
            await asyncio.sleep(0.1)
        if end.exists():
            break
        print(await asyncio.to_thread(outbox.put, body, made_utc_ns=number), flush=True)
        await asyncio.sleep(luck.uniform(0, 2 * task.pause_s))
    while outbox.counts().waiting:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await uplink.changed()
    running.cancel()


async def serve(task: CentreTask) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    points: PointStore | None = None
    if task.influx:
        points = InfluxPoints(InfluxAddress(*task.influx))
    elif not task.worker:
        points = SqlitePoints(Path(task.data) / POINTS_FILE)
    broker = BrokerAddress(task.host, task.port, task.password)
    above, routing = None, None
    if task.upper:
        site, host, port, password = task.upper
        above = Upper(site, BrokerAddress(host, int(port), password))
        routing = Routing(task.site, site, DEFAULT_POLICY | {RecordKind(kind): False for kind in task.stays})
    options = CentreOptions(level=task.site, worker=task.worker, rows_url=task.rows_url, upper=above, routing=routing)
    centre = Centre(task.site, broker, Path(task.data), points=points, options=options)
    orders = asyncio.create_task(_take_orders(centre))
    await centre.run(stop)
    orders.cancel()
    if points:
        points.close()


async def _take_orders(centre: Centre) -> None:
    """Put what comes on standard input (kind, body in hex, target); say its id when it is durable."""
    lines = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    except (ValueError, OSError):
        return  # nobody gives orders
    await centre.connected.wait()
    while line := await lines.readline():
        kind, body, target = json.loads(line)
        record = await centre.put(decode_body(RecordKind(kind), bytes.fromhex(body)), target)
        print(record, flush=True)


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    role, told = sys.argv[1:]
    if role == "producer":
        asyncio.run(produce(msgspec.json.decode(told, type=ProducerTask)))
    else:
        asyncio.run(serve(msgspec.json.decode(told, type=CentreTask)))


if __name__ == "__main__":
    main()
