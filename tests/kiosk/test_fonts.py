"""The typeface is cut once, whoever else is cutting it, and wherever there is room."""

import subprocess
import sys

import pytest
from fontTools.ttLib import TTFont

from kiosk import fonts
from kiosk.fonts import FontMissing, faces, source

FEW = [ord(character) for character in "直骨令12356"]


def test_two_static_cuts_are_made_and_found_again(tmp_path):
    made = faces(tmp_path, FEW)
    before = made.bold.stat().st_mtime_ns
    assert faces(tmp_path, FEW) == made
    assert made.bold.stat().st_mtime_ns == before
    for path, weight in ((made.regular, 400), (made.bold, 700)):
        font = TTFont(path)
        assert "fvar" not in font
        assert font["OS/2"].usWeightClass == weight
        assert set(FEW) <= font.getBestCmap().keys()


def test_digits_are_tabular_in_both_cuts(tmp_path):
    made = faces(tmp_path, [ord(digit) for digit in "0123456789"])
    for path in (made.regular, made.bold):
        font = TTFont(path)
        widths = {font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}
        assert len(widths) == 1


def test_two_processes_at_once_both_end_with_whole_fonts(tmp_path):
    command = (
        f"from pathlib import Path; from kiosk.fonts import faces; print(faces(Path({str(tmp_path)!r}), {FEW}).regular)"
    )
    both = [subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate()[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(paths) == 1
    assert TTFont(paths.pop())["OS/2"].usWeightClass == 400
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_replaced_by_a_temporary_one(tmp_path):
    occupied = tmp_path / "a file, not a folder"
    occupied.write_text("")
    made = faces(occupied / "fonts", FEW)
    assert made.regular.is_file()
    assert occupied not in made.regular.parents


def test_a_missing_package_is_named_with_what_to_install(monkeypatch):
    def gone(_):
        raise ModuleNotFoundError

    monkeypatch.setattr(fonts.importlib.resources, "files", gone)
    with pytest.raises(FontMissing, match="pip install justmytype-intl-cjk"):
        source()


def test_names_from_beyond_gb_2312_are_drawn_and_what_cannot_be_is_known():
    assert fonts.drawable("林喆堃老师，李玥")
    assert not fonts.drawable("𠮷")
    assert not set(fonts.NAMES) & set("".join(map(chr, range(0x20, 0x7F))))
