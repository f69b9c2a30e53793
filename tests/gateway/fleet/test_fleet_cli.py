"""`xinyi fleet` on a real broker, as a technician and as a machine."""

import asyncio
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from fleet_parts import SITE, beat, birth, device, mosquitto

from gateway import topics
from gateway.fleet.beacon import Beacon
from gateway.fleet.health import encode
from gateway.fleet.rules import load
from gateway.link import Link
from xinyi import main


async def fleet_watch(tmp_path, address, *arguments):
    config = tmp_path / "xinyi.toml"
    (tmp_path / "password").write_text(address.password)
    config.write_text(f'[broker]\nport = {address.port}\nsecret = "{tmp_path / "password"}"\n')
    command = [sys.executable, "-m", "xinyi", "fleet", "watch", "--config", str(config), *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def beacon(process="room"):
    devices = [device(120, 1, battery_percent=9.0)]
    return Beacon(
        SITE,
        process,
        lambda: beat(
            0, process=process, outbox_depth=3, disk_free_mb=90_000.0, disk_total_mb=99_000.0, devices=devices
        ),
        lambda: birth(process=process),
        announce_every_s=0.1,
    )


@pytest.mark.timeout(90)
async def test_shows_who_answers_and_does_not_trust_what_the_broker_has_kept(tmp_path):
    async with mosquitto(tmp_path / "broker") as address:
        gone = birth(site="huadu.xinhua.0099")
        async with Link(address, "gone", username="room", on_message=lambda _: None, window=5) as link:
            link.publish(topics.birth(gone.site, "room"), encode(gone), retain=True)
            link.publish(topics.state(gone.site, "room"), topics.ONLINE, retain=True)
        room = asyncio.create_task(beacon().keep(address))
        try:
            code, out, err = await fleet_watch(tmp_path, address, "--once", "--json", "--wait", "4")
            assert (code, err) == (0, "")
            picture = json.loads(out)
            found = {site["site"]: site for site in picture["sites"]}
            assert not found[gone.site]["online"]
            assert found[gone.site]["processes"] == []
            (process,) = found[SITE]["processes"]
            assert found[SITE]["online"]
            assert process["birth"]["versions"]["xinyi"] == "0.1.0"
            assert process["devices"][0]["who"]["name"] == "胸带"
            assert [alert["rule"] for alert in picture["alerts"] if alert["device"]] == ["battery_low"]
            code, out, _ = await fleet_watch(tmp_path, address, "--once", "--wait", "2")
            assert code == 0
            assert SITE in out
            assert "在线" in out
            assert "设备电量不到 15%" in out
        finally:
            room.cancel()
            await asyncio.gather(room, return_exceptions=True)


@pytest.mark.timeout(60)
async def test_a_broker_that_is_away_is_one_line(tmp_path):
    config = tmp_path / "xinyi.toml"
    config.write_text("[broker]\nport = 1\n")
    result = await asyncio.to_thread(CliRunner().invoke, main, ["fleet", "watch", "--once", "--config", str(config)])
    assert result.exit_code == 1
    assert "start the site's broker" in result.output
    assert result.output.count("\n") == 1


def test_lists_the_rules_in_both_languages():
    for language, word in (("zh", "条规则"), ("en", "all of them can be used")):
        result = CliRunner().invoke(main, ["fleet", "rules", "--language", language])
        assert result.exit_code == 0
        assert f"{len(load())} " in result.output
        assert word in result.output


def test_a_wrong_file_of_rules_is_one_line(tmp_path):
    (tmp_path / "my.toml").write_text('[[rules]]\nname = "A"\n')
    result = CliRunner().invoke(main, ["fleet", "rules", "--file", str(tmp_path / "my.toml")])
    assert result.exit_code == 1
    assert "my.toml, line" in result.output
