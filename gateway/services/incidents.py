"""What should not have happened and a technician should see: kiosks that come to other results than their centre."""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from gateway import tables as t
from gateway.rows import Rows

__all__ = ["Incident", "find_incidents"]


class Incident(NamedTuple):
    """One of them. `record`: that it is about; `reason` names what differs, never an answer or a result."""

    record: UUID
    what: str
    site: str
    producer: str
    reason: str
    noticed_utc_ns: int


def find_incidents(rows: Rows, limit: int = 1000) -> list[Incident]:
    """Incidents, newest first."""
    i, r = t.incidents.c, t.records.c
    question = (
        sa.select(i.id, i.what, i.site, r.producer, i.reason, i.noticed_utc_ns)
        .join(t.records, r.id == i.id)
        .order_by(i.noticed_utc_ns.desc(), i.id)
        .limit(limit)
    )
    with rows.reading() as db:
        return [Incident(*row) for row in db.execute(question)]
