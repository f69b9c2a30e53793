"""The fleet for people at a terminal, Chinese first, and for machines."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec

from care.words import Language
from gateway.fleet.alert import FleetAlert, S
from gateway.fleet.alerts import FleetAlerts
from gateway.fleet.rules import Rule
from gateway.fleet.watch import FleetWatch

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


def rules_page(rules: Sequence[Rule], language: Language) -> str:
    """The rules as a table."""
    lines = [[_say(head, language) for head in ("rule", "looks_at", "when", "for", "severity", "says")]]
    for rule in rules:
        hours = _say("open", language) if rule.when == "open" else ""
        lines.append(
            [
                rule.name,
                _say(rule.looks_at, language),
                f"{rule.metric} {_say(rule.is_, language)} {rule.threshold:g}{hours}",
                _lasting(rule.for_s),
                _say(rule.severity, language),
                rule.zh if language == "zh" else rule.en,
            ]
        )
    return f"{_table(lines)}\n{len(rules)} {_say('ok', language)}"


def picture(watched: FleetWatch, book: FleetAlerts, alerts: list[FleetAlert], now_ns: int) -> dict[str, Any]:
    """Everything for machines: goes into JSON as it is."""
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


def page(
    watched: FleetWatch, book: FleetAlerts, alerts: list[FleetAlert], now_ns: int, language: Language
) -> list[str]:
    """Tables of processes, devices and alerts."""
    processes = [[_say(head, language) for head in ("site", "process", "state", "version", "uptime", "outbox", "disk")]]
    devices = [[_say(head, language) for head in ("site", "device", "health", "frames", "bad", "battery")]]
    for site in watched.sites(now_ns):
        if not site.processes:
            processes.append([site.site, "", _say("silent", language)])
        for process in site.processes:
            beat, birth = process.heartbeat, process.birth
            state = _say("online" if process.online else "silent", language)
            if not process.online and process.since_ns:
                state += " " + _lasting((now_ns - process.since_ns) / S)
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
                _lasting((now_ns - alert.since_ns) / S),
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
