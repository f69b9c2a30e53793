"""What must be true of a site's rows after anything has died any number of times: nothing lost, nothing twice."""

import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from benchmarks.fault_roles import SITE
from care.alerts import AlertEvent, alert_state
from gateway import tables as t
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.messages import RecordKind, decode_body
from gateway.placement import Placement
from gateway.points_influx import InfluxAddress, query
from gateway.points_sqlite import POINTS_FILE, SqlitePoints
from gateway.projection import rebuild_points
from gateway.routing import Routing
from gateway.rows import Rows
from gateway.sealing import of_record


@dataclass
class Finding:
    """What was found.

    Attributes:
        wrong: one line each; empty when all is well.
    """

    promised: int = 0
    stored: int = 0
    lost: int = 0
    duplicated: int = 0
    beyond: int = 0
    alerts: int = 0
    steps: int = 0
    points: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def expect(self, what: str, *, holds: bool) -> None:
        if not holds:
            self.wrong.append(what)


def open_rows(data: Path, url: str) -> Rows:
    """The rows of a site whose centres have ended."""
    placement = Placement(Keyring.open(data / KEYS_FOLDER), Routing(SITE), "check")
    return Rows.for_writing(data, placement, url)


def check(data: Path, url: str, promised: list[str], most_beyond: int) -> Finding:
    """Compare what was promised with the rows.

    Args:
        data: data folder of the centres, which have ended.
        url: of the rows, or "".
        promised: ids of puts that returned.
        most_beyond: records that may be there unpromised: puts that a kill interrupted.
    """
    found = Finding(promised=len(promised))
    with Rows.for_reading(data, url) as rows, rows._engine.connect() as db:  # noqa: SLF001 - the check looks behind the door
        ids = Counter(str(each) for each in db.scalars(sa.select(t.records.c.id)))
        found.stored = len(ids)
        missing = set(promised) - ids.keys()
        found.lost = len(missing)
        places = Counter(db.execute(sa.select(t.chunks.c.session, t.chunks.c.number, t.chunks.c.version)).all())
        records = Counter(db.scalars(sa.select(t.chunks.c.record)))
        found.duplicated = sum(n - 1 for counter in (ids, places, records) for n in counter.values())
        found.beyond = len(ids.keys() - set(promised))
        chunks = db.scalar(
            sa.select(sa.func.count()).select_from(t.records).where(t.records.c.kind == RecordKind.SESSION_CHUNK)
        )
        found.expect(f"{found.lost} lost: {sorted(missing)[:3]}", holds=not missing)
        found.expect(f"{found.duplicated} duplicated", holds=not found.duplicated)
        found.expect(f"{len(places)} places for {chunks} chunks", holds=len(places) == chunks)
        found.expect("a put was promised twice", holds=len(set(promised)) == len(promised))
        found.expect(f"{found.beyond} were never promised", holds=found.beyond <= most_beyond)
        found.expect(f"sequence gaps {rows.sequence_gaps()[:3]}", holds=not rows.sequence_gaps())
        found.expect(f"dead letters {[x.reason[:200] for x in rows.dead_letters()][:3]}", holds=not rows.dead_letters())
        _check_alerts(db, data, found)
    return found


def _check_alerts(db: sa.Connection, data: Path, found: Finding) -> None:
    """Every alert's row is the fold of the sorted log of its steps; so is that of any permutation."""
    keyring = Keyring.open(data / KEYS_FOLDER)
    steps: dict[UUID, list[AlertEvent]] = {}
    r = t.records.c
    for row in db.execute(sa.select(r.id, r.body).where(r.kind == RecordKind.ALERT_EVENT)):
        step = decode_body(RecordKind.ALERT_EVENT, keyring.open_sealed(row.body, of_record(row.id)))
        assert isinstance(step, AlertEvent)
        steps.setdefault(step.alert, []).append(step)
    found.alerts, found.steps = len(steps), sum(map(len, steps.values()))
    rows: dict[UUID, Any] = {row.alert: row for row in db.execute(t.alerts.select())}
    found.expect(f"{len(rows)} rows for {len(steps)} alerts", holds=rows.keys() == steps.keys())
    luck = random.Random(7)
    for alert, log in steps.items():
        state = alert_state(log)
        luck.shuffle(log)
        found.expect(f"alert {alert} depends on the order", holds=alert_state(log) == state)
        row = rows.get(alert)
        if row is None:
            continue
        kept = (row.status, row.tier, row.level, row.owner, row.version, row.raised_utc_ns)
        said = (state.status, state.tier, state.level, state.owner, state.version, state.raised_utc_ns)
        found.expect(f"alert {alert}: rows say {kept}, its log says {said}", holds=kept == said)


def check_points(data: Path, url: str, influx: list[str], found: Finding) -> None:
    """The picture in InfluxDB has as many points as one that is drawn anew from the rows."""
    with open_rows(data, url) as rows, tempfile.TemporaryDirectory() as folder:
        found.expect(f"{rows.waiting_for_points()} wait for points", holds=not rows.waiting_for_points())
        fresh = SqlitePoints(Path(folder) / POINTS_FILE)
        rebuild_points(rows, fresh)
        counted = fresh._db.execute("SELECT measurement, count(*) FROM points GROUP BY 1").fetchall()  # noqa: SLF001
        fresh.close()
    address = InfluxAddress(*influx)
    for measurement, expected in counted:
        answer = query(address, f'SELECT count(*) FROM "{measurement}"')
        number = max((value for name, value in answer[0].items() if name.startswith("count")), default=0)
        found.points[measurement] = number
        found.expect(f"{number} points of {measurement}, rows say {expected}", holds=number == expected)
