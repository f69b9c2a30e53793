"""How a command line has something stored: it writes itself when no centre does, and asks the centre when one does.

The centre is the one writer of its rows. A command is a producer like any other: an outbox of its own
(`outbox-cli.sqlite`), the site's broker, and the centre's receipt. What has no receipt yet stays in that outbox and
goes with the next command.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from gateway import topics
from gateway.arrivals import judge_up
from gateway.config import Config, broker_address
from gateway.errors import StoreBusy, StoreMissing
from gateway.keys import KEYS_FOLDER, Keyring
from gateway.link import BrokerAddress
from gateway.messages import Body, encode
from gateway.outbox import Outbox
from gateway.outgoing import UNROUTED
from gateway.placement import Placement
from gateway.routing import Routing
from gateway.rows import ROWS_FILE, Rows
from gateway.uplink import Uplink

CLI = "cli"
PATIENCE_S = 30.0
URL_PATIENCE_S = 10.0
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """A site as a command sees it.

    Attributes:
        site: its path.
        data: its data folder.
        broker: where its centre is to be asked.
        rows_url: another database than the embedded one.
        routing: of its centre, if it is known; what is written without it, the centre gives its ways when it starts.
        producer: which of the site's processes asks; each has an outbox of its own.
    """

    site: str
    data: Path
    broker: BrokerAddress
    rows_url: str = ""
    routing: Routing | None = None
    producer: str = CLI

    @classmethod
    def of(cls, config: Config, rows_url: str = "", producer: str = CLI) -> "Place":
        url = rows_url or config.centre.rows_url
        return cls(config.site.id, config.data, broker_address(config), url, config.routing, producer)

    @property
    def outbox(self) -> Path:
        """What waits for the centre's receipt."""
        return self.data / f"outbox-{self.producer}.sqlite"

    def keyring(self) -> Keyring:
        return Keyring.open(self.data / KEYS_FOLDER, create=False)

    def reading(self) -> Rows:
        return Rows.for_reading(self.data, self.rows_url)

    def writing(self) -> Rows:
        """The rows, for this process alone.

        Raises:
            StoreBusy: a centre is running.
            StoreMissing: there are none.
        """
        if not self.rows_url and not (self.data / ROWS_FILE).is_file():
            raise StoreMissing(self.data / ROWS_FILE, "there is no store here", "name the configuration of the site")
        placement = Placement(self.keyring(), self.routing or Routing(self.site), f"{UNROUTED}{uuid4()}")
        return Rows.for_writing(self.data, placement, self.rows_url)


class Stored(NamedTuple):
    """Whether a centre took them (else this process wrote them itself), and the ids of the records."""

    by_centre: bool
    records: list[UUID]


def have_stored(
    place: Place, bodies: list[Body], now_utc_ns: int, patience_s: float = PATIENCE_S, target: str = ""
) -> Stored:
    """Have bodies stored at this site, on their way to `target` if there is one; they are when this returns.

    Raises:
        StoreBusy: a centre runs, but has not answered; they wait in the outbox of the command line.
        StoreError: nothing was stored.
    """
    if place.rows_url:  # anybody may write there, but only a centre knows where it goes on to: ask it first
        with contextlib.suppress(StoreBusy):
            return asyncio.run(_ask(place, bodies, now_utc_ns, min(patience_s, URL_PATIENCE_S), target))
        bodies = []  # they wait in the outbox
    try:
        with place.writing() as rows:
            _store_waiting(place, rows, now_utc_ns)
            return Stored(by_centre=False, records=[rows.put(body, now_utc_ns, target) for body in bodies])
    except StoreBusy:
        return asyncio.run(_ask(place, bodies, now_utc_ns, patience_s, target))


def _store_waiting(place: Place, rows: Rows, now_utc_ns: int) -> None:
    """What an earlier command has left in the outbox, because the centre was silent."""
    if not place.outbox.exists():
        return
    boot = str(uuid4())
    with Outbox(place.outbox, place.keyring(), site=place.site, producer=place.producer, boot=boot) as outbox:
        while envelopes := outbox.take(outbox.pending(100)):
            arrivals = [judge_up(topics.up(place.site, each.lane, place.producer), encode(each)) for each in envelopes]
            rows.store(arrivals, now_utc_ns)
            outbox.receipted([each.record.id for each in envelopes])


async def _ask(place: Place, bodies: list[Body], now_utc_ns: int, patience_s: float, target: str) -> Stored:
    path, boot = place.outbox, str(uuid4())
    with Outbox(path, place.keyring(), site=place.site, producer=place.producer, boot=boot) as outbox:
        records = [outbox.put(body, made_utc_ns=now_utc_ns, target=target) for body in bodies]
        work = asyncio.create_task(Uplink(outbox, place.broker).run())
        try:
            async with asyncio.timeout(patience_s):
                while outbox.depth().records and not work.done():  # noqa: ASYNC110 - receipts come in a thread
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise StoreBusy(
                place.data,
                f"its centre has not answered for {patience_s:g} s",
                f"it is kept in {path.name}: look whether broker and centre run, then give the command again",
            ) from None
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
    return Stored(by_centre=True, records=records)
