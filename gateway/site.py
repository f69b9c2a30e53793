"""Runs the processes of a site under one parent: start, watch, restart with back-off, stop.

Each child has its own process group and a parent-death signal (util-linux `setpriv`), so neither Ctrl-C nor the sudden
death of the parent leaves anything running. What children say goes to one log file each in the run folder.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
HEALTHY_S = 10.0
PATIENCE_S = 5.0


class SiteError(RuntimeError):
    """A process of the site cannot be kept running; one line with its name and the end of its log."""


@dataclass(slots=True)
class Child:
    """One process of the site.

    Attributes:
        name: "room", "centre", …; its log is `<name>.log`.
        command: program and arguments.
        environment: added to that of the parent.
        restarts: how often it had to be started again.
        quick: how often in a row it has ended soon after its start.
        vital: False for a face that a person may close.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    vital: bool = True
    restarts: int = 0
    quick: int = 0
    process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.returncode is None else None


class Site:
    """Async context manager: the children run inside it.

    Args:
        children: in the order in which they are started; stopped in the opposite order.
        logs: folder for their logs.
        environment: what children start from; that of this process without it.
    """

    def __init__(self, children: Sequence[Child], logs: Path, environment: Mapping[str, str] | None = None) -> None:
        self.children = {child.name: child for child in children}
        self._environment = dict(os.environ if environment is None else environment)
        self._logs = logs
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            for child in self.children.values():
                await self._start(child)
                self._keepers.append(asyncio.create_task(self._keep(child), name=f"keep {child.name}"))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for child in reversed(self.children.values()):
            await self._stop(child)

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The last line that a child wrote."""
        with contextlib.suppress(OSError):
            lines = [line for line in self.log_of(name).read_text("utf-8", "replace").splitlines() if line.strip()]
            return lines[-1] if lines else "it said nothing"
        return "it left no log"

    async def _start(self, child: Child) -> None:
        guard = shutil.which("setpriv")
        command = [guard, "--pdeathsig", "TERM", "--", *child.command] if guard else list(child.command)
        with self.log_of(child.name).open("ab") as log:
            try:
                child.process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**self._environment, **child.environment},
                    start_new_session=True,
                )
            except OSError as error:
                raise SiteError(f"{child.name}: {child.command[0]} cannot be started ({error.strerror})") from None

    async def _keep(self, child: Child) -> None:
        while child.process:
            began = time.monotonic()
            await child.process.wait()
            if self._stopping or (not child.vital and child.process.returncode == 0):
                return
            child.quick = 0 if time.monotonic() - began > HEALTHY_S else child.quick + 1
            await asyncio.sleep(BACK_OFF_S[min(child.quick, len(BACK_OFF_S) - 1)])
            child.restarts += 1
            with contextlib.suppress(SiteError):  # what cannot be started now may be there again a little later
                await self._start(child)

    async def _stop(self, child: Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        for kind, patience_s in ((signal.SIGTERM, PATIENCE_S), (signal.SIGKILL, 2.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, kind)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience_s)
                return
