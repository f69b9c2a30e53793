"""How much one site may send before the others would feel it: token buckets, pure, with the time passed in.

A broker takes everything and acknowledges it, then drops what its reader cannot hold, anybody's (measured: 49 000
messages of one flooding site and all 100 of its neighbour). So the reader counts, per site, messages and bytes. Over
its rate a site's receipts are held back, which stops an honest sender at its window; who goes on without receipts, or
in debt beyond what a window and its repetitions can explain, is shut out for a while, twice as long each time.
"""

from dataclasses import dataclass, field
from enum import StrEnum

_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """For one site. A relay of a town speaks for many rooms: give it more.

    Attributes:
        messages_per_s: for good.
        bytes_per_s: for good.
        burst_s: so many seconds of that at once, after a rest.
        debt_s: so many seconds of that in advance before the site is shut out.
        shut_s: for how long, the first time; doubled each time up to `shut_most_s`, and forgotten after as long a good
            conduct.
    """

    messages_per_s: float = 200.0
    bytes_per_s: float = 8 * 1024.0 * 1024.0
    burst_s: float = 5.0
    debt_s: float = 10.0
    shut_s: float = 60.0
    shut_most_s: float = 3600.0


class Verdict(StrEnum):
    """`TAKE` it; take it but hold the receipt back (`LATER`); `SHUT` the site out; `DROP` it, the site is shut out and
    this was still under way.
    """

    TAKE = "take"
    LATER = "later"
    SHUT = "shut"
    DROP = "drop"


@dataclass(slots=True)
class _Account:
    """Time of rate left, for messages and bytes: from `burst_s` down to -`debt_s`. Whole ns, so that it adds up."""

    messages_ns: int
    bytes_ns: int
    at_ns: int
    shut_until_ns: int = 0
    shut_s: float = 0.0
    let_in_ns: int = 0


@dataclass(slots=True)
class Quota:
    """Accounts of all sites. `own` has limits of sites that are not like the others."""

    limits: Limits = field(default_factory=Limits)
    own: dict[str, Limits] = field(default_factory=dict)
    _accounts: dict[str, _Account] = field(default_factory=dict)

    def count(self, site: str, size: int, now_ns: int) -> Verdict:
        """A message of so many bytes has come from a site; what to do with it. Now is monotonic."""
        limits = self.own.get(site, self.limits)
        burst_ns = round(limits.burst_s * _S)
        account = self._accounts.setdefault(site, _Account(burst_ns, burst_ns, now_ns))
        if account.shut_until_ns:
            return Verdict.DROP
        passed_ns = max(0, now_ns - account.at_ns)
        account.at_ns = max(now_ns, account.at_ns)
        account.messages_ns = min(burst_ns, account.messages_ns + passed_ns) - round(_S / limits.messages_per_s)
        account.bytes_ns = min(burst_ns, account.bytes_ns + passed_ns) - round(size * _S / limits.bytes_per_s)
        left_ns = min(account.messages_ns, account.bytes_ns)
        if left_ns >= 0:
            return Verdict.TAKE
        if left_ns >= -limits.debt_s * _S:
            return Verdict.LATER
        if now_ns - account.let_in_ns > limits.shut_most_s * _S:
            account.shut_s = 0.0
        account.shut_s = min(limits.shut_most_s, 2 * account.shut_s or limits.shut_s)
        account.shut_until_ns = now_ns + round(account.shut_s * _S)
        return Verdict.SHUT

    def wait_s(self, site: str, now_ns: int) -> float:
        """For how long the receipts of a site are to be held back; 0: send them."""
        account = self._accounts.get(site)
        if account is None:
            return 0.0
        return max(0, account.at_ns - now_ns - min(account.messages_ns, account.bytes_ns)) / _S

    def shut(self, now_ns: int) -> dict[str, float]:
        """Sites that are shut out, and for how many seconds yet."""
        return {
            site: max(0.0, (account.shut_until_ns - now_ns) / _S)
            for site, account in self._accounts.items()
            if account.shut_until_ns
        }

    def due(self, now_ns: int) -> list[str]:
        """Sites whose time is over: let them in. Each starts again with an empty account."""
        sites = [site for site, left_s in self.shut(now_ns).items() if not left_s]
        for site in sites:
            account = self._accounts[site]
            account.shut_until_ns, account.messages_ns, account.bytes_ns = 0, 0, 0
            account.at_ns = account.let_in_ns = now_ns
        return sites
