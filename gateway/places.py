"""Where the stores of this machine are: the site's own, and those that demonstrations left behind.

So that `xinyi export SESSION` finds a session without being told where; `--data` narrows it to one folder.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_data_path

from gateway.config import load
from gateway.errors import StoreError, StoreMissing, UnknownSession
from gateway.rows import ROWS_FILE
from gateway.services import open_store, resolve_session


def demo_runs() -> Path:
    """The folder in which demonstrations make theirs."""
    return user_data_path("xinyi") / "demo"


def remember_run(folder: Path) -> None:
    """Have a demonstration that was made elsewhere be found, too."""
    with contextlib.suppress(OSError):
        demo_runs().mkdir(parents=True, exist_ok=True)
        (demo_runs() / folder.name).symlink_to(folder.resolve())


def stores(data: Path | None, config: Path | None = None) -> list[Path]:
    """Data folders that hold rows, newest first.

    Args:
        data: a data folder, or a folder of such; None for all known ones.
        config: the site's configuration, or None for the default places.

    Raises:
        StoreMissing: there is none.
    """
    found = list(_candidates(data, config))
    if not found:
        where = data or demo_runs()
        raise StoreMissing(
            where, "no session is stored here", "run `xinyi demo`, or point --data to a site's data folder"
        )
    return sorted(found, key=lambda folder: (folder / ROWS_FILE).stat().st_mtime, reverse=True)


def _candidates(data: Path | None, config: Path | None) -> Iterator[Path]:
    if data is not None:
        folders = [data, *(data.iterdir() if data.is_dir() else ())]
    else:
        runs = demo_runs()
        folders = [load(config).data, *(runs.iterdir() if runs.is_dir() else ())]
    seen: set[Path] = set()
    for folder in folders:
        real = folder.resolve()
        if real not in seen and (folder / ROWS_FILE).is_file():
            seen.add(real)
            yield folder


def store_of(session: str, data: Path | None, config: Path | None = None) -> Path:
    """The data folder that holds a session.

    A store that cannot be read (a key is lost, the file is damaged) does not keep others from being searched.

    Raises:
        StoreMissing: there is no store at all.
        UnknownSession: none of them holds it, or more than one session is meant.
        StoreError: there is one store, and it cannot be read.
    """
    folders = stores(data, config)
    problem: StoreError | None = None
    for folder in folders:
        try:
            with open_store(folder) as rows:
                resolve_session(rows, session)
        except StoreError as error:
            problem = problem or error
        else:
            return folder
    assert problem
    if len(folders) == 1:
        raise problem
    raise UnknownSession(
        session, f"none of the {len(folders)} stores of this machine holds this session", "`xinyi sessions` lists them"
    )
