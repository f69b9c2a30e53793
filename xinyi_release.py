"""The front door's wing for releases: making and signing them, a machine's own update, and the rollout of a district.

Short lines in the language of the terminal (LANG), for technicians and for those who sign.
"""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyi_options import config_option, load_config

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.messages import ReleaseManifest
    from gateway.releases.apply import Updater
    from gateway.releases.state import State

file_argument = click.argument("file", type=click.Path(path_type=Path))
PARTS = ("gateway.room.service", "gateway.centre", "gateway.points_open", "dashboards.console")
STEPS_ZH = {
    "idle": "无更新",
    "fetching": "下载中",
    "installing": "安装中",
    "checking": "检查中",
    "waiting": "等待",
    "saving": "备份中",
    "switching": "切换中",
    "restarting": "重启服务",
    "probation": "试运行",
    "committing": "确认中",
    "returning": "回退中",
}
STATUS_ZH = {"running": "进行中", "halted": "已暂停", "done": "已完成", "aborted": "已终止"}


def _say(zh: str, en: str) -> None:
    words = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    click.echo(zh if words.startswith("zh") else en)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _read(file: Path) -> "ReleaseManifest":
    from gateway.releases.errors import ManifestUnreadable
    from gateway.releases.reports import read_signed

    signed = read_signed(file)
    if signed is None:
        raise ManifestUnreadable(file, "cannot be read as a manifest or root", "name a .release file")
    return signed


def _write(file: Path, signed: "ReleaseManifest") -> None:
    import msgspec

    from gateway.disk import write_durably

    write_durably(file, msgspec.msgpack.encode(signed), 0o644)


@click.group()
def release() -> None:
    """Make, sign and roll out releases; see and steer this machine's own update."""


# For those who make and sign ---------------------------------------------------------------------------------------


@release.command()
@click.argument("name", type=click.Path(path_type=Path))
def keygen(name: Path) -> None:
    """A new signing key: NAME.pem stays with its owner, NAME.pub is handed out."""
    from gateway.releases.trust import make_key

    key_id = make_key(name.with_name(f"{name.name}.pem"), name.with_name(f"{name.name}.pub"))
    _say(
        f"{name}.pem：私钥，离线保管；{name}.pub：公钥 {key_id[:16]}", f"{name}.pub: key {key_id[:16]}; keep {name}.pem"
    )


@release.command()
@file_argument
@click.option(
    "--root", "roots", type=click.Path(path_type=Path), multiple=True, required=True, help=".pub of a root key."
)
@click.option("--need-root", default=1, show_default=True, help="So many of them sign the next root.")
@click.option(
    "--signer", "signers", type=click.Path(path_type=Path), multiple=True, required=True, help=".pub of a signer."
)
@click.option("--need", default=2, show_default=True, help="So many signers sign a release.")
@click.option("--number", default=1, show_default=True, help="One more than the root before.")
@click.option("--years", default=10, show_default=True)
def trust(
    file: Path, roots: tuple[Path, ...], need_root: int, signers: tuple[Path, ...], need: int, number: int, years: int
) -> None:
    """Write FILE (root-1.release), unsigned: whose signatures sites believe. Then sign it with root keys."""
    from gateway.releases.trust import make_root, read_public

    keys = {"root": [read_public(path) for path in roots], "targets": [read_public(path) for path in signers]}
    _write(file, make_root(number, _now() + timedelta(days=365 * years), keys, {"root": need_root, "targets": need}))
    _say(f"{file}：第 {number} 号信任根，未签名", f"{file}: root {number}, not signed yet")


@release.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--version", "version_", required=True)
@click.option("--minimum", default="0.0.0", show_default=True, help="Oldest version that may go to it.")
@click.option("--days", default=90, show_default=True, help="After so long the manifest is not believed any more.")
@click.option("--not-before", type=click.DateTime(), help="Earliest switch, UTC.")
@click.option("--rows-revision", default="", help="Revision of the rows' schema.")
@click.option("--zh", default="", help="What is new, in Chinese.")
@click.option("--en", default="", help="What is new, in English.")
def build(
    folder: Path,
    version_: str,
    minimum: str,
    days: int,
    not_before: datetime | None,
    rows_revision: str,
    zh: str,
    en: str,
) -> None:
    """Write the manifest of the wheels in FOLDER, unsigned: FOLDER/xinyi-VERSION.release."""
    from gateway.releases.build import build as make
    from gateway.releases.manifest import read

    signed = make(
        folder,
        version_,
        _now(),
        minimum=minimum,
        days=days,
        not_before=not_before.replace(tzinfo=UTC) if not_before else None,
        rows_revision=rows_revision,
        notes={"zh": zh, "en": en},
    )
    read(signed)
    file = folder / f"xinyi-{version_}.release"
    _write(file, signed)
    _say(f"{file}：未签名", f"{file}: not signed yet")


@release.command()
@file_argument
@click.option("--key", "keys", type=click.Path(path_type=Path), multiple=True, required=True, help=".pem of a signer.")
def sign(file: Path, keys: tuple[Path, ...]) -> None:
    """Add signatures to FILE, a manifest or a root."""
    from gateway.releases.trust import read_signer, signatures_of
    from gateway.releases.trust import sign as add

    signed = _read(file)
    for key in keys:
        signed = add(signed, read_signer(key))
    _write(file, signed)
    count = len(signatures_of(signed))
    _say(f"{file}：共 {count} 个签名", f"{file}: {count} signature{'s' if count > 1 else ''}")


@release.command()
@file_argument
@click.option("--trusted", type=click.Path(path_type=Path), required=True, help="The root that sites believe.")
def verify(file: Path, trusted: Path) -> None:
    """Whether sites that believe this root would take FILE now, and what it says."""
    from gateway.releases.manifest import verify as check
    from gateway.releases.trust import ROOT, TrustedKeys

    signed, keys = _read(file), TrustedKeys.read(trusted)
    if signed.version.startswith(ROOT):
        number = keys.next(signed).number
        _say(f"{file}：有效，第 {number} 号信任根", f"{file}: good, root {number}")
        return
    found = check(signed, keys, _now())
    size = f"{len(found.files)} files, {found.size / 1e6:.1f} MB"
    _say(
        f"{file}：有效，{found.version}（{size}），至 {found.expires:%Y-%m-%d}；{found.facts.notes.get('zh', '')}",
        f"{file}: good, {found.version} ({size}) until {found.expires:%Y-%m-%d}; {found.facts.notes.get('en', '')}",
    )


# For one machine ----------------------------------------------------------------------------------------------------


def _updater(settings: "Config") -> "Updater":
    from devices.clock import Clock
    from gateway.releases.apply import Updater
    from gateway.releases.hooks import real_hooks
    from gateway.releases.layout import Layout

    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    hooks = real_hooks(settings.release, settings.room_socket)
    return Updater(Layout(Path(settings.release.root)), settings.release, settings.data, hooks, Clock(), boot)


def _tell(state: "State") -> None:
    about = f"{state.version} " if state.version else ""
    trouble = f": {state.trouble}" if state.trouble else ""
    _say(f"{about}{STEPS_ZH[state.step]}{trouble}", f"{about}{state.step}{trouble}")


@release.command()
@click.argument("version")
@config_option
def adopt(version: str, config: Path | None) -> None:
    """Take the release that was set up by hand in releases/VERSION into the updater's care (once, at set-up)."""
    from gateway.releases.build import adopt as take
    from gateway.releases.layout import Layout

    take(Layout(Path(load_config(config).release.root)), version)
    _say(f"当前版本 {version}", f"current release {version}")


@release.command()
@config_option
def status(config: Path | None) -> None:
    """What runs here, what is on its way, and what it waits for."""
    from gateway.releases.layout import CURRENT, STEADY, Layout
    from gateway.releases.state import read_state

    layout = Layout(Path(load_config(config).release.root))
    state = read_state(layout.state)
    current, steady = layout.at(CURRENT) or "-", layout.at(STEADY) or "-"
    _say(f"当前 {current}，稳定 {steady}", f"current {current}, steady {steady}")
    _tell(state)
    for one in state.reports[-5:]:
        at = datetime.fromtimestamp(one.report.at_utc_ns / 1e9, UTC)
        click.echo(f"{at:%Y-%m-%d %H:%M}Z  {one.report.version}  {one.report.state}  {one.report.detail}".rstrip())


@release.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--now", "hurry", is_flag=True, help="Do not wait for the night (a session is still waited for).")
@config_option
def apply(file: Path | None, hurry: bool, config: Path | None) -> None:
    """Take what was offered, or the manifest FILE. The guard goes on with it every minute."""
    from gateway.releases.errors import NothingToDo
    from gateway.releases.reports import find_offer

    settings = load_config(config)
    signed = _read(file) if file else find_offer(settings.data)
    if signed is None:
        raise NothingToDo(settings.data / "releases", "nothing was offered", "name a .release file")
    _tell(_updater(settings).take(signed, hurry=hurry))


@release.command()
@config_option
def rollback(config: Path | None) -> None:
    """Go back to the release before, now."""
    who = os.environ.get("SUDO_USER") or os.environ.get("USER", "?")
    _tell(_updater(load_config(config)).go_back(f"asked for by {who}"))


@release.command()
@config_option
def guard(config: Path | None) -> None:
    """One look (a timer calls it every minute): go on with an update, or take a bad one back."""
    from gateway.errors import StoreBusy

    try:
        state = _updater(load_config(config)).tick()
    except StoreBusy:
        return
    if state.step != "idle":
        _tell(state)


@release.command()
@config_option
def selfcheck(config: Path | None) -> None:
    """Whether this version starts here: its parts, and this site's configuration. Asked before a switch."""
    import importlib

    load_config(config)
    for part in PARTS:
        importlib.import_module(part)
    _say("正常", "fit")


# For a town or district ---------------------------------------------------------------------------------------------


@release.group()
def rollout() -> None:
    """The rollout below this level: 5 %, 25 %, all."""


@rollout.command()
@file_argument
@click.option("--canary", multiple=True, help="A site that is among the first.")
@click.option("--hold", multiple=True, help="A site that does not take part.")
@config_option
def start(file: Path, canary: tuple[str, ...], hold: tuple[str, ...], config: Path | None) -> None:
    """Begin to roll out the manifest FILE."""
    from gateway.releases.cohorts import Wishes
    from gateway.releases.errors import TrustMissing
    from gateway.releases.manifest import verify as check
    from gateway.releases.rollout_file import RolloutFile
    from gateway.releases.trust import TrustedKeys

    settings, signed, now = load_config(config), _read(file), _now()
    if not settings.release.trusted:
        raise TrustMissing("release.trusted", "names no file", "set it in xinyi.toml")
    check(signed, TrustedKeys.read(Path(settings.release.trusted).expanduser()), now)
    with RolloutFile(settings.data) as stored:
        wishes = Wishes(frozenset(canary), frozenset(hold))
        stored.begin(signed, _ns(now), _actor(), wishes=wishes)
    _say(f"{signed.version} 开始分批推送", f"rollout of {signed.version} begins")


@rollout.command(name="status")
@config_option
def rollout_status(config: Path | None) -> None:
    """Where it stands, and which sites failed."""
    from gateway.releases.rollout_file import RolloutFile

    with RolloutFile(load_config(config).data) as stored:
        now = stored.rollout
    stage = now.policy.stages[now.stage]
    counts = Counter(report.state for report in now.outcomes.values())
    seen = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "-"
    _say(
        f"{now.version} {STATUS_ZH[now.status]}，{stage.per_cent:g} %，已通知 {len(now.offered)}：{seen}",
        f"{now.version} {now.status}, {stage.per_cent:g} %, {len(now.offered)} offered: {seen}",
    )
    for site, how in sorted(now.failed.items()):
        detail = now.outcomes[site].detail if site in now.outcomes else ""
        click.echo(f"  {site}  {how}  {detail}".rstrip())
    for event in now.events[-5:]:
        at = datetime.fromtimestamp(event.at_utc_ns / 1e9, UTC)
        click.echo(f"{at:%Y-%m-%d %H:%M}Z  {event.actor}  {event.what}  {event.why}".rstrip())


def _ask(what: str, why: str, config: Path | None) -> None:
    from gateway.releases.rollout_file import RolloutFile

    with RolloutFile(load_config(config).data) as stored:
        stored.ask(what, _ns(_now()), _actor(), why)
        now = stored.rollout
    _say(f"{now.version} {STATUS_ZH[now.status]}", f"{now.version} is {now.status}")


why_option = click.option("--why", required=True, help="For the log; somebody will ask.")


@rollout.command()
@why_option
@config_option
def halt(why: str, config: Path | None) -> None:
    """Stop it: nobody else takes it, and who has not switched yet holds it."""
    _ask("halt", why, config)


@rollout.command()
@why_option
@config_option
def resume(why: str, config: Path | None) -> None:
    """Go on after the failed sites were looked at; the stage soaks again."""
    _ask("resume", why, config)


@rollout.command()
@why_option
@config_option
def abort(why: str, config: Path | None) -> None:
    """End it for good; a newer version takes its place."""
    _ask("abort", why, config)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def _actor() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"
