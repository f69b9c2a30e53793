"""The front door's wing for duty: who answers now, what is open, taking an alert on and closing it, the roster.

It reads the rows beside a running centre, or without one, and has every answer stored through `gateway.services`.
"""

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from uuid import UUID

    from care.words import Language
    from gateway.config import Config

WATCH_S = 1.0
RING_S = 20.0
"""How often the bell rings while nobody has answered what pages."""
_BLIND = "blind"
"""Rings like an alert: nobody can see whether there is one."""

language_option = click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
who_option = click.option("--actor", required=True, help="Who answers; it is written down.")


@click.group(invoke_without_command=True)
@config_option
@language_option
@click.pass_context
def duty(ctx: click.Context, config: Path | None, language: "Language") -> None:
    """Who is on duty, and the alerts that want an answer."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        for line in _picture(load_config(config), language).lines:
            click.echo(line)


class _Picture(NamedTuple):
    """What there is to see, which alerts that is, and the ids of those that ring."""

    lines: list[str]
    standing: "frozenset[UUID]" = frozenset()
    ringing: frozenset[str] = frozenset()


def _picture(config: "Config", language: "Language") -> _Picture:
    from zoneinfo import ZoneInfo

    from care.hotlines import HotlineError
    from gateway.called import pages
    from gateway.duty import page
    from gateway.duty.site_files import post_of, stale_hotlines
    from gateway.keeping.asking import Place
    from gateway.services.alerts import standing_alerts
    from gateway.services.duty import on_duty

    zone, now = ZoneInfo(config.centre.zone), time.time_ns()
    with Place.of(config).reading() as rows:
        lines = page.duty_lines(on_duty(rows, config.site.id, now), zone, language)
        alerts = standing_alerts(rows)
    lines += [page.alert_line(alert, config.site.id, now, language) for alert in alerts]
    if not alerts:
        lines.append(page.word("none_open", language))
    try:
        lines += page.hotline_lines(stale_hotlines(config, now), language)
    except HotlineError as error:
        lines.append(str(error))
    rules = post_of(config).rules
    waits = [each.state for each in alerts if each.state.status != "acknowledged"]
    return _Picture(
        lines,
        frozenset(each.state.alert for each in alerts),
        frozenset(state.alert.hex for state in waits if pages(rules, state)),
    )


def _config_of(ctx: click.Context, config: Path | None) -> "Config":
    """What the command itself was given, or the group before it."""
    return load_config(config or ctx.obj)


@duty.command()
@config_option
@language_option
@click.pass_context
def watch(ctx: click.Context, config: Path | None, language: "Language") -> None:
    """The same again and again until Ctrl-C; the terminal's bell rings until somebody has taken an alert on."""
    from care.handoff import HandoffError
    from gateway.errors import StoreError
    from gateway.eyes import watching

    settings = _config_of(ctx, config)
    eyes = watching(settings.data)
    rung: frozenset[str] = frozenset()
    rung_at = 0.0
    try:
        while True:
            try:
                seen = _picture(settings, language)
            except (StoreError, HandoffError) as error:  # somebody may wait behind it: it rings, and looks again
                seen = _Picture([str(error)], ringing=frozenset({_BLIND}))
            click.clear()
            click.echo("\n".join(seen.lines))
            eyes.see(seen.standing)
            if seen.ringing and (seen.ringing - rung or time.monotonic() - rung_at > RING_S):
                rung_at = time.monotonic()
                click.echo("\a", nl=False)
            rung = seen.ringing
            time.sleep(WATCH_S)
    except KeyboardInterrupt:
        pass
    finally:
        eyes.close()


@duty.command()
@click.argument("alert")
@who_option
@config_option
@language_option
@click.pass_context
def ack(ctx: click.Context, alert: str, actor: str, config: Path | None, language: "Language") -> None:
    """Take ALERT on: its id, the beginning of it, or "latest" for the most urgent one."""
    from gateway.duty.site_files import post_of
    from gateway.keeping.asking import Place
    from gateway.services.alerts import acknowledge_alert, resolve_alert

    settings = _config_of(ctx, config)
    place = Place.of(settings)
    with place.reading() as rows:
        found = resolve_alert(rows, alert, post_of(settings), time.time_ns())
    state = acknowledge_alert(place, found, actor, settings.centre.level)
    click.echo(f"{str(found)[:13]}  {state.seat}  {'接手' if language == 'zh' else 'taken on by'}: {state.owner}")


@duty.command()
@click.argument("alert")
@who_option
@click.option("--done", required=True, help="What was done; - reads it from the standard input.")
@config_option
@language_option
@click.pass_context
def close(ctx: click.Context, alert: str, actor: str, done: str, config: Path | None, language: "Language") -> None:
    """ALERT is over; --done says what was done. "latest" is the one that somebody has taken on."""
    from gateway.duty.site_files import post_of
    from gateway.keeping.asking import Place
    from gateway.services.alerts import close_alert, resolve_alert

    settings = _config_of(ctx, config)
    place = Place.of(settings)
    with place.reading() as rows:
        found = resolve_alert(rows, alert, post_of(settings), time.time_ns(), taken_first=True)
    if done == "-":
        done = " ".join(sys.stdin.read().split("\n")).strip()
    state = close_alert(place, found, actor, settings.centre.level, done)
    click.echo(f"{str(found)[:13]}  {state.seat}  {'已结束' if language == 'zh' else 'closed'}")


@duty.command()
@click.argument("alert")
@config_option
@language_option
@click.pass_context
def show(ctx: click.Context, alert: str, config: Path | None, language: "Language") -> None:
    """Everything that happened to ALERT, in the time of the site."""
    from zoneinfo import ZoneInfo

    from gateway.duty import page
    from gateway.duty.site_files import post_of
    from gateway.keeping.asking import Place
    from gateway.services.alerts import alert_steps, resolve_alert

    settings = _config_of(ctx, config)
    with Place.of(settings).reading() as rows:
        steps = alert_steps(rows, resolve_alert(rows, alert, post_of(settings), time.time_ns()))
    for line in page.step_lines(steps, ZoneInfo(settings.centre.zone), language):
        click.echo(line)


@duty.command()
@click.option("--file", "path", type=click.Path(path_type=Path), help="A roster (TOML) that is to stand from now on.")
@click.option("--site", default="", help="Whose: this site, or one below it.")
@click.option("--actor", default="system", show_default=True, help="Who sends it.")
@config_option
@language_option
@click.pass_context
def roster(
    ctx: click.Context, path: Path | None, site: str, actor: str, config: Path | None, language: "Language"
) -> None:
    """Show the roster of a site, or send a new one."""
    from zoneinfo import ZoneInfo

    from gateway.duty import page
    from gateway.duty.roster_file import read_roster
    from gateway.keeping.asking import Place
    from gateway.services.duty import current_roster, send_roster

    settings = _config_of(ctx, config)
    place, zone, now = Place.of(settings), ZoneInfo(settings.centre.zone), time.time_ns()
    target = site or settings.site.id
    if path:
        send_roster(place, read_roster(path, zone, now), target, actor)
    with place.reading() as rows:
        for line in page.roster_lines(current_roster(rows, target, now), zone, language):
            click.echo(line)


@duty.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day, in the site's time.")
@click.option("--site", default="", help="Only this one and those below it.")
@click.option("--tier", default="", help="Only this one: red, orange.")
@config_option
@language_option
@click.pass_context
def report(
    ctx: click.Context, since: datetime, site: str, tier: str, config: Path | None, language: "Language"
) -> None:
    """How many alerts were answered within their first deadline (响应及时率)."""
    from zoneinfo import ZoneInfo

    from gateway.duty.page import timeliness_line
    from gateway.keeping.asking import Place
    from gateway.services.alerts import timeliness

    settings = _config_of(ctx, config)
    from_ns = int(since.replace(tzinfo=ZoneInfo(settings.centre.zone)).timestamp()) * 10**9
    with Place.of(settings).reading() as rows:
        click.echo(timeliness_line(timeliness(rows, from_ns, time.time_ns(), site=site, tier=tier), language))
