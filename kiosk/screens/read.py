"""Things to read and to hear: the shelves in pages, and a piece in pages of whole paragraphs.

A piece that was written for the ear is read aloud where there is a voice and a headset; elsewhere its words stand here,
and the page says that reading is as good. Type is as large as an option, because people stand while they read.
"""

from care.library import TOPIC_NAMES, Piece
from kiosk import icons
from kiosk import theme as look
from kiosk.flow import Tap
from kiosk.lettering import width_px
from kiosk.screens.page import Desk, Page
from kiosk.screens.parts.cards import Card, Cards
from kiosk.typesetting import break_lines

BETWEEN = 0.5
"""Space between paragraphs, in lines."""


class ReadPage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        top = self.head(self.t("read.title"))
        self.back_button()
        self.help_button()
        cards = [
            Card(piece.key, piece.title(self.t.language), self._more(piece), self._icon(piece))
            for piece in desk.flow.house.pieces
        ]
        Cards(self, cards, (look.MARGIN, top, self.inner, self.row - 22 - top), at=desk.flow.visit.page)

    def _more(self, piece: Piece) -> str:
        key = "read.listen_minutes" if piece.kind == "audio" else "read.minutes"
        minutes = self.t(key, minutes=piece.minutes)
        if self.theme.large:  # there it would take a line of its own
            return minutes
        topic = TOPIC_NAMES[piece.topic][0 if self.t.language == "zh" else 1]
        return f"{topic} · {minutes}"

    @staticmethod
    def _icon(piece: Piece) -> icons.Draw:
        return icons.headset if piece.kind == "audio" else icons.book


class PiecePage(Page):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        piece = desk.flow.house.piece(desk.flow.visit.chosen)
        self._shown: list[str] = []
        self._buttons(desk.flow.visit.page > 0)
        if piece is None:  # withdrawn from above while it was open
            self.head(self.t("read.title"))
            return
        language = self.t.language
        top = self.head(piece.title(language))
        visit, bottom = desk.flow.visit, self.row - 20
        if piece.kind == "audio" and visit.page == 0:
            key = "read.listen_now" if desk.flow.house.speaks else "read.to_read"
            note = self.words(self.t(key), look.MARGIN, top - 8, self.inner, colour=look.INK_SOFT)
            top = note.below + 10
        foot = self.text_height(" ", look.SMALL, self.inner)
        pages, size = self._pages(piece.paragraphs(language), top, bottom - foot - 8)
        number = min(visit.page, len(pages) - 1)
        self._shown = pages[number]
        y = top
        for paragraph in self._shown:
            block = self.words(paragraph, look.MARGIN, y, self.inner, size=size)
            y = block.below + block.line_u * BETWEEN
        last = number == len(pages) - 1
        where = self.t("shared.page_of", page=number + 1, pages=len(pages))
        source = self.t("read.source", source=piece.source(language)) if last else ""
        place = self.text_width(where, look.SMALL) + 20
        if source and self.text_width(source, look.SMALL) <= self.inner - place:
            self.words(source, look.MARGIN, bottom - foot, self.inner - place, size=look.SMALL, colour=look.INK_SOFT)
        right = self.wide - look.MARGIN
        self.words(where, right - place, bottom - foot, place, size=look.SMALL, colour=look.INK_SOFT, align="right")
        if last:
            self.filled(self.t("read.done"), Tap.NEXT, right=right)
        else:
            self.filled(self.t("shared.more"), Tap.MORE, right=right)

    def _buttons(self, turned: bool) -> None:
        """Back, the page before, and help; smaller words where they would not have room."""
        help_left = self.help_button().box[0]
        if not turned:
            self.back_button()
            return
        texts = {Tap.BACK: self.t("shared.back"), Tap.LESS: self.t("shared.less")}
        fits = sum(self.text_width(text, look.OPTION) + 60 for text in texts.values()) + 32 <= help_left - look.MARGIN
        size, around, x = (look.OPTION, 30.0, look.MARGIN) if fits else (look.BODY, 24.0, look.MARGIN)
        for tap, text in texts.items():
            button = self.button(text, tap, x=x, size=size, around=around, least=look.TARGET)
            x += button.box[2] + 14

    def spoken(self) -> list[str]:
        return self._shown

    def _pages(self, paragraphs: list[str], top: float, bottom: float) -> tuple[list[list[str]], float]:
        """Whole paragraphs on each page, in the largest type in which every paragraph fits one."""
        room = bottom - top
        size = next(
            (
                size
                for size in (look.OPTION, look.BODY)
                if all(self.text_height(text, size, self.inner) <= room for text in paragraphs)
            ),
            look.BODY,
        )
        parts = [part for text in paragraphs for part in self._parts(text, size, room)]
        full = self._filled(parts, size, room)
        # as even as their number allows, so that no line stands alone on the last page
        shares = (self._filled(parts, size, room * share) for share in (0.6, 0.7, 0.8, 0.9))
        return next((pages for pages in shares if len(pages) == len(full)), full), size

    def _filled(self, parts: list[str], size: float, room: float) -> list[list[str]]:
        pages: list[list[str]] = [[]]
        between = self.text_height(" ", size, self.inner) * BETWEEN
        used = 0.0
        for part in parts:
            high = self.text_height(part, size, self.inner)
            if pages[-1] and used + high > room:
                pages.append([])
                used = 0.0
            pages[-1].append(part)
            used += high + between
        return pages

    def _parts(self, paragraph: str, size: float, room: float) -> list[str]:
        """The paragraph, or, where it is longer than a page, its lines in parts that fit one."""
        line = self.text_height(" ", size, self.inner)
        px = round(size * self.theme.scale * self.theme.text)
        lines = break_lines(paragraph, self.inner * self.theme.scale, lambda text: width_px(text, px, bold=False))
        fit = max(1, int(room // line))
        if len(lines) <= fit:
            return [paragraph]
        return ["\n".join(lines[at : at + fit]) for at in range(0, len(lines), fit)]
