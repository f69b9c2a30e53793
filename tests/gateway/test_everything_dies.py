"""Room, broker and centre are killed in turn, under load, again and again: set(put) is set(stored), each once."""

import asyncio
import subprocess
import sys
from itertools import cycle
from pathlib import Path

from gateway_parts import ROOT, Broker, CentreProcess, until

from gateway.rows import Rows


class Producer:
    """A producer process whose promises (ids of puts that returned) are written to a file."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder, self._broker, self._boots = folder, broker, 0
        self.promises = folder.with_name("promises")
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, count: int) -> None:
        self._boots += 1
        address = self._broker.address
        script = ROOT / "tests" / "gateway" / "run_producer.py"
        arguments = [
            address.host,
            str(address.port),
            address.password,
            str(self.folder),
            f"boot-{self._boots}",
            str(count),
        ]
        with self.promises.open("ab") as out:
            self._child = subprocess.Popen([sys.executable, str(script), *arguments], stdout=out)

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()

    @property
    def promised(self) -> list[str]:
        """Ids, each on a whole line: a killed process may leave half of one."""
        text = self.promises.read_text() if self.promises.exists() else ""
        return [line for line in text.split("\n")[:-1] if line]

    async def finish(self) -> None:
        assert await asyncio.to_thread(self._child.wait, 60) == 0


async def test_whatever_is_killed_everything_that_was_put_is_stored_once(
    broker: Broker, centre: CentreProcess, tmp_path: Path
) -> None:
    producer = Producer(tmp_path / "room", broker)
    producer.start(100_000)
    for victim, _ in zip(cycle(("room", "broker", "centre")), range(4), strict=False):
        seen = len(producer.promised)
        await until(lambda seen=seen: len(producer.promised) > seen + 20, "the room goes on putting")
        if victim == "room":
            producer.kill()
            producer.start(100_000)
        else:
            process = broker if victim == "broker" else centre
            process.kill()
            await process.start()
    producer.kill()
    producer.start(5)
    await producer.finish()
    promised = producer.promised
    with Rows.for_reading(tmp_path / "centre") as rows:
        stored = {str(record) for record in rows.record_ids()}
        assert rows.sequence_gaps() == []
        assert rows.dead_letters() == []
    assert len(set(promised)) == len(promised) > 80
    assert set(promised) <= stored
    assert len(stored - set(promised)) <= 3, "at most the put that a kill of the room interrupted, each time"
