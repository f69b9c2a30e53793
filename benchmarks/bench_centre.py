"""How fast one centre takes in a queue, against the usual way: `python -m benchmarks.bench_centre`.

Both get the identical messages (25 points of 8 fields each) out of a real mosquitto's persistent session, and write the
same points into the same real InfluxDB. Ours commits each record durably before its receipt and draws it beside that;
the peer is a bridge as people write it: paho, Point objects, influxdb-client's batching write API, no receipts. Two
figures: points whose receipt has come, and points that can be read back; the ratio is that of the second. Two cores
carry broker, store, load and centre, so where InfluxDB itself needs one for 100,000 points/s, the picture comes later.
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "gateway"))

from gateway_parts import Process  # noqa: E402
from influx_parts import Influx  # noqa: E402

from benchmarks.store_rig import BUCKET  # noqa: E402
from gateway import topics  # noqa: E402
from gateway.box import new_id  # noqa: E402
from gateway.broker import broker_command, free_port, private_address, wait_until_listening  # noqa: E402
from gateway.link import BrokerAddress, Link  # noqa: E402
from gateway.messages import (  # noqa: E402
    DeviceMinute,
    DeviceMinutes,
    Envelope,
    Lane,
    Receipt,
    Record,
    encode,
    kind_of,
)
from gateway.points_influx import query  # noqa: E402

SITE, DISTRICT = "huadu.xinhua.0001", "huadu"
POINTS = 25
MINUTE_NS = 60_000_000_000
BEGAN_NS = 1_780_000_000_000_000_000


def message(number: int) -> bytes:
    """One envelope with 25 points; every point has a time of its own."""
    luck = random.Random(number)
    rows = [
        DeviceMinute(
            BEGAN_NS + (number * 5 + i // 5) * MINUTE_NS,
            f"chair-{i % 5 + 1}",
            round(luck.random(), 3),
            luck.randrange(15_000),
            luck.randrange(3),
            luck.randrange(5),
            0,
            round(luck.random(), 2),
            float(luck.randrange(100)),
            -float(luck.randrange(40, 90)),
        )
        for i in range(POINTS)
    ]
    body = DeviceMinutes(rows)
    record = Record(new_id(), kind_of(body), SITE, topics.CENTRE, BEGAN_NS + number, encode(body))
    return encode(Envelope("boot-1", Lane.BULK, number + 1, record))


@contextlib.asynccontextmanager
async def broker(folder: Path, queue: int) -> AsyncIterator[BrokerAddress]:
    """A mosquitto of ours whose queue holds everything."""
    port = free_port()
    command = broker_command(folder, port)
    text = (folder / "mosquitto.conf").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("max_queued", "memory_limit"))]
    lines.insert(0, f"max_queued_messages {queue + 1000}")
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    address = private_address(folder, port)
    process = Process(command, lambda: wait_until_listening(address))
    await process.start()
    try:
        yield address
    finally:
        process.kill()


async def preload(address: BrokerAddress, client_id: str, filter_: str, messages: list[bytes]) -> None:
    """Have the broker keep the messages for a session that is away."""
    async with Link(address, client_id, username=topics.CENTRE, on_message=print, window=1000) as link:
        await link.subscribe(filter_)
    topic = topics.up(SITE, Lane.BULK, topics.RELAY)
    async with Link(address, "loader", username=topics.CENTRE, on_message=print, window=500) as link:
        for start in range(0, len(messages), 400):
            for payload in messages[start : start + 400]:
                link.publish(topic, payload)
            while link._client.want_write() or link._client._out_messages:  # noqa: SLF001 - until all are taken
                await asyncio.sleep(0.005)


def stored(influx: Influx) -> int:
    """Points that can be read back."""
    rows = query(influx.address, "SELECT count(frames) FROM device_minute")
    return int(rows[0]["count"]) if rows else 0


async def until_stored(influx: Influx, wanted: int, limit_s: float = 300.0) -> float:
    """When the last point could be read back, monotonic seconds."""
    deadline = time.monotonic() + limit_s
    while (found := await asyncio.to_thread(stored, influx)) < wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {found} of {wanted} points arrived within {limit_s:g} s")
        await asyncio.sleep(0.05)
    return time.monotonic()


async def ours(folder: Path, influx: Influx, messages: list[bytes]) -> dict[str, float]:
    """The centre process, from its start of work to the last receipt and the last point."""
    async with broker(folder / "broker-ours", len(messages)) as address:
        await preload(address, f"xinyi-{DISTRICT}-centre-bulk", topics.all_up(Lane.BULK), messages)
        receipted = 0
        first, last = 0.0, 0.0

        def heard(message: object) -> None:
            nonlocal receipted, first, last
            last = time.monotonic()
            first = first or last
            receipted += len(msgspec.msgpack.decode(message.payload, type=Receipt).ids)  # type: ignore[attr-defined]

        async with Link(address, "listener", username=topics.CENTRE, on_message=heard, window=1000) as link:
            await link.subscribe(topics.receipt(SITE, topics.RELAY))
            command = [sys.executable, str(Path(__file__)), "--centre", address.host, str(address.port)]
            options = [address.password, str(folder / "centre"), influx.address.url, influx.address.token]
            began = time.monotonic()
            child = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            assert child.stdout
            await asyncio.to_thread(child.stdout.readline)  # it is connected: the queue begins to flow
            began = time.monotonic()
            done = await until_stored(influx, POINTS * len(messages))
            while receipted < len(messages):
                await asyncio.sleep(0.01)
            cpu = _cpu_s(child.pid)
            child.send_signal(signal.SIGTERM)
            child.wait()
    return {"receipts_s": last - began, "points_s": done - began, "cpu_s": cpu}


async def peer(folder: Path, influx: Influx, messages: list[bytes]) -> dict[str, float]:
    """The bridge, likewise."""
    async with broker(folder / "broker-peer", len(messages)) as address:
        await preload(address, "bridge", topics.all_up(Lane.BULK), messages)
        command = [sys.executable, str(Path(__file__)), "--bridge", address.host, str(address.port)]
        options = [address.password, "-", influx.address.url, influx.address.token]
        child = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout
        await asyncio.to_thread(child.stdout.readline)
        began = time.monotonic()
        done = await until_stored(influx, POINTS * len(messages))
        cpu = _cpu_s(child.pid)
        child.kill()
        child.wait()
    return {"points_s": done - began, "cpu_s": cpu}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run_centre(host: str, port: int, password: str, folder: str, url: str, token: str) -> None:
    """The centre as a process of its own."""
    from gateway.centre import Centre
    from gateway.points_influx import InfluxAddress, InfluxPoints

    points = InfluxPoints(InfluxAddress(url, token, "xinyi", BUCKET))
    centre = Centre(DISTRICT, BrokerAddress(host, port, password), Path(folder), points=points)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def tell() -> None:
        await centre.opened.wait()
        print("ready", flush=True)

    telling = asyncio.create_task(tell())
    await centre.run(stop)
    await telling


def run_bridge(host: str, port: int, password: str, url: str, token: str) -> None:
    """What people write: on_message, Point objects, batching."""
    from influxdb_client import InfluxDBClient, Point, WriteOptions
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    store = InfluxDBClient(url=url, token=token, org="xinyi")
    writer = store.write_api(write_options=WriteOptions(batch_size=5_000, flush_interval=500))

    def on_message(_c: object, _u: object, message: paho.MQTTMessage) -> None:
        record = msgspec.msgpack.decode(message.payload, type=Envelope).record
        for row in msgspec.msgpack.decode(record.body, type=DeviceMinutes).minutes:
            point = (
                Point("device_minute")
                .tag("site", record.site)
                .tag("device", row.device)
                .field("connected_share", row.connected_share)
                .field("frames", row.frames)
                .field("crc_errors", row.crc_errors)
                .field("lost_frames", row.lost_frames)
                .field("reconnects", row.reconnects)
                .field("silent_s", row.silent_s)
                .field("battery_percent", row.battery_percent)
                .field("rssi_dbm", row.rssi_dbm)
                .time(row.t_utc_ns)
            )
            writer.write(bucket=BUCKET, record=point)

    client = paho.Client(CallbackAPIVersion.VERSION2, "bridge", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(topics.CENTRE, password)
    client.on_message = on_message
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = 1000
    print("ready", flush=True)
    client.connect(host, port, clean_start=False, properties=properties)
    client.loop_forever()


async def compare(messages: int, rounds: int) -> int:
    load = [message(number) for number in range(messages)]
    points = POINTS * messages
    folder = Path(tempfile.mkdtemp(prefix="xinyi-bench-"))
    influx = Influx(folder / "influx")
    await influx.start()
    best_ours, ratios = 0.0, []
    try:
        for number in range(1, rounds + 1):
            results = {}
            for name, work in (("ours", ours), ("peer", peer)):
                await influx.empty()
                home = folder / f"{name}-{number}"
                home.mkdir()
                results[name] = await work(home, influx, load)
                shutil.rmtree(home, ignore_errors=True)
            mine, other = results["ours"], results["peer"]
            rate, peer_rate = points / mine["points_s"], points / other["points_s"]
            taken = points / mine["receipts_s"]
            best_ours = max(best_ours, taken)
            ratios.append(rate / peer_rate)
            print(
                f"round {number}: centre {taken / 1e3:6.1f} k points/s receipted, {rate / 1e3:6.1f} k drawn "
                f"({mine['receipts_s']:.2f} s, {mine['points_s']:.2f} s, "
                f"{1e6 * mine['cpu_s'] / points:.2f} µs CPU a point); "
                f"bridge {peer_rate / 1e3:5.1f} k points/s ({1e6 * other['cpu_s'] / points:.2f} µs); "
                f"{rate / peer_rate:.2f} times"
            )
    finally:
        influx.kill()
        shutil.rmtree(folder, ignore_errors=True)
    middle = sorted(ratios)[len(ratios) // 2]
    held = best_ours >= 100_000 and middle >= 2.5
    print(
        f"{messages} messages of {POINTS} points, 8 fields each: best {best_ours / 1e3:.1f} k points/s receipted "
        f"(gate 100), drawn at median {middle:.2f} times the bridge (gate 2.5): {'held' if held else 'NOT HELD'}"
    )
    return 0 if held else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=24_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--centre", nargs=6)
    parser.add_argument("--bridge", nargs=6)
    told = parser.parse_args()
    if told.centre:
        host, port, *rest = told.centre
        asyncio.run(run_centre(host, int(port), *rest))
        return 0
    if told.bridge:
        host, port, password, _, url, token = told.bridge
        run_bridge(host, int(port), password, url, token)
        return 0
    return asyncio.run(compare(told.messages, told.rounds))


if __name__ == "__main__":
    sys.exit(main())
