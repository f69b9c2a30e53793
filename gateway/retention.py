"""How long things are kept: rows of the bulk kinds, and the tiers of the picture. Nothing else is ever pruned.

Raw signals and device minutes are what fills a disk; sessions, questionnaires, alerts and all other rows stay until
somebody asks for their deletion.
"""

import logging
from dataclasses import dataclass

import sqlalchemy as sa

from gateway import tables as t
from gateway.messages import RecordKind
from gateway.outgoing import drop
from gateway.placement import Placement
from gateway.points import PointStore, Tier

BULK_KINDS = (RecordKind.SESSION_WAVE, RecordKind.DEVICE_MINUTES)
DAY_NS = 86_400 * 1_000_000_000
_AT_A_TIME = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """Days for which things are kept.

    Attributes:
        bulk_days: rows of raw signals and device minutes.
        raw_days: points of single beats, features and events.
        seconds_days: points of a second.
        minutes_days: points of a minute.
    """

    bulk_days: int = 90
    raw_days: int = 30
    seconds_days: int = 180
    minutes_days: int = 3650

    def days_of(self, tier: Tier) -> int:
        return {Tier.RAW: self.raw_days, Tier.SECONDS: self.seconds_days, Tier.MINUTES: self.minutes_days}[tier]


def prune_points(store: PointStore, retention: Retention, now_utc_ns: int) -> int:
    """Let a store forget what is old enough. Returns how many points went.

    Raises:
        PointsAway: not now.
    """
    return sum(store.prune(tier, now_utc_ns - retention.days_of(tier) * DAY_NS) for tier in Tier)


def prune_bulk(engine: sa.Engine, placement: Placement, now_utc_ns: int, bulk_days: int) -> int:
    """Delete bulk records that were stored more than so many days ago, a few at a time. Returns how many.

    What still waits for the next level leaves a tombstone there. Points that are drawn already stay.
    """
    r, o = t.records.c, t.outgoing.c
    old = sa.select(r.id).where(r.kind.in_(BULK_KINDS), r.stored_utc_ns < now_utc_ns - bulk_days * DAY_NS)
    done = 0
    while True:
        with engine.begin() as db:
            ids = list(db.scalars(old.limit(_AT_A_TIME)))
            if not ids:
                return done
            drop(db, placement, o.record.in_(ids), "bounds", now_utc_ns)
            db.execute(t.to_project.delete().where(t.to_project.c.record.in_(ids)))
            db.execute(t.receipts.delete().where(t.receipts.c.record.in_(ids)))
            db.execute(t.records.delete().where(r.id.in_(ids)))
            done += len(ids)
