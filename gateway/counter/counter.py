"""The counter itself: a socket of the centre at which faces on the same machine ask (`centre.sock`).

It works while the broker does not: what is urgent can be handed in here, is judged and stored like anything that
arrives, and the answer is the receipt. Questions call one use case each and wait for nobody but their store; only tries
to open a file stand in a row, so that ten at once are ten tries.
"""

import asyncio
import logging
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from gateway import topics
from gateway.arrivals import Good, judge_up
from gateway.centre import Centre
from gateway.counter.messages import (
    AlertStanding,
    Answer,
    AppointmentsAnswer,
    Asked,
    FileAnswer,
    HandedIn,
    HandIn,
    Library,
    NotNow,
    OpenAppointments,
    OpenFile,
    Question,
    Told,
    WhoIsOnDuty,
)
from gateway.errors import StoreError
from gateway.messages import Envelope, Receipt, RecordKind
from gateway.services.files import appointments_of, look_into_file
from gateway.services.library import library_news
from gateway.services.standing import alert_standing, duty_now
from gateway.socket import LocalSocket, say

OPEN_S = 600.0
"""So long after a file was opened its owner's appointments are answered."""

_asked = msgspec.msgpack.Decoder(Asked)
_envelope = msgspec.msgpack.Decoder(Envelope)

log = logging.getLogger(__name__)


class Counter(LocalSocket):
    """Async context manager that serves the counter of one centre, whose rows are open.

    Args:
        path: of the socket.
        centre: whose counter it is.
        zone: the site's time zone, in which a day begins.
    """

    def __init__(self, path: Path, centre: Centre, zone: ZoneInfo) -> None:
        super().__init__(path, "the centre")
        self._centre, self._zone = centre, zone
        self._files = asyncio.Lock()
        self._opened: dict[tuple[str, str], float] = {}

    def _hear(self, message: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            asked = _asked.decode(message)
        except msgspec.DecodeError as error:
            say(writer, Told(0, NotNow(f"not understood: {error}")))
            return
        self._begin(self._answer(asked, writer))

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._about(asked.question, asked.actor)
        except StoreError as error:
            answer = NotNow(str(error))
            log.warning("counter: %s", error)
        except Exception:
            answer = NotNow("a fault of our own")
            log.exception("counter: a fault of our own")  # questions are never in it
        say(writer, Told(asked.id, answer))

    async def _about(self, question: Question, actor: str) -> Answer:
        rows, site, now = self._centre.rows, self._centre.site, self._centre.clock.utc_ns()
        match question:
            case AlertStanding():
                above = rows.placement.routing.reaches_above(RecordKind.ALERT_EVENT)
                return await asyncio.to_thread(
                    alert_standing, rows, question.alert, site=site, now_utc_ns=now, reaches_above=above
                )
            case WhoIsOnDuty():
                return await asyncio.to_thread(duty_now, rows, site=site, now_utc_ns=now)
            case OpenFile():
                return await self._file(question, actor)
            case OpenAppointments():
                return await self._appointments(question, actor)
            case Library():
                return await asyncio.to_thread(library_news, rows, question.have, site=site)
            case HandIn():
                return await self._take(question)

    async def _file(self, question: OpenFile, actor: str) -> FileAnswer:
        async with self._files:
            answer = await asyncio.to_thread(
                look_into_file,
                self._centre.rows,
                question.code,
                question.pin,
                actor,
                site=self._centre.site,
                zone=self._zone,
                now_utc_ns=self._centre.clock.utc_ns(),
            )
        if answer.outcome == "ok":
            now = asyncio.get_running_loop().time()
            self._opened = {key: at for key, at in self._opened.items() if now - at < OPEN_S}
            self._opened[actor, answer.subject] = now
        return answer

    async def _appointments(self, question: OpenAppointments, actor: str) -> AppointmentsAnswer:
        at = self._opened.get((actor, question.subject))
        if at is None or asyncio.get_running_loop().time() - at > OPEN_S:
            return AppointmentsAnswer(ok=False)
        found = await asyncio.to_thread(appointments_of, self._centre.rows, question.subject, actor)
        return AppointmentsAnswer(ok=True, appointments=found)

    async def _take(self, question: HandIn) -> Answer:
        """The second door: what came by it is stored, refused or known already exactly as from the broker."""
        if question.producer not in topics.KIOSKS:
            return NotNow(f"{question.producer!r} hands in nothing here")
        try:
            lane = _envelope.decode(question.envelope).lane
        except msgspec.DecodeError as error:
            return NotNow(f"not a record: {error}")
        arrival = judge_up(topics.up(self._centre.site, lane, question.producer), question.envelope)
        record = arrival.record.id if isinstance(arrival, Good) else arrival.id
        if record is None:
            return NotNow("not a record")
        await self._centre.take([arrival])
        return HandedIn(Receipt(self._centre.options.level, [record]))
