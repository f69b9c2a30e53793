"""The folder of a demonstration's sockets: gone with it, and what a killed one left is gone with the next."""

import os
import tempfile

import pytest

from gateway.sockets_folder import PREFIX, sockets_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_folder_is_private_and_gone_afterwards(temporary):
    with sockets_folder() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


def test_leftover_of_a_killed_demonstration_goes_and_a_living_one_stays(temporary):
    child = os.fork()
    if child == 0:
        held = sockets_folder()
        held.__enter__()
        os._exit(0)  # as SIGKILL: nothing is tidied up
    os.waitpid(child, 0)
    (left,) = temporary.iterdir()
    with sockets_folder() as first, sockets_folder() as second:
        assert set(temporary.iterdir()) == {first, second}
    assert not left.exists()


def test_what_is_not_ours_is_left_alone(temporary):
    other = temporary / "elsewhere"
    other.mkdir()
    (other / "lock").touch()
    (temporary / f"{PREFIX}link").symlink_to(other)
    (temporary / f"{PREFIX}new").mkdir()
    with sockets_folder():
        assert (other / "lock").exists()
        assert (temporary / f"{PREFIX}new").exists()
