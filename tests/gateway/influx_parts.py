"""A real InfluxDB 1.6 behind nginx with the write API of InfluxDB 2, from the configuration in deploy/influxdb."""

import asyncio
import signal
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from gateway_parts import Process

from benchmarks.store_rig import BUCKET, influx_rig
from gateway.points_influx import InfluxAddress


class Influx:
    """The database and its proxy as child processes; `kill` and `start` the database at will."""

    def __init__(self, folder: Path) -> None:
        commands, address, self._direct = influx_rig(folder)
        self.database = Process(commands["influx"], self._answers)
        self.proxy = Process(commands["nginx"])
        self.address = InfluxAddress(*address)

    async def start(self) -> None:
        await self.database.start()
        await self.proxy.start()
        await self._wait(f"{self.address.url}/ping")
        await self.empty()

    async def empty(self) -> None:
        for words in (f"DROP DATABASE {BUCKET}", f"CREATE DATABASE {BUCKET}"):
            await self.ask(words)

    async def ask(self, words: str) -> None:
        """Tell the database something directly, as whoever runs it."""
        request = urllib.request.Request(f"{self._direct}/query", data=urlencode({"q": words}).encode())
        said = await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=10).read())
        assert b"error" not in said, said

    def kill(self) -> None:
        if self.proxy.child:
            self.proxy.signal(signal.SIGTERM)  # a killed nginx leaves its workers behind
            self.proxy.child.wait()
        self.database.kill()

    async def _answers(self) -> None:
        await self._wait(f"{self._direct}/ping")

    async def _wait(self, url: str) -> None:
        async with asyncio.timeout(20):
            while True:
                try:
                    await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=5).read())
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    return
