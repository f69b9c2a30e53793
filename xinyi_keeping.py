"""The front door's wing for what is kept: backup and restore, what is held about a person, keys.

Each command does one use case of `gateway.services` or `gateway.keeping` and says in one line what it did.
"""

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from gateway.keeping.archive import Secret
    from gateway.keeping.asking import Place
    from gateway.keeping.proof import Proof
    from gateway.services.files import NewFile

rows_option = click.option(
    "--rows-url", default="", envvar="XINYI_ROWS_URL", help="Database of the rows, when it is not the embedded one."
)
actor_option = click.option("--actor", default=getpass.getuser, help="Who asks; the name of the user without it.")
file_type = click.Path(path_type=Path, dir_okay=False)
passphrase_option = click.option(
    "--passphrase-file", type=file_type, help="File (mode 0600) with the recovery passphrase; without it you are asked."
)
key_option = click.option(
    "--recovery-key", type=file_type, help="Recovery key (PEM): public to write, private to read."
)


def _place(config: Path | None, rows_url: str) -> "Place":
    from gateway.keeping.asking import Place

    return Place.of(load_config(config), rows_url)


def _secret(passphrase_file: Path | None, recovery_key: Path | None, *, writes: bool) -> "Secret":
    from gateway.errors import KeyUnsafe
    from gateway.keeping.archive import Secret, read_private, read_public

    if recovery_key:
        return read_public(recovery_key) if writes else read_private(recovery_key)
    if passphrase_file:
        try:
            mode, word = passphrase_file.stat().st_mode, passphrase_file.read_text("utf-8").strip()
        except OSError as error:
            raise KeyUnsafe(passphrase_file, f"cannot be read ({error.strerror})", "name the right file") from None
        if mode & 0o077:
            raise KeyUnsafe(passphrase_file, "others may read this passphrase", f"run: chmod 600 {passphrase_file}")
    else:
        word = os.environ.get("XINYI_RECOVERY_PASSPHRASE", "")
        word = word or click.prompt("Recovery passphrase", hide_input=True, confirmation_prompt=writes, err=True)
    if len(word) < 12:
        raise KeyUnsafe("recovery passphrase", "it has fewer than 12 characters", "take a longer one")
    return Secret(passphrase=word)


@click.group(invoke_without_command=True)
@click.option("--to", type=click.Path(path_type=Path), help="File, or a folder in which it gets a name.")
@click.option("--keep", type=click.IntRange(0), default=0, help="Of a folder: so many of this site stay; 0 keeps all.")
@click.option("--with-points", is_flag=True, help="The embedded points, too (they can be drawn again from the rows).")
@passphrase_option
@key_option
@rows_option
@config_option
@click.pass_context
def backup(
    ctx: click.Context,
    to: Path | None,
    keep: int,
    with_points: bool,
    passphrase_file: Path | None,
    recovery_key: Path | None,
    rows_url: str,
    config: Path | None,
) -> None:
    """One encrypted file with everything of a site, while everything runs; it is verified before it gets its name."""
    if ctx.invoked_subcommand:
        return
    from gateway.keeping.backup import back_up

    if to is None:
        raise click.UsageError("say where to: --to FILE or --to FOLDER")
    secret = _secret(passphrase_file, recovery_key, writes=True)
    place = _place(config, rows_url)
    path, manifest = back_up(place, to, secret, config=config, with_points=with_points, keep=keep)
    records = manifest.rows.get("records", 0)
    click.echo(f"{path}: {len(manifest.parts)} parts, {path.stat().st_size / 1e6:.1f} MB, verified; {records} records")


@backup.command()
@click.argument("file", type=file_type)
@passphrase_option
@key_option
def verify(file: Path, passphrase_file: Path | None, recovery_key: Path | None) -> None:
    """Read FILE to its end and say what is in it."""
    from gateway.keeping import backup as keeping

    manifest = keeping.verify(file, _secret(passphrase_file, recovery_key, writes=False))
    click.echo(f"{file}: whole; site {manifest.site}, made {_utc(manifest.made_utc_ns)}, tables {manifest.revision}")
    for name, number in sorted(manifest.rows.items()):
        if number:
            click.echo(f"  {name:20} {number}")


@click.command()
@click.argument("file", type=file_type)
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The new data folder; it must be empty.")
@click.option(
    "--erasures",
    multiple=True,
    type=click.Path(path_type=Path),
    help="erasures.log, or a data folder that has one: deletions since the backup. May be given several times.",
)
@click.option("--force", is_flag=True, help="Move an existing folder aside; its erasures.log is used, too.")
@passphrase_option
@key_option
@rows_option
def restore(
    file: Path,
    to: Path,
    erasures: tuple[Path, ...],
    force: bool,
    passphrase_file: Path | None,
    recovery_key: Path | None,
    rows_url: str,
) -> None:
    """Bring a site back from FILE; with --rows-url into an empty database of another kind."""
    from gateway.keeping import backup as keeping

    secret = _secret(passphrase_file, recovery_key, writes=False)
    done = keeping.restore(file, secret, to, rows_url=rows_url, erasures=erasures, force=force)
    click.echo(
        f"{to}: {done.manifest.site} as of {_utc(done.manifest.made_utc_ns)}; {done.erased_again} erasures again"
    )
    if not erasures and not force:
        click.echo("xinyi: no list of erasures was given: what was erased since the backup is here again", err=True)


@click.group()
def person() -> None:
    """What is held about a person, by their code: hand it over, erase it, prove it."""


@person.command("export")
@click.argument("code")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new folder.")
@actor_option
@rows_option
@config_option
def export_(code: str, to: Path, actor: str, rows_url: str, config: Path | None) -> None:
    """Everything this site holds about CODE, into a folder."""
    from gateway.services.people import export_person

    names = export_person(_place(config, rows_url), code, actor, to)
    click.echo(f"{to}: {len(names)} files; README.txt says what they are")


@person.command()
@click.argument("code")
@click.option("--reason", required=True, help="Why; it is kept with the deletion.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@actor_option
@rows_option
@config_option
def erase(code: str, reason: str, yes: bool, actor: str, rows_url: str, config: Path | None) -> None:
    """Erase everything about CODE, here and at every level that may hold something."""
    from gateway.services.people import erase_person

    if not yes:
        click.confirm(f"Erase everything about {code} for good?", abort=True, err=True)
    done = erase_person(_place(config, rows_url), code, actor, reason)
    click.echo(
        f"erased here; deletion {done.deletion}: `xinyi person proof {str(done.deletion)[:13]}` says who has answered"
    )


@person.command()
@click.argument("deletion", default="")
@rows_option
@config_option
def proof(deletion: str, rows_url: str, config: Path | None) -> None:
    """Which levels have erased, what they removed, and who has not answered; of all deletions without an id."""
    from gateway.services.people import read_proof

    for each in read_proof(_place(config, rows_url), deletion):
        _say_proof(each)


@person.command()
@click.argument("code")
@click.argument("consent", type=click.Choice(["keep", "see"]))
@actor_option
@rows_option
@config_option
def withdraw(code: str, consent: str, actor: str, rows_url: str, config: Path | None) -> None:
    """CODE takes a consent back; without the one to keep a file everything is erased."""
    from gateway.services.people import withdraw_consent

    done = withdraw_consent(_place(config, rows_url), code, consent, actor)
    click.echo(f"withdrawn; deletion {done.deletion}" if done else "withdrawn")


@click.group()
def code() -> None:
    """Codes and PINs under which people have a file without a name."""


@code.command("new")
@click.option("--age", "age_band", type=click.Choice(["14-17", "18-59", "60+"]), help="Age band, if they say it.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@actor_option
@rows_option
@config_option
def new_(age_band: str | None, language: str, actor: str, rows_url: str, config: Path | None) -> None:
    """Open a file for somebody who stands before you; hand code and PIN over, they are shown once."""
    from gateway.services.files import open_file

    _say_file(open_file(_place(config, rows_url), actor, age_band=age_band or "", language=language))


@code.command()
@click.argument("code")
@actor_option
@rows_option
@config_option
def pin(code: str, actor: str, rows_url: str, config: Path | None) -> None:
    """A new PIN for CODE, whose owner has forgotten theirs."""
    from gateway.services.files import renew_pin

    _say_file(renew_pin(_place(config, rows_url), code, actor))


def _say_file(made: "NewFile") -> None:
    from care.codes import shown

    click.echo(f"code {shown(made.code)}   PIN {made.pin}")


@click.command()
@rows_option
@config_option
def incidents(rows_url: str, config: Path | None) -> None:
    """Sittings of which a kiosk says another result than the centre, newest first. The centre's result counts."""
    from gateway.services.incidents import find_incidents

    with _place(config, rows_url).reading() as rows:
        found = find_incidents(rows)
    for each in found:
        click.echo(f"{_utc(each.noticed_utc_ns)}  {each.site} {each.producer}  record {each.record}: {each.reason}")
    if not found:
        click.echo("no incidents")


@click.group()
def library() -> None:
    """Pieces of the library that this site sends to itself or to those below."""


@library.command()
@click.argument("file", type=file_type)
@click.option("--to", "target", required=True, help="The site where it is to stand: this one or one below it.")
@actor_option
@rows_option
@config_option
def send(file: Path, target: str, actor: str, rows_url: str, config: Path | None) -> None:
    """Have the piece in FILE (TOML) stand at a site; a higher version replaces what stands there."""
    from gateway.services.library import read_piece, send_piece

    piece = read_piece(file)
    send_piece(_place(config, rows_url), piece, target, actor)
    click.echo(f"{piece.key} {piece.version} is on its way to {target}")


@library.command("withdraw")
@click.argument("key")
@click.option("--from", "target", required=True, help="The site: this one or one below it.")
@actor_option
@rows_option
@config_option
def withdraw_piece(key: str, target: str, actor: str, rows_url: str, config: Path | None) -> None:
    """Take the piece with KEY away at a site."""
    from gateway.services.library import take_away

    take_away(_place(config, rows_url), key, target, actor)
    click.echo(f"{key} is withdrawn at {target}")


def _say_proof(found: "Proof") -> None:
    asked = found.deletion
    state = "complete" if found.complete else "not complete"
    click.echo(
        f"deletion {asked.deletion}: asked {_utc(asked.asked_utc_ns)} by {asked.actor} ({asked.reason}): {state}"
    )
    for answer in found.answers:
        removed = ", ".join(f"{table} {number}" for table, number in answer.removed.items() if number) or "held nothing"
        click.echo(f"  {answer.site}: done {_utc(answer.done_utc_ns)}; removed: {removed}; left {answer.left}")
    for waits in found.waiting:
        click.echo(f"  {waits.site}: {'has it, no answer yet' if waits.delivered else 'not delivered yet'}")


@click.group()
def keys() -> None:
    """The keys that seal what lies on the disk."""


@keys.command("list")
@config_option
def list_(config: Path | None) -> None:
    """Ids of the keys, oldest first."""
    ring = _place(config, "").keyring()
    for number, key_id in enumerate(ring.key_ids):
        words = [word for word, true in (("hashes codes", number == 0), ("seals", key_id == ring.key_id)) if true]
        click.echo(f"{key_id}  {', '.join(words)}".rstrip())


@keys.command()
@config_option
def rotate(config: Path | None) -> None:
    """Make a new key. Processes that run go on with theirs until they are started again."""
    click.echo(f"{_place(config, '').keyring().rotate()} seals what is written from the next start on; back it up")


@keys.command()
@rows_option
@config_option
def reseal(rows_url: str, config: Path | None) -> None:
    """Seal everything with the newest key. The centre must not run; outboxes of running processes are left."""
    from gateway.keeping.reseal import reseal as work

    done = work(_place(config, rows_url))
    click.echo(f"{done.changed} sealed anew; still needed: {', '.join(sorted(done.in_use))}")
    for path in done.busy:
        click.echo(f"xinyi: {path}: its process runs; stop it and do this again", err=True)
    if done.lost:
        click.echo(f"xinyi: {done.lost} cannot be opened: their key is not here", err=True)
        sys.exit(1)


@keys.command()
@click.argument("key_id")
@rows_option
@config_option
def retire(key_id: str, rows_url: str, config: Path | None) -> None:
    """Put a key aside that nothing is sealed with any more."""
    from gateway.keeping.reseal import retire as work

    click.echo(f"{work(_place(config, rows_url), key_id)}: put aside; older backups still need it, they hold it")


@keys.command()
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A new folder for the pair.")
def recovery(to: Path) -> None:
    """Make a pair of recovery keys: the public half stays for backups, the private half goes into a safe."""
    from gateway.disk import make_folder, write_durably
    from gateway.errors import StoreUnwritable
    from gateway.keeping.archive import new_recovery_pair

    if to.exists():
        raise StoreUnwritable(to, "is there already", "name a new folder")
    make_folder(to)
    private, public = new_recovery_pair()
    write_durably(to / "recovery-private.pem", private)
    write_durably(to / "recovery-public.pem", public)
    click.echo(f"{to}: keep recovery-private.pem away from this machine; without it no backup can be read")


def _utc(t_ns: int) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(t_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


COMMANDS = (backup, restore, person, code, incidents, library, keys)
