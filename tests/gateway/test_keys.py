"""Keys: made once, kept private, rotated; a lost or wrong one is a clear line."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import KeyLost, KeyUnsafe, SealBroken, StoreMissing
from gateway.keys import OVERHEAD_BYTES, Keyring


def test_the_first_key_is_made_private_and_the_same_one_is_found_again(tmp_path: Path) -> None:
    first = Keyring.open(tmp_path / "keys")
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert Keyring.open(tmp_path / "keys").open_sealed(first.seal(b"beats", b"row 1"), b"row 1") == b"beats"


def test_a_sealed_value_shows_nothing_and_names_its_key(keyring: Keyring) -> None:
    sealed = keyring.seal(b"seventy-two beats", b"")
    assert b"beats" not in sealed
    assert sealed[1:9].hex() == keyring.key_id
    assert len(sealed) == len(b"seventy-two beats") + OVERHEAD_BYTES


def test_the_same_value_is_never_sealed_the_same_way_twice(keyring: Keyring) -> None:
    assert len({keyring.seal(b"x", b"") for _ in range(100)}) == 100


def test_a_value_opens_only_in_its_own_place(keyring: Keyring) -> None:
    with pytest.raises(SealBroken, match="was changed"):
        keyring.open_sealed(keyring.seal(b"x", b"row 1"), b"row 2")


@settings(deadline=None)
@given(place=st.integers(min_value=0, max_value=OVERHEAD_BYTES + 4), bit=st.integers(min_value=0, max_value=7))
def test_any_changed_bit_is_found(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    keyring = Keyring.open(tmp_path_factory.getbasetemp() / "one-keyring")
    sealed = bytearray(keyring.seal(b"beats", b"c"))
    sealed[place] ^= 1 << bit
    with pytest.raises((SealBroken, KeyLost)):
        keyring.open_sealed(bytes(sealed), b"c")


def test_what_is_not_sealed_is_refused(keyring: Keyring) -> None:
    with pytest.raises(SealBroken, match="not sealed by us"):
        keyring.open_sealed(b"", b"")


def test_after_a_rotation_new_values_have_the_new_key_and_old_ones_still_open(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path)
    old = keyring.seal(b"old", b"")
    before = keyring.key_id
    after = keyring.rotate()
    new = keyring.seal(b"new", b"")
    assert new[1:9].hex() == after != before
    again = Keyring.open(tmp_path)
    assert again.key_ids == [before, after]
    assert again.key_id == after
    assert [again.open_sealed(each, b"") for each in (old, new)] == [b"old", b"new"]


def test_a_key_that_another_process_has_made_since_is_found(tmp_path: Path) -> None:
    reader, writer = Keyring.open(tmp_path), Keyring.open(tmp_path)
    writer.rotate()
    assert reader.open_sealed(writer.seal(b"x", b""), b"") == b"x"
    assert reader.key_id != writer.key_id


def test_a_lost_key_is_named_with_what_to_do(tmp_path: Path) -> None:
    sealed = Keyring.open(tmp_path / "lost").seal(b"x", b"")
    other = Keyring.open(tmp_path / "other")
    with pytest.raises(KeyLost, match=f"key {sealed[1:9].hex()} is not here; restore"):
        other.open_sealed(sealed, b"")


def test_a_folder_without_keys_is_an_error_for_readers(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="there are no keys"):
        Keyring.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    Keyring.open(tmp_path)
    (file,) = tmp_path.iterdir()
    file.chmod(0o640)
    with pytest.raises(KeyUnsafe, match="chmod 600"):
        Keyring.open(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"short", bytes(32)])
def test_a_damaged_key_file_is_found_by_its_name(tmp_path: Path, damage: bytes) -> None:
    Keyring.open(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    with pytest.raises(KeyUnsafe, match="damaged or misnamed"):
        Keyring.open(tmp_path)
