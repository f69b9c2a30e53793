"""Duty for people at a terminal: who answers, what is open, and what happened, in the time of the site."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from care.alerts import AlertEvent, AlertState
from care.hotlines import Hotline
from care.words import Language, known, say
from gateway.messages import DutyEntry, DutyRoster
from gateway.services.alerts import StandingAlert, Timeliness

_S = 1_000_000_000
WORDS: dict[str, tuple[str, str]] = {
    "on_duty": ("值班", "On duty"),
    "nobody": ("现在没有人值班", "Nobody is on duty now"),
    "until": ("到", "until"),
    "none_open": ("没有要处理的求助", "No alert is open"),
    "since": ("已等", "waiting"),
    "left": ("还剩", "left"),
    "overdue": ("超时", "overdue"),
    "called": ("叫到", "called"),
    "owner": ("接手", "taken on by"),
    "undelivered": ("上级还不知道", "the level above does not know"),
    "stale": ("电话太久没有核对", "not verified for too long"),
    "verified": ("上次核对", "last verified"),
    "no_roster": ("没有值班表", "There is no roster"),
    "version": ("版本", "version"),
    "incomplete": ("还没收到开头", "its beginning has not arrived"),
}


def word(code: str, language: Language) -> str:
    return WORDS[code][language == "en"]


def spoken(prefix: str, code: str, language: Language) -> str:
    """Words for a tier, cause, level or step; what another version of us has written stands as it is."""
    full = f"{prefix}_{code}"
    return say(full, language) if known(full) else code


def clock_text(utc_ns: int, zone: ZoneInfo, form: str = "%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(utc_ns // _S, UTC).astimezone(zone).strftime(form)


def span_text(ns: int) -> str:
    """A span as m:ss, h:mm:ss, or days.

    >>> span_text(65 * 10**9), span_text(3_725 * 10**9), span_text(200_000 * 10**9)
    ('1:05', '1:02:05', '2 d 7 h')
    """
    seconds = max(0, ns) // _S
    if seconds >= 2 * 86400:
        return f"{seconds // 86400} d {seconds % 86400 // 3600} h"
    minutes = f"{seconds // 60}:{seconds % 60:02d}"
    return minutes if seconds < 3600 else f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def duty_lines(entries: Sequence[DutyEntry], zone: ZoneInfo, language: Language) -> list[str]:
    """Who is on duty now."""
    if not entries:
        return [word("nobody", language)]
    until = word("until", language)
    return [
        f"{word('on_duty', language)}: {entry.name} ({entry.role}), {until} {clock_text(entry.to_utc_ns, zone)}"
        for entry in entries
    ]


def alert_line(alert: StandingAlert, own: str, now_utc_ns: int, language: Language) -> str:
    """One alert: seat, colour, cause, how long, and the clock."""
    state = alert.state
    parts = [str(state.alert)[:13], state.seat or "?"]
    if alert.site != own:
        parts.append(alert.site)
    parts += [spoken("tier", state.tier, language), spoken("cause", state.cause, language)]
    if state.raised_utc_ns is not None:
        parts.append(f"{word('since', language)} {span_text(now_utc_ns - state.raised_utc_ns)}")
    if state.status == "acknowledged":
        parts.append(f"{word('owner', language)} {state.owner}")
    else:
        parts.append(clock_line(state, now_utc_ns, language))
    if not state.delivered:
        parts.append(f"[{word('undelivered', language)}]")
    return "  ".join(parts)


def clock_line(state: AlertState, now_utc_ns: int, language: Language) -> str:
    """Who was called, and how long until the next is."""
    deadline = state.next_deadline
    if deadline is None:
        return word("incomplete", language)
    left = deadline.until_utc_ns - now_utc_ns
    called = f"{word('called', language)}{'' if language == 'zh' else ' '}{spoken('level', state.level, language)}"
    return f"{called}, {word('left' if left > 0 else 'overdue', language)} {span_text(abs(left))}"


def hotline_lines(stale: Sequence[Hotline], language: Language) -> list[str]:
    """Numbers that somebody has to look after."""
    return [
        f"{line.number} {line.name_zh if language == 'zh' else line.name_en}: {word('stale', language)} "
        f"({word('verified', language)} {line.verified})"
        for line in stale
    ]


def step_lines(steps: Sequence[AlertEvent], zone: ZoneInfo, language: Language) -> list[str]:
    """What happened to an alert, in order."""
    return [
        f"{clock_text(step.at_utc_ns, zone, '%Y-%m-%d %H:%M:%S')}  {spoken('step', step.step, language)}  "
        f"{spoken('level', step.level, language)}  {step.actor}  {step.detail}".rstrip()
        for step in steps
    ]


def roster_lines(roster: DutyRoster | None, zone: ZoneInfo, language: Language) -> list[str]:
    """A roster, shift by shift."""
    if roster is None:
        return [word("no_roster", language)]
    return [
        f"{word('version', language)} {roster.version}",
        *(
            f"{clock_text(entry.from_utc_ns, zone)} – {clock_text(entry.to_utc_ns, zone)}  {entry.name} "
            f"({entry.role})  {', '.join(entry.reach)}".rstrip()
            for entry in roster.entries
        ),
    ]


def timeliness_line(found: Timeliness, language: Language) -> str:
    """The indicator 响应及时率."""
    rate = "–" if found.rate is None else f"{100 * found.rate:.1f} %"
    judged = found.alerts - found.running
    if language == "en":
        said = f"answered in time: {rate} ({found.in_time} of {judged}; late or never: {found.late}; "
        return said + f"clock still runs: {found.running})"
    return f"响应及时率: {rate}（{judged} 次中 {found.in_time} 次及时；超时 {found.late}；还在计时 {found.running}）"
