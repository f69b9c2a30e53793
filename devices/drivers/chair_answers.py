"""Questions to a Chair Link chair that wait for an ACK or a NAK, by the sequence numbers under which they were asked.

What an answer means is done at once, in the order of the frames: a STOPPED that follows an ACK in the same read must
find the ACK already obeyed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.errors import DeviceError
from devices.interlocks import Refusal


@dataclass(eq=False, slots=True)
class Question:
    """Asked until it is answered.

    Attributes:
        obeyed: what follows from an ACK.
        insistent: a NAK is no answer to it.
        answer: None: obeyed; or why not.
    """

    obeyed: Callable[[], None] = lambda: None
    insistent: bool = False
    answer: asyncio.Future[Refusal | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def __post_init__(self) -> None:
        self.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())  # nobody may wait for it


class Answers:
    """The open questions of one connection."""

    def __init__(self) -> None:
        self._open: dict[int, Question] = {}

    def waits(self, sequence: int, question: Question) -> None:
        """`question` has been asked (again), as frame `sequence`."""
        self._open[sequence] = question

    def take(self, sequence: int, reason: Refusal | None) -> None:
        """The chair has answered frame `sequence`."""
        question = self._open.get(sequence)
        if question is None or question.answer.done() or (question.insistent and reason is not None):
            return
        if reason is None:
            question.obeyed()
        question.answer.set_result(reason)
        self.drop(question)

    def drop(self, question: Question) -> None:
        """Nobody asks it any more; an answer that still comes means nothing."""
        self._open = {sequence: other for sequence, other in self._open.items() if other is not question}

    def refuse(self, reason: Refusal, *, but: Question) -> None:
        """All are answered from here, but for one."""
        for question in self._open.values():
            if question is not but and not question.answer.done():
                question.answer.set_result(reason)
        self._open = {sequence: question for sequence, question in self._open.items() if question is but}

    def fail(self, error: DeviceError, *more: Question) -> None:
        """Nobody waits for a dead link."""
        for question in (*self._open.values(), *more):
            if not question.answer.done():
                question.answer.set_exception(error)
        self._open = {}
