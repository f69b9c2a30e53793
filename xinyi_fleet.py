"""The front door's wing for the fleet: the alert rules, and what the sites below a broker say about themselves.

`xinyi fleet watch` looks with the console's rights. It trusts nothing that the broker has kept: it asks everybody whose
name it finds to say their birth again, and shows who answers.
"""

import asyncio
import contextlib
import json
import sys
import time
import unicodedata
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from gateway.fleet.alert import FleetAlert
    from gateway.fleet.alerts import FleetAlerts
    from gateway.fleet.watch import FleetWatch
    from gateway.link import BrokerAddress, Link, Message

Language = Literal["zh", "en"]
NS = 1_000_000_000
SHOW_S = 2.0
ASK_EXPIRY_S = 10
_COLLECT_S = 0.3

language_option = click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)

WORDS: dict[str, tuple[str, str]] = {
    "rule": ("规则", "Rule"),
    "looks_at": ("对象", "Looks at"),
    "when": ("什么时候", "When"),
    "for": ("持续", "For"),
    "severity": ("轻重", "Severity"),
    "says": ("说什么", "Says"),
    "site": ("服务站", "Site"),
    "process": ("进程", "Process"),
    "device": ("设备", "Device"),
    "state": ("状态", "State"),
    "version": ("版本", "Version"),
    "uptime": ("已运行", "Up for"),
    "outbox": ("待送", "Outbox"),
    "disk": ("磁盘剩余", "Disk free"),
    "health": ("情况", "Health"),
    "frames": ("数据帧", "Frames"),
    "bad": ("坏或丢", "Bad or lost"),
    "battery": ("电量", "Battery"),
    "alert": ("提醒", "Alert"),
    "advice": ("先做什么", "Do first"),
    "since": ("多久", "Since"),
    "above": ("高于", "above"),
    "below": ("低于", "below"),
    "open": ("（开放时间）", " (opening hours)"),
    "urgent": ("马上", "urgent"),
    "soon": ("今天", "soon"),
    "look": ("有空", "look"),
    "online": ("在线", "online"),
    "silent": ("没有声音", "silent"),
    "pending": ("观察中", "pending"),
    "firing": ("要处理", "firing"),
    "acknowledged": ("有人在处理", "acknowledged"),
    "nobody": ("没有服务站说话。", "No site speaks."),
    "well": ("没有提醒。", "No alerts."),
    "ok": ("条规则，都可以用", "rules, all of them can be used"),
    "connected": ("已连接", "connected"),
    "searching": ("寻找中", "searching"),
    "fault": ("有故障", "fault"),
}


def _say(code: str, language: Language) -> str:
    words = WORDS.get(code)
    return words[language == "en"] if words else code


@click.group()
def fleet() -> None:
    """How sites and devices are, and the rules by which somebody is told."""


@fleet.command()
@click.option("--file", "path", type=click.Path(path_type=Path), help="Rules of your own; without it the shipped ones.")
@click.option("--vmalert", is_flag=True, help="Those that are plain thresholds, as vmalert wants them.")
@language_option
def rules(path: Path | None, vmalert: bool, language: Language) -> None:
    """Check the alert rules and list them."""
    from gateway.fleet.rules import load, to_vmalert

    found = load(path)
    if vmalert:
        click.echo(to_vmalert(found), nl=False)
        return
    lines = [[_say(head, language) for head in ("rule", "looks_at", "when", "for", "severity", "says")]]
    for rule in found:
        hours = _say("open", language) if rule.when == "open" else ""
        wrong = f"{rule.metric} {_say(rule.is_, language)} {rule.threshold:g}{hours}"
        lines.append(
            [
                rule.name,
                _say(rule.looks_at, language),
                wrong,
                _lasting(rule.for_s),
                _say(rule.severity, language),
                rule.zh if language == "zh" else rule.en,
            ]
        )
    click.echo(_table(lines))
    click.echo(f"{len(found)} {_say('ok', language)}")


@fleet.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="XINYI_CONFIG",
    help="The site's xinyi.toml (or XINYI_CONFIG).",
)
@click.option("--rules", "path", type=click.Path(path_type=Path), help="Rules of your own.")
@click.option("--once", is_flag=True, help="Ask everybody once, show it, end.")
@click.option("--wait", "wait_s", type=click.FloatRange(0.1, 120), default=5.0, show_default=True, help="With --once.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line instead of tables.")
@language_option
def watch(config: Path | None, path: Path | None, once: bool, wait_s: float, as_json: bool, language: Language) -> None:
    """Sites, devices and alerts as the broker of this site hears them, until Ctrl-C."""
    from gateway.config import broker_address, load
    from gateway.fleet.rules import load as load_rules

    address = broker_address(load(config))
    viewer = _Viewer(address, load_rules(path), as_json=as_json, language=language)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(viewer.once(wait_s) if once else viewer.run())


class _Viewer:
    def __init__(self, address: "BrokerAddress", found: list[Any], *, as_json: bool, language: Language) -> None:
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
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(link.lost(), SHOW_S)
                link.check()
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
        now_ns = time.time_ns()
        self._book.tick(self._watch.samples(now_ns), now_ns)
        alerts = [*self._book.standing(now_ns), *self._book.pending()]
        if self._as_json:
            click.echo(json.dumps(_picture(self._watch, self._book, alerts, now_ns), ensure_ascii=False))
        else:
            click.echo("\n\n".join(_page(self._watch, self._book, alerts, now_ns, self._language)))


def _picture(watched: "FleetWatch", book: "FleetAlerts", alerts: "list[FleetAlert]", now_ns: int) -> dict[str, Any]:
    import msgspec

    sites: list[Any] = [msgspec.to_builtins(site) for site in watched.sites(now_ns)]
    for site in sites:
        for process in site["processes"]:
            process["devices"] = [
                {"health": health, "who": who, "lately": lately} for health, who, lately in process["devices"]
            ]
    return {
        "at_ns": now_ns,
        "sites": sites,
        "alerts": [
            {
                **msgspec.to_builtins(alert),
                "id": alert.id,
                "severity": book.rules[alert.rule].severity,
                "zh": book.text(alert, "zh"),
                "en": book.text(alert, "en"),
            }
            for alert in alerts
        ],
        "unreadable": watched.unreadable,
    }


def _page(
    watched: "FleetWatch", book: "FleetAlerts", alerts: "list[FleetAlert]", now_ns: int, language: Language
) -> list[str]:
    processes = [[_say(head, language) for head in ("site", "process", "state", "version", "uptime", "outbox", "disk")]]
    devices = [[_say(head, language) for head in ("site", "device", "health", "frames", "bad", "battery")]]
    for site in watched.sites(now_ns):
        if not site.processes:
            processes.append([site.site, "", _say("silent", language)])
        for process in site.processes:
            beat, birth = process.heartbeat, process.birth
            state = _say("online" if process.online else "silent", language)
            if not process.online and process.since_ns:
                state += " " + _lasting((now_ns - process.since_ns) / NS)
            free = "" if beat is None or beat.disk_free_mb is None else f"{beat.disk_free_mb / 1024:.0f} GB"
            row = [site.site, process.process, state, birth.versions.xinyi if birth else ""]
            processes.append([*row, *([_lasting(beat.uptime_s), str(beat.outbox_depth), free] if beat else [])])
            for health, _, _ in process.devices:
                charge = "" if health.battery_percent is None else f"{health.battery_percent:.0f} %"
                bad = str(health.crc_errors + health.lost_frames)
                devices.append(
                    [
                        site.site,
                        health.id,
                        _say(health.health, language),
                        str(health.frames),
                        bad,
                        charge,
                    ]
                )
    found = [[_say(head, language) for head in ("severity", "site", "alert", "state", "since", "advice")]]
    for alert in alerts:
        where = "/".join(part for part in (alert.site, alert.process, alert.device) if part)
        found.append(
            [
                _say(book.rules[alert.rule].severity, language),
                where,
                book.text(alert, language),
                _say(alert.state, language),
                _lasting((now_ns - alert.since_ns) / NS),
                book.advice(alert, language),
            ]
        )
    return [
        _table(processes) if len(processes) > 1 else _say("nobody", language),
        *([_table(devices)] if len(devices) > 1 else []),
        _table(found) if len(found) > 1 else _say("well", language),
    ]


def _lasting(seconds: float) -> str:
    """A time span, two parts at most.

    >>> _lasting(59.6), _lasting(600), _lasting(3600 * 26)
    ('59 s', '10 min', '1 d 2 h')
    """
    left, parts = int(seconds), []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def _table(rows: list[list[str]]) -> str:
    """Columns that stand below each other in a terminal, where Chinese is twice as wide."""
    columns = max(len(row) for row in rows)
    full = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(_wide(row[column]) for row in full) for column in range(columns)]
    return "\n".join(
        "  ".join(text + " " * (width - _wide(text)) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in full
    )


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
