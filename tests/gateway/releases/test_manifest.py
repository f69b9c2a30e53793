"""What a site believes: enough signatures over exactly these bytes, not too old, not replayed, not too large."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_parts import NOON, Machine, Signers

from gateway.messages import ReleaseManifest
from gateway.releases.errors import (
    ClockBehind,
    Downgrade,
    KeyRefused,
    ManifestExpired,
    ManifestUnreadable,
    ReleaseError,
    SignatureWrong,
    TrustMissing,
    Unsuitable,
)
from gateway.releases.manifest import Facts, Installed, Release, ReleaseFile, digest, make, read, verify
from gateway.releases.trust import MAX_BYTES, TrustedKeys, make_key, make_root, read_public, read_signer

FACTS = Facts("0.2.0", NOON - timedelta(hours=1), NOON, "0.1.0", 1, "0007", {"zh": "新程序", "en": "new programmes"})
RELEASE = Release(7, NOON + timedelta(days=90), FACTS, [ReleaseFile("a-1.whl", 3, "ab" * 32)])


def replaced(**changes: object) -> Release:
    facts = {key: value for key, value in changes.items() if key in Facts.__struct_fields__}
    rest = {key: value for key, value in changes.items() if key not in facts}
    return msgspec.structs.replace(RELEASE, facts=msgspec.structs.replace(FACTS, **facts), **rest)


def test_a_manifest_says_what_was_put_into_it(signers: Signers) -> None:
    signed = signers.sign(make(RELEASE))
    found = verify(signed, signers.trusted, NOON, Installed("0.1.0", 6))
    assert found == msgspec.structs.replace(RELEASE, digest=digest(signed))
    assert make(RELEASE).manifest == make(RELEASE).manifest, "always the same bytes"


@pytest.mark.parametrize(
    ("by", "good"),
    [(("a", "b"), True), (("c", "a"), True), (("a", "b", "c", "stranger"), True), (("a",), False), (("a", "a"), False),
     (("a", "stranger"), False), (("root-1", "root-2"), False)],
)  # fmt: skip
def test_two_of_three_signers_are_needed(signers: Signers, by: tuple[str, ...], good: bool) -> None:
    signed = signers.sign(make(RELEASE), *by)
    if good:
        verify(signed, signers.trusted, NOON)
    else:
        with pytest.raises(SignatureWrong, match="not signed by those"):
            verify(signed, signers.trusted, NOON)


@settings(max_examples=60)
@given(st.data())
def test_no_changed_byte_is_believed(signers: Signers, data: st.DataObject) -> None:
    signed = signers.sign(make(RELEASE))
    name = data.draw(st.sampled_from(["manifest", "signature"]))
    content = bytearray(getattr(signed, name))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SignatureWrong):
        verify(msgspec.structs.replace(signed, **{name: bytes(content)}), signers.trusted, NOON)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_nonsense_is_refused_in_one_line(signers: Signers, manifest: bytes, signature: bytes) -> None:
    with pytest.raises(SignatureWrong) as caught:
        verify(ReleaseManifest("0.2.0", manifest, signature, ""), signers.trusted, NOON)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200) | st.sampled_from([b"[]", b"{}", b'{"_type":"targets"}', b"1", b'{"xinyi":{}}']))
def test_signed_nonsense_is_refused_too(signers: Signers, manifest: bytes) -> None:
    with pytest.raises(ManifestUnreadable):
        verify(signers.sign(ReleaseManifest("0.2.0", manifest, b"", "")), signers.trusted, NOON)


def test_nothing_is_read_before_its_signatures_are_right(signers: Signers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.releases.manifest.read", lambda _: pytest.fail("it was read"))
    with pytest.raises(SignatureWrong):
        verify(make(RELEASE), signers.trusted, NOON)


@pytest.mark.parametrize(
    ("changes", "installed", "error"),
    [
        ({"expires": NOON}, None, ManifestExpired),
        ({"created": NOON + timedelta(seconds=1)}, None, ClockBehind),
        ({"contract": 0}, None, Unsuitable),
        ({"minimum": "0.1.1"}, Installed("0.1.0"), Unsuitable),
        ({"serial": 6}, Installed("0.1.0", 7), Downgrade),
        ({}, Installed("0.1.0", 7, "another manifest of the same number"), Downgrade),
        ({}, Installed("0.2.0"), Downgrade),
        ({}, Installed("0.10.0"), Downgrade),
        ({"files": [ReleaseFile("../../etc/passwd", 3, "ab" * 32)]}, None, ManifestUnreadable),
        ({"files": [ReleaseFile(".complete", 3, "ab" * 32)]}, None, ManifestUnreadable),
        ({"files": [ReleaseFile("a.whl", (1 << 30) + 1, "ab" * 32)]}, None, ManifestUnreadable),
        ({"files": [ReleaseFile(f"{n}.whl", 1, "ab" * 32) for n in range(2001)]}, None, ManifestUnreadable),
        ({"version": "../current"}, None, ManifestUnreadable),
    ],
)
def test_what_is_signed_is_still_not_taken_when(
    signers: Signers, changes: dict[str, object], installed: Installed | None, error: type[ReleaseError]
) -> None:
    with pytest.raises(error) as caught:
        verify(signers.sign(make(replaced(**changes))), signers.trusted, NOON, installed)
    assert "\n" not in str(caught.value)


def test_the_name_outside_must_be_the_name_inside(signers: Signers) -> None:
    signed = msgspec.structs.replace(signers.sign(make(RELEASE)), version="0.9.0")
    with pytest.raises(ManifestUnreadable, match=r"says that it is 0.2.0"):
        verify(signed, signers.trusted, NOON)


def test_a_huge_manifest_is_not_even_hashed(signers: Signers) -> None:
    with pytest.raises(SignatureWrong, match="more than"):
        verify(ReleaseManifest("0.2.0", b" " * (MAX_BYTES + 1), b"", ""), signers.trusted, NOON)


def test_a_root_is_followed_only_by_the_next_signed_by_the_old_and_the_new(signers: Signers) -> None:
    one = signers.trusted
    two = one.next(signers.root(2, ["root-2"], ["b", "c"], "root-2"))
    assert two.number == 2
    with pytest.raises(SignatureWrong):
        two.check(signers.sign(make(RELEASE), "a", "b"), NOON)
    two.check(signers.sign(make(RELEASE), "b", "c"), NOON)
    with pytest.raises(ManifestUnreadable, match="does not follow"):
        one.next(signers.root(3, ["root-2"], ["b", "c"], "root-2"))
    with pytest.raises(SignatureWrong):
        one.next(signers.root(2, ["root-2"], ["b", "c"], "a", "b"))
    with pytest.raises(SignatureWrong):
        one.next(signers.root(2, ["stranger"], ["stranger", "b"], "stranger"))
    with pytest.raises(SignatureWrong):
        one.next(signers.root(2, ["stranger"], ["stranger", "b"], "root-1"))


def test_an_expired_root_believes_nothing_but_its_successor(signers: Signers) -> None:
    two = signers.trusted.next(signers.root(2, ["root-1"], ["a", "b"], "root-1", days=-1))
    with pytest.raises(TrustMissing, match="expired"):
        verify(signers.sign(make(RELEASE)), two, NOON)
    verify(signers.sign(make(RELEASE)), two.next(signers.root(3, ["root-1"], ["a", "b"], "root-1")), NOON)


def test_a_damaged_root_file_is_found_out(machine: Machine, signers: Signers) -> None:
    copy = machine.folder / "root.release"
    content = bytearray(signers.trust.read_bytes())
    content[200] ^= 1
    copy.write_bytes(content)
    for path in (copy, machine.folder / "nowhere"):
        with pytest.raises(TrustMissing):
            TrustedKeys.read(path)


def test_keys_are_not_overwritten_nor_read_when_others_may(machine: Machine) -> None:
    private, public = machine.folder / "k.pem", machine.folder / "k.pub"
    make_key(private, public)
    with pytest.raises(KeyRefused, match="never overwritten"):
        make_key(private, public)
    assert read_signer(private).public_key == read_public(public)
    private.chmod(0o644)
    with pytest.raises(KeyRefused, match="chmod 600"):
        read_signer(private)
    with pytest.raises(KeyRefused):
        read_public(private)
    with pytest.raises(KeyRefused, match="2 of 1"):
        make_root(1, NOON, {"root": [read_public(public)], "targets": []}, {"root": 2, "targets": 1})


def test_what_build_writes_is_what_a_site_reads(machine: Machine) -> None:
    found = read(machine.release("0.2.0", notes={"zh": "新", "en": "new"}))
    assert [file.name for file in found.files] == ["release.txt", "xinyi-0.2.0-py3-none-any.whl"]
    assert found.facts.notes == {"zh": "新", "en": "new"}
    assert "xinyi==0.2.0 --hash=sha256:" in (machine.source / "0.2.0" / "release.txt").read_text("utf-8")
