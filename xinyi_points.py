"""The front door's wing for the picture: draw it again from the rows, or forget what is old, without a centre.

Rows have one writer; while a centre runs, these say so and do nothing (it draws and prunes by itself).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.points import PointStore
    from gateway.rows import Rows


@click.group()
def points() -> None:
    """The picture of the data in the points store, which follows from the rows."""


@points.command()
@config_option
def rebuild(config: Path | None) -> None:
    """Draw all points again from the rows, into an empty or an outdated store."""
    from gateway.projection import rebuild_points

    with _opened(config) as (_, rows, store):
        done = rebuild_points(rows, store)
        click.echo(f"{done} records drawn")
        if waiting := rows.waiting_for_points():
            click.echo(f"{waiting} records stay queued until the store has made them safe; the centre sees to it")


@points.command()
@config_option
def prune(config: Path | None) -> None:
    """Delete points and bulk rows that are older than the configuration keeps them."""
    import time

    from gateway.points_open import retention_of
    from gateway.retention import prune_points

    with _opened(config) as (settings, rows, store):
        retention, now_ns = retention_of(settings), time.time_ns()
        gone = rows.prune(now_ns, retention.bulk_days)
        click.echo(f"{gone} bulk records and {prune_points(store, retention, now_ns)} points are gone")


@contextlib.contextmanager
def _opened(config: Path | None) -> Iterator[tuple["Config", "Rows", "PointStore"]]:
    """The rows for writing, and their points store."""
    from gateway.errors import StoreBusy, StoreMissing
    from gateway.keys import KEYS_FOLDER, Keyring
    from gateway.placement import Placement
    from gateway.points_open import open_points
    from gateway.routing import Routing
    from gateway.rows import ROWS_FILE, Rows

    settings = load_config(config)
    if not (settings.data / ROWS_FILE).exists():
        raise StoreMissing(settings.data, "there are no rows here", "point to the xinyi.toml of a site with a centre")
    keyring = Keyring.open(settings.data / KEYS_FOLDER, create=False)
    try:
        rows = Rows.for_writing(settings.data, Placement(keyring, Routing(settings.site.id), "points"))
    except StoreBusy as error:
        raise StoreBusy(error.where, "a centre is running on these rows", "stop it first, then try again") from None
    with rows:
        store = open_points(settings.points, settings.data)
        try:
            yield settings, rows, store
        finally:
            store.close()
