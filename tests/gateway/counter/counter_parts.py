"""A room's centre as `xinyi centre` runs it, with its counter, beside a real mosquitto; and lines of kiosks to it."""

import asyncio
import sys
from pathlib import Path

from gateway_parts import ROOT, SITE, Broker, Process, until

from care.alerts import AlertEvent, AlertStep, Deadline
from devices.clock import Clock
from gateway import centre_service
from gateway.box import new_id
from gateway.client import KioskLine
from gateway.config import BrokerConfig, Config, PathsConfig, SiteConfig, load, to_toml
from gateway.counter.messages import Answer
from gateway.keeping.asking import Place
from gateway.messages import RecordKind
from gateway.rows import Rows
from gateway.services import open_store

BEGAN = 1_796_000_000_000_000_000
S = 1_000_000_000


def raised(seat: str = "kiosk-1", at_utc_ns: int = BEGAN) -> AlertEvent:
    ladder = [Deadline("room", at_utc_ns + 120 * S), Deadline("town", at_utc_ns + 600 * S)]
    return AlertEvent(
        new_id(), 1, AlertStep.RAISED, at_utc_ns, "room", "system", "red", seat, "help_button", deadlines=ladder
    )


class CentreHere:
    """The centre's service in the loop of the test: a start costs nothing."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(centre_service.run(self._config, Clock(), self._stop))
        await until(lambda: self._config.centre_socket.exists() or self._task.done(), "the counter is open")
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        if self._task:
            self._stop.set()
            await self._task
        self._task = None


class Room:
    """One site on the disk: configuration, broker, centre. Nothing of it runs before it is started."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder = folder
        self.broker = Broker(folder / "broker")
        self.config = Config(
            site=SiteConfig(SITE),
            paths=PathsConfig(str(folder / "data"), str(sockets)),
            broker=BrokerConfig("127.0.0.1", self.broker.port, str(folder / "broker" / "secret")),
        )
        self.file = folder / "xinyi.toml"
        self.file.write_text(to_toml(self.config), "utf-8")
        self.config = load(self.file)
        self.centre = CentreHere(self.config)

    @property
    def place(self) -> Place:
        return Place.of(self.config)

    def line(self, broker_port: int = 0) -> KioskLine:
        config = self.config
        if broker_port:
            import msgspec

            broker = msgspec.structs.replace(config.broker, port=broker_port)
            config = msgspec.structs.replace(config, broker=broker)
        return KioskLine.of(config)

    def reading(self) -> Rows:
        return open_store(self.config.data)

    def stored(self, kind: RecordKind) -> int:
        with self.reading() as rows, rows.reading() as db:
            return db.exec_driver_sql("SELECT count(*) FROM records WHERE kind=?", (kind.value,)).scalar()

    def centre_process(self) -> Process:
        """The centre as a process of its own."""

        async def is_there() -> None:
            await until(self.config.centre_socket.exists, "the counter is open")

        return Process([sys.executable, "-m", "xinyi", "centre", "--config", str(self.file)], is_there)


async def answered(line: KioskLine, question: object) -> Answer:
    """Ask until the centre is in reach."""
    for _ in range(200):
        if (answer := await line.ask(question)) is not None:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"the centre never answers {question}")


__all__ = ["BEGAN", "ROOT", "SITE", "Room", "S", "answered", "raised", "until"]
