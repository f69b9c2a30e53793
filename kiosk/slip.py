"""What a person takes along: a few lines of plain words for a QR code or a slip of paper. No score, no name of a test.

The QR code holds the words themselves: nothing is fetched from anywhere, and nobody learns that it was read. The slip
is a narrow PDF (80 mm, as receipt printers have it; a page printer takes it too) that goes to the printer and nowhere
else.
"""

import io
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from care.codes import shown
from kiosk.fonts import Faces
from kiosk.telling import told
from kiosk.texts import Texts
from kiosk.typesetting import break_lines

if TYPE_CHECKING:
    from kiosk.flow.house import House
    from kiosk.flow.visit import Visit

SLIP_MM, MARGIN_MM, TYPE_PT, LEAD = 80.0, 5.0, 11.0, 1.5
_MM = 72 / 25.4
QR_LONGEST = 780
"""Bytes of UTF-8; beyond it the squares become too small for an old telephone."""


def slip_lines(house: "House", visit: "Visit", texts: Texts) -> list[str]:
    """The lines, in the person's language."""
    day = datetime.fromtimestamp(house.utc_ns() / 1e9, ZoneInfo(house.zone)).strftime("%Y-%m-%d")
    lines = [texts("slip.head", site=house.site_name), day, ""]
    if said := told(visit, texts):
        words = said[1]
        lines += [words.normal, words.meaning, texts(f"step.{words.step}")]
    if visit.code:
        lines += ["", texts("slip.code", code=shown(visit.code))]
    if visit.booked and visit.booked != visit.code:
        lines += ["", texts("slip.booked", code=shown(visit.booked))]
    return [*lines, "", texts("slip.line"), texts("slip.danger"), texts("slip.not_diagnosis")]


def qr_matrix(lines: list[str]) -> list[list[bool]]:
    """Rows of dark (True) and light squares, with the quiet zone around."""
    import segno

    text = "\n".join(line for line in lines if line).encode()[:QR_LONGEST].decode(errors="ignore")
    code = segno.make_qr(text, error="m", encoding="utf-8")
    return [[bool(square) for square in row] for row in code.matrix_iter(border=3)]


def slip_pdf(lines: list[str], faces: Faces) -> bytes:
    """The slip as a PDF, as long as its lines need, the code at its end."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for name, path in (("xinyi", faces.regular), ("xinyi-bold", faces.bold)):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(path)))

    def width(text: str) -> float:
        return float(pdfmetrics.stringWidth(text, "xinyi", TYPE_PT))

    wide, room = SLIP_MM * _MM, (SLIP_MM - 2 * MARGIN_MM) * _MM
    broken = [part for line in lines for part in (break_lines(line, room, width) if line else [""])]
    squares = qr_matrix(lines)
    side = 40 * _MM
    high = (2 * MARGIN_MM + 4) * _MM + len(broken) * TYPE_PT * LEAD + side
    out = io.BytesIO()
    page = Canvas(out, pagesize=(wide, high), invariant=1)
    page.setTitle("xinyi")
    y = high - MARGIN_MM * _MM - TYPE_PT
    for number, line in enumerate(broken):
        page.setFont("xinyi-bold" if number == 0 else "xinyi", TYPE_PT)
        page.drawString(MARGIN_MM * _MM, y, line)
        y -= TYPE_PT * LEAD
    dot = side / len(squares)
    for row, line_of in enumerate(squares):
        for column, dark in enumerate(line_of):
            if dark:
                left, low = (wide - side) / 2 + column * dot, y + TYPE_PT - (row + 1) * dot
                page.rect(left, low, dot, dot, stroke=0, fill=1)
    page.showPage()
    page.save()
    return out.getvalue()
