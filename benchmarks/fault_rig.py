"""Everything a site is made of as real processes that can be killed: broker, producers, centres, stores.

Used by `validate_faults` and its short form in the tests. Whatever dies is started again at once or a little later, as
a supervisor would; a centre that ends because its store is away is started again, too.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.fault_roles import END, SITE, CentreTask, ProducerTask
from benchmarks.postgres_rig import Postgres
from gateway.broker import broker_command, free_port, private_address

ROOT = Path(__file__).parents[1]
PRODUCERS = ("room", "kiosk-1", "console")


class Child:
    """A process that is to run until it is told otherwise."""

    def __init__(self, name: str, command: Callable[[], list[str]], log: Path, out: Path | None = None) -> None:
        self.name, self._command, self._log, self._out = name, command, log, out
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self.wanted = True

    def tend(self, now: float) -> None:
        """Start it when it is not running and its time has come."""
        if self.wanted and now >= self.due and (self.process is None or self.process.poll() is not None):
            with self._log.open("ab") as log, (self._out or self._log).open("ab") as out:
                self.process = subprocess.Popen(
                    self._command(), stdout=out, stderr=log, cwd=ROOT, start_new_session=True
                )
            self.due = now + 0.5

    def kill(self) -> bool:
        """SIGKILL; whether there was something to kill."""
        if self.process is None or self.process.poll() is not None:
            return False
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return True

    def say(self, what: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(what)


class Site:
    """One site under fault.

    Args:
        folder: short path; everything is made in it.
        centres: how many; more than one needs `postgres`.
        postgres: rows there instead of SQLite.
        points: "influx", "victoria" or "".
        seed: of producers.
        pause_s: between two puts of a producer, on average.
    """

    def __init__(
        self, folder: Path, *, centres: int, postgres: bool, points: str, seed: int, pause_s: float = 0.01
    ) -> None:
        folder.mkdir(parents=True)
        self.folder, self._pause_s, self._luck = folder, pause_s, random.Random(seed)
        self.data = folder / "centre"
        port = free_port()
        broker = broker_command(folder / "broker", port)
        self.address = private_address(folder / "broker", port)
        self.postgres = Postgres(folder / "pg") if postgres else None
        self.rows_url = self.postgres.url if self.postgres else ""
        self.influx: list[str] = []
        self.children: dict[str, Child] = {"broker": Child("broker", lambda: broker, folder / "broker.log")}
        if points == "influx":
            self._add_influx()
        elif points == "victoria":
            self._add_victoria()
        for number in range(centres):
            worker = f"w{number}" if centres > 1 else ""
            self._add(f"centre{number}", "centre", lambda worker=worker: self._centre(worker))
        self._turn = 0
        for name in PRODUCERS:
            self._add(name, "producer", lambda name=name: self._producer(name), folder / f"{name}.promises")

    @property
    def promised(self) -> list[str]:
        """Ids whose puts have returned, each on a whole line: a killed process may leave half of one."""
        found: list[str] = []
        for name in PRODUCERS:
            path = self.folder / f"{name}.promises"
            if path.exists():
                found += [line[-36:] for line in path.read_text().split("\n")[:-1] if len(line) >= 36]
        return found

    def tend(self) -> None:
        for child in self.children.values():
            child.tend(time.monotonic())

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tend()
            time.sleep(0.02)

    def under_load(self, puts: int, most_s: float) -> None:
        """Wait until so many more puts have returned, or for so long."""
        wanted, deadline = self._promise_bytes() + 37 * puts, time.monotonic() + most_s
        while self._promise_bytes() < wanted and time.monotonic() < deadline:
            self.wait(0.05)

    def kill(self, name: str, away_s: float) -> bool:
        """Kill one; it comes back after so many seconds."""
        if name == "postgres":
            assert self.postgres
            self.postgres.kill()
            self.wait(away_s)
            self.postgres.start()
            return True
        done = self.children[name].kill()
        self.children[name].due = time.monotonic() + away_s
        return done

    def pause(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later."""
        self.children[name].say(signal.SIGSTOP)
        self.wait(seconds)
        self.children[name].say(signal.SIGCONT)

    def finish(self, timeout_s: float) -> bool:
        """Have the producers end; whether everything is receipted in time."""
        for name in PRODUCERS:
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
            (self.folder / name / END).touch()
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for name in PRODUCERS:
                process = self.children[name].process
                if process and process.poll() == 0:
                    self.children[name].wanted = False
            self.tend()
            if not any(self.children[name].wanted for name in PRODUCERS):
                return True
            time.sleep(0.05)
        return False

    def close(self) -> None:
        for child in self.children.values():
            child.wanted = False
            child.kill()
        if self.postgres:
            self.postgres.kill()

    def _promise_bytes(self) -> int:
        paths = [self.folder / f"{name}.promises" for name in PRODUCERS]
        return sum(path.stat().st_size for path in paths if path.exists())

    def _add(self, name: str, role: str, task: Callable[[], msgspec.Struct], out: Path | None = None) -> None:
        def command() -> list[str]:
            told = json.dumps(msgspec.to_builtins(task()))
            return [sys.executable, "-m", "benchmarks.fault_roles", role, told]

        self.children[name] = Child(name, command, self.folder / f"{name}.log", out)

    def _centre(self, worker: str) -> CentreTask:
        a = self.address
        return CentreTask(a.host, a.port, a.password, str(self.data), worker, self.rows_url, self.influx)

    def _producer(self, name: str) -> ProducerTask:
        a = self.address
        self._turn += 1
        folder = self.folder / name
        return ProducerTask(
            a.host, a.port, a.password, str(folder), name, self._turn, self._luck.getrandbits(30), self._pause_s
        )

    def _add_influx(self) -> None:
        from benchmarks.store_rig import influx_commands

        commands, self.influx = influx_commands(self.folder / "influx")
        for name, command in commands.items():
            self.children[name] = Child(name, lambda command=command: command, self.folder / f"{name}.log")

    def _add_victoria(self) -> None:
        from benchmarks.store_rig import victoria_command

        command, self.influx = victoria_command(self.folder / "victoria")
        self.children["victoria"] = Child("victoria", lambda: command, self.folder / "victoria.log")


__all__ = ["PRODUCERS", "SITE", "Child", "Site"]
