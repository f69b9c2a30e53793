"""Parts of the releases' tests: signers, a source of small releases, and one machine with a clock that is driven.

The machine's environments are a script that prints its version (`script_installer`), except where the real pip is the
point; everything else is the real thing: signed manifests, files on a disk, links.
"""

import base64
import hashlib
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from devices.clock import Clock
from gateway.messages import ReleaseManifest
from gateway.releases.apply import Hooks, Updater
from gateway.releases.build import adopt, build
from gateway.releases.config import ReleaseConfig
from gateway.releases.install import check
from gateway.releases.layout import Layout
from gateway.releases.manifest import Release, read
from gateway.releases.reports import leave_offer
from gateway.releases.state import State, read_state
from gateway.releases.trust import TrustedKeys, make_key, make_root, read_public, read_signer, sign

NOON = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
"""12:00 in Guangzhou."""
NIGHT = datetime(2026, 11, 29, 19, 0, tzinfo=UTC)
"""03:00 the next day there."""


class Signers:
    """Two root keys and three release keys; one root key and two release keys have to sign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("root-1", "root-2", "a", "b", "c", "stranger"):
            make_key(folder / f"{name}.pem", folder / f"{name}.pub")
        self.trust = folder / "root-1.release"
        self.trust.write_bytes(msgspec.msgpack.encode(self.root(1, ["root-1", "root-2"], ["a", "b", "c"], "root-1")))

    def root(self, number: int, roots: list[str], releases: list[str], *by: str, days: int = 3650) -> ReleaseManifest:
        keys = {
            role: [read_public(self.folder / f"{name}.pub") for name in names]
            for role, names in (("root", roots), ("targets", releases))
        }
        unsigned = make_root(number, NOON + timedelta(days=days), keys, {"root": 1, "targets": 2})
        return self.sign(unsigned, *by)

    def sign(self, unsigned: ReleaseManifest, *by: str) -> ReleaseManifest:
        for name in by or ("a", "b"):
            unsigned = sign(unsigned, read_signer(self.folder / f"{name}.pem"))
        return unsigned

    @property
    def trusted(self) -> TrustedKeys:
        return TrustedKeys.read(self.trust)


class DrivenClock(Clock):
    """Wall and monotonic time, moved by hand."""

    times: dict[str, int]

    def __init__(self, utc: datetime) -> None:
        super().__init__()
        object.__setattr__(self, "times", {"utc": int(utc.timestamp()) * 10**9, "mono": 10**12})

    def now_ns(self) -> int:
        return self.times["mono"]

    def utc_ns(self) -> int:
        return self.times["utc"]

    def pass_s(self, seconds: float) -> None:
        for name in self.times:
            self.times[name] += int(seconds * 10**9)

    def set_utc(self, utc: datetime) -> None:
        self.times["utc"] = int(utc.timestamp()) * 10**9

    def boot(self) -> None:
        """The monotonic clock starts with a boot."""
        self.times["mono"] = 20 * 10**9


def wheel(folder: Path, version: str, *, says: str = "", fit: bool = True) -> Path:
    """A wheel of "xinyi" with nothing in it but a console script that says its version and whether it is fit."""
    code = f"""
import sys

def main():
    if sys.argv[1:] == ["--version"]:
        print("xinyi, version {says or version}")
    else:
        sys.exit({0 if fit else '"error: this version finds itself unfit"'})
"""
    info = f"xinyi-{version}.dist-info"
    files = {
        "xinyi.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: xinyi\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nxinyi = xinyi:main\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}"
        for name, text in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    path = folder / f"xinyi-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def script_installer(release: Path, files: Path) -> None:
    """Stands for pip: a script that says its version. The word "unfit" in the lock makes it a version that is not."""
    program = release / ".venv" / "bin" / "xinyi"
    program.parent.mkdir(parents=True, exist_ok=True)
    unfit = "unfit" in (files / "release.txt").read_text("utf-8")
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "xinyi, version {release.name}" || exit {int(unfit)}\n'
    )
    program.chmod(0o755)


@dataclass
class Machine:
    """A room's machine: its releases, its services as a word, its clock, and a source of releases."""

    folder: Path
    signers: Signers
    ill: dict[str, str] = field(default_factory=dict)
    """Version → what is wrong with its services."""
    busy: bool = False
    restarts: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)
    boot_id: int = 1
    install: Callable[[Path, Path], None] = script_installer
    free_bytes: int = 1 << 40
    settings: dict[str, object] = field(default_factory=dict)
    restart_fails: bool = False

    def __post_init__(self) -> None:
        self.layout = Layout(self.folder / "opt")
        self.data, self.source = self.folder / "data", self.folder / "source"
        self.clock = DrivenClock(NOON)
        self.layout.prepare()
        old = self.layout.program("0.1.0")
        old.parent.mkdir(parents=True)
        old.write_text('#!/bin/sh\necho "xinyi, version 0.1.0"\n')
        old.chmod(0o755)
        adopt(self.layout, "0.1.0")

    def config(self) -> ReleaseConfig:
        base = {"trusted": str(self.signers.trust), "source": self.source.as_uri()}
        return msgspec.convert({**base, **self.settings}, ReleaseConfig)

    def updater(self, mark: Callable[[str], None] = lambda _: None) -> Updater:
        def restart() -> None:
            self.restarts.append(self.runs)
            if self.restart_fails and self.runs != "0.1.0":
                raise OSError("no such unit")

        hooks = Hooks(
            install=self.install,
            check=check,
            free=lambda: not self.busy,
            unwell=lambda: self.ill.get(self.runs, ""),
            backup=self.backups.append,
            restart=restart,
        )
        free = lambda _: self.free_bytes  # noqa: E731
        return Updater(
            self.layout, self.config(), self.data, hooks, self.clock, f"boot-{self.boot_id}", free_bytes=free, mark=mark
        )

    @property
    def runs(self) -> str:
        """The version that would start now."""
        return self.layout.at("current")

    @property
    def state(self) -> State:
        return read_state(self.layout.state)

    @property
    def reported(self) -> list[str]:
        return [f"{one.report.version} {one.report.state}" for one in self.state.reports]

    def release(
        self, version: str, *, by: tuple[str, ...] = ("a", "b"), word: str = "", **facts: object
    ) -> ReleaseManifest:
        """Build a release at the source and sign it."""
        folder = self.source / version
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "requirements.txt").write_text(f"# {word}\n", "utf-8")
        wheel(folder, version)
        created = facts.pop("created", NOON - timedelta(minutes=1) + timedelta(seconds=int(version.split(".")[1])))
        return self.signers.sign(build(folder, version, created, **facts), *by)  # type: ignore[arg-type]

    def offer(self, signed: ReleaseManifest) -> Release:
        leave_offer(self.data, signed)
        return read(signed)

    def tick(self, seconds: float = 0) -> State:
        self.clock.pass_s(seconds)
        return self.updater().tick()

    def night(self) -> State:
        self.clock.set_utc(NIGHT)
        return self.tick()

    def power_cut(self) -> None:
        self.boot_id += 1
        self.clock.boot()

    def tick_until(self, mark: str) -> bool:
        """A tick in a child process that dies at a mark; whether it got there."""
        child = os.fork()
        if child == 0:
            try:
                self.updater(lambda name: os._exit(9) if name == mark else None).tick()
            except BaseException:  # noqa: BLE001
                os._exit(1)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in {0, 9}
        return code == 9
