"""The front door's wing for trust between sites: tokens, certificates, revocation, escrowed keys.

The site above has an authority (`token`, `sign`, `revoke`, `list`, `recover-key`); the site below has a certificate of
it (`request`, `install`, `renew`, `status`, `escrow`). What passes between them are files, carried any way there is;
none of them is secret but the token.
"""

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.trust.authority import Authority
    from gateway.trust.identity import Identity

FILE = click.Path(path_type=Path, dir_okay=False)
file_argument = click.argument("file", type=FILE)


request_output, answer_output, escrow_output = (
    click.option("--output", "-o", type=FILE, default=Path(name), show_default=True, help="File to write.")
    for name in ("enrol-request.json", "enrol-answer.json", "escrow.json")
)


@click.group()
@config_option
@click.pass_context
def enrol(ctx: click.Context, config: Path | None) -> None:
    """Certificates of sites: make, renew and take back.

    \b
    above:  xinyi enrol token huadu.xinhua.0007     a token, once; hand it over in person
    below:  xinyi enrol request                     asks for the token, writes enrol-request.json
    above:  xinyi enrol sign enrol-request.json     writes enrol-answer.json
    below:  xinyi enrol install enrol-answer.json
    """  # noqa: D301  # \b is click's
    ctx.obj = load_config(config)


@enrol.command()
@click.argument("site")
@click.option("--days", type=click.IntRange(1, 30), default=7, show_default=True, help="How long it can be used.")
@click.pass_obj
def token(settings: "Config", site: str, days: int) -> None:
    """Above: a token for SITE, good for one certificate. Tokens of it that nobody used are void then."""
    from gateway.trust.enrolment import make_token

    life = dt.timedelta(days=days)
    click.echo(make_token(_authority(settings, create=True), site, now=_now(), life=life))
    click.echo(f"enrol: for {site}, once, within {days} days; whoever has it can be {site}", err=True)


@enrol.command()
@click.option("--token", envvar="XINYI_ENROL_TOKEN", prompt="Token", hide_input=True, help="Asked for when not given.")
@request_output
@click.pass_obj
def request(settings: "Config", token: str, output: Path) -> None:
    """Below: make this site's key and a request for its certificate."""
    _write(output, _identity(settings).request(token))
    click.echo(f"{output}: carry it to the site above and run there: xinyi enrol sign {output.name}")


@enrol.command()
@click.option("--if-due", is_flag=True, help="Only when two thirds of the certificate's life are over.")
@request_output
@click.pass_obj
def renew(settings: "Config", output: Path, if_due: bool) -> None:
    """Below: a request for the next certificate, signed by the one in force. No token is needed."""
    identity = _identity(settings)
    if if_due and not identity.needs_renewal(_now()):
        click.echo(f"not due: good until {identity.certificate.not_valid_after_utc:%Y-%m-%d}")
        return
    _write(output, identity.renewal())
    click.echo(f"{output}: carry it to the site above and run there: xinyi enrol sign {output.name}")


@enrol.command()
@file_argument
@answer_output
@click.pass_obj
def sign(settings: "Config", file: Path, output: Path) -> None:
    """Above: answer a request with a certificate, when its token or its old certificate is good."""
    from gateway.trust.enrolment import answer

    _write(output, answer(_authority(settings), _read(file), now=_now()))
    click.echo(f"{output}: carry it back to the site and run there: xinyi enrol install {output.name}")


@enrol.command()
@file_argument
@click.pass_obj
def install(settings: "Config", file: Path) -> None:
    """Below: take the certificate that came back."""
    identity = _identity(settings)
    certificate = identity.install(_read(file))
    click.echo(f"{identity.site}: good until {certificate.not_valid_after_utc:%Y-%m-%d}")


@enrol.command()
@click.pass_obj
def status(settings: "Config") -> None:
    """Below: which certificate this site has, and until when."""
    identity = _identity(settings)
    due = "renewal is due: xinyi enrol renew" if identity.needs_renewal(_now()) else "renewal is not due"
    click.echo(f"{identity.site}: good until {identity.certificate.not_valid_after_utc:%Y-%m-%d}; {due}")


@enrol.command()
@click.argument("what", metavar="SITE|SERIAL")
@click.pass_obj
def revoke(settings: "Config", what: str) -> None:
    """Above: take back all certificates of a site, or one; its connection ends now."""
    import asyncio

    from gateway.broker import private_address
    from gateway.trust.gate import Gate

    authority, folder = _authority(settings), settings.data / "broker"
    if (folder / "secret").exists():
        gate = Gate(authority, folder, private_address(folder, settings.broker.port))
        serials = asyncio.run(gate.revoke(what))
    else:
        serials = authority.revoke(what, now=_now())
    for serial in serials:
        click.echo(f"revoked {serial}")
    if not serials:
        click.echo(f"{what}: no certificate in force")
    click.echo(f"the list is {authority.crl_path}")


@enrol.command("list")
@click.pass_obj
def list_(settings: "Config") -> None:
    """Above: the certificates, and until when."""
    now_ns = int(_now().timestamp()) * 1_000_000_000
    for one in sorted(_authority(settings).register().certificates, key=lambda one: (one.site, one.to_utc_ns)):
        state = (
            "revoked"
            if one.revoked_utc_ns
            else "expired"
            if one.to_utc_ns <= now_ns
            else "held"
            if one.held
            else "good"
        )
        ends = dt.datetime.fromtimestamp(one.to_utc_ns // 1_000_000_000, dt.UTC)
        click.echo(f"{one.site:<24}{state:<9}{ends:%Y-%m-%d}  {one.serial}")


@enrol.command()
@escrow_output
@click.pass_obj
def escrow(settings: "Config", output: Path) -> None:
    """Below: the keys of this site's data, wrapped for the site above; only that one opens them."""
    import msgspec

    from gateway.trust.escrow import public_key, wrap_all

    wrapped = wrap_all(public_key(_identity(settings).escrow_pem), settings.data / "keys")
    _write(output, msgspec.json.encode(wrapped))
    click.echo(f"{output}: {len(wrapped)} keys; keep it at the site above")


@enrol.command("recover-key")
@file_argument
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--key-id", default="", help="Only this key.")
@click.pass_obj
def recover_key(settings: "Config", file: Path, folder: Path, key_id: str) -> None:
    """Above: write the keys of an escrow FILE into FOLDER, in the clear (mode 0600), for the site's data/keys."""
    import msgspec

    from gateway.keys import restore_key
    from gateway.messages import KeyEscrow
    from gateway.trust.errors import EscrowBroken
    from gateway.trust.escrow import escrow_key, unwrap

    try:
        wrapped = msgspec.json.decode(_read(file), type=list[KeyEscrow])
    except msgspec.MsgspecError:
        raise EscrowBroken(file, "is not an escrow file", "give the file that xinyi enrol escrow wrote") from None
    private = escrow_key(_authority(settings).folder).private
    for one in wrapped:
        if key_id in {"", one.key_id}:
            click.echo(f"{restore_key(folder, one.key_id, unwrap(private, one))}")


def _authority(settings: "Config", *, create: bool = False) -> "Authority":
    from gateway.trust.authority import Authority

    _own(settings)
    return Authority.open(settings.data / "authority", site=settings.site.id, create=create)


def _identity(settings: "Config") -> "Identity":
    from gateway.trust.identity import Identity

    _own(settings)
    return Identity(settings.data / "identity")


def _own(settings: "Config") -> None:
    """What root writes the site's services could not read."""
    from gateway.errors import StoreUnwritable

    if os.geteuid() == 0 and settings.data.exists() and settings.data.stat().st_uid != 0:
        import pwd

        name = pwd.getpwuid(settings.data.stat().st_uid).pw_name
        raise StoreUnwritable(settings.data, f"belongs to {name}", f"run: sudo -u {name} xinyi enrol …")


def _read(file: Path) -> bytes:
    from gateway.errors import StoreMissing

    try:
        with file.open("rb") as handle:
            return handle.read(1 << 20)
    except OSError as error:
        raise StoreMissing(file, f"cannot be read ({error.strerror})", "name the file that was carried over") from None


def _write(file: Path, data: bytes) -> None:
    from gateway.disk import write_durably

    write_durably(file, data)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
