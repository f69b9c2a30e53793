"""How fast one centre takes in and scores a backlog of screening: `python -m benchmarks.bench_screening`.

Kiosks have kept so many sittings (four questionnaires, honest results) on their disks while the centre was away. Then
it comes: every sitting travels through a real mosquitto, is committed, scored again from its answers, and receipted,
and the kiosks' outboxes are wiped. Timed from the start of the lines to the last receipt; afterwards every row must be
there, scored, and without an incident. Kiosks, broker and centre share the machine. Also: how long one `keep` takes.
"""

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack
from pathlib import Path

from care import risk
from care.instruments.loading import shipped
from care.instruments.model import Instrument
from care.instruments.scoring import applies, score
from gateway import topics
from gateway.box import new_id
from gateway.broker import broker_command, free_port, private_address, wait_until_listening
from gateway.client import KioskLine
from gateway.config import BrokerConfig, Config, PathsConfig, SiteConfig, to_toml
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.messages import Assessment
from gateway.outbox import Outbox
from gateway.rows import Rows
from gateway.sockets_folder import sockets_folder

SITE = "huadu.xinhua.0007"
KEYS = ("who5", "phq4", "phq9", "gad7")
BEGAN_NS = 1_796_000_000_000_000_000
THREADS = 32
"""Puts at once while the backlog is made, so that they share commits; a real kiosk puts one at a time."""


def sitting(instrument: Instrument, luck: random.Random, rules: risk.RiskRules, at_ns: int) -> Assessment:
    """One sitting with answers by chance, and the result that its kiosk shows."""
    answers: dict[str, int] = {}
    for item in instrument.items:
        if applies(instrument, item, answers):
            answers[item.id] = luck.choice(item.values)
    found = score(instrument, answers)
    tier = risk.tier_of(rules, instrument.key, found, risk.fired_by(rules, instrument.key, answers))
    return Assessment(
        new_id(),
        instrument.key,
        instrument.version,
        "zh",
        at_ns,
        at_ns + 120 * 10**9,
        answers,
        found.complete,
        found.values.get("total"),
        found.band,
        tier,
        rules.version,
    )


def fill(outbox: Outbox, number: int, seed: int) -> list[float]:
    """Keep so many sittings; how long each of the first ones took alone, ms."""
    luck, rules = random.Random(seed), risk.load()
    instruments = [shipped()[key] for key in KEYS]

    def one() -> None:
        at_ns = BEGAN_NS + luck.randrange(10**15)
        outbox.put(sitting(luck.choice(instruments), luck, rules, at_ns), made_utc_ns=at_ns)

    alone = []
    for _ in range(min(300, number)):
        began = time.perf_counter()
        one()
        alone.append(1e3 * (time.perf_counter() - began))
    left = iter(range(number - len(alone)))

    def work() -> None:
        while next(left, None) is not None:
            one()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return alone


async def measure(folder: Path, sockets: Path, responses: int, kiosks: int) -> int:
    port = free_port()
    config = Config(
        site=SiteConfig(SITE),
        paths=PathsConfig(str(folder / "data"), str(sockets)),
        broker=BrokerConfig("127.0.0.1", port, str(folder / "broker" / "secret")),
    )
    (folder / "xinyi.toml").write_text(to_toml(config), "utf-8")
    keyring = Keyring.open(config.data / KEYS_FOLDER)
    names = topics.KIOSKS[:kiosks]
    alone: list[float] = []
    began = time.monotonic()
    for number, name in enumerate(names):
        share = responses // kiosks + (number < responses % kiosks)
        path = config.data / f"outbox-{name}.sqlite"
        with Outbox(path, keyring, site=SITE, producer=name, boot=str(number)) as outbox:
            alone += await asyncio.to_thread(fill, outbox, share, number)
    made_s = time.monotonic() - began
    quantiles = statistics.quantiles(alone, n=100)
    print(f"keep: median {quantiles[49]:.2f} ms, 99 % {quantiles[98]:.2f} ms (made, sealed, on the disk)")
    broker = await asyncio.create_subprocess_exec(
        *broker_command(folder / "broker", port), stderr=asyncio.subprocess.DEVNULL
    )
    address = private_address(folder / "broker", port)
    await wait_until_listening(address)
    centre = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "xinyi",
        "centre",
        "--config",
        str(folder / "xinyi.toml"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        while not config.centre_socket.exists():
            await asyncio.sleep(0.05)
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(
                    KioskLine(config.data, site=SITE, producer=name, broker=address, counter=config.centre_socket)
                )
                for name in names
            ]
            while any([await asyncio.to_thread(lambda line=line: line.waiting) for line in lines]):
                await asyncio.sleep(0.1)
            took_s = time.monotonic() - began
    finally:
        centre.terminate()
        await centre.wait()
        broker.terminate()
        await broker.wait()
    with Rows.for_reading(config.data) as rows, rows.reading() as db:
        scored = db.exec_driver_sql("SELECT count(*) FROM assessments WHERE scored").scalar()
        tiers = db.exec_driver_sql("SELECT tier, count(*) FROM assessments GROUP BY tier ORDER BY tier").all()
    gaps, letters, incidents = rows.troubles()
    held = scored == responses and not gaps and not letters and not incidents
    print(
        f"{responses} responses of {kiosks} kiosks: receipted and scored in {took_s:.1f} s, "
        f"{responses / took_s:.0f} responses/s (made in {made_s:.0f} s)"
    )
    print(
        f"rows scored {scored}, tiers {', '.join(f'{tier} {number}' for tier, number in tiers)}; "
        f"holes {gaps}, dead letters {letters}, incidents {incidents}: {'held' if held else 'NOT HELD'}"
    )
    return 0 if held else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", type=int, default=110_000)
    parser.add_argument("--kiosks", type=int, default=4, choices=range(1, len(topics.KIOSKS) + 1))
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="xinyi-bench-"))
    try:
        with sockets_folder() as sockets:
            return asyncio.run(measure(folder, sockets, told.responses, told.kiosks))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
