"""Which device is which, kept in one file."""

from devices.events import Identity
from devices.known import Acquaintance, Known, key_of

STRAP = Acquaintance("strap-1", "polar", "chair-1", "ble:00:22:D0:12:34:56")


def test_what_was_remembered_is_known_by_the_next_process(tmp_path):
    key = key_of("polar", Identity("Polar", "H10", "8A1", "3.1"), "ble:00:22:D0:12:34:56")
    Known(tmp_path / "site" / "devices.json").remember(key, STRAP)
    assert Known(tmp_path / "site" / "devices.json").who(key) == STRAP
    assert [file.name for file in (tmp_path / "site").iterdir()] == ["devices.json"]


def test_device_with_a_serial_number_is_known_on_another_port():
    identity = Identity("Xinyi", "Chair", "C2-31", "2.0")
    assert key_of("chair-link", identity, "/dev/ttyUSB0") == key_of("chair-link", identity, "/dev/ttyUSB1")


def test_file_that_cannot_be_read_counts_as_empty_and_is_replaced(tmp_path):
    file = tmp_path / "devices.json"
    for rubbish in ("{", "[]", '{"a": 1}', '{"a": {"device": "x", "more": "y"}}'):
        file.write_text(rubbish)
        known = Known(file)
        assert known.who("a") is None
    known.remember("a", STRAP)
    assert Known(file).who("a") == STRAP


def test_what_is_known_already_is_not_written_again(tmp_path):
    file = tmp_path / "devices.json"
    known = Known(file)
    known.remember("a", STRAP)
    file.unlink()
    known.remember("a", STRAP)
    assert not file.exists()
