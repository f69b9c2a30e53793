"""What the updater asks of a real room: systemd's services, the room's socket, the backup command of the configuration.

Whether a session runs is asked of the room itself.
"""

import asyncio
import contextlib
import os
import pwd
import shlex
from collections.abc import Sequence
from pathlib import Path

from gateway.client import RoomClient
from gateway.releases.apply import Hooks
from gateway.releases.config import ReleaseConfig
from gateway.releases.errors import BackupFailed, CheckFailed, RestartFailed
from gateway.releases.install import check, install, run

SERVICES = ("xinyi-broker", "xinyi-centre", "xinyi-room", "xinyi-console", "xinyi-kiosk")
_USER = "xinyi"
_ANSWER_WITHIN_S = 3.0


def real_hooks(config: ReleaseConfig, room_socket: Path, services: Sequence[str] = SERVICES) -> Hooks:
    """The hooks of a machine with systemd."""
    return Hooks(
        install=install,
        check=lambda release, version: check(release, version, user=_services_user()),
        free=lambda: is_free(room_socket),
        unwell=lambda: unwell(room_socket, services),
        backup=lambda version: back_up(config.backup, version),
        restart=lambda: restart(services),
    )


def restart(services: Sequence[str]) -> None:
    """Restart those services that are meant to run here.

    Raises:
        RestartFailed: systemd says so.
    """
    meant = _enabled(services)
    if meant:
        run(("systemctl", "restart", *(f"{name}.service" for name in meant)), RestartFailed, "services", timeout_s=180)


def unwell(room_socket: Path, services: Sequence[str]) -> str:
    """What is wrong with the services of this machine, or ""."""
    meant = _enabled(services)
    for name in meant:
        state = _systemctl("is-active", name)
        if state != "active":
            return f"{name} is {state or 'unknown to systemd'}"
    if "xinyi-room" in meant and _session_state(room_socket) is None:
        return "the room does not answer"
    return ""


def back_up(command: str, version: str) -> None:
    """Run the backup command of the configuration; it learns the coming version in XINYI_RELEASE.

    Raises:
        BackupFailed: it ended badly.
    """
    if command:
        words = ("env", f"XINYI_RELEASE={version}", *shlex.split(command))
        run(words, BackupFailed, "release.backup", timeout_s=3600)


def _enabled(services: Sequence[str]) -> list[str]:
    return [name for name in services if _systemctl("is-enabled", name) == "enabled"]


def _systemctl(question: str, name: str) -> str:
    """The word that systemctl says; a "no" is an answer and not an error."""
    command = ("sh", "-c", 'systemctl "$1" "$2" || true', "sh", question, f"{name}.service")
    return run(command, CheckFailed, name, timeout_s=30).strip()


def is_free(room_socket: Path) -> bool:
    """Whether nobody is in a session. A room that is up and does not answer is not free: nobody knows."""
    state = _session_state(room_socket)
    if state is None:
        return _systemctl("is-active", "xinyi-room") != "active"
    return state not in {"running", "paused"}


def _session_state(room_socket: Path) -> str | None:
    """State of the room's session, "" where there is none, None where no room answers."""
    return asyncio.run(_ask_room(room_socket)) if room_socket.exists() else None


async def _ask_room(room_socket: Path) -> str | None:
    with contextlib.suppress(TimeoutError):
        async with RoomClient(room_socket, "updater") as room, asyncio.timeout(_ANSWER_WITHIN_S):
            async for frame in room.frames():
                if frame is not None:
                    return frame.session.state if frame.session else ""
    return None


def _services_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_USER).pw_name
    except KeyError:
        return None
