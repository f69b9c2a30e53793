"""The processes that are traced for a power cut. The last word may break their promise, so that the check can fail.

    python -m benchmarks.power_roles outbox FOLDER PUTS [nosync]
    python -m benchmarks.power_roles centre HOST PORT PASSWORD DATA URL [nosync|early]

The outbox puts from several threads and writes each id to standard output, one write each, when its put has returned.
"""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from benchmarks.fault_roles import SITE, bodies
from gateway import database
from gateway.centre import Centre, CentreOptions
from gateway.keys import Keyring
from gateway.link import BrokerAddress
from gateway.outbox import Outbox

THREADS = 4


def outbox(folder: Path, puts: int, broken: str) -> None:
    import random

    with Outbox(
        folder / "outbox.sqlite", Keyring.open(folder / "keys"), site=SITE, producer="room", boot="boot-1"
    ) as box:
        if broken == "nosync":
            box._db.execute("PRAGMA synchronous=OFF")  # noqa: SLF001 - broken on purpose

        def put(thread: int) -> None:
            for number, body in zip(
                range(puts), bodies(random.Random(thread), f"chair-{thread}", thread), strict=False
            ):
                record = box.put(body, made_utc_ns=number)
                os.write(1, f"{record}\n".encode())
                if number % 5 == 4:
                    box.receipted([record])
                    os.write(1, f"gone {record}\n".encode())

        threads = [threading.Thread(target=put, args=(number,)) for number in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()


async def centre(host: str, port: str, password: str, data: str, url: str, broken: str) -> None:
    if broken == "nosync":
        if url:
            database._PATIENCE["options"] = "-c synchronous_commit=off"  # noqa: SLF001 - broken on purpose
        else:
            durable = database._durable  # noqa: SLF001 - the same

            def careless(connection: Any, record: Any) -> None:
                durable(connection, record)
                connection.execute("PRAGMA synchronous=OFF")

            database._durable = careless  # noqa: SLF001 - the same
    if broken == "early":
        store = Centre._store  # noqa: SLF001 - the same
        later: set[asyncio.Task[None]] = set()

        async def hasty(self: Centre, arrivals: Any) -> None:
            async def slowly() -> None:
                await asyncio.sleep(0.05)
                await store(self, arrivals)

            later.add(asyncio.create_task(slowly()))

        Centre._store = hasty  # type: ignore[method-assign]  # noqa: SLF001 - the same
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    options = CentreOptions(worker="w0" if url else "", rows_url=url)
    await Centre(SITE, BrokerAddress(host, int(port), password), Path(data), options=options).run(stop)


def main() -> None:
    match sys.argv[1:]:
        case ["outbox", folder, puts, *broken]:
            outbox(Path(folder), int(puts), broken[0] if broken else "")
        case ["centre", host, port, password, data, url, *broken]:
            asyncio.run(centre(host, port, password, data, url, broken[0] if broken else ""))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
