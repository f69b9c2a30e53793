"""The door of an upper site for the sites below: opened with certificates, shut for one of them at once.

mosquitto 2.0.11 reads its revocation list again at SIGHUP, but only for who connects from then on (measured). So to
shut a site out is three steps: write the list, let the broker read it, end the site's connection. The last is done by
connecting through the private door with the site's client id, which MQTT 5 (3.1.4-3) makes the broker's reason to close
the other one; who was shut out then fails at the list. A quarantine is the same with an end.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from gateway import topics
from gateway.broker import SitesBelow, reload_broker
from gateway.link import BrokerAddress, Link, LinkLost
from gateway.trust.authority import Authority
from gateway.trust.certificates import site_id


def door(authority: Authority, site: str, port: int, names: Sequence[str], *, host: str = "0.0.0.0") -> SitesBelow:  # noqa: S104
    """What the broker needs to let sites below in; its certificate is made or renewed.

    Args:
        authority: of this site.
        site: this site's id.
        port: where the broker listens for sites below.
        names: host names and addresses by which sites below call this broker.
        host: address to listen on.
    """
    certificate, key = authority.serve(names, now=dt.datetime.now(dt.UTC))
    authority.crl()
    ca, certificate, key, crl = (path.resolve() for path in (authority.ca_path, certificate, key, authority.crl_path))
    return SitesBelow(site_id(site), port, ca, certificate, key, crl, host)


class Gate:
    """Shuts sites out and lets them in again.

    Args:
        authority: of this site.
        folder: the broker's folder.
        address: the broker's private door.
    """

    def __init__(self, authority: Authority, folder: Path, address: BrokerAddress) -> None:
        self._authority, self._folder, self._address = authority, folder, address
        self._held: set[str] = set()

    async def revoke(self, what: str) -> list[str]:
        """Take back a certificate (serial) or all of a site, and end its connection. The serials taken back."""
        sites = {one.site for one in self._authority.register().certificates if what in {one.site, one.serial}}
        serials = await asyncio.to_thread(self._authority.revoke, what, now=dt.datetime.now(dt.UTC))
        if reload_broker(self._folder):
            for site in sites:
                await self._end_connection(site)
        return serials

    async def hold(self, site: str) -> None:
        """Shut a site out until `release`. Run it as a task beside what reads messages: on a busy broker it may take
        seconds, and the neighbours must not wait for it.
        """
        self._held.add(site)
        await self._list_held()
        await self._end_connection(site)

    async def release(self, site: str) -> None:
        """Let a site in again."""
        self._held.discard(site)
        await self._list_held()

    async def release_all(self) -> None:
        """At the start of a centre: nobody is left shut out by the last one, which cannot come back for them."""
        self._held.clear()
        await self._list_held()

    async def _list_held(self) -> None:
        await asyncio.to_thread(self._authority.hold, frozenset(self._held), now=dt.datetime.now(dt.UTC))
        reload_broker(self._folder)

    async def _end_connection(self, site: str) -> None:
        """Its session is kept: messages that wait for it are not acknowledged here."""
        try:
            async with Link(self._address, site, username=topics.CENTRE, on_message=_ignore, window=1, manual_ack=True):
                pass
        except LinkLost:
            pass  # no broker, no connection


def _ignore(_message: object) -> None:
    """For whoever it is: it waits in the session."""
