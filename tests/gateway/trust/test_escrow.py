"""A site's keys, wrapped for the level above: what is lost below is opened there, and nowhere else."""

import stat
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from trust_parts import MINE, enrolled

from gateway.errors import KeyUnsafe, StoreMissing
from gateway.keys import Keyring, restore_key
from gateway.trust.authority import Authority
from gateway.trust.errors import AuthorityMissing, EscrowBroken
from gateway.trust.escrow import escrow_key, public_key, unwrap, wrap, wrap_all


def test_a_site_whose_keys_are_lost_reads_its_data_again(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    ring = Keyring.open(tmp_path / "keys")
    old = ring.seal(b"before the rotation", b"row 1")
    ring.rotate()
    new = ring.seal(b"after it", b"row 2")
    escrowed = wrap_all(public_key(site.escrow_pem), tmp_path / "keys")
    for file in (tmp_path / "keys").iterdir():
        file.unlink()

    private = escrow_key(authority.folder).private
    written = [restore_key(tmp_path / "keys", one.key_id, unwrap(private, one)) for one in escrowed]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    ring = Keyring.open(tmp_path / "keys", create=False)
    assert ring.open_sealed(old, b"row 1") == b"before the rotation"
    assert ring.open_sealed(new, b"row 2") == b"after it"


def test_a_key_that_comes_back_does_not_seal_where_there_is_a_newer_one(tmp_path: Path) -> None:
    lost = Keyring.open(tmp_path / "lost")
    (file,) = (tmp_path / "lost").glob("*.key")
    newer = Keyring.open(tmp_path / "keys").key_id
    restore_key(tmp_path / "keys", lost.key_id, file.read_bytes())
    assert Keyring.open(tmp_path / "keys").key_id == newer


def test_what_travels_shows_nothing_of_the_key() -> None:
    key = bytes(range(32))
    one = wrap(X25519PrivateKey.generate().public_key(), "0011223344556677", key)
    assert key not in msgspec.msgpack.encode(one)
    assert len(one.wrapped) == 32 + 32 + 16, "ephemeral key, key, tag"


def test_nobody_else_opens_it_and_no_change_goes_unnoticed() -> None:
    pair = X25519PrivateKey.generate()
    one = wrap(pair.public_key(), "0011223344556677", bytes(32))
    with pytest.raises(EscrowBroken, match="is wrapped for x25519:"):
        unwrap(X25519PrivateKey.generate(), one)
    for changed in (
        msgspec.structs.replace(one, key_id="ffffffffffffffff"),
        msgspec.structs.replace(one, wrapped=one.wrapped[:-1] + bytes([one.wrapped[-1] ^ 1])),
        msgspec.structs.replace(one, wrapped=b""),
    ):
        with pytest.raises(EscrowBroken, match="was changed on the way"):
            unwrap(pair, changed)


def test_a_wrong_key_is_not_written_and_a_damaged_pair_is_said(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(KeyUnsafe, match="this is not key 0011223344556677"):
        restore_key(tmp_path / "keys", "0011223344556677", bytes(32))
    with pytest.raises(StoreMissing, match="there are no keys"):
        wrap_all(X25519PrivateKey.generate().public_key(), tmp_path / "keys")
    (authority.folder / "escrow.key").write_bytes(authority.ca_pem)
    with pytest.raises(AuthorityMissing, match="the escrow key is damaged"):
        escrow_key(authority.folder)
    with pytest.raises(EscrowBroken, match="is not one; enrol again"):
        public_key(authority.ca_pem)


def test_the_private_half_is_in_no_repr(authority: Authority) -> None:
    assert "x25519:" in repr(escrow_key(authority.folder))
