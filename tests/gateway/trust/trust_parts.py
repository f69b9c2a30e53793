"""Real parts for the tests of trust: an upper site with a mosquitto that wants certificates, and sites below."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path

from gateway_parts import Process

from gateway import topics
from gateway.broker import broker_command, free_port, private_address, wait_until_listening
from gateway.link import BrokerAddress, Link, LinkLost, Message
from gateway.trust.authority import LIFE, Authority
from gateway.trust.enrolment import answer, make_token
from gateway.trust.gate import Gate, door
from gateway.trust.identity import Identity

UPPER, MINE, NEIGHBOUR = "huadu.xinhua.0000", "huadu.xinhua.0007", "huadu.xinhua.0008"


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def enrolled(authority: Authority, folder: Path, site: str, *, at: dt.datetime | None = None) -> Identity:
    """A site with its certificate, as it would have got it then."""
    at = at or now()
    identity = Identity(folder / site)
    identity.install(answer(authority, identity.request(make_token(authority, site, now=at)), now=at, life=LIFE))
    return identity


class UpperSite:
    """An authority and a broker with both doors."""

    def __init__(self, folder: Path, authority: Authority, site: str = UPPER) -> None:
        self.folder, self.authority = folder, authority
        self.port, self.port_below = free_port(), free_port()
        below = door(authority, site, self.port_below, ["127.0.0.1"], host="127.0.0.1")
        command = broker_command(folder / "broker", self.port, below)
        self.address = private_address(folder / "broker", self.port)
        self.broker = Process(command, self._listening)
        self.gate = Gate(authority, folder / "broker", self.address)

    async def _listening(self) -> None:
        await wait_until_listening(self.address)
        await wait_until_listening(BrokerAddress("127.0.0.1", self.port_below))

    def address_for(self, identity: Identity) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self.port_below, tls=identity.tls_files)

    def site(self, name: str) -> Identity:
        return enrolled(self.authority, self.folder, name)

    def link(self, identity: Identity, on_message: Callable[[Message], None] = print, **more: object) -> Link:
        """The connection of a site's relay."""
        return Link(self.address_for(identity), "relay", username="relay", on_message=on_message, window=100, **more)

    async def lets_in(self, identity: Identity, timeout_s: float = 10.0) -> None:
        """Wait until the broker lets a site in (it reads a new list when it comes to it)."""
        async with asyncio.timeout(timeout_s):
            while True:
                with contextlib.suppress(LinkLost):
                    async with self.link(identity):
                        return
                await asyncio.sleep(0.05)

    def centre(self, on_message: Callable[[Message], None], client_id: str = "centre", **more: object) -> Link:
        window = more.pop("window", 100)
        return Link(self.address, client_id, username=topics.CENTRE, on_message=on_message, window=window, **more)
