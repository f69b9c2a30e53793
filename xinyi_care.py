"""The front door's wing for questionnaires: what is offered here and why the rest is not, signing, checking a pack."""

import getpass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from care.instruments.model import Instrument


@click.group(invoke_without_command=True)
@config_option
@click.pass_context
def care(ctx: click.Context, config: Path | None) -> None:
    """Questionnaires: which are offered here, on what terms, and what about them nobody has checked."""
    if ctx.invoked_subcommand:
        return
    from care import risk
    from care.instruments.catalogue import catalogue
    from care.instruments.loading import shipped

    settings = load_config(config)
    rules = risk.load(settings.risk_rules)
    found = catalogue(settings.packs, settings.reviews, date.today())  # noqa: DTZ011  # the site's own calendar
    click.echo(f"rules of risk: version {rules.version} ({settings.care.risk or 'shipped'})")
    for key, instrument in sorted((shipped() | found.offered).items()):
        _say(instrument, found.refused.get(key, ""))
    for name in sorted(found.refused.keys() - shipped().keys()):
        click.echo(f"{name}: {found.refused[name]}")


def _say(instrument: "Instrument", refused: str) -> None:
    from care.instruments.facts import unverified

    click.echo(f"{instrument.key:8} {'not offered: ' + refused if refused else 'offered'}")
    click.echo(f"         {instrument.name_zh} · {instrument.name_en}, version {instrument.version}")
    terms, record = instrument.licence, instrument.record
    click.echo(f"         licence: {terms.holder}: {terms.terms}")
    if record:
        click.echo(
            f"         permission: {record.granted_by} to {record.holder}, {record.scope}, until {record.expiry}"
        )
    if instrument.has_texts:
        for language, wording in (("zh", instrument.wording_zh), ("en", instrument.wording_en)):
            click.echo(
                f"         wording {language}: {wording.origin}, compared with {wording.compared}: {wording.source}"
            )
    for fact in unverified(instrument):
        click.echo(f"         unverified: {fact}")


@care.command()
@click.argument("instrument")
@click.option("--reviewer", required=True, help="Your name, as it stands in the site's list of reviewers.")
@click.option("--yes", is_flag=True, help="Do not show the texts and do not ask.")
@config_option
def sign(instrument: str, reviewer: str, yes: bool, config: Path | None) -> None:
    """Read the texts of INSTRUMENT that residents see, and sign that they may be shown here."""
    from care.instruments import packs, reviews
    from care.instruments.loading import shipped
    from care.located import DataError
    from gateway.disk import make_folder, write_durably

    settings = load_config(config)
    known = shipped() | packs.load_all(settings.packs)[0]
    found = known.get(instrument)
    if found is None:
        raise DataError(f"there is no instrument {instrument!r}; there are: {', '.join(sorted(known))}")
    if not found.has_texts:
        raise DataError(f"{instrument} has no texts to sign; its content pack belongs into {settings.packs}")
    if not yes:
        click.echo("\n".join(reviews.texts(found)))
        click.confirm(f"Sign these texts as {reviewer}?", abort=True, err=True)
    make_folder(settings.reviews)
    path = settings.reviews / f"{instrument}.toml"
    write_durably(path, reviews.sign(found, reviewer, date.today()).encode(), 0o644)  # noqa: DTZ011  # the site's own
    click.echo(f"{path}: {reviewer} ({getpass.getuser()}) has signed {instrument}, version {found.version}")


@care.command()
@click.argument("pack", type=click.Path(path_type=Path, dir_okay=False))
def check(pack: Path) -> None:
    """Whether the content pack PACK fits its instrument, and whether its permission is valid today."""
    from care.instruments import licences, packs
    from care.located import DataError

    instrument = packs.load(pack)
    if why := licences.problem(instrument, date.today()):  # noqa: DTZ011  # the site's own calendar
        raise DataError(f"{pack}: {why}")
    signs = "; its wording is ours, a reviewer must sign it" if instrument.is_ours else ""
    click.echo(f"{pack}: {instrument.key}, {len(instrument.items)} items, fits{signs}")
