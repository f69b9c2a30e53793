"""What the site above may set lies over the site's own file, and nothing else ever does, whoever wrote the file."""

import os
from pathlib import Path

import pytest

from gateway.config import SECTIONS, load
from gateway.messages import SiteSettings
from gateway.settings_above import ALLOWED, FILE, MAX_TEXT, changed, sort, write

ROOT = Path(__file__).parents[2]
GOOD = {"release.hold": "0.2.0", "console.language": "en", "kiosk.motion": False, "site.name": '新"华\\社区'}
NEVER = (
    "release.trusted",
    "release.source",
    "release.root",
    "release.ca",
    "release.backup",
    "release.probation_s",
    "broker.host",
    "broker.secret",
    "up.host",
    "up.site",
    "up.policy",
    "paths.data",
    "paths.sockets",
    "centre.rows_url",
    "points.url",
    "site.id",
    "devices",
    "devices.port",
    "site",
    "",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A site's own xinyi.toml."""
    path = tmp_path / "xinyi.toml"
    path.write_text(f'[site]\nname = "own"\n[paths]\ndata = "{tmp_path / "data"}"\n', "utf-8")
    return path


def test_what_is_set_from_above_lies_over_the_file_and_below_the_environment(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(file).site.name == "own"
    write(tmp_path / "data", GOOD)
    config = load(file)
    assert (config.release.hold, config.console.language, config.kiosk.motion) == ("0.2.0", "en", False)
    assert config.site.name == GOOD["site.name"]
    monkeypatch.setenv("XINYI_CONSOLE_LANGUAGE", "zh")
    assert load(file).console.language == "zh"
    write(tmp_path / "data", {})
    assert load(file).site.name == "own", "what is taken back lets the own file count again"


def test_the_data_folder_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "elsewhere", GOOD)
    monkeypatch.setenv("XINYI_PATHS_DATA", str(tmp_path / "elsewhere"))
    assert load(None).release.hold == "0.2.0"


@pytest.mark.parametrize("key", NEVER)
def test_a_key_that_is_not_on_the_list_is_refused(key: str) -> None:
    assert sort({key: "x"}, SECTIONS) == ({}, {key: "may not be set from above"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("console.language", "fr"),
        ("release.night_from", "25:00"),
        ("release.hold", 3),
        ("kiosk.motion", "yes"),
        ("outbox.waves", 1),
        ("site.name", "two\nlines"),
        ("site.name", "x" * (MAX_TEXT + 1)),
        ("site.name", "delete \x7f"),
    ],
)
def test_a_value_that_the_own_file_could_not_have_is_refused(key: str, value: object) -> None:
    found = sort({key: value}, SECTIONS)
    assert not found.good
    assert list(found.refused) == [key]


def test_a_file_that_somebody_wrote_by_hand_changes_nothing_that_is_not_on_the_list(tmp_path: Path, file: Path) -> None:
    before = load(file)
    write(tmp_path / "data", {})
    evil = (
        'site = 3\n[release]\nsource = "https://evil"\ntrusted = "x"\n[broker]\nhost = "evil"\n[[devices]]\nid = "a"\n'
    )
    (tmp_path / "data" / FILE).write_text(evil, "utf-8")
    assert load(file) == before


@pytest.mark.parametrize("content", [b"not = = toml", b"\xff\xfe", b"[release]\nhold = 7\n", b"x" * 100_000])
def test_a_damaged_file_keeps_nobody_from_starting(tmp_path: Path, file: Path, content: bytes) -> None:
    before = load(file)
    write(tmp_path / "data", {})
    (tmp_path / "data" / FILE).write_bytes(content)
    assert load(file) == before


def test_a_link_or_a_pipe_in_its_place_is_not_followed(tmp_path: Path, file: Path) -> None:
    before = load(file)
    write(tmp_path / "other", GOOD)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).symlink_to(tmp_path / "other" / FILE)
    assert load(file) == before
    (tmp_path / "data" / FILE).unlink()
    os.mkfifo(tmp_path / "data" / FILE)
    assert load(file) == before


def test_a_site_that_takes_no_release_at_all_stays_so(tmp_path: Path, file: Path) -> None:
    file.write_text(file.read_text("utf-8") + '[release]\nhold = "*"\n', "utf-8")
    write(tmp_path / "data", GOOD)
    assert load(file).release.hold == "*"


def test_a_change_says_everything_again_and_nothing_twice() -> None:
    first = changed(None, {"release.hold": "0.2.0"}, 5)
    assert first == SiteSettings(5, {"release.hold": "0.2.0"})
    assert changed(first, {"release.hold": "0.2.0"}, 9) is None
    second = changed(first, {"site.name": "a"}, 3)
    assert second == SiteSettings(6, {"release.hold": "0.2.0", "site.name": "a"}), "a clock that is behind does no harm"
    assert changed(second, {"release.hold": None}, 9) == SiteSettings(9, {"site.name": "a"})
    assert changed(None, {"release.hold": None}, 9) is None


@pytest.mark.parametrize("page", ["deploy/xinyi.toml", "docs/updates.md", "docs/levels.md"])
def test_the_list_is_said_to_people(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert FILE in text
    if page == "docs/levels.md":
        assert all(f"`{key}`" in text for key in ALLOWED)
