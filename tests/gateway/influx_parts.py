"""A real InfluxDB 1.6 behind nginx with the write API of InfluxDB 2, from the configuration in deploy/influxdb."""

import asyncio
import shutil
import signal
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from gateway_parts import Process

from gateway.broker import free_port
from gateway.points_influx import InfluxAddress

DEPLOY = Path(__file__).parents[2] / "deploy" / "influxdb"
TOKEN = "test-token"
BUCKET = "xinyi"


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    assert found, f"{name} is not installed; run: sudo apt install influxdb nginx"
    return found


class Influx:
    """The database and its proxy as child processes; `kill` and `start` the database at will."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        values = {
            "RUN_DIR": str(folder),
            "HTTP_PORT": str(free_port()),
            "RPC_PORT": str(free_port()),
            "LISTEN_PORT": str(free_port()),
            "TOKEN": TOKEN,
        }
        configurations = []
        for name in ("influxdb.conf", "nginx-write-api.conf"):
            text = (DEPLOY / name).read_text().split("\n", 3)[3]
            for key, value in values.items():
                text = text.replace(key, value)
            configurations.append(folder / name)
            configurations[-1].write_text(text)
        self._direct = f"http://127.0.0.1:{values['HTTP_PORT']}"
        self.database = Process([program("influxd"), "-config", str(configurations[0])], self._answers)
        self.proxy = Process([program("nginx"), "-p", str(folder), "-c", str(configurations[1])])
        self.address = InfluxAddress(f"http://127.0.0.1:{values['LISTEN_PORT']}", TOKEN, "xinyi", BUCKET)

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
