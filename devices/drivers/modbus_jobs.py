"""What waits to be written to a Modbus chair: the values of one command stay together, each confirmed before the next.

The control loop writes one value per turn, so that a stop and the watchdog come between any two of them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from devices.drivers.modbus_words import REFUSALS, Writes
from devices.errors import DeviceError
from devices.interlocks import Refusal
from devices.protocols.modbus_rtu import Answer, Refused

_ATTEMPTS = 3


@dataclass(slots=True, eq=False)
class Job:
    """Values to be written one after the other; `done` when all are, or when one was refused.

    Attributes:
        moves: something gets moving or warm by it.
    """

    writes: deque[tuple[int, int]]
    moves: bool
    done: asyncio.Future[Refusal | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    attempts: int = 0


class Jobs:
    """The queue of one connection."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def add(self, writes: Writes, *, moves: bool = False, first: bool = False) -> asyncio.Future[Refusal | None]:
        """Have `writes` written, after what waits already or `first`."""
        job = Job(deque(writes), moves)
        if not writes:
            job.done.set_result(None)
        elif first:
            self._jobs.appendleft(job)
        else:
            self._jobs.append(job)
        return job.done

    def refuse(self, reason: Refusal, *, only_moves: bool = False) -> None:
        """Nothing of what waits will be written, or nothing that moves."""
        for job in [job for job in self._jobs if job.moves or not only_moves]:
            self._finish(job, reason)

    def fail(self, error: DeviceError) -> None:
        """Nobody waits for a dead link."""
        for job in self._jobs:
            if not job.done.done():
                job.done.set_exception(error)
                job.done.exception()  # known, even when nobody waits for it
        self._jobs.clear()

    async def work(self, write: Callable[[int, int], Awaitable[Answer | None]]) -> None:
        """The next value of the first job."""
        job = self._jobs[0]
        if job.done.done():  # whoever wanted it has gone
            self._jobs.popleft()
            return
        job.attempts += 1
        answer = await write(*job.writes[0])
        if job.done.done():  # it has been refused meanwhile
            return
        if answer is None or (isinstance(answer, Refused) and REFUSALS.get(answer.code) is Refusal.NO_ANSWER):
            if job.attempts >= _ATTEMPTS:
                self._finish(job, Refusal.NO_ANSWER)
        elif isinstance(answer, Refused):
            self._finish(job, REFUSALS.get(answer.code, Refusal.NOT_FITTED))
        else:
            job.writes.popleft()
            job.attempts = 0
            if not job.writes:
                self._finish(job, None)

    def _finish(self, job: Job, reason: Refusal | None) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        if not job.done.done():
            job.done.set_result(reason)
