"""PINs of files: scrypt (RFC 7914) with a salt for each, its parameters beside it.

A PIN has four digits, so no hash keeps it from whoever can try offline for an hour: what does is the seal of the record
that holds it. Online the tries are counted (`gateway/services/files.py`).
"""

import hashlib
import hmac
import secrets

from gateway.messages import PersonFile

N, R, P = 1 << 14, 8, 1
"""16 MB and about 50 ms for each try (OWASP's least for interactive use is n = 2**14 with r = 8, p = 5 or more memory;
here the count of tries is the bound)."""
_SALT_BYTES, _HASH_BYTES = 16, 32
_DECOY_SALT = bytes(_SALT_BYTES)


def new_file(
    code: str, pin: str, *, age_band: str, language: str, opened_utc_ns: int, opened_by: str, version: int = 1
) -> PersonFile:
    """The record that opens a file for a code, or gives it a new PIN with a higher version. Takes about 50 ms."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(pin, salt, N, R, P)
    return PersonFile(code, version, salt, digest, N, R, P, age_band, language, opened_utc_ns, opened_by)


def opens(file: PersonFile | None, pin: str) -> bool:
    """Whether a PIN is that of a file. Without a file it takes as long, and is False."""
    if file is None:
        _scrypt(pin, _DECOY_SALT, N, R, P)
        return False
    try:
        digest = _scrypt(pin, file.pin_salt, file.scrypt_n, file.scrypt_r, file.scrypt_p)
    except (ValueError, OverflowError):  # parameters that nobody of ours has written
        return False
    return hmac.compare_digest(digest, file.pin_hash)


def _scrypt(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, dklen=_HASH_BYTES)
