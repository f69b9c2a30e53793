"""What can go wrong with certificates, tokens and escrowed keys: one class per cause, one line with the remedy."""

from gateway.errors import StoreError


class TrustError(StoreError):
    """Something about trust between sites. `str(error)` is one line with the remedy."""


class NameRefused(TrustError):
    """Not a site's id, so no certificate can carry it."""


class AuthorityMissing(TrustError):
    """There is no authority in this folder, or a part of it is missing or damaged."""


class TokenRefused(TrustError):
    """The enrolment token is unknown, used, too old, or does not belong to this request."""


class RequestRefused(TrustError):
    """The request or answer is not what it must be: damaged, for somebody else, or signed by somebody else."""


class CertificateRevoked(TrustError):
    """The certificate was taken back."""


class CertificateExpired(TrustError):
    """The certificate is past its end."""


class NotEnrolled(TrustError):
    """This site has no certificate, or no key or request for one."""


class EscrowBroken(TrustError):
    """The wrapped key was changed, or wrapped for another site."""
