"""Whether the level above knows of an alert: what has waited for it too long is "not delivered", and is said once.

A site asks only about the alerts that were raised at it. What counts are the steps that call or answer somebody;
whether a note has gone up is nobody's trouble. A site without a level above says so, too: nobody there will come.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from care.alerts import AlertEvent, AlertState, AlertStep, alert_state
from gateway import tables as t
from gateway.errors import KeyLost, SealBroken
from gateway.messages import Lane, RecordKind, decode_body
from gateway.routing import UP
from gateway.rows import Rows
from gateway.sealing import of_record
from gateway.services.alerts import UNREADABLE, alert_steps

_CALLS = {AlertStep.RAISED, AlertStep.ESCALATED, AlertStep.ACKNOWLEDGED, AlertStep.CLOSED}
_REMEMBERED_NS = 35 * 86400 * 1_000_000_000
"""How long an alert may be old whose delivery is still waited for after a restart; a room may be off for a month."""

log = logging.getLogger(__name__)


class _Alert(NamedTuple):
    alert: UUID
    raised_utc_ns: int


class Delivery:
    """Of one centre; made anew with every lease.

    Args:
        site: whose centre.
        level: what it is called in ladders.
        rows: where alerts, and what waits to go up, are.
        put: stores a step of an alert of this site.
        has_upper: whether there is a level above.
        patience_s: so long a step may wait for it.
    """

    def __init__(
        self,
        site: str,
        level: str,
        rows: Rows,
        put: Callable[[AlertEvent], Awaitable[object]],
        *,
        has_upper: bool,
        patience_s: float,
    ) -> None:
        self._site, self._level, self._rows, self._put = site, level, rows, put
        self._has_upper, self._patience_ns = has_upper, int(patience_s * 1e9)
        self._undelivered: set[UUID] | None = None
        self._settled: set[UUID] = set()

    async def turn(self, now_utc_ns: int) -> int | None:
        """Write down what has become known. When to look again, UTC ns; None: nothing waits.

        Raises:
            StoreError: a step was not stored; the next turn does it.
        """
        if self._undelivered is None:
            self._undelivered = await asyncio.to_thread(self._found_undelivered, now_utc_ns)
        standing = await asyncio.to_thread(self._open)
        known = {each.alert for each in standing} | self._undelivered
        waits = await asyncio.to_thread(self._waiting, known) if self._has_upper else {}
        looks: list[int] = []
        for each in standing:
            since = waits.get(each.alert) if self._has_upper else each.raised_utc_ns
            if since is None or each.alert in self._undelivered | self._settled:
                continue
            if since + self._patience_ns > now_utc_ns:
                looks.append(since + self._patience_ns)
            else:
                await self._say(each.alert, AlertStep.UNDELIVERED, now_utc_ns)
        if self._has_upper:
            for alert in self._undelivered - waits.keys():
                await self._say(alert, AlertStep.DELIVERED, now_utc_ns)
            if self._undelivered or waits:
                looks.append(now_utc_ns + 1_000_000_000)  # a receipt stirs nobody
        return min(looks, default=None)

    async def _say(self, alert: UUID, step: AlertStep, now_utc_ns: int) -> None:
        assert self._undelivered is not None
        state = await asyncio.to_thread(self._state, alert)
        if state is None:
            self._undelivered.discard(alert)
            self._settled.add(alert)
            return
        if step is AlertStep.UNDELIVERED and not self._goes_further(state):
            self._settled.add(alert)
            return
        if state.delivered != (step is AlertStep.DELIVERED):
            said = "" if self._has_upper else "there is no level above"
            event = AlertEvent(alert, state.version + 1, step, now_utc_ns, self._level, "system", detail=said)
            await self._put(event)
            log.info("alert %s is %s", alert, step)
        if step is AlertStep.UNDELIVERED:
            self._undelivered.add(alert)
        else:
            self._undelivered.discard(alert)

    def _goes_further(self, state: AlertState) -> bool:
        """Whether somebody above is to be called some time."""
        return bool(state.ladder) and state.ladder[-1] != self._level

    def _open(self) -> list[_Alert]:
        a = t.alerts.c
        question = sa.select(a.alert, a.raised_utc_ns).where(a.status == "open", a.site == self._site)
        with self._rows.reading() as db:
            return [_Alert(*row) for row in db.execute(question)]

    def _found_undelivered(self, now_utc_ns: int) -> set[UUID]:
        a = t.alerts.c
        lately = (a.site == self._site) & (a.raised_utc_ns >= now_utc_ns - _REMEMBERED_NS)
        with self._rows.reading() as db:
            alerts = list(db.scalars(sa.select(a.alert).where(lately)))
        states = [(alert, self._state(alert)) for alert in alerts]
        return {alert for alert, state in states if state is not None and not state.delivered}

    def _state(self, alert: UUID) -> AlertState | None:
        """How an alert stands; None: it cannot be read, and the others must go on."""
        try:
            return alert_state(alert_steps(self._rows, alert))
        except UNREADABLE:
            return None

    def _waiting(self, alerts: set[UUID]) -> dict[UUID, int]:
        """Alerts of which a step that counts has no receipt from above, and since when it waits."""
        o, r = t.outgoing.c, t.records.c
        question = (
            sa.select(r.id, r.about, r.body, o.made_utc_ns)
            .join_from(t.outgoing, t.records, o.record == r.id)
            .where(o.hop == UP, o.lane == Lane.ALERT, o.kind == RecordKind.ALERT_EVENT)
        )
        with self._rows.reading() as db:
            found = db.execute(question).all()
        waits: dict[UUID, int] = {}
        for row in found:
            if row.about in alerts and self._counts(row.id, row.body):
                waits[row.about] = min(row.made_utc_ns, waits.get(row.about, row.made_utc_ns))
        return waits

    def _counts(self, record: UUID, sealed: bytes) -> bool:
        try:
            body = decode_body(RecordKind.ALERT_EVENT, self._rows.keyring.open_sealed(sealed, of_record(record)))
        except (KeyLost, SealBroken, msgspec.DecodeError, ValueError):
            return False
        return isinstance(body, AlertEvent) and body.step in _CALLS
