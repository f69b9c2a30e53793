"""The front door's wing for the fleet: the alert rules, what the sites below a broker say, and questions to a room.

`xinyi fleet watch` looks with the console's rights. It trusts nothing that the broker has kept: it asks everybody whose
name it finds to say their birth again, and shows who answers.
"""

import asyncio
import contextlib
import getpass
import json
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyi_options import config_option

if TYPE_CHECKING:
    from care.words import Language
    from gateway.link import BrokerAddress, Link, Message
    from gateway.remote_client import RemoteRoom

SHOW_S = 2.0
ASK_EXPIRY_S = 10
_COLLECT_S = 0.3

language_option = click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)

actor_option = click.option(
    "--actor",
    default=lambda: f"technician:{getpass.getuser()}",
    show_default="technician:<you>",
    help="Who asks: technician:<name> or counsellor:<name>. The room writes it down.",
)


@click.group()
def fleet() -> None:
    """How sites and devices are, and the rules by which somebody is told."""


@fleet.command()
@click.option("--file", "path", type=click.Path(path_type=Path), help="Rules of your own; without it the shipped ones.")
@click.option("--vmalert", is_flag=True, help="Those that are plain thresholds, as vmalert wants them.")
@language_option
def rules(path: Path | None, vmalert: bool, language: "Language") -> None:
    """Check the alert rules and list them."""
    from gateway.fleet.page import rules_page
    from gateway.fleet.rules import load, to_vmalert

    found = load(path)
    click.echo(to_vmalert(found) if vmalert else rules_page(found, language), nl=not vmalert)


@fleet.command()
@config_option
@click.option("--rules", "path", type=click.Path(path_type=Path), help="Rules of your own.")
@click.option("--once", is_flag=True, help="Ask everybody once, show it, end.")
@click.option("--wait", "wait_s", type=click.FloatRange(0.1, 120), default=5.0, show_default=True, help="With --once.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line instead of tables.")
@language_option
def watch(
    config: Path | None, path: Path | None, once: bool, wait_s: float, as_json: bool, language: "Language"
) -> None:
    """Sites, devices and alerts as the broker of this site hears them, until Ctrl-C."""
    from gateway.config import broker_address, load
    from gateway.fleet.rules import load as load_rules

    address = broker_address(load(config))
    viewer = _Viewer(address, load_rules(path), as_json=as_json, language=language)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(viewer.once(wait_s) if once else viewer.run())


@fleet.command()
@click.argument("site")
@click.argument("kind", type=click.Choice(["diagnostics", "self_test", "announce"]))
@click.option("--device", default="", help="Of a self-test: only this one.")
@config_option
@actor_option
def ask(site: str, kind: str, device: str, config: Path | None, actor: str) -> None:
    """Ask the room of SITE something that moves nothing; the answer as JSON. SITE is this one or one below it."""
    import msgspec

    from gateway.remote import Answer, Arguments

    async def once() -> Answer:
        async with _room(site, config, actor) as room:
            return await room.ask(kind, Arguments(device=device))

    answer = asyncio.run(once())
    if not answer.ok:
        raise click.ClickException(f"{site} refuses: {answer.code} {answer.detail}".rstrip())
    said = answer.diagnostics or answer.checks or answer
    click.echo(json.dumps(msgspec.to_builtins(said), ensure_ascii=False, indent=2))


@fleet.command()
@click.argument("site")
@click.option("--per-second", type=click.FloatRange(0.2, 2), default=1.0, show_default=True)
@config_option
@actor_option
def live(site: str, per_second: float, config: Path | None, actor: str) -> None:
    """How the room of SITE is, again and again, until Ctrl-C. The heart rate is for counsellors."""

    async def look() -> None:
        async with _room(site, config, actor) as room, contextlib.aclosing(room.glances(per_second)) as glances:
            async for glance in glances:
                heart = "--" if glance.heart_rate_bpm is None else f"{glance.heart_rate_bpm:.0f}"
                why = f" {glance.reason}" if glance.reason else ""
                click.echo(
                    f"{glance.number:6d}  session {glance.session}  chair {glance.chair}  heart {heart} bpm  "
                    f"signal {glance.quality_percent:.0f} %{why}"
                )

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(look())


def _room(site: str, config: Path | None, actor: str) -> "RemoteRoom":
    from gateway.config import broker_address, load
    from gateway.remote_client import RemoteRoom

    settings = load(config)
    through = "room" if site == settings.site.id else "relay"
    return RemoteRoom(broker_address(settings), site, actor, through)


class _Viewer:
    def __init__(self, address: "BrokerAddress", found: list[Any], *, as_json: bool, language: "Language") -> None:
        from gateway.fleet.alerts import FleetAlerts
        from gateway.fleet.machine import versions
        from gateway.fleet.watch import FleetWatch

        self._address, self._as_json, self._language = address, as_json, language
        self._watch: FleetWatch = FleetWatch(release=versions().xinyi)
        self._book: FleetAlerts = FleetAlerts(found)
        self._claimed: set[tuple[str, str]] = set()
        self._answered = asyncio.Event()

    async def once(self, wait_s: float) -> None:
        async with self._connected() as link:
            await asyncio.sleep(_COLLECT_S)  # the broker sends what it has kept
            self._ask(link, self._claimed)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), wait_s)
            self._show()

    async def run(self) -> None:
        async with self._connected() as link:
            await asyncio.sleep(_COLLECT_S)
            self._ask(link, self._claimed)
            while True:
                await link.until(timeout_s=SHOW_S)
                self._ask(link, set(self._watch.unborn(time.time_ns())))
                if sys.stdout.isatty() and not self._as_json:
                    click.echo("\x1b[H\x1b[J", nl=False)
                self._show()

    @contextlib.asynccontextmanager
    async def _connected(self) -> Any:
        from gateway.fleet.errors import FleetUnreachable
        from gateway.fleet.health import all_states
        from gateway.link import Link, LinkLost

        name = f"fleet-watch-{uuid.uuid4().hex[:12]}"
        try:
            async with Link(
                self._address, name, username="console", on_message=self._hear, window=200, session_expiry_s=0
            ) as link:
                await link.subscribe(*all_states())
                yield link
        except LinkLost as error:
            remedy = "start the site's broker, or correct [broker] in xinyi.toml"
            raise FleetUnreachable(str(self._address), f"no fleet to watch ({error})", remedy) from None

    def _hear(self, message: "Message") -> None:
        from gateway.fleet.errors import FleetError
        from gateway.fleet.health import parse_state

        now_ns = time.time_ns()
        if message.retain:
            with contextlib.suppress(FleetError):
                where = parse_state(message.topic)
                if where.what == "birth":
                    self._claimed.add((where.site, where.process))
                    self._watch.expect([where.site], now_ns)
        self._watch.take(message.topic, bytes(message.payload), retained=message.retain, now_ns=now_ns)
        if self._all_answered():
            self._answered.set()

    @staticmethod
    def _ask(link: "Link", whom: set[tuple[str, str]]) -> None:
        from gateway.fleet.health import announce_topic

        for site, process in sorted(whom):
            link.publish(announce_topic(site, process), b"", expiry_s=ASK_EXPIRY_S)

    def _all_answered(self) -> bool:
        told = {
            (site.site, process.process)
            for site in self._watch.sites(time.time_ns())
            for process in site.processes
            if process.birth and process.heartbeat
        }
        return bool(self._claimed) and self._claimed <= told

    def _show(self) -> None:
        from gateway.fleet.page import page, picture

        now_ns = time.time_ns()
        self._book.tick(self._watch.samples(now_ns), now_ns)
        alerts = [*self._book.standing(now_ns), *self._book.pending()]
        if self._as_json:
            click.echo(json.dumps(picture(self._watch, self._book, alerts, now_ns), ensure_ascii=False))
        else:
            click.echo("\n\n".join(page(self._watch, self._book, alerts, now_ns, self._language)))
