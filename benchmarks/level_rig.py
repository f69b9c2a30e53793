"""Three levels as real processes: room, town, district, each with its own broker and centre, each able to die."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from benchmarks.bad_days_rig import Cable
from benchmarks.fault_roles import CentreTask
from gateway import tables as t
from gateway.broker import broker_command, free_port, private_address
from gateway.messages import Body, encode, kind_of
from gateway.rows import Rows

ROOT = Path(__file__).parents[1]
_RELAY = "\nuser relay\ntopic read xinyi/1/+/down/+/relay\n"


@dataclass
class Level:
    """Broker and centre of one site.

    Attributes:
        cable: what leads to it from below; None: the same machine.
        upper: the level above.
        stays: kinds that may not go up from here.
    """

    site: str
    folder: Path
    cable: Cable | None = None
    upper: "Level | None" = None
    stays: list[str] = field(default_factory=list)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self._command = broker_command(self.folder / "broker", self.port)
        acl = self.folder / "broker" / "acl"
        acl.write_text(acl.read_text() + _RELAY)  # real relays come with a certificate, and may read what is theirs
        if self.cable:
            configuration = self.folder / "broker" / "mosquitto.conf"
            configuration.write_text(configuration.read_text().replace("127.0.0.1", "0.0.0.0"))
        self.address = private_address(self.folder / "broker", self.port)
        self.data = self.folder / "centre"
        self._inside = self.cable.inside if self.cable else []

    def start_broker(self) -> None:
        self._start("broker", self._command)

    def start_centre(self) -> None:
        upper: list[str] = []
        if self.upper:
            host = self.upper.cable.far if self.upper.cable else self.upper.address.host
            upper = [self.upper.site, host, str(self.upper.port), self.upper.address.password]
        a = self.address
        task = CentreTask(a.host, self.port, a.password, str(self.data), site=self.site, upper=upper, stays=self.stays)
        told = json.dumps(msgspec.to_builtins(task))
        self._start("centre", [sys.executable, "-m", "benchmarks.fault_roles", "centre", told])

    def start(self) -> None:
        self.start_broker()
        self.start_centre()

    def kill(self, *names: str) -> None:
        for name in names or list(self.processes):
            process = self.processes.pop(name, None)
            if process:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def put(self, body: Body, target: str = "") -> UUID:
        """Have the centre put a record of its own; returns when it is durable."""
        process = self.processes["centre"]
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps([kind_of(body), encode(body).hex(), target]) + "\n")
        process.stdin.flush()
        return UUID(process.stdout.readline().strip())

    def ask(self, question: Any) -> list[Any]:
        """Rows of this level's store, whatever its centre does; [] while there is no store yet."""
        try:
            with Rows.for_reading(self.data) as rows, rows._engine.connect() as db:  # noqa: SLF001 - behind the door
                return list(db.execute(question).all())
        except Exception:  # noqa: BLE001 - not there yet
            return []

    def holds(self) -> set[UUID]:
        return {row.id for row in self.ask(sa.select(t.records.c.id))}

    def kinds(self) -> set[str]:
        return {row.kind for row in self.ask(sa.select(t.records.c.kind).distinct())}

    def waiting(self) -> int:
        """Entries without the next level's receipt."""
        found = self.ask(sa.select(sa.func.count()).select_from(t.outgoing))
        return int(found[0][0]) if found else 0

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.data.glob("rows.sqlite*")))

    def troubles(self) -> list[str]:
        """Gaps and dead letters."""
        with Rows.for_reading(self.data) as rows:
            gaps, letters = rows.sequence_gaps(), [letter.reason for letter in rows.dead_letters()]
        found = [f"{self.site}: gaps {gaps[:3]}"] if gaps else []
        return found + ([f"{self.site}: dead letters {letters[:3]}"] if letters else [])

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [*self._inside, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                text=True,
                start_new_session=True,
            )
