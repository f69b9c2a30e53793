"""What a site takes in: whom it believes, which offer it looks at, and which it accepts.

An offer lies where the room left it, in a folder of the services' user; nothing in it is believed before its signatures
are right. The serial of the newest manifest ever accepted is kept, and nothing older is taken again.
"""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from devices.clock import Clock
from gateway.disk import write_durably
from gateway.messages import ReleaseManifest
from gateway.releases.config import ReleaseConfig
from gateway.releases.errors import GivenUp, NotAdopted, ReleaseError, TrustMissing
from gateway.releases.layout import CURRENT, Layout
from gateway.releases.manifest import Installed, Release, digest, verify
from gateway.releases.reports import ReportState, find_offer, find_root
from gateway.releases.state import EARLY, State, Step
from gateway.releases.trust import TrustedKeys

_replace = msgspec.structs.replace


class Intake:
    """The door of one machine.

    Args:
        layout: where releases lie.
        config: `[release]` of the site.
        data: the site's data folder, where offers are left.
        clock: wall time.
    """

    def __init__(self, layout: Layout, config: ReleaseConfig, data: Path, clock: Clock) -> None:
        self._layout, self._config, self._data, self._clock = layout, config, data, clock

    def now(self) -> datetime:
        """UTC."""
        return datetime.fromtimestamp(self._clock.utc_ns() / 1e9, UTC)

    def trusted(self) -> TrustedKeys:
        """Whom this site believes: what a person put there, and the roots that followed it.

        Raises:
            TrustMissing: nobody.
        """
        if not self._config.trusted:
            raise TrustMissing("release.trusted", "names no file", "set it in xinyi.toml; until then nothing is taken")
        trusted = TrustedKeys.read(Path(self._config.trusted).expanduser())
        if self._layout.trusted.exists():
            later = TrustedKeys.read(self._layout.trusted)
            trusted = later if later.number > trusted.number else trusted
        while following := find_root(self._data, trusted.number + 1):
            try:
                trusted = trusted.next(following)
            except ReleaseError:
                break
            write_durably(self._layout.trusted, msgspec.msgpack.encode(following), 0o644)
        return trusted

    def release(self, state: State) -> Release:
        """What is on its way, verified again: expiry and trusted keys may have changed while it waited.

        Raises:
            ReleaseError: it may no longer be taken.
        """
        assert state.manifest is not None
        return verify(state.manifest, self.trusted(), self.now())

    def consider(self, state: State) -> State:
        """Look at what was offered, once. What is on its way yields to a newer one until something was switched."""
        if state.step not in EARLY | {Step.IDLE} or not self._config.trusted:
            return state
        signed = find_offer(self._data)
        if signed is None or digest(signed) == state.seen:
            return state
        seen = _replace(state, seen=digest(signed))
        if signed.version == self._layout.at(CURRENT) or digest(signed) == state.digest:
            return seen  # what runs here, or has been taken in before
        try:
            return self.accept(seen, signed)
        except ReleaseError as error:
            if not error.final:
                return _replace(state, trouble=str(error))
            return seen.noted(ReportState.REFUSED, self._clock.utc_ns(), str(error), signed.version)

    def accept(self, state: State, signed: ReleaseManifest, *, hurry: bool = False) -> State:
        """Begin with a release.

        Raises:
            ReleaseError: it may not be taken; one subclass per cause.
        """
        current = self._layout.at(CURRENT)
        if not current:
            raise NotAdopted(self._layout.root, "there is no current release", "run `xinyi release adopt` first")
        release = verify(signed, self.trusted(), self.now(), Installed(current, state.serial, state.digest))
        if release.version in state.failed:
            raise GivenUp(f"release {release.version}", "failed here before", "release a newer version")
        if state.version not in {"", release.version}:
            self._layout.remove(state.version)
        fresh = _replace(
            state.ended(),
            step=Step.FETCHING,
            version=release.version,
            manifest=signed,
            hurry=hurry,
            serial=release.serial,
            digest=release.digest,
        )
        return fresh.noted(ReportState.OFFERED, self._clock.utc_ns())
