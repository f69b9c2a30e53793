"""The part of a centre that has a person reached: clock, delivery and pagers, turned whenever an alert stirs or is due.

The centre with the lease does it. A turn reads the rows and acts on what they say, so it may be killed at any moment
and begun anew. It sleeps until the next deadline, and never so long that a wall clock that was set goes unnoticed.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from care.handoff import Handoff
from devices.clock import Clock
from gateway.centre import Centre
from gateway.config import Config, password_of
from gateway.duty.config import listed
from gateway.duty.delivery import Delivery
from gateway.duty.escalation import Escalation
from gateway.duty.mail import Mail
from gateway.duty.paging import Pager, Paging
from gateway.duty.webhook import Webhook
from gateway.errors import StoreError
from gateway.messages import RecordKind

LOOK_S = 5.0
TOGETHER_S = 1.0
"""With several centres on one database, another one may have stored an alert."""

log = logging.getLogger(__name__)


def pagers_of(config: Config) -> list[Pager]:
    """The pagers that a site has.

    Raises:
        ConfigError: the file of a password cannot be read.
    """
    duty, found = config.duty, list[Pager]()
    urls = listed(duty.webhook)
    for number, url in enumerate(urls, 1):  # each is a pager of its own: one that is reached says nothing of another
        secret = password_of("duty.webhook_secret", duty.webhook_secret)
        name = f"webhook {number}" if len(urls) > 1 else "webhook"
        found.append(Webhook(url, duty.webhook_body, secret, duty.webhook_ca, name))
    if duty.mail_server:
        secret = password_of("duty.mail_secret", duty.mail_secret)
        to = listed(duty.mail_to)
        found.append(
            Mail(
                duty.mail_server,
                duty.mail_port,
                duty.mail_tls,
                duty.mail_from,
                to,
                duty.mail_user,
                secret,
                duty.mail_ca,
            )
        )
    return found


class DutyKeeper:
    """Runs until cancelled; the centre's rows are open.

    Args:
        centre: whose alerts.
        config: of the site.
        rules: of `site_files.handoff_of`.
        pagers: of `pagers_of`.
        clock: for deadlines.
    """

    def __init__(self, centre: Centre, config: Config, rules: Handoff, pagers: Sequence[Pager], clock: Clock) -> None:
        self._centre, self._clock = centre, clock
        site, level, rows = config.site.id, config.centre.level, centre.rows
        self._escalation = Escalation(site, level, rows, centre.put, clock)
        self._delivery = Delivery(
            site,
            level,
            rows,
            centre.put,
            has_upper=config.routing.reaches_above(RecordKind.ALERT_EVENT),
            patience_s=config.duty.undelivered_s,
        )
        self._paging = Paging(
            site, config.site.name, level, rows, centre.put, rules, pagers, clock, config.console.language
        )
        self._look_s = TOGETHER_S if config.centre.worker else LOOK_S

    async def run(self) -> None:
        async with self._paging:
            while True:
                self._centre.alerted.clear()
                due: int | None = None
                try:
                    due = await self.turn()
                except StoreError as error:
                    log.warning("duty waits: %s", error)
                    due = self._clock.utc_ns() + 1_000_000_000
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._rest_s(due)):
                        await self._centre.alerted.wait()

    async def turn(self) -> int | None:
        """Do what is due. When something is due again, UTC ns; None: nobody knows of anything.

        Raises:
            StoreError: not everything was stored; the next turn does the rest.
        """
        now = self._clock.utc_ns()
        dues = [await self._escalation.turn(now), await self._delivery.turn(now)]
        await self._paging.turn()
        return min((due for due in dues if due is not None), default=None)

    def _rest_s(self, due_utc_ns: int | None) -> float:
        if due_utc_ns is None:
            return self._look_s
        return min(max((due_utc_ns - self._clock.utc_ns()) / 1e9, 0.0), self._look_s)
