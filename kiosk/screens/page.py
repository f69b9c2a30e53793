"""What all pages share: the desk they get, and the things that stand at the same place everywhere.

Help is at the bottom in the middle of every page. On paper pages the rest of the bottom row is: back at the left, the
one filled button at the right.
"""

from collections.abc import Callable
from dataclasses import dataclass

from care.instruments.model import Instrument
from care.words import say
from gateway.live import LiveFrame
from kiosk import icons
from kiosk import theme as look
from kiosk.flow import Flow, Tap
from kiosk.fonts import drawable
from kiosk.lettering import Words
from kiosk.pacing import SessionClock
from kiosk.screens.parts.waiting_button import WaitingButton
from kiosk.shapes import Sheet, Target
from kiosk.texts import Texts
from kiosk.theme import Colour, Theme

ROW_HIGH = 84.0
ROW_BELOW = 40.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page is built from.

    Attributes:
        size_px: of the window.
        tap: what a finger asks for.
    """

    theme: Theme
    size_px: tuple[float, float]
    texts: Texts
    flow: Flow
    clock: SessionClock
    tap: Callable[[Tap, str], None]


class Page(Sheet):
    """A page of the kiosk. `show` gets every frame, `tick` every drawn picture."""

    GROUND: Colour = look.PAPER

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.theme, desk.size_px, self.GROUND)
        self.desk, self.t = desk, desk.texts
        self._silent: set[Words] = set()

    @property
    def ground(self) -> Colour:
        """The colour behind everything, as it is drawn."""
        return self.theme.tint(self.GROUND)

    @property
    def site_name(self) -> str:
        """The name of the place, as the room says it, or as it is configured."""
        frame = self.desk.flow.frame
        return frame.site_name if frame else self.desk.flow.house.site_name

    @property
    def row(self) -> float:
        """Where the bottom row begins."""
        return self.high - ROW_BELOW - ROW_HIGH

    @property
    def inner(self) -> float:
        """Width between the margins."""
        return self.wide - 2 * look.MARGIN

    def show(self, frame: LiveFrame | None, /) -> None:
        """The room now."""

    def tick(self, session_ns: int, now_s: float, /) -> None:
        """Time passed: `session_ns` on the session's clock, `now_s` on the face's own."""

    def code(self, code: str) -> str:
        """Words for a code of the room."""
        return say(code, self.t.language)

    def sentence(self, code: str) -> str:
        """The same as a whole sentence."""
        return self.code(code) + ("。" if self.t.language == "zh" else ".")

    def duration(self, seconds: float) -> str:
        """Minutes and seconds in words."""
        minutes, rest = divmod(max(0, round(seconds)), 60)
        if minutes:
            return self.t("session.minutes", minutes=minutes, seconds=rest)
        return self.t("session.seconds", seconds=rest)

    def title_of(self, instrument: Instrument) -> str:
        """What a questionnaire is called here."""
        return instrument.title_zh if self.t.language == "zh" else instrument.title_en

    def spoken(self) -> list[str]:
        """What is read aloud: every text in the order in which it stands, but not the words of buttons."""
        texts = [child for child in self.children[::-1] if isinstance(child, Words)]
        return [words.text for words in texts if words not in self._silent and words.text.strip()]

    def fitting(self, text: str, room: float, high: float, sizes: tuple[float, ...], *, bold: bool = False) -> float:
        """The first of these sizes with which a text fits into so much width and height; the last, if none does."""
        fits = (size for size in sizes if self.text_height(text, size, room, bold=bold) <= high)
        return next(fits, sizes[-1])

    def on_a_line(self, text: str, room: float, sizes: tuple[float, ...], *, bold: bool = False) -> float:
        """The first of these sizes with which a text is one line; the first of all, if none does."""
        return next((size for size in sizes if self.text_width(text, size, bold=bold) <= room), sizes[0])

    def ask(self, tap: Tap, value: str = "") -> Callable[[], None]:
        """What a target does."""
        return lambda: self.desk.tap(tap, value)

    def button(
        self,
        text: str,
        tap: Tap,
        value: str = "",
        *,
        x: float | None = None,
        right: float | None = None,
        y: float | None = None,
        high: float = ROW_HIGH,
        fill: Colour = look.CARD,
        line: Colour | None = look.PLAIN,
        ink: Colour = look.INK,
        size: float = look.OPTION,
        bold: bool = False,
        least: float = 168.0,
        around: float = 40.0,
        radius: float = look.RADIUS,
    ) -> Target:
        """A button as wide as its words; `x` is its left edge, or `right` its right edge, else it is centred."""
        wide = max(least, self.text_width(text, size, bold=bold) + 2 * around)
        left = x if x is not None else right - wide if right is not None else (self.wide - wide) / 2
        top = self.row if y is None else y
        target = self.target(
            left, top, wide, high, self.ask(tap, value), fill=fill, line=line, radius=radius, apart=tap is Tap.HELP
        )
        words = self.words(text, left, top, wide, size=size, bold=bold, colour=ink, align="center")
        words.move_to(top + (high - words.height_u) / 2)
        self._silent.add(words)
        return target

    def back_button(self) -> Target:
        """To the page before, at the bottom left."""
        return self.button(self.t("shared.back"), Tap.BACK, x=look.MARGIN)

    def filled(self, text: str, tap: Tap, value: str = "", *, right: float) -> Target:
        """The next step."""
        size, around = self._beside_help(text, right)
        return self.button(
            text,
            tap,
            value,
            right=right,
            fill=look.GREEN,
            line=None,
            ink=look.CARD,
            size=size,
            bold=True,
            least=252,
            around=around,
        )

    def _beside_help(self, text: str, right: float) -> tuple[float, float]:
        """Size of the words and space around them, so that a button at the right leaves help alone."""
        help_wide = max(268.0, self.text_width(self.t("shared.help"), look.OPTION) + 80)
        room = right - (self.wide + help_wide) / 2 - 20
        for size, around in ((look.OPTION, 40.0), (look.OPTION, 24.0), (32.0, 24.0), (look.BODY, 20.0)):
            if self.text_width(text, size, bold=True) + 2 * around <= room:
                break
        return size, around

    def waiting_button(self, text: str, tap: Tap, *, right: float) -> WaitingButton:
        """A next step that waits until something was marked or typed."""
        size, around = self._beside_help(text, right)
        wide = max(252.0, self.text_width(text, size, bold=True) + 2 * around)
        return WaitingButton(self, text, (right - wide, self.row, wide, ROW_HIGH), self.ask(tap), size)

    def help_button(self) -> Target:
        """Help, at the bottom in the middle."""
        return self.button(self.t("shared.help"), Tap.HELP, line=look.CLAY, ink=look.CLAY_TEXT, least=268)

    def help_bar(self, wide: float | None = None) -> None:
        """Help over the whole width, or so much of it, for pages with little else at the bottom."""
        high = ROW_HIGH + 8
        top = self.row - 6
        wide = wide or self.inner
        self.target(look.MARGIN, top, wide, high, self.ask(Tap.HELP), fill=look.CARD, line=look.CLAY, apart=True)
        first = self.t("home.help")
        left = look.MARGIN + 40
        half = self.text_width(first, look.OPTION, bold=True) + 10
        block = self.words(first, left, top, half, size=look.OPTION, bold=True, colour=look.CLAY_TEXT)
        block.move_to(top + (high - block.height_u) / 2)
        rest = wide - half - 110
        text = self.t("home.help_more")
        size = self.fitting(text, rest, high - 4, (look.BODY, look.SMALL, look.SMALL / self.theme.text))
        more = self.words(text, left + half + 30, top, rest, size=size, colour=look.CLAY_TEXT, align="right")
        more.move_to(top + (high - more.height_u) / 2)
        self._silent |= {block, more}

    def switches(self, y: float = 30.0, *, contrast: bool = False, stop: bool = False) -> float:
        """Large text, reading aloud and language at the top right, more if asked for; returns where they begin."""
        visit = self.desk.flow.visit
        shown = [(self.t("shared.other_language"), Tap.LANGUAGE)]
        if self.desk.flow.house.speaks:
            shown.append((self.t("shared.quiet" if visit.aloud else "shared.aloud"), Tap.ALOUD))
        shown.append((self.t("shared.normal" if self.theme.large else "shared.large"), Tap.LARGE))
        if contrast:
            shown.append((self.t("shared.plain" if self.theme.contrast else "shared.contrast"), Tap.CONTRAST))
        if stop:
            shown.append((self.t("question.stop"), Tap.STOP))
        right = self.wide - look.MARGIN
        for text, tap in shown:
            right = self.pill(text, tap, right=right, y=y, ink=look.INK_SOFT).box[0] - 16
        return right + 16

    def switches_below(self) -> None:
        """Language and large text at both ends of the bottom row."""
        y = self.row + (ROW_HIGH - look.TARGET) / 2
        self.pill(self.t("shared.other_language"), Tap.LANGUAGE, x=look.MARGIN, y=y, ink=look.INK_SOFT)
        text = self.t("shared.normal" if self.theme.large else "shared.large")
        self.pill(text, Tap.LARGE, right=self.wide - look.MARGIN, y=y, ink=look.INK_SOFT)

    def pill(
        self,
        text: str,
        tap: Tap,
        value: str = "",
        *,
        x: float | None = None,
        right: float | None = None,
        y: float,
        ink: Colour = look.INK,
        least: float = 112.0,
    ) -> Target:
        """A smaller button with round ends."""
        return self.button(
            text,
            tap,
            value,
            x=x,
            right=right,
            y=y,
            high=look.TARGET,
            size=look.BODY,
            ink=ink,
            least=least,
            around=30,
            radius=look.TARGET / 2,
        )

    def title(self, text: str, begin: float) -> float:
        """A title beside the switches, which begin there; returns where the rest may begin."""
        block = self.words(text, look.MARGIN, 40, begin - look.MARGIN - 10, size=look.TITLE, bold=True)
        block.move_to(max(24.0, 66 - block.height_u / 2) if len(block.lines) == 1 else 28)
        return max(block.below, 102.0) + 12

    def head(self, text: str, more: str = "", *, warm: bool = False) -> float:
        """Switches, a title beside them if it fits, else below, and a sentence; returns where the rest may begin."""
        begin = self.switches()
        if self.text_width(text, look.TITLE, bold=True) <= begin - look.MARGIN - 20:
            y = self.title(text, begin)
        else:
            y = self.words(text, look.MARGIN, 104, self.inner, size=look.TITLE, bold=True).below + 8
        if more:
            colour = look.CLAY_TEXT if warm else look.INK_SOFT
            y = self.words(more, look.MARGIN, y - 6, self.inner, colour=colour).below + 14
        return y

    def icon_tile(self, draw: Callable[..., None], x: float, y: float, *, on_green: bool = False) -> None:
        """An icon on its tile, 72 units wide: of mist, or lighter than the filled card that it stands on."""
        self.panel(x, y, 72, 72, fill=look.BREATH[2] if on_green else look.MIST, radius=20)
        draw(self, x + 17, y + 17, 38, look.CARD if on_green else look.GREEN)


def brand(page: Page, site_name: str, until: float) -> None:
    """The sign, and the name of the place where there is room for it. The sign is the staff's way in."""
    if page.desk.flow.house.maintenance is not None:
        page.target(look.MARGIN - 21, 30, look.TARGET, look.TARGET, page.ask(Tap.SERVICE), fill=page.GROUND)
    icons.mark(page, look.MARGIN, 51, 30)
    room = until - look.MARGIN - 60
    text = page.t("shared.brand", site=site_name) if site_name else ""
    if not text or not drawable(text) or page.text_width(text, look.BODY, bold=True) > room:
        text = page.t("shared.name")
    size = page.on_a_line(text, room, (look.BODY, look.BODY / page.theme.text), bold=True)
    words = page.words(text, look.MARGIN + 44, 30, room, size=size, bold=True)
    words.move_to(30 + (look.TARGET - words.height_u) / 2)
