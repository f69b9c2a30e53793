"""A centre as a process of its own, for tests that kill it: SITE HOST PORT PASSWORD DATA."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from gateway.centre import Centre
from gateway.link import BrokerAddress
from gateway.points_sqlite import POINTS_FILE, SqlitePoints


async def main() -> None:
    site, host, port, password, data = sys.argv[1:]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    points = SqlitePoints(Path(data) / POINTS_FILE)
    await Centre(site, BrokerAddress(host, int(port), password), Path(data), points=points).run(stop)
    points.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
