"""Enrolment: a token once, then the certificate in force; nobody else, and never the private key."""

import datetime as dt
import stat
from pathlib import Path

import msgspec
import pytest
from trust_parts import MINE, NEIGHBOUR, UPPER, enrolled, now

from gateway.trust.authority import LIFE, Authority
from gateway.trust.enrolment import GRACE, Answer, Request, Token, answer, answer_renewal, make_token
from gateway.trust.errors import CertificateExpired, CertificateRevoked, NotEnrolled, RequestRefused, TokenRefused
from gateway.trust.escrow import escrow_key
from gateway.trust.identity import Identity
from gateway.trust.tls import client_context

DAY = dt.timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Identity:
    return Identity(tmp_path / "identity")


def asked(request: bytes, **changed: str) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(msgspec.json.decode(request, type=Request), **changed))


def test_a_token_brings_a_certificate_that_can_be_used(authority: Authority, site: Identity) -> None:
    request = site.request(make_token(authority, MINE, now=now()))
    site.install(answer(authority, request, now=now()))
    assert site.site == MINE
    client_context(site.tls_files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in site.folder.iterdir()} == {0o600}


def test_neither_the_private_key_nor_the_token_travels_or_stays(authority: Authority, site: Identity) -> None:
    token = make_token(authority, MINE, now=now())
    secret = Token.parse(token).secret.encode()
    request = site.request(token)
    got = answer(authority, request, now=now())
    site.install(got)
    for data in (request, got, *(file.read_bytes() for file in authority.folder.iterdir())):
        assert secret not in data
    key = site.tls_files.key.read_bytes().split(b"-----")[2]
    for data in (request, got, authority.register_path.read_bytes()):
        assert b"PRIVATE" not in data
        assert key not in data
    assert secret.decode() not in repr(Token.parse(token))


def test_a_token_lets_in_one_key_only(authority: Authority, site: Identity, tmp_path: Path) -> None:
    token = make_token(authority, MINE, now=now())
    request = site.request(token)
    first, again = (msgspec.json.decode(answer(authority, request, now=now()), type=Answer) for _ in range(2))
    assert again.certificate_pem == first.certificate_pem, "an answer that was lost can be had again"
    with pytest.raises(TokenRefused, match="was used before; give it a new one: xinyi enrol token"):
        answer(authority, Identity(tmp_path / "thief").request(token), now=now())


def test_a_token_ends(authority: Authority, site: Identity) -> None:
    request = site.request(make_token(authority, MINE, now=now(), life=DAY))
    with pytest.raises(TokenRefused, match="is too old"):
        answer(authority, request, now=now() + 2 * DAY)


def test_a_token_is_for_its_site_and_for_the_request_that_was_made_with_it(
    authority: Authority, site: Identity, tmp_path: Path
) -> None:
    request = site.request(make_token(authority, MINE, now=now()))
    make_token(authority, NEIGHBOUR, now=now())
    other = msgspec.json.decode(Identity(tmp_path / "thief").request(make_token(authority, NEIGHBOUR, now=now())))
    for forged in (
        asked(request, site=NEIGHBOUR),
        asked(request, csr_pem=other["csr_pem"]),
        asked(request, proof="00" * 32),
        asked(request, proof=""),
    ):
        with pytest.raises(TokenRefused, match="the token is unknown"):
            answer(authority, forged, now=now())


def test_a_new_token_voids_the_one_before_and_so_does_a_revocation(authority: Authority, site: Identity) -> None:
    request = site.request(make_token(authority, MINE, now=now()))
    request_2 = Identity(site.folder / "2").request(make_token(authority, MINE, now=now()))
    with pytest.raises(TokenRefused, match="is unknown"):
        answer(authority, request, now=now())
    authority.revoke(MINE, now=now())
    with pytest.raises(TokenRefused, match="is too old"):
        answer(authority, request_2, now=now())


def test_an_answer_of_another_authority_is_not_installed(authority: Authority, site: Identity, tmp_path: Path) -> None:
    other = Authority.open(tmp_path / "other", site=UPPER)
    real, false = make_token(authority, MINE, now=now()), make_token(other, MINE, now=now())
    site.request(real)
    pending = (site.folder / "pending.json").read_bytes()
    answer_of_other = answer(other, site.request(false), now=now())
    (site.folder / "pending.json").write_bytes(pending)
    with pytest.raises(TokenRefused, match="is from another authority than the token"):
        site.install(answer_of_other)
    with pytest.raises(NotEnrolled):
        site.certificate  # noqa: B018


def test_an_answer_for_somebody_else_or_a_changed_one_is_not_installed(
    authority: Authority, site: Identity, tmp_path: Path
) -> None:
    other = enrolled(authority, tmp_path, NEIGHBOUR)
    foreign = answer(authority, other.renewal(), now=now())
    good = answer(authority, site.request(make_token(authority, MINE, now=now())), now=now())
    another_escrow_key = msgspec.json.encode(
        msgspec.structs.replace(
            msgspec.json.decode(good, type=Answer), escrow_pem=escrow_key(tmp_path).public_pem.decode()
        )
    )
    with pytest.raises(RequestRefused, match="is for another request"):
        site.install(foreign)
    for changed in (
        good[:-9],
        another_escrow_key,
        b"",
        b"{}",
        b"x" * 100_000,
    ):
        with pytest.raises(RequestRefused):
            site.install(changed)
    site.install(good)


def test_renewal_is_due_at_two_thirds_of_the_life(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    assert not site.needs_renewal(now() + 19 * DAY)
    assert site.needs_renewal(now() + 20 * DAY)


def test_the_certificate_in_force_brings_the_next_one_for_a_new_key(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    before, later = site.certificate, now() + 20 * DAY
    site.install(answer_renewal(authority, site.renewal(), site=MINE, now=later))
    assert site.certificate.public_key() != before.public_key()
    assert site.certificate.not_valid_after_utc > later + LIFE - DAY
    client_context(site.tls_files)


def test_a_renewal_whose_answer_was_lost_is_asked_again_and_gets_the_same(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    first = msgspec.json.decode(answer_renewal(authority, site.renewal(), site=MINE, now=now()))
    again = answer_renewal(authority, site.renewal(), site=MINE, now=now())
    assert msgspec.json.decode(again)["certificate_pem"] == first["certificate_pem"]
    site.install(again)
    assert len(authority.register().certificates) == 2


def test_a_renewal_by_mqtt_is_for_the_site_that_the_connection_is_of(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    with pytest.raises(RequestRefused, match="asks for something that is not its renewal"):
        answer_renewal(authority, site.renewal(), site=NEIGHBOUR, now=now())
    by_token = Identity(tmp_path / "new").request(make_token(authority, MINE, now=now()))
    with pytest.raises(RequestRefused, match="asks for something that is not its renewal"):
        answer_renewal(authority, by_token, site=MINE, now=now())


def test_a_renewal_needs_the_key_of_the_certificate(authority: Authority, tmp_path: Path) -> None:
    site, neighbour = enrolled(authority, tmp_path, MINE), enrolled(authority, tmp_path, NEIGHBOUR)
    mine, other = (msgspec.json.decode(one.renewal(), type=Request) for one in (site, neighbour))
    for forged in (
        msgspec.structs.replace(mine, proof=other.proof),
        msgspec.structs.replace(mine, csr_pem=other.csr_pem),
        msgspec.structs.replace(other, site=MINE),
        msgspec.structs.replace(mine, certificate_pem=authority.ca_pem.decode()),
        msgspec.structs.replace(mine, certificate_pem="rubbish"),
        msgspec.structs.replace(mine, proof="not hex"),
    ):
        with pytest.raises(RequestRefused):
            answer(authority, msgspec.json.encode(forged), now=now())


def test_a_revoked_certificate_renews_nothing(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    authority.revoke(MINE, now=now())
    with pytest.raises(CertificateRevoked, match="give it a new token"):
        answer(authority, site.renewal(), now=now())


def test_a_room_that_was_away_longer_than_its_certificate_renews_by_stick_up_to_half_a_year(
    authority: Authority, tmp_path: Path
) -> None:
    site = enrolled(authority, tmp_path, MINE)
    with pytest.raises(CertificateExpired, match="ended too long ago; give it a new token"):
        answer(authority, site.renewal(), now=now() + LIFE + GRACE + DAY)
    site.install(answer(authority, site.renewal(), now=now() + LIFE + GRACE - DAY))


def test_an_ended_certificate_that_has_a_successor_renews_nothing(authority: Authority, tmp_path: Path) -> None:
    site = enrolled(authority, tmp_path, MINE)
    stolen = Identity(tmp_path / "thief")
    stolen.folder.mkdir()
    for file in site.folder.iterdir():
        (stolen.folder / file.name).write_bytes(file.read_bytes())
    site.install(answer(authority, site.renewal(), now=now() + 20 * DAY))
    with pytest.raises(CertificateExpired):
        answer(authority, stolen.renewal(), now=now() + 31 * DAY)


def test_a_request_that_is_no_request_is_one_line(authority: Authority, site: Identity) -> None:
    good = site.request(make_token(authority, MINE, now=now()))
    for bad in (b"", b"[]", good[:50], b" " * 20_000, asked(good, csr_pem="x"), good[:-1] + b',"more":1}'):
        with pytest.raises(RequestRefused) as caught:
            answer(authority, bad, now=now())
        assert "\n" not in str(caught.value)


def test_a_site_without_certificate_says_what_to_do(site: Identity) -> None:
    for what in (lambda: site.certificate, site.renewal, lambda: site.needs_renewal(now()), lambda: site.escrow_pem):
        with pytest.raises(NotEnrolled, match="run xinyi enrol request with a token of the site above"):
            what()
    with pytest.raises(NotEnrolled, match="has asked for no certificate"):
        site.install(b"")
    with pytest.raises(TokenRefused, match="is not whole; copy all of"):
        site.request("half a token")
