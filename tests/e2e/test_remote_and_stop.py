"""A whole site: the stop works whatever becomes of the broker, and requests from afar look but never move."""

import os
import signal
import time

import pytest
from stage import stage, xinyi

from gateway.config import broker_address
from gateway.fleet.errors import FleetUnreachable
from gateway.live import EmergencyStop
from gateway.remote import Arguments, Kind
from gateway.remote_client import RemoteRoom


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.validation)])
async def test_emergency_stop_works_when_the_broker_does_not(tmp_path, how):
    async with stage(tmp_path) as site:
        await site.begin()
        pid = site.site.children["broker"].pid
        os.kill(pid, how)
        try:
            asked = time.monotonic()
            reply = await site.client.ask(EmergencyStop())
            took_s = time.monotonic() - asked
            assert reply.ok
            assert took_s < 1.0
            stopped = await site.frame(lambda frame: frame.session.state == "paused" and frame.chair.motion_locked)
            assert stopped.session.pause_reason == "emergency_stop"
        finally:
            if how is signal.SIGSTOP:
                os.kill(pid, signal.SIGCONT)


async def test_requests_from_afar_are_answered_by_the_running_service_and_nothing_moves(tmp_path):
    async with stage(tmp_path) as site:
        await site.frame(lambda frame: frame.chair is not None and frame.uplink == "up")
        await site.hands("sit")
        here = site.config.site.id
        async with RemoteRoom(broker_address(site.config), here, "technician:li") as remote:
            for kind in [*Kind, "start", "arm", "chair", "release"]:
                answer = await remote.ask(kind, Arguments(device="chair-1", viewer="v", per_s=2.0))
                assert (answer.code or "done") == ("done" if kind in set(Kind) else "unknown_kind")
        frame = await site.frame(lambda frame: frame.chair is not None)
        assert not frame.chair.armed
        assert not frame.chair.moving
        assert frame.session is None
        done = xinyi("fleet", "ask", here, "diagnostics", "--config", str(tmp_path / "xinyi.toml"))
        assert (done.returncode, done.stderr) == (0, "")
        assert f'"site": "{here}"' in done.stdout
        refused = xinyi("fleet", "ask", here, "self_test", "--actor", "kiosk", "--config", str(tmp_path / "xinyi.toml"))
        assert refused.returncode == 1
        assert refused.stderr.strip().endswith("refuses: not_allowed kiosk")


@pytest.mark.validation
async def test_a_site_that_nobody_can_ask_is_one_line(tmp_path):
    async with stage(tmp_path) as site:
        await site.frame(lambda frame: frame.uplink == "up")
        async with RemoteRoom(broker_address(site.config), "no.such.0001", "technician:li", "relay") as remote:
            with pytest.raises(FleetUnreachable, match="does not answer"):
                await remote.ask("announce", lives_s=0.5)
