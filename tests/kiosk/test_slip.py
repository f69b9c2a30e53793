"""What a person takes along: words that a telephone reads out of the squares, and a slip of paper."""

import asyncio
import os
import stat

import numpy as np
import pypdfium2
import pytest
import zxingcpp

from care.instruments.scoring import score
from kiosk.flow.visit import Answered
from kiosk.printing import printer_of
from kiosk.slip import QR_LONGEST, qr_matrix, slip_lines, slip_pdf
from kiosk.texts import load
from tests.kiosk.made_house import at_home


def visited(language="zh", value=1):
    """Somebody who has answered PHQ-9 and has a code."""
    flow = at_home()
    instrument = flow.house.instrument("phq9")
    answers = {item.id: value for item in instrument.items}
    flow.visit.language, flow.visit.code = language, "ABCD2345"
    flow.visit.answered.append(Answered(instrument, score(instrument, answers), "yellow"))
    return flow


def lines_of(flow):
    return slip_lines(flow.house, flow.visit, load(flow.visit.language))


def read_by_telephone(lines):
    squares = np.array(qr_matrix(lines), dtype=bool)
    picture = np.where(np.kron(squares, np.ones((6, 6))), 0, 255).astype(np.uint8)
    (found,) = zxingcpp.read_barcodes(picture)
    return found.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_telephone_reads_the_words_themselves(language):
    lines = lines_of(visited(language))
    assert read_by_telephone(lines) == "\n".join(line for line in lines if line)


def test_the_longest_words_still_fit_into_squares_that_an_old_telephone_reads():
    long = "".join(map(chr, range(0x4E00, 0x4E00 + QR_LONGEST)))
    assert read_by_telephone([long]) == long[: QR_LONGEST // 3]
    assert len(qr_matrix([long])) < 120


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_on_it_scores_or_names_a_test(language):
    text = "\n".join(lines_of(visited(language, 3)))
    for word in ("PHQ", "抑郁", "depress", "27"):
        assert word not in text
    assert "ABCD-2345" in text
    assert "12356" in text
    assert ("不是诊断" if language == "zh" else "not a diagnosis") in text


def test_the_slip_is_a_page_as_long_as_its_words_with_the_same_words_and_squares(cuts):
    lines = lines_of(visited())
    page = pypdfium2.PdfDocument(slip_pdf(lines, cuts))[0]
    said = page.get_textpage().get_text_bounded().replace("\r\n", "").replace("\n", "")
    for line in lines:
        assert line.replace(" ", "") in said.replace(" ", "")
    picture = page.render(scale=4).to_numpy()
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == "\n".join(line for line in lines if line)
    assert page.get_width() == pytest.approx(80 / 25.4 * 72, abs=0.5)


def fake_lp(folder, script):
    """A printing system that keeps what it gets."""
    lp = folder / "lp"
    lp.write_text(f"#!/bin/sh\n{script}\n")
    lp.chmod(lp.stat().st_mode | stat.S_IXUSR)
    return lp


async def test_the_printer_gets_the_slip_and_no_file_is_left(tmp_path, monkeypatch, cuts):
    fake_lp(tmp_path, f'echo "$@" > {tmp_path}/said; cat > {tmp_path}/paper.pdf')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    print_slip = printer_of("slips", cuts)
    before = set(tmp_path.iterdir())
    await print_slip(tuple(lines_of(visited())))
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"said", "paper.pdf"}
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")
    said = (tmp_path / "said").read_text()
    assert "-d slips" in said
    assert "ABCD" not in said


async def test_a_printer_that_refuses_or_hangs_stops_nobody(tmp_path, monkeypatch, cuts, caplog):
    fake_lp(tmp_path, "cat > /dev/null; echo no paper >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    await printer_of("slips", cuts)(("心驿",))
    assert "the printer slips refuses: no paper" in caplog.text
    monkeypatch.setattr("kiosk.printing.PATIENCE_S", 0.2)
    fake_lp(tmp_path, "exec sleep 60")
    async with asyncio.timeout(20):
        await printer_of("slips", cuts)(("心驿",))
    assert "does not answer" in caplog.text


def test_without_a_printer_none_is_offered(cuts, monkeypatch, caplog):
    assert printer_of("", cuts) is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert printer_of("slips", cuts) is None
    assert "install cups-client" in caplog.text
