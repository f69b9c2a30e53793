"""Whatever is logged, at the most talkative level, and whatever goes wrong: no key and no token is in it."""

import base64
import logging
from pathlib import Path

import msgspec
import pytest
from trust_parts import MINE, NEIGHBOUR, UpperSite, enrolled, now

from gateway.keys import Keyring, restore_key
from gateway.link import LinkLost
from gateway.trust.enrolment import Token, answer, make_token
from gateway.trust.errors import TrustError
from gateway.trust.escrow import escrow_key, public_key, unwrap, wrap_all
from gateway.trust.identity import Identity

PRIVATE = ("*.key", "identity.pem", "pending.json", "secret")


def secrets_in(folder: Path) -> set[str]:
    """The lines of every private file, and raw keys in the ways in which somebody could print them."""
    found: set[str] = set()
    for file in (path for pattern in PRIVATE for path in folder.rglob(pattern)):
        data = file.read_bytes()
        found |= {data.hex(), repr(data)[2:-1], base64.b64encode(data).decode()}
        if b"PRIVATE KEY-----" in data:
            body = data.decode().replace("\\n", "\n").partition("PRIVATE KEY-----\n")[2].partition("\n-----END")[0]
            found |= set(body.splitlines())
    return {secret for secret in found if len(secret) >= 16}


async def test_enrolment_renewal_revocation_and_escrow_say_no_secret(
    upper: UpperSite, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("paho").setLevel(logging.DEBUG)
    said: list[str] = []

    token = make_token(upper.authority, MINE, now=now())
    site = Identity(tmp_path / "site")
    request = site.request(token)
    secrets = secrets_in(tmp_path) | {Token.parse(token).secret}
    site.install(answer(upper.authority, request, now=now()))
    renewal = site.renewal()
    secrets |= secrets_in(tmp_path)
    for wrong in (b"", request, renewal, Identity(tmp_path / "thief").request(token)):
        try:
            site.install(answer(upper.authority, wrong, now=now()))
        except TrustError as error:
            said += [str(error), repr(error)]
    logging.getLogger("gateway").debug("%r %r %r", Token.parse(token), site, upper.authority)

    keys = Keyring.open(tmp_path / "keys")
    pair = escrow_key(upper.authority.folder)
    logging.getLogger("gateway").debug("%r %r", keys, pair)
    for one in wrap_all(public_key(site.escrow_pem), tmp_path / "keys"):
        restore_key(tmp_path / "restored", one.key_id, unwrap(pair.private, one))
        try:
            unwrap(pair.private, msgspec.structs.replace(one, wrapped=b"changed"))
        except TrustError as error:
            said += [str(error), repr(error)]

    neighbour = enrolled(upper.authority, tmp_path, NEIGHBOUR)
    async with upper.link(site), upper.link(neighbour):
        await upper.gate.hold(NEIGHBOUR)
        await upper.gate.revoke(MINE)
    for identity in (site, neighbour):
        try:
            async with upper.link(identity):
                pass
        except LinkLost as error:
            said += [str(error), repr(error)]
    secrets |= secrets_in(tmp_path)

    out, err = capfd.readouterr()
    everything = "\n".join([caplog.text, out, err, *said])
    assert "Authority" in everything, "there was something to look through"
    assert len(secrets) > 30
    assert [secret for secret in secrets if secret in everything] == []


def test_an_address_is_printed_without_its_password(upper: UpperSite) -> None:
    assert upper.address.password
    assert upper.address.password not in f"{upper.address} {upper.address!r}"
