"""A room and its district as configured processes run: two brokers, mTLS between them, both ways, keys handed up."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from gateway_parts import Broker, a_session, until, whole_session
from trust_parts import UpperSite, enrolled, now

from care.alerts import AlertEvent, AlertStep
from devices.clock import Clock
from gateway import centre_service
from gateway.box import new_id
from gateway.config import BrokerConfig, CentreConfig, Config, PathsConfig, SiteConfig, UpConfig
from gateway.keys import Keyring
from gateway.messages import DutyEntry, DutyRoster, RecordKind
from gateway.outbox import Outbox
from gateway.rows import Rows
from gateway.sealing import of_record
from gateway.trust.authority import Authority
from gateway.trust.escrow import escrow_key, unwrap
from gateway.trust.identity import Identity
from gateway.uplink import Uplink

DISTRICT, ROOM = "huadu", "huadu.xinhua.0007"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path / "district" / "authority", site=DISTRICT)


@pytest.fixture
async def upper(tmp_path: Path, authority: Authority) -> AsyncIterator[UpperSite]:
    site = UpperSite(tmp_path, authority, DISTRICT)
    try:
        await site.broker.start()
        yield site
    finally:
        site.broker.kill()


@contextlib.asynccontextmanager
async def serving(config: Config) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(centre_service.run(config, Clock(), stop))
    try:
        yield
    finally:
        stop.set()
        await task


def kinds(data: Path) -> list[str]:
    """Kinds of the records that a site holds."""
    with contextlib.suppress(Exception), Rows.for_reading(data) as rows, rows.reading() as db:
        return sorted(row[0] for row in db.exec_driver_sql("SELECT kind FROM records"))
    return []


def site_config(site: str, data: Path, broker: BrokerConfig, level: str, up: UpConfig | None = None) -> Config:
    return Config(
        site=SiteConfig(site),
        paths=PathsConfig(str(data)),
        broker=broker,
        centre=CentreConfig(level=level),
        up=up or UpConfig(),
    )


async def comes(data: Path, what: Callable[[list[str]], bool], why: str) -> list[str]:
    await until(lambda: what(kinds(data)), why, timeout_s=30)
    return kinds(data)


async def test_a_room_and_its_district_over_mutual_tls(
    upper: UpperSite, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.trust.upkeep.AGAIN_S", 0.5)
    room_data, district_data = tmp_path / "room", tmp_path / "district"
    identity = enrolled(authority, tmp_path, ROOM, at=now() - dt.timedelta(days=25))
    room_data.mkdir()
    identity.folder.rename(room_data / "identity")
    before = Identity(room_data / "identity").certificate.serial_number
    room_broker = Broker(room_data / "broker")
    await room_broker.start()
    district = site_config(
        DISTRICT,
        district_data,
        BrokerConfig("127.0.0.1", upper.port, str(tmp_path / "broker" / "secret"), upper.port_below, "127.0.0.1"),
        "district",
    )
    room = site_config(
        ROOM,
        room_data,
        BrokerConfig("127.0.0.1", room_broker.port, str(room_data / "broker" / "secret")),
        "room",
        UpConfig(DISTRICT, "127.0.0.1", upper.port_below),
    )
    keyring = Keyring.open(room_data / "keys")
    try:
        async with serving(district), serving(room):
            with Outbox(room_data / "outbox.sqlite", keyring, site=ROOM, producer="room", boot="b1") as outbox:
                uplink = asyncio.create_task(Uplink(outbox, room_broker.address).run())
                for body in whole_session(a_session(), 3):
                    outbox.put(body, made_utc_ns=1)
                outbox.put(
                    AlertEvent(new_id(), 1, AlertStep.RAISED, 1, "room", "system", "red", "seat 3", "help_button"),
                    made_utc_ns=2,
                )
                held = await comes(
                    district_data,
                    lambda k: {"alert_event", "key_escrow"} <= set(k),
                    "alert and keys reach the district",
                )
                uplink.cancel()
            assert not {"session_opened", "session_chunk", "session_closed"} & set(held), "sessions stay in the room"
            await until(
                lambda: Identity(room_data / "identity").certificate.serial_number != before,
                "the certificate is renewed",
            )
        roster = DutyRoster(1, [DutyEntry("s1", "王医生", "counsellor", 0, 1)])
        async with serving(room):
            with Rows.for_writing(district_data, _placement(district)) as rows:
                rows.put(roster, 5, target=ROOM)
            async with serving(district):
                await comes(room_data, lambda k: "duty_roster" in k, "the roster comes down")
    finally:
        room_broker.kill()
    with Rows.for_reading(district_data) as rows, rows.reading() as db:
        (wrapped,) = db.exec_driver_sql("SELECT id FROM records WHERE kind='key_escrow'").fetchall()
        escrow = _body(rows, wrapped[0])
    assert unwrap(escrow_key(authority.folder).private, escrow) == _only_key(room_data / "keys")


def _placement(config: Config):
    from gateway.placement import Placement

    return Placement(Keyring.open(config.data / "keys"), config.routing, "by-hand")


def _body(rows: Rows, record: str):
    from uuid import UUID

    from gateway.messages import decode_body

    with rows.reading() as db:
        sealed = db.exec_driver_sql("SELECT body FROM records WHERE id=?", (record,)).scalar()
    return decode_body(RecordKind.KEY_ESCROW, rows.keyring.open_sealed(sealed, of_record(UUID(record))))


def _only_key(folder: Path) -> bytes:
    (file,) = folder.glob("*.key")
    return file.read_bytes()
