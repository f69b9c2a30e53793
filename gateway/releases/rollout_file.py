"""The one rollout of an upper level, in a file of its data folder that the centre and the command line take in turns.

What a person asks for (halt, resume, abort) changes the state at once; the records that follow from it are put into
`todo` and sent by the centre at its next turn.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from gateway.disk import OneWriter, make_folder, write_durably
from gateway.errors import StoreCorrupt
from gateway.messages import ReleaseManifest, ReleaseReport
from gateway.releases import rollout as machine
from gateway.releases.cohorts import Wishes
from gateway.releases.errors import NothingToDo, RolloutBusy
from gateway.releases.plan import Action, Policy, Rollout, SiteHealth, Status


class _Stored(Struct, frozen=True):
    rollout: Rollout
    manifest: ReleaseManifest
    todo: list[Action] = []


class RolloutFile:
    """Context manager; what was changed inside is on the disk when it ends without an exception.

    Raises:
        StoreBusy: somebody else has it at this moment.
        StoreCorrupt: the file is not ours.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / "releases" / "rollout.json"
        self._stored: _Stored | None = None

    def __enter__(self) -> Self:
        make_folder(self._path.parent)
        self._lock = OneWriter(self._path)
        try:
            self._stored = self._before = self._read()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        try:
            if kind is None and self._stored is not None and self._stored != self._before:
                write_durably(self._path, msgspec.json.encode(self._stored))
        finally:
            self._lock.close()

    def _read(self) -> _Stored | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Stored)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise StoreCorrupt(self._path, f"not a rollout ({error})", "move it away and begin again") from None

    @staticmethod
    def is_there(data: Path) -> bool:
        """Whether there has ever been one in this data folder."""
        return (data / "releases" / "rollout.json").exists()

    @property
    def running(self) -> bool:
        """Whether there is one that has not ended."""
        return self._stored is not None and self._stored.rollout.status not in {Status.DONE, Status.ABORTED}

    @property
    def rollout(self) -> Rollout:
        """The rollout as it stands.

        Raises:
            NothingToDo: there is none.
        """
        return self._have().rollout

    @property
    def manifest(self) -> ReleaseManifest:
        """What is rolled out, for the records of an `Offer`."""
        return self._have().manifest

    def begin(
        self,
        manifest: ReleaseManifest,
        now_utc_ns: int,
        actor: str,
        policy: Policy | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        """A new rollout, in the place of one that has ended. The manifest was verified by the caller.

        Raises:
            RolloutBusy: another is under way.
        """
        if self.running:
            raise RolloutBusy(f"rollout {self.rollout.version}", f"is {self.rollout.status}", "abort it first")
        self._stored = _Stored(machine.begin(manifest.version, now_utc_ns, actor, policy, wishes), manifest)

    def advance(
        self,
        now_utc_ns: int,
        sites: Iterable[str],
        reports: Iterable[tuple[str, ReleaseReport]],
        health: Mapping[str, SiteHealth],
    ) -> list[Action]:
        """The centre's turn: what a person asked for and what follows from the news. Do it before the file is left."""
        stored = self._have()
        rollout, actions = machine.advance(stored.rollout, now_utc_ns, sites, reports, health)
        self._stored = _Stored(rollout, stored.manifest)
        return [*stored.todo, *actions]

    def ask(self, what: str, now_utc_ns: int, actor: str, why: str) -> None:
        """A person's turn: "halt", "resume" or "abort".

        Raises:
            RolloutBusy: it cannot be told this now.
            NothingToDo: there is none.
        """
        stored = self._have()
        told = {"halt": machine.halt, "resume": machine.resume, "abort": machine.abort}[what]
        rollout, actions = told(stored.rollout, now_utc_ns, actor, why)
        self._stored = _Stored(rollout, stored.manifest, [*stored.todo, *actions])

    def _have(self) -> _Stored:
        if self._stored is None:
            raise NothingToDo(self._path, "there is no rollout", "begin one: xinyi release rollout start FILE")
        return self._stored
