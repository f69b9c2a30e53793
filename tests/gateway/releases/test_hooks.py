"""The hooks of a real machine, against a systemctl that answers like one and a room's socket that is real."""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest

from gateway.live import LiveFrame, Metric, Metrics, SessionView, SignalView, Trace
from gateway.releases import hooks
from gateway.releases.config import ReleaseConfig
from gateway.releases.errors import BackupFailed, RestartFailed
from gateway.socket import pack


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What systemctl says of each unit; what is not named is disabled. Restarts are noted in a file."""
    script = tmp_path / "bin" / "systemctl"
    script.parent.mkdir()
    script.write_text(
        f"""#!/bin/sh
case $1 in
restart) shift; echo "$@" >>{tmp_path}/restarted; [ ! -e {tmp_path}/refuse ] || {{ echo "Job failed" >&2; exit 1; }} ;;
is-enabled) [ -e {tmp_path}/$2 ] && echo enabled || {{ echo disabled; exit 1; }} ;;
is-active) cat {tmp_path}/$2; exit 3 ;;
esac
""",
        "utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    states = {"xinyi-room": "active", "xinyi-centre": "active"}
    for name, state in states.items():
        (tmp_path / f"{name}.service").write_text(state)
    return states


def test_only_what_is_enabled_is_restarted(tmp_path: Path, services: dict[str, str]) -> None:
    hooks.restart(hooks.SERVICES)
    assert (tmp_path / "restarted").read_text() == "xinyi-centre.service xinyi-room.service\n"
    (tmp_path / "refuse").touch()
    with pytest.raises(RestartFailed, match="Job failed"):
        hooks.restart(hooks.SERVICES)


def test_a_machine_is_unwell_when_a_service_is_down_or_the_room_is_dumb(
    tmp_path: Path, services: dict[str, str]
) -> None:
    socket = tmp_path / "room.sock"
    assert hooks.unwell(socket, hooks.SERVICES) == "the room does not answer"
    (tmp_path / "xinyi-centre.service").write_text("activating")
    assert hooks.unwell(socket, hooks.SERVICES) == "xinyi-centre is activating"


def test_a_room_that_is_up_and_does_not_answer_is_not_free(tmp_path: Path, services: dict[str, str]) -> None:
    assert not hooks.is_free(tmp_path / "room.sock")
    (tmp_path / "xinyi-room.service").write_text("failed")
    assert hooks.is_free(tmp_path / "room.sock")


def test_the_backup_command_knows_the_coming_version(tmp_path: Path) -> None:
    hooks.back_up(f"sh -c 'echo $XINYI_RELEASE >{tmp_path}/saved'", "0.2.0")
    assert (tmp_path / "saved").read_text() == "0.2.0\n"
    hooks.back_up("", "0.2.0")
    with pytest.raises(BackupFailed, match="false failed"):
        hooks.back_up("false", "0.2.0")


@pytest.mark.parametrize(("hour", "night"), [("23:59", True), ("00:30", True), ("05:00", False), ("12:00", False)])
def test_a_night_goes_over_midnight_in_the_time_of_the_site(hour: str, night: bool) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    config = ReleaseConfig(night_from="23:00", night_to="05:00", zone="Asia/Shanghai")
    local = datetime.fromisoformat(f"2026-11-29 {hour}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert config.may_switch(local.astimezone(ZoneInfo("UTC"))) is night


@pytest.mark.parametrize(("state", "free"), [("running", False), ("paused", False), ("finished", True), ("", True)])
async def test_the_room_itself_says_whether_somebody_is_in_a_session(
    services: dict[str, str], state: str, free: bool
) -> None:
    nothing, trace = Metric(None, "", 0.0, "no_channel"), Trace(0, 1, [], "")
    session = SessionView("s", state, "resonance", "", "", "chair-1", 0, 0, [], 0.0) if state else None
    signal, metrics = SignalView(0.0), Metrics(*[nothing] * 9)
    frame = LiveFrame(1, "a.b.c", "室", 0, 1.0, [], signal, metrics, [], trace, trace, trace, session=session)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(pack(frame))

    with tempfile.TemporaryDirectory(prefix="xinyi-") as folder:  # short: a socket's path has at most 107 bytes
        path = Path(folder) / "room.sock"
        async with await asyncio.start_unix_server(answer, path):
            assert await asyncio.to_thread(hooks.is_free, path) is free
            assert await asyncio.to_thread(hooks.unwell, path, hooks.SERVICES) == ""
