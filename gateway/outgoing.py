"""What a centre's relay still has to carry to the next site, up or down: entries beside the rows, in their transaction.

An entry is there before the receipt for its record goes out, and goes when the next site's receipt comes. Numbers are
given here, per hop, boot and lane, and never skipped: what policy, bounds or an erasure take out leaves a tombstone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa

from gateway import tables as t
from gateway import topics
from gateway.arrivals import within
from gateway.box import Depth
from gateway.database import asking, plain_words
from gateway.errors import KeyLost, SealBroken
from gateway.messages import LANES, Envelope, Lane, Record, RecordKind, Tombstone
from gateway.placement import Placement
from gateway.ranges import as_ranges
from gateway.routing import UP
from gateway.sealing import of_record
from gateway.upsert import insert, insert_new

UNROUTED = "unrouted-"
"""How the boot of a process begins that writes rows without knowing where they go from here."""
_OF_COMMANDS = (
    RecordKind.DELETION,
    RecordKind.DELETION_DONE,
    RecordKind.CONSENT_WITHDRAWN,
    RecordKind.ALERT_EVENT,
    RecordKind.DUTY_ROSTER,
    RecordKind.SITE_SETTINGS,
)
_IN_ONE = 500


def enqueue(db: sa.Connection, boot: str, hops: Iterable[tuple[str, Record, Lane]]) -> None:
    """Give records their places and numbers on their hops, within the transaction that stores them."""
    by_stream: defaultdict[tuple[str, Lane], list[Record]] = defaultdict(list)
    for hop, record, lane in hops:
        by_stream[hop, lane].append(record)
    for hop, lane in sorted(by_stream):
        records = by_stream[hop, lane]
        last = _number(db, hop, boot, lane, len(records))
        rows = [
            {
                "hop": hop,
                "record": record.id,
                "kind": record.kind,
                "boot": boot,
                "lane": lane,
                "seq": seq,
                "made_utc_ns": record.made_utc_ns,
                "size": len(record.body),
            }
            for seq, record in enumerate(records, last - len(records) + 1)
        ]
        db.execute(t.outgoing.insert(), rows)


def drop(
    db: sa.Connection, placement: Placement, condition: sa.ColumnElement[bool], reason: str, now_utc_ns: int
) -> int:
    """Take entries out and say so on their hops, within the transaction of `db`. Returns how many.

    Args:
        db: the connection.
        placement: of this centre.
        condition: which entries, over `tables.outgoing`.
        reason: for the tombstones.
        now_utc_ns: UTC, ns.
    """
    o = t.outgoing.c
    rows = db.execute(sa.select(o.place, o.hop, o.boot, o.lane, o.seq, o.kind, o.made_utc_ns).where(condition)).all()
    streams: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    kinds: defaultdict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        stream = (row.hop, row.boot, row.lane)
        streams[stream].append(row.seq)
        kinds[stream][row.kind] = kinds[stream].get(row.kind, 0) + 1
    for start in range(0, len(rows), _IN_ONE):
        places = [row.place for row in rows[start : start + _IN_ONE]]
        db.execute(t.outgoing.delete().where(o.place.in_(places)))
    for stream, numbers in sorted(streams.items()):
        hop, old_boot, lane = stream
        stone = Tombstone(old_boot, Lane(lane), as_ranges(numbers), kinds[stream], reason)
        own = placement.own(stone, now_utc_ns)
        record = own.record
        values = {name: getattr(record, name) for name in ("id", "kind", "site", "producer", "made_utc_ns")}
        sealed = placement.keyring.seal(record.body, of_record(record.id))
        rest = {"boot": placement.boot, "lane": lane, "seq": 0, "stored_utc_ns": now_utc_ns, "body": sealed}
        db.execute(t.records.insert().values(values | rest))
        enqueue(db, placement.boot, [(hop, record, Lane(lane))])
    return len(rows)


def adopt(db: sa.Connection, placement: Placement) -> int:
    """Give their ways to records that a command wrote while no centre ran, for it does not know them. Returns how many.

    They are known by their boot, which is that of this centre afterwards.
    """
    r, o, c = t.records.c, t.outgoing.c, t.receipts.c
    columns = (r.id, r.kind, r.site, r.producer, r.made_utc_ns, r.body, r.target, r.lane)
    theirs = r.kind.in_(_OF_COMMANDS) & r.boot.like(f"{UNROUTED}%")
    found = db.execute(sa.select(*columns).where(theirs).order_by(r.stored_utc_ns, r.id)).all()
    hops: list[tuple[str, Record, Lane]] = []
    for row in found:
        record = Record(row.id, RecordKind(row.kind), row.site, row.producer, row.made_utc_ns, row.body, row.target)
        goes_down = bool(row.target) and within(row.target, placement.site)
        came_from = placement.routing.upper if goes_down else placement.site
        known = {*db.scalars(sa.select(o.hop).where(o.record == row.id))}
        known |= {*db.scalars(sa.select(c.hop).where(c.record == row.id))}
        ways = placement.routing.hops(record, came_from)
        hops += [(hop, record, Lane(row.lane)) for hop in ways if hop not in known]
    enqueue(db, placement.boot, hops)
    db.execute(t.records.update().where(theirs).values(boot=placement.boot))
    return len(hops)


def _number(db: sa.Connection, hop: str, boot: str, lane: Lane, count: int) -> int:
    """Take so many numbers of a stream; the last of them."""
    statement = insert(db, t.outgoing_sequences).values(hop=hop, boot=boot, lane=lane, last=count)
    update = statement.on_conflict_do_update(
        index_elements=["hop", "boot", "lane"], set_={"last": t.outgoing_sequences.c.last + count}
    )
    last: int = db.scalars(update.returning(t.outgoing_sequences.c.last)).one()
    return last


class HopBox:
    """The entries of one hop as a `Box`.

    Args:
        engine: of the rows.
        placement: of this centre.
        hop: `routing.UP`, or the site that it leads to.
        now: UTC, ns.
    """

    def __init__(self, engine: sa.Engine, placement: Placement, hop: str, now: Callable[[], int]) -> None:
        self.site = placement.site
        self.producer = topics.RELAY if hop == UP else topics.CENTRE
        self._engine, self._placement, self._hop, self._now = engine, placement, hop, now
        self._where = engine.url.database or engine.url.render_as_string()
        self._on_put: Callable[[], None] = lambda: None

    def watch(self, on_put: Callable[[], None]) -> None:
        """See `Box.watch`; who stores calls `stirred`."""
        self._on_put = on_put

    def stirred(self) -> None:
        """Something may have been put."""
        self._on_put()

    def pending(self, limit: int, newest: int = 0) -> list[UUID]:
        """See `Box.pending`."""
        o = t.outgoing.c
        found: list[UUID] = []
        with plain_words(self._where), asking(self._engine) as db:
            for lane in LANES:
                question = sa.select(o.record).where(o.hop == self._hop, o.lane == lane)
                found += db.scalars(question.order_by(o.place).limit(limit - newest - len(found)))
                if newest and lane is Lane.NORMAL and len(found) == limit - newest:
                    last = db.scalars(question.order_by(o.place.desc()).limit(newest))
                    found += [record for record in last if record not in found]
                    break
                if lane is Lane.NORMAL:
                    newest = 0  # there is room for all of it
        return found

    def take(self, ids: Sequence[UUID]) -> list[Envelope]:
        """See `Box.take`. What cannot be opened leaves a tombstone and stays in the rows."""
        o, r = t.outgoing.c, t.records.c
        if not ids:
            return []
        with plain_words(self._where), asking(self._engine) as db:
            rows = db.execute(
                sa.select(o.boot, o.lane, o.seq, r.id, r.kind, r.site, r.producer, r.made_utc_ns, r.body, r.target)
                .join_from(t.outgoing, t.records, o.record == r.id)
                .where(o.hop == self._hop, o.record.in_(ids))
                .order_by(o.place)
            ).all()
        envelopes: list[Envelope] = []
        unreadable: list[UUID] = []
        for row in rows:
            try:
                body = self._placement.keyring.open_sealed(row.body, of_record(row.id))
            except (KeyLost, SealBroken):
                unreadable.append(row.id)
                continue
            record = Record(row.id, RecordKind(row.kind), row.site, row.producer, row.made_utc_ns, body, row.target)
            envelopes.append(Envelope(row.boot, Lane(row.lane), row.seq, record))
        if unreadable:
            with plain_words(self._where), self._engine.begin() as db:
                which = (o.hop == self._hop) & o.record.in_(unreadable)
                drop(db, self._placement, which, "unreadable", self._now())
        return envelopes

    def receipted(self, ids: Iterable[UUID], level: str = "") -> int:
        """See `Box.receipted`; when and by which level is kept."""
        wanted = list(ids)
        o = t.outgoing.c
        now = self._now()
        with plain_words(self._where), self._engine.begin() as db:
            gone = list(
                db.scalars(t.outgoing.delete().where(o.hop == self._hop, o.record.in_(wanted)).returning(o.record))
            )
            if gone:
                rows = [{"hop": self._hop, "record": each, "level": level, "received_utc_ns": now} for each in gone]
                db.execute(insert_new(db, t.receipts), rows)
        return len(gone)

    def depth(self) -> Depth:
        """How much waits on this hop."""
        o = t.outgoing.c
        question = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(o.size), 0), sa.func.min(o.made_utc_ns))
        with plain_words(self._where), asking(self._engine) as db:
            number, size, oldest = db.execute(question.where(o.hop == self._hop)).one()
        return Depth(number, int(size), oldest)
