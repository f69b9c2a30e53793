"""The room's side of a release: fetch, install beside the old one, try, wait for the night, switch, watch, keep or not.

`tick` does as much as can be done now and returns; a timer calls it every minute, always from the release that was last
found good (`steady`), so a new one that cannot even start is taken back as well. The next step is written before it is
begun and each may be done twice: after a power cut the next tick goes on. TUF specification 1.0, chapter 5, for what is
refused.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devices.clock import Clock
from gateway.disk import OneWriter, write_durably
from gateway.errors import StoreCorrupt
from gateway.messages import ReleaseManifest
from gateway.releases.config import ReleaseConfig
from gateway.releases.errors import NothingToDo, ReleaseError, RestartFailed
from gateway.releases.fetch import check_room, fetch
from gateway.releases.install import Check, Installer
from gateway.releases.intake import Intake
from gateway.releases.layout import CURRENT, STEADY, Layout
from gateway.releases.manifest import digest, read
from gateway.releases.probation import Probation, Verdict, judge
from gateway.releases.reports import ReportState, read_signed
from gateway.releases.state import EARLY, State, Step, read_state, write_state

_replace = msgspec.structs.replace


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the updater asks of a site; `gateway.releases.hooks` has those of a real one.

    Attributes:
        install: makes the environment of a release.
        check: tries whether a new release starts.
        free: whether nobody is in a session.
        unwell: what is wrong with the running services, "" when all is well.
        backup: saves what a new version may change; gets the new version.
        restart: restarts the services from `current`.
    """

    install: Installer
    check: Check
    free: Callable[[], bool]
    unwell: Callable[[], str]
    backup: Callable[[str], None]
    restart: Callable[[], None]


class Updater:
    """One machine's updater.

    Args:
        layout: where releases lie.
        config: `[release]` of the site.
        data: the site's data folder, where offers are left.
        hooks: what it asks of the site.
        clock: wall time, and the machine's monotonic time.
        boot: id of this boot of the machine.
        free_bytes: free disk space of a folder; None asks the disk.
        mark: told before and after each step (tests pull the plug there).
    """

    def __init__(
        self,
        layout: Layout,
        config: ReleaseConfig,
        data: Path,
        hooks: Hooks,
        clock: Clock,
        boot: str,
        *,
        free_bytes: Callable[[Path], int] | None = None,
        mark: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._layout, self._config, self._hooks = layout, config, hooks
        self._clock, self._boot, self._free_bytes, self._mark = clock, boot, free_bytes, mark
        self._intake = Intake(layout, config, data, clock)
        self._steps: dict[Step, Callable[[State], State]] = {
            Step.FETCHING: self._fetch,
            Step.INSTALLING: self._install,
            Step.CHECKING: self._check,
            Step.WAITING: self._wait,
            Step.SAVING: self._back_up,
            Step.SWITCHING: self._switch,
            Step.RESTARTING: self._restart,
            Step.PROBATION: self._watch,
            Step.COMMITTING: self._commit,
            Step.RETURNING: self._return,
        }

    def tick(self) -> State:
        """Go on with what is under way, or take what was offered, as far as it goes now.

        Raises:
            StoreBusy: another updater is at work.
            StoreUnwritable: the root cannot be written.
        """
        with self._alone():
            state = self._load()
            considered = self._intake.consider(state)
            if considered != state:
                self._save(considered)
            return self._run(considered)

    def take(self, signed: ReleaseManifest, *, hurry: bool = False) -> State:
        """Take a manifest that a person brings, also one that was given up before; verified like any other.

        Raises:
            ReleaseError: it cannot be taken; one subclass per cause.
        """
        with self._alone():
            state = self._load()
            if state.step not in EARLY | {Step.IDLE}:
                raise NothingToDo(f"release {state.version}", f"is {state.step}", "let it end first")
            state = _replace(state, failed=[version for version in state.failed if version != signed.version])
            accepted = self._intake.accept(state, signed, hurry=hurry)
            self._save(accepted)
            return self._run(accepted)

    def go_back(self, why: str) -> State:
        """Go back to the release before, now. What is on its way and has not been switched to is dropped.

        Raises:
            NothingToDo: there is none.
        """
        with self._alone():
            state = self._load()
            if state.step in EARLY:
                self._layout.remove(state.version)
                state = state.noted(ReportState.REFUSED, self._clock.utc_ns(), why).ended(failed=state.version)
                self._save(state)
                return state
            if not self._layout.mark_of(state.previous):
                raise NothingToDo(self._layout.root, "no release to go back to", "apply one")
            return self._run(self._returning(_replace(state, version=self._layout.at(CURRENT)), why))

    # What is under way ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._layout.prepare()
        lock = OneWriter(self._layout.state)
        try:
            yield
        finally:
            lock.close()

    def _run(self, state: State) -> State:
        while state.step is not Step.IDLE:
            self._mark(f"before {state.step}")
            try:
                after = self._steps[state.step](state)
                stumbled = False
            except ReleaseError as error:
                after = self._stumbled(state, error)
                stumbled = True
            self._mark(f"after {state.step}")
            if after != state:
                self._save(after)
            if after.step is state.step or (stumbled and after.step is not Step.RETURNING):
                return after
            state = after
        return state

    def _stumbled(self, state: State, error: ReleaseError) -> State:
        untouched = state.step in EARLY or (state.step is Step.SWITCHING and self._layout.at(CURRENT) != state.version)
        if untouched and error.final:
            self._layout.remove(state.version)
            return state.noted(ReportState.REFUSED, self._clock.utc_ns(), str(error)).ended(failed=state.version)
        if untouched:
            step = Step.WAITING if state.step in {Step.SAVING, Step.SWITCHING} else state.step
            return _replace(state, step=step, trouble=str(error))
        if state.step is Step.RESTARTING:
            return self._returning(state, str(error))
        return _replace(state, trouble=str(error))

    def _returning(self, state: State, why: str) -> State:
        state = _replace(state, step=Step.RETURNING, why=why, trouble="")
        self._save(state)
        return state

    def _load(self) -> State:
        try:
            return read_state(self._layout.state)
        except StoreCorrupt:
            return self._mended()

    def _mended(self) -> State:
        """A damaged state: aside with it, back to what was last found good, and nothing older than that."""
        self._layout.state.replace(self._layout.state.with_suffix(".damaged"))
        steady, current = self._layout.at(STEADY), self._layout.at(CURRENT)
        state = State(previous=steady, first=self._clock.utc_ns() // 1_000_000_000)
        kept = read_signed(self._layout.release(steady) / "manifest.release") if steady else None
        if kept:
            state = _replace(state, serial=read(kept).serial, digest=digest(kept))
        if current != steady and self._layout.mark_of(steady):
            return self._returning(_replace(state, version=current), "the updater's state was damaged")
        self._save(state)
        return state

    def _save(self, state: State) -> None:
        write_state(self._layout.state, state)

    # The steps, in their order ----------------------------------------------------------------------------------

    def _fetch(self, state: State) -> State:
        release = self._intake.release(state)
        folder = self._layout.files(state.version)
        if not folder.exists():
            check_room(self._layout.root, release, self._free_bytes)
        fetch(self._config.source, release, folder, self._config.ca)
        return _replace(state.noted(ReportState.FETCHED, self._clock.utc_ns()), step=Step.INSTALLING, trouble="")

    def _install(self, state: State) -> State:
        release = self._intake.release(state)
        if self._layout.mark_of(state.version) != release.digest:
            self._hooks.install(self._layout.release(state.version), self._layout.files(state.version))
            assert state.manifest is not None
            kept = self._layout.release(state.version) / "manifest.release"
            write_durably(kept, msgspec.msgpack.encode(state.manifest), 0o644)
            self._layout.complete(state.version, release.digest)
        return _replace(state, step=Step.CHECKING, trouble="")

    def _check(self, state: State) -> State:
        self._hooks.check(self._layout.release(state.version), state.version)
        return _replace(state, step=Step.WAITING, trouble="")

    def _wait(self, state: State) -> State:
        waits = self._waits_for(state)
        return _replace(state, step=Step.WAITING if waits else Step.SAVING, trouble=waits)

    def _waits_for(self, state: State) -> str:
        release = self._intake.release(state)
        now = self._intake.now()
        if self._config.hold in {release.version, "*"}:
            return "held by the settings of this site (release.hold)"
        if now < release.facts.not_before:
            return f"not before {release.facts.not_before:%Y-%m-%d %H:%M} UTC"
        if not state.hurry and not self._config.may_switch(now):
            return f"waits for the night ({self._config.night_from}-{self._config.night_to} {self._config.zone})"
        if not self._hooks.free():
            return "somebody is in a session"
        if not state.hurry and (wrong := self._hooks.unwell()):
            return f"the site was not well before the switch: {wrong}"
        return ""

    def _back_up(self, state: State) -> State:
        self._hooks.backup(state.version)
        return _replace(state, step=Step.SWITCHING, previous=self._layout.at(CURRENT), trouble="")

    def _switch(self, state: State) -> State:
        if self._layout.at(CURRENT) != state.version and (waits := self._waits_for(state)):  # a backup takes its time,
            return _replace(state, step=Step.WAITING, trouble=waits)  # and a power cut may have come with the day
        self._layout.point(CURRENT, state.version)
        return _replace(state, step=Step.RESTARTING)

    def _restart(self, state: State) -> State:
        try:
            self._hooks.restart()
        except Exception as error:  # noqa: BLE001  # whatever it is, the old version must run again
            raise RestartFailed(f"release {state.version}", f"services do not restart: {error}", "going back") from None
        begun = Probation(self._boot, self._clock.now_ns())
        return _replace(state.noted(ReportState.APPLIED, self._clock.utc_ns()), step=Step.PROBATION, probation=begun)

    def _watch(self, state: State) -> State:
        seen, verdict, why = judge(state.probation, self._boot, self._clock.now_ns(), self._unwell(), self._config)
        state = _replace(state, probation=seen, trouble=why if verdict is Verdict.OPEN else "")
        if verdict is Verdict.GOOD:
            return _replace(state, step=Step.COMMITTING)
        if verdict is Verdict.BAD:
            return _replace(state, step=Step.RETURNING, why=why)
        return state

    def _commit(self, state: State) -> State:
        self._layout.point(STEADY, state.version)
        self._layout.keep_only(state.version, state.previous)
        return state.noted(ReportState.HEALTHY, self._clock.utc_ns()).ended()

    def _return(self, state: State) -> State:
        self._layout.point(CURRENT, state.previous)
        self._layout.point(STEADY, state.previous)
        try:
            self._hooks.restart()
        except Exception as error:  # noqa: BLE001  # whatever it is, the old version must run again
            raise RestartFailed(f"release {state.previous}", f"services do not restart: {error}", "see them") from None
        done = state.noted(ReportState.ROLLED_BACK, self._clock.utc_ns(), state.why)
        return done.ended(failed=state.version, previous="")

    def _unwell(self) -> str:
        try:
            return self._hooks.unwell()
        except Exception as error:  # noqa: BLE001  # whatever keeps it from knowing that all is well
            return f"{type(error).__name__}: {error}"
