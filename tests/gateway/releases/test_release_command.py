"""The command line: from a folder of wheels to a machine that has it, and the rollout that a person halts."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from release_parts import Machine, script_installer, wheel

import xinyi
import xinyi_release
from gateway.errors import StoreUnwritable
from gateway.releases.errors import NothingToDo
from gateway.releases.plan import Action, Halt, Offer, Release, Status
from gateway.releases.rollout_file import RolloutFile
from gateway.releases.state import read_state


class Desk:
    """Somebody at a terminal in a folder with keys, a source of releases and a configuration."""

    def __init__(self, folder: Path, layout_root: Path) -> None:
        self.folder = folder
        self.config = folder / "xinyi.toml"
        self.config.write_text(
            f'[paths]\ndata = "{folder}/data"\n'
            f'[release]\nroot = "{layout_root}"\ntrusted = "{folder}/root-1.release"\nsource = "{folder.as_uri()}"\n',
            "utf-8",
        )

    def run(self, *words: str | Path, language: str = "en_GB.UTF-8") -> Result:
        environment = {"XINYI_CONFIG": str(self.config), "LANG": language, "LC_ALL": "", "USER": "lin", "SUDO_USER": ""}
        return CliRunner(env=environment).invoke(xinyi.main, ["release", *map(str, words)])

    def good(self, *words: str | Path, language: str = "en_GB.UTF-8") -> str:
        result = self.run(*words, language=language)
        assert result.exit_code == 0, result.output
        return result.output

    def signed(self, version: str) -> Path:
        folder = self.folder / version
        folder.mkdir()
        (folder / "requirements.txt").write_text("", "utf-8")
        wheel(folder, version)
        self.good("build", folder, "--version", version, "--minimum", "0.1.0", "--zh", "新", "--en", "new")
        file = folder / f"xinyi-{version}.release"
        self.good("sign", file, "--key", self.folder / "a.pem", "--key", self.folder / "b.pem")
        return file


@pytest.fixture
def desk(machine: Machine) -> Desk:
    here = Desk(machine.folder, machine.layout.root)
    for name in ("root", "a", "b"):
        here.good("keygen", here.folder / name)
    root = here.folder / "root-1.release"
    pubs = [here.folder / f"{name}.pub" for name in ("root", "a", "b")]
    here.good("trust", root, "--root", pubs[0], "--signer", pubs[1], "--signer", pubs[2])
    here.good("sign", root, "--key", here.folder / "root.pem")
    return here


def test_build_sign_verify_apply_and_go_back(desk: Desk, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.releases.hooks.install", script_installer)
    file = desk.signed("0.2.0")
    trusted = desk.folder / "root-1.release"
    assert "good, 0.2.0 (2 files" in desk.good("verify", file, "--trusted", trusted)
    assert "有效，0.2.0" in desk.good("verify", file, "--trusted", trusted, language="zh_CN.UTF-8")
    assert desk.good("apply", file, "--now") == "0.2.0 probation\n", "without systemd all is well"
    assert desk.good("status").startswith("current 0.2.0, steady 0.1.0\n0.2.0 probation\n")
    assert desk.good("guard") == "0.2.0 probation\n"
    assert desk.good("rollback", language="zh_CN.UTF-8") == "无更新\n"
    assert machine.runs == "0.1.0"
    assert read_state(machine.layout.state).reports[-1].report.detail == "asked for by lin"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["apply"], "nothing was offered; name a .release file"),
        (["rollback"], "no release to go back to; apply one"),
        (["adopt", "0.1.0"], "is 0.1.0 already"),
        (["verify", "nowhere", "--trusted", "nowhere"], "cannot be read"),
        (["rollout", "status"], "there is no rollout"),
        (["sign", "nowhere", "--key", "nowhere"], "cannot be read"),
    ],
)
def test_a_mistake_is_one_line(desk: Desk, words: list[str], line: str) -> None:
    result = desk.run(*words)
    assert result.exit_code == 1
    assert line in result.output
    assert result.output.count("\n") == 1


def test_a_person_halts_a_rollout_and_lets_it_go_on(desk: Desk) -> None:
    file = desk.signed("0.2.0")
    assert desk.good("rollout", "start", file, "--canary", "a.b.1") == "rollout of 0.2.0 begins\n"
    assert "abort it first" in desk.run("rollout", "start", file).output
    data = desk.folder / "data"
    with RolloutFile(data) as stored:
        assert [type(action) for action in stored.advance(0, ["a.b.1", "a.b.2"], [], {})] == [Offer]
    assert desk.good("rollout", "halt", "--why", "a call") == "0.2.0 is halted\n"
    assert "lin  halt  a call" in desk.good("rollout", "status")
    assert "已暂停" in desk.good("rollout", "status", language="zh_CN.UTF-8")
    assert "is halted, not running" in desk.run("rollout", "halt", "--why", "again").output
    desk.good("rollout", "resume", "--why", "it was the cable")
    with RolloutFile(data) as stored:
        assert [type(action) for action in stored.advance(1, ["a.b.1"], [], {})] == [Halt, Release]
    with RolloutFile(data) as stored:
        assert stored.advance(1, ["a.b.1"], [], {}) == [], "each is done once"
    assert desk.good("rollout", "abort", "--why", "0.2.1 is better") == "0.2.0 is aborted\n"
    with RolloutFile(data) as stored:
        assert not stored.running


def turn(data: Path, *, full: bool) -> list[Action]:
    """The centre's turn, with an outbox that may be full."""
    with RolloutFile(data) as stored:
        actions = stored.advance(0, ["a.b.1"], [], {})
        if full:
            raise StoreUnwritable(data, "the disk is full", "free disk space")
        return actions


def test_what_a_turn_could_not_send_stays_to_be_done(desk: Desk) -> None:
    desk.good("rollout", "start", desk.signed("0.2.0"))
    data = desk.folder / "data"
    for _ in range(2):
        with pytest.raises(StoreUnwritable):
            turn(data, full=True)
    assert turn(data, full=False) == [Offer("0.2.0", ["a.b.1"])]
    with RolloutFile(data) as stored:
        assert stored.rollout.offered == {"a.b.1"}
        assert stored.rollout.status is Status.RUNNING
    with RolloutFile(desk.folder / "elsewhere") as stored, pytest.raises(NothingToDo):
        stored.ask("halt", 0, "lin", "why not")


def test_a_version_finds_itself_fit_where_it_starts_and_likes_the_configuration(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(find_spec(part) for part in xinyi_release.PARTS)
    monkeypatch.setattr(xinyi_release, "PARTS", ("gateway.config",))  # all of them take seconds
    assert desk.good("selfcheck") == "fit\n"
    desk.config.write_text("[release]\nzone = 'Mars/Olympus'\n", "utf-8")
    assert "no time zone 'Mars/Olympus'" in desk.run("selfcheck").output
