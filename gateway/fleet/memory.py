"""What a centre keeps of its fleet over a restart: who was heard and what they said last, and the book of alerts."""

from collections.abc import Iterable

import sqlalchemy as sa

from gateway import tables as t
from gateway.fleet.health import encode
from gateway.fleet.watch import SiteView
from gateway.kept import load_kept, save_kept
from gateway.rows import Rows
from gateway.upsert import insert

_BOOK = "fleet_alerts"


def save_picture(rows: Rows, sites: Iterable[SiteView]) -> None:
    """Write down what is known of each site that was heard, and of its devices."""
    site_rows, device_rows = [], []
    for view in sites:
        heard = [process for process in view.processes if process.since_ns is not None]
        if view.since_ns is None or not heard:
            continue
        newest = max(heard, key=lambda process: process.since_ns or 0)
        site_rows.append(
            {
                "site": view.site,
                "heard_utc_ns": view.since_ns,
                "birth": encode(newest.birth) if newest.birth else None,
                "heartbeat": encode(newest.heartbeat) if newest.heartbeat else None,
            }
        )
        device_rows += [
            {
                "site": view.site,
                "device": device.health.id,
                "kind": device.who.kind if device.who else "",
                "model": device.who.model if device.who else "",
                "serial": device.who.serial if device.who else "",
                "firmware": device.who.firmware if device.who else "",
                "health": device.health.health,
                "heard_utc_ns": process.since_ns,
            }
            for process in heard
            for device in process.devices
        ]
    with rows.writing() as db:
        for table, values in ((t.sites, site_rows), (t.devices, device_rows)):
            if values:
                statement = insert(db, table)
                keys = [column.name for column in table.primary_key]
                rest = {name: statement.excluded[name] for name in values[0] if name not in keys}
                db.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)


def known_sites(rows: Rows) -> list[str]:
    """Every site that was ever heard here."""
    with rows.reading() as db:
        return list(db.scalars(sa.select(t.sites.c.site).order_by(t.sites.c.site)))


def load_book(rows: Rows) -> bytes | None:
    """The book of alerts as it was written last."""
    return load_kept(rows, _BOOK)


def save_book(rows: Rows, book: bytes) -> None:
    save_kept(rows, _BOOK, book)
