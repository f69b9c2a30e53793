"""`xinyi enrol`, as people use it: two sites, files carried between them, a broker that lets in who was enrolled."""

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gateway_parts import Process
from trust_parts import MINE, UPPER

from gateway.broker import free_port, wait_until_listening
from gateway.keys import Keyring
from gateway.link import BrokerAddress, Link, LinkLost
from gateway.trust.identity import Identity

XINYI = [sys.executable, "-m", "xinyi"]


class Site:
    """A machine with its data folder; what it carries lies in `stick`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.data, self.stick = folder / name, folder / "stick"
        self.stick.mkdir(exist_ok=True)
        self.port, self.sites_port = free_port(), free_port()
        self.environment = {
            **os.environ,
            "XINYI_SITE_ID": name,
            "XINYI_PATHS_DATA": str(self.data),
            "XINYI_BROKER_PORT": str(self.port),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **more}
        return subprocess.run(
            [*XINYI, "enrol", *words], env=environment, cwd=self.stick, capture_output=True, text=True, check=False
        )

    def says(self, *words: str, **more: str) -> str:
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuses(self, *words: str) -> str:
        done = self.run(*words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
        return done.stderr

    @contextlib.asynccontextmanager
    async def broker(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        for key, value in self.environment.items():
            if key.startswith("XINYI_") or key == "PYTHONPATH":
                monkeypatch.setenv(key, value)
        monkeypatch.setenv("XINYI_BROKER_SITES_PORT", str(self.sites_port))
        monkeypatch.setenv("XINYI_BROKER_SITES_NAMES", "broker.example, 127.0.0.1")
        process = Process([*XINYI, "broker"])
        await process.start()
        try:
            await wait_until_listening(BrokerAddress("127.0.0.1", self.sites_port), 30)
            yield
        finally:
            process.kill()


@pytest.fixture
def above(tmp_path: Path) -> Site:
    return Site(tmp_path, UPPER)


@pytest.fixture
def below(tmp_path: Path) -> Site:
    return Site(tmp_path, MINE)


def enrol(above: Site, below: Site) -> None:
    token = above.says("token", MINE).strip()
    below.says("request", XINYI_ENROL_TOKEN=token)
    above.says("sign", "enrol-request.json")
    assert f"{MINE}: good until" in below.says("install", "enrol-answer.json")


def relay(above: Site, below: Site) -> Link:
    address = BrokerAddress("127.0.0.1", above.sites_port, tls=Identity(below.data / "identity").tls_files)
    return Link(address, "relay", username="relay", on_message=print, window=1)


@pytest.mark.timeout(120)
async def test_a_site_is_enrolled_renewed_and_revoked(
    above: Site, below: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(above, below)
    async with above.broker(monkeypatch):
        async with relay(above, below):
            pass
        assert "not due: good until" in below.says("renew", "--if-due")
        below.says("renew")
        above.says("sign", "enrol-request.json")
        below.says("install", "enrol-answer.json")
        assert [line.split()[1] for line in above.says("list").splitlines()] == ["good", "good"]
        async with relay(above, below) as link:
            assert above.says("revoke", MINE).count("revoked ") == 2
            await link.lost()
        with pytest.raises(LinkLost, match="our certificate was revoked"):
            async with relay(above, below):
                pass
    assert [line.split()[1] for line in above.says("list").splitlines()] == ["revoked", "revoked"]
    below.says("renew")
    assert "its certificate was revoked; give it a new token" in above.refuses("sign", "enrol-request.json")


@pytest.mark.validation
def test_lost_keys_come_back_from_the_escrow(above: Site, below: Site) -> None:
    enrol(above, below)
    key_id = Keyring.open(below.data / "keys").key_id
    below.says("escrow")
    (file,) = (below.data / "keys").iterdir()
    key = file.read_bytes()
    file.unlink()
    path = Path(above.says("recover-key", "escrow.json", str(below.data / "keys"), "--key-id", key_id).strip())
    assert path.read_bytes() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring.open(below.data / "keys", create=False).key_id == key_id


def test_mistakes_are_one_line_with_the_remedy(above: Site, below: Site) -> None:
    assert "has no authority; run at the site above: xinyi enrol token SITE" in above.refuses("list")
    assert "'room': is not the id of a site" in above.refuses("token", "room")
    assert "there is no certificate; run xinyi enrol request" in below.refuses("status")
    assert "is not whole; copy all of" in below.refuses("request", "--token", "half")
    above.says("token", MINE)
    assert "cannot be read (No such file or directory); name the file" in above.refuses("sign", "nothing.json")
    (above.stick / "rubbish").write_bytes(b"rubbish")
    assert "is not a whole request; carry the file over again" in above.refuses("sign", "rubbish")
    assert "is not an escrow file" in above.refuses("recover-key", "rubbish", "out")
    assert "no certificate in force" in above.says("revoke", MINE)
