"""Makes the environment of a release out of its signed files and nothing else, and tries whether it starts.

pip is told to look nowhere but in the folder of files, to take no source archives (they would run code of theirs), and
to demand the hashes of `release.txt`, which is itself one of the signed files. Machine-wide settings of pip and Python
do not count.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.releases.errors import CheckFailed, InstallFailed, ReleaseError

LOCK = "release.txt"
"""The signed file that names every package of a release with its hashes."""

Installer = Callable[[Path, Path], None]
"""(folder of the release, folder of its files): makes `.venv` there, or raises InstallFailed."""
Check = Callable[[Path, str], None]
"""(folder of the release, version): raises CheckFailed when it is not fit."""


def install(release: Path, files: Path, python: str = sys.executable) -> None:
    """Make `<release>/.venv` from `files`; an unfinished one is made anew.

    Raises:
        InstallFailed: something is missing or does not match.
    """
    venv = release / ".venv"
    shutil.rmtree(venv, ignore_errors=True)
    release.mkdir(parents=True, exist_ok=True)
    run((python, "-I", "-m", "venv", str(venv)), InstallFailed, release.name, timeout_s=300)
    fill(venv, files, release.name)


def fill(venv: Path, files: Path, where: str) -> None:
    """Install what the lock names into an environment.

    Raises:
        InstallFailed: something is missing or does not match its hash.
    """
    pip = (str(venv / "bin" / "python"), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install")
    offline = ("--no-index", "--find-links", str(files), "--require-hashes", "--only-binary", ":all:", "--no-cache-dir")
    run((*pip, "--quiet", *offline, "-r", str(files / LOCK)), InstallFailed, where, timeout_s=1800)


def check(
    release: Path, version: str, more: Sequence[Sequence[str]] = (("release", "selfcheck"),), user: str | None = None
) -> None:
    """Whether the new version starts, is the one that it should be, and finds itself well at this site.

    Args:
        release: its folder.
        version: what `xinyi --version` has to say.
        more: further commands of the new `xinyi` that must end well.
        user: who runs them, the services' user; None is whoever runs this.

    Raises:
        CheckFailed: it is not.
    """
    program = str(release / ".venv" / "bin" / "xinyi")
    said = run((program, "--version"), CheckFailed, release.name, timeout_s=120, user=user)
    if said.split()[-1:] != [version]:
        raise CheckFailed(release.name, f"says that it is {said.strip()[-60:]!r}", "build it again")
    for command in more:
        run((program, *command), CheckFailed, release.name, timeout_s=300, user=user)


def run(
    command: Sequence[str], error: type[ReleaseError], where: str, *, timeout_s: float, user: str | None = None
) -> str:
    """Run a program and give back what it said; its last line of complaint becomes the error's text."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))}
    try:
        done = subprocess.run(
            command,
            env={**kept, "PIP_CONFIG_FILE": os.devnull},
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    except subprocess.TimeoutExpired:
        raise error(where, f"{_name(command)} took more than {timeout_s:g} s", "see the journal") from None
    except OSError as problem:
        raise error(where, f"{_name(command)} does not start ({problem.strerror})", "see the journal") from None
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.lower().startswith("error")]
        reason = (errors or lines[-1:] or [f"code {done.returncode}"])[0][:200]
        raise error(where, f"{_name(command)} failed: {reason}", "see the journal")
    return done.stdout


def _name(command: Sequence[str]) -> str:
    words = [Path(command[0]).name, *(word for word in command[1:] if not word.startswith(("-", "/")))]
    return " ".join(words[:3])
