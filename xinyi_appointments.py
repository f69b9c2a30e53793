"""The front door's wing for appointments: what residents have asked for at the kiosk, and the answers of staff."""

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.services.appointments import AppointmentRow

_STATES = {"asked": "等回复", "offered": "待本人确认", "confirmed": "已约好", "cancelled": "已取消"}
_WORDS = {
    "what": {"talk": "聊一聊", "chair": "放松椅", "family": "家里人的事", "other": "别的事"},
    "day": {"any": "哪天都行", "workday": "工作日", "weekend": "周末"},
    "part": {"any": "什么时候都行", "morning": "上午", "afternoon": "下午", "evening": "晚上"},
}

actor_option = click.option("--actor", required=True, help="Who answers; it is written down.")


@click.group(invoke_without_command=True)
@config_option
@click.option("--all", "everything", is_flag=True, help="Those that are settled, too.")
@click.pass_context
def appointments(ctx: click.Context, config: Path | None, everything: bool) -> None:
    """What residents have asked for."""
    ctx.obj = config
    if ctx.invoked_subcommand is not None:
        return
    from gateway.keeping.asking import Place
    from gateway.services.appointments import find_appointments

    settings = load_config(config)
    states = tuple(_STATES) if everything else ("asked", "offered")
    with Place.of(settings).reading() as rows:
        book = find_appointments(rows, states=states)
    for row in book:
        click.echo(_line(row, settings))
    if not book:
        click.echo("没有等回复的预约")


@appointments.command()
@config_option
@click.argument("appointment")
@click.option("--at", "at", required=True, help='When, in the time of the site: "2026-12-01 09:30".')
@click.option("--person", default="", help="Who will be there.")
@actor_option
@click.pass_context
def confirm(ctx: click.Context, config: Path | None, appointment: str, at: str, person: str, actor: str) -> None:
    """Give somebody a time. APPOINTMENT: the number on their screen, or the beginning of the id."""
    settings = load_config(config or ctx.obj)
    _answer(settings, appointment, "confirmed", actor, at_utc_ns=_when(at, settings), person=person)


@appointments.command()
@config_option
@click.argument("appointment")
@actor_option
@click.pass_context
def cancel(ctx: click.Context, config: Path | None, appointment: str, actor: str) -> None:
    """It does not take place. APPOINTMENT: the number on their screen, or the beginning of the id."""
    _answer(load_config(config or ctx.obj), appointment, "cancelled", actor)


def _answer(
    settings: "Config", appointment: str, state: str, actor: str, *, at_utc_ns: int | None = None, person: str = ""
) -> None:
    from gateway.keeping.asking import Place
    from gateway.services.appointments import answer_appointment, resolve_appointment

    place = Place.of(settings)
    with place.reading() as rows:
        row = resolve_appointment(rows, appointment)
    body = answer_appointment(place, row, state, actor, at_utc_ns=at_utc_ns, person=person)
    click.echo(_line(row._replace(body=body, made_utc_ns=time.time_ns()), settings))


def _when(text: str, settings: "Config") -> int:
    from zoneinfo import ZoneInfo

    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"):
        try:
            local = datetime.strptime(text.strip(), form).replace(tzinfo=ZoneInfo(settings.centre.zone))
            return round(local.timestamp()) * 10**9
        except ValueError:
            continue
    raise click.BadParameter(f'{text!r} is no time; write it as "2026-12-01 09:30"', param_hint="--at")


def _line(row: "AppointmentRow", settings: "Config") -> str:
    from zoneinfo import ZoneInfo

    from care.codes import shown

    def clock(utc_ns: int) -> str:
        return datetime.fromtimestamp(utc_ns / 1e9, ZoneInfo(settings.centre.zone)).strftime("%Y-%m-%d %H:%M")

    body = row.body
    pairs = [pair.split(": ", 1) for pair in body.note.split(", ") if ": " in pair]
    wishes = "，".join(_WORDS.get(key, {}).get(value, value) for key, value in sorted(pairs, reverse=True))
    when = f"  {clock(body.at_utc_ns)}" if body.at_utc_ns else ""
    whom = f"  {body.person}" if body.person else ""
    state, made = _STATES.get(body.state, body.state), clock(row.made_utc_ns)
    return f"{body.appointment.hex[:12]}  {shown(body.subject)}  {state}{when}{whom}  {wishes}  ({made})"
