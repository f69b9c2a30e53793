"""The small authority: what it issues, what it refuses, what it takes back."""

import datetime as dt
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from trust_parts import MINE, NEIGHBOUR, UPPER, now

from gateway.trust.authority import LIFE, Authority
from gateway.trust.certificates import new_key, site_id
from gateway.trust.errors import AuthorityMissing, NameRefused, RequestRefused


def csr_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = MINE) -> x509.CertificateSigningRequest:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())


def certificate_for(authority: Authority, site: str = MINE, **more: object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.issue(csr_of(new_key()), site, now=now(), **more))


def crl_of(authority: Authority) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(authority.crl_path.read_bytes())


def test_an_authority_is_the_same_when_it_is_opened_again_and_for_this_user_only(authority: Authority) -> None:
    again = Authority.open(authority.folder, create=False)
    assert again.ca_pem == authority.ca_pem
    assert {stat.S_IMODE(file.stat().st_mode) for file in authority.folder.iterdir()} == {0o600}


def test_a_certificate_says_which_site_and_is_short_lived(authority: Authority) -> None:
    one = certificate_for(authority)
    one.verify_directly_issued_by(authority.certificate)
    assert [attribute.value for attribute in one.subject] == [MINE]
    names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [f"xinyi:site:{MINE}"]
    assert list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    assert not one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert abs(one.not_valid_after_utc - now() - LIFE) < dt.timedelta(minutes=1)
    assert one.not_valid_before_utc < now() - dt.timedelta(minutes=50), "for rooms whose clock is behind"


def test_the_name_comes_from_the_authority_and_not_from_the_request(authority: Authority) -> None:
    pem = authority.issue(csr_of(new_key(), NEIGHBOUR), MINE, now=now())
    assert NEIGHBOUR.encode() not in pem
    assert x509.load_pem_x509_certificate(pem).subject.rfc4514_string() == f"CN={MINE}"


@pytest.mark.parametrize(
    "name",
    [
        "room",
        "kiosk-1",
        "console",
        "centre",
        "relay",
        "",
        "a.b.c.d.e.f",
        "a" * 65,
        "a.b.#",
        "a.+.c",
        "a/b.c.d",
        "A.B.C",
        f"{MINE}\n",
        "华都.新华.0007",
    ],
)
def test_the_name_of_a_process_or_a_wildcard_is_no_site(authority: Authority, name: str) -> None:
    with pytest.raises(NameRefused, match=r"is not the id of a site; write it as district\.town\.room"):
        site_id(name)
    with pytest.raises(NameRefused):
        authority.issue(csr_of(new_key()), name, now=now())


def test_a_weak_key_is_refused(authority: Authority) -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP192R1())):
        with pytest.raises(RequestRefused, match="signing request is not good"):
            authority.issue(csr_of(key), MINE, now=now())


def test_the_same_key_asked_for_again_gets_the_same_certificate(authority: Authority) -> None:
    csr = csr_of(new_key())
    assert authority.issue(csr, MINE, now=now()) == authority.issue(csr, MINE, now=now())
    assert len(authority.register().certificates) == 1


def test_a_certificate_never_outlives_its_authority(authority: Authority) -> None:
    one = certificate_for(authority, life=dt.timedelta(days=9999))
    assert one.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_the_brokers_certificate_stays_while_it_is_good_and_changes_with_the_names(authority: Authority) -> None:
    def served(*names: str, at: dt.datetime) -> bytes:
        return authority.serve(names, now=at)[0].read_bytes()

    first = served("10.0.0.5", "broker.example", at=now())
    names = x509.load_pem_x509_certificate(first).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["10.0.0.5", "broker.example"]
    assert served("10.0.0.5", "broker.example", at=now()) == first
    later = served("10.0.0.5", "broker.example", at=now() + dt.timedelta(days=250))
    assert later != first
    assert served("10.0.0.6", at=now()) != later


def test_a_revoked_site_is_on_the_list_with_all_its_certificates_and_nobody_else(authority: Authority) -> None:
    mine = [certificate_for(authority), certificate_for(authority)]
    other = certificate_for(authority, NEIGHBOUR)
    assert len(authority.revoke(MINE, now=now())) == 2
    crl = crl_of(authority)
    assert crl.is_signature_valid(authority.certificate.public_key())
    assert all(crl.get_revoked_certificate_by_serial_number(one.serial_number) for one in mine)
    assert crl.get_revoked_certificate_by_serial_number(other.serial_number) is None


def test_one_certificate_is_revoked_by_its_serial(authority: Authority) -> None:
    old, new = certificate_for(authority), certificate_for(authority)
    assert authority.revoke(f"{old.serial_number:x}", now=now()) == [f"{old.serial_number:x}"]
    assert crl_of(authority).get_revoked_certificate_by_serial_number(new.serial_number) is None
    assert authority.revoke("what nobody has", now=now()) == []


def test_each_list_has_a_higher_number_and_a_later_time_even_within_a_second(authority: Authority) -> None:
    lists = [x509.load_pem_x509_crl(authority.crl(now=now())) for _ in range(5)]
    numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in lists]
    times = [one.last_update_utc for one in lists]
    assert numbers == sorted(set(numbers))
    assert times == sorted(set(times))
    assert times[-1] < now()


def test_what_is_held_comes_off_the_list_and_what_is_revoked_never(authority: Authority) -> None:
    held, revoked = certificate_for(authority), certificate_for(authority, NEIGHBOUR)
    authority.revoke(NEIGHBOUR, now=now())
    authority.hold([MINE, NEIGHBOUR], now=now())
    assert crl_of(authority).get_revoked_certificate_by_serial_number(held.serial_number)
    authority.hold([], now=now())
    assert [one.serial_number for one in crl_of(authority)] == [revoked.serial_number]


def test_several_processes_may_issue_at_once(authority: Authority) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: certificate_for(Authority.open(authority.folder)), range(20)))
    assert len(authority.register().certificates) == 20


def test_what_ended_long_ago_is_forgotten(authority: Authority) -> None:
    certificate_for(authority)
    authority.issue(csr_of(new_key()), NEIGHBOUR, now=now() + dt.timedelta(days=500))
    assert [one.site for one in authority.register().certificates] == [NEIGHBOUR]


def test_no_authority_or_a_damaged_one_is_one_line_with_the_remedy(tmp_path: Path, authority: Authority) -> None:
    with pytest.raises(AuthorityMissing, match="has no authority; run at the site above"):
        Authority.open(tmp_path / "nowhere", create=False)
    (authority.folder / "authority.key").write_bytes(b"rubbish")
    with pytest.raises(AuthorityMissing, match="incomplete or damaged") as caught:
        Authority.open(authority.folder)
    assert "rubbish" not in str(caught.value)
    Authority.open(tmp_path / "other", site=UPPER)
    (authority.folder / "authority.key").write_bytes((tmp_path / "other" / "authority.key").read_bytes())
    with pytest.raises(AuthorityMissing, match="do not belong together"):
        Authority.open(authority.folder)
